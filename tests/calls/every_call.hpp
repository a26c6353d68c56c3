// A program is run again and again, and each time one of its system calls fails in one of the ways in which it can, or the program is killed there.
// Each time it must say what is wrong and what to do or do its work all the same, leave nothing half made, and not keep the next one from working.
//
// SEKI_STRIDE=1 tries every call; else each so-manieth, and SEKI_SEED=N from another one on. SEKI_POINT="12 1" tries call 12 with its second misfortune alone,
// "12 killed" the death there. SEKI_SAY=1 prints every sentence that was said, once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "traced_program.hpp"
#include "world.hpp"

namespace seki::test {

struct subject {
    std::string program;  // what its sentences begin with
    command what;         // @ in a word is the world's folder
    std::function<void(world&)> prepare;
    int code = 0;         // how it ends ordinarily
    bool answers = true;  // it prints what two runs have in common
    std::chrono::milliseconds patience{30'000};
    std::uint64_t stride = 0;  // 0: as SEKI_STRIDE says, else
    std::uint64_t usual_stride = 17;
    std::string between{};  // what the doctor may say where it was interrupted
    // What is done with it until it has ended, and what was wrong then. Else it is let run.
    std::function<std::string(traced_program&, const world&)> life{};
};

struct survey {
    std::string of{};
    std::uint64_t calls = 0;                                  // that it makes
    std::uint64_t failures = 0, deaths = 0, allocations = 0;  // that were tried
    std::vector<std::string> findings;
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] survey every_call(const subject& of);
// The same with its allocations, from main() on: memory runs out for one of them. SEKI_POINT=12 tries the twelfth.
[[nodiscard]] survey every_allocation(const subject& of);

// Prints what was tried.
void expect_no_findings(const survey& made);

}  // namespace seki::test
