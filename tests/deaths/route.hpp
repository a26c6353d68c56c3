// The way through an operation, instruction by instruction, and at which of them it is tried to die or to stand still.
//
// SEKI_STRIDE=1 tries every instruction. Otherwise it is those after which the segment is another than before: between two of them a death
// leaves the same bytes. It is tried to die after each of them, but for what makes tables or tidies up and goes a long way to very many
// (steps_for_each_change); and to stand still at some of them and just before. SEKI_SEED chooses where it is not all.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "stepped_process.hpp"
#include "world.hpp"

namespace seki::test {

struct route {
    std::uint64_t length = 0;             // in instructions
    bool ends = false;                    // it was seen to its end
    std::size_t changed = 0;              // so many of them changed the segment
    std::vector<std::uint64_t> marks{};   // after so many it is another than one before; or there is none yet
    std::vector<std::uint64_t> sleeps{};  // the last of so many slept in the kernel
};

// Steps through it to its end, or until it has slept so often; where that is any number of times, sleeps are not noted.
inline constexpr std::size_t any_number = ~std::size_t{0};
[[nodiscard]] route walk(stepped_process& whole, const fs::path& segment, std::size_t sleeps = any_number);

// The same for all who ask for an operation of that name: it is gone through once.
[[nodiscard]] const route& way_of(const std::string& operation, const std::function<route()>& walk_it);

enum class trying : std::uint8_t {
    to_die,         // after each change
    to_stand_still  // also just before it, when everything that leads to it was read, and at a few others
};

[[nodiscard]] constexpr const char* told_as(trying what) noexcept {
    return what == trying::to_die ? ": died" : ": stood still";
}

// It is tried to die after each change where that takes no more steps than this. Whoever works with a primitive comes there with fewer.
inline constexpr std::uint64_t steps_for_each_change = 400'000;

// Numbers of instructions, and its end. A step takes ten microseconds or more, and each try takes all steps before it: `most_steps` bounds what those
// take together that are not deaths after each of the changes, but for the `fewest` tries. `for_each_change`: 0 where it is no worker that changes
// something, and some of the changes are enough.
[[nodiscard]] std::vector<std::uint64_t> points_of(const route& way, trying what, std::uint64_t most_steps,
                                                   std::size_t fewest = 1,
                                                   std::uint64_t for_each_change = steps_for_each_change);

// Calls play(so many instructions) for each of the points, up to the first failure.
template <class Play>
void play_at(const std::vector<std::uint64_t>& points, const route& way, const std::string& what, Play play) {
    std::size_t played = 0;
    for (const std::uint64_t at : points) {
        SCOPED_TRACE(at == stepped_process::to_the_end ? "at its end" : "at instruction " + std::to_string(at));
        play(at);
        ++played;
        if (testing::Test::HasFailure()) break;
    }
    std::printf("%s at %zu of %llu instructions, of which %zu changed the segment\n", what.c_str(), played,
                static_cast<unsigned long long>(way.length), way.changed);
}

}  // namespace seki::test
