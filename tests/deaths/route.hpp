// The way through an operation, instruction by instruction, and at which of them it is tried to die or to stand still.
//
// It is tried to die after each instruction after which the process would leave something else than before (leavings.hpp): after any other its death is the same
// as after the one before. So all instructions are tried, in as many deaths as there are things that can be left. And to stand still just before and
// after these, some of them where there is little time. SEKI_STRIDE=N leaves none of these out, and tries every Nth instruction besides, as if nothing were known of it:
// that what was said here is so. SEKI_SEED chooses where it is not all.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "footprints.hpp"
#include "stepped_process.hpp"
#include "world.hpp"

namespace seki::test {

struct route {
    std::uint64_t length = 0;             // in instructions
    bool ends = false;                    // it was seen to its end
    std::vector<std::uint64_t> marks{};   // after so many it leaves something else than one before; the first is 0
    std::vector<std::uint64_t> sleeps{};  // the last of so many slept in the kernel
    footprints steps{};

    bool singly = false;  // nobody is led there: all go step by step
    bool astray = false;  // somebody who was led went another way, and stands elsewhere
};

// Where it is tried.
struct place {
    route* way = nullptr;
    std::uint64_t instructions = 0;  // done; or to_the_end

    // Brings there one that stands at the beginning, as fast as it runs. False: it has come to its end.
    bool lead(stepped_process& one) const;
    [[nodiscard]] bool is_end() const noexcept { return instructions == stepped_process::to_the_end; }
};

// Steps through it to its end, or until it has slept so often; where that is any number of times, sleeps are not noted.
inline constexpr std::size_t any_number = ~std::size_t{0};
[[nodiscard]] route walk(stepped_process& whole, const fs::path& folder, std::size_t sleeps = any_number);

// The same for all who ask for an operation of that name: it is gone through once.
[[nodiscard]] route& way_of(const std::string& operation, const std::function<route()>& walk_it);

enum class trying : std::uint8_t { to_die, to_stand_still };

[[nodiscard]] constexpr const char* told_as(trying what) noexcept {
    return what == trying::to_die ? ": died" : ": stood still";
}

// Where there is little time.
inline constexpr std::size_t most_deaths = 40, most_standstills = 6;

// Numbers of instructions, and its end.
[[nodiscard]] std::vector<std::uint64_t> points_of(const route& way, trying what);

// Calls play(place) for each of the points, up to the first failure. Whoever goes astray on the way there is judged where it is; and then sent again, step by step, unless the point is one of every so many.
void play_at(const std::vector<std::uint64_t>& points, route& way, const std::string& what,
             const std::function<void(const place&)>& play);

}  // namespace seki::test
