// Which duration a share of the last calls did not exceed, from counts of how long they took. Pure.
//
// Durations are counted in buckets, eight between two powers of two, and answered by the end of their bucket: the answer is never too short, and at
// most an eighth too long. Time is cut into slices of two seconds; what counts is the current one and the seven before it. Each count says which slice
// it is of, so nothing has to be emptied when a slice is over: who adds to a count of another slice begins it anew.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace seki::algorithm::latency {

inline constexpr unsigned sub_bits = 3;     // eight buckets between two powers of two
inline constexpr unsigned least_bits = 14;  // up to 16 us all are one bucket,
inline constexpr unsigned most_bits = 37;   // and so are those of more than 137 s
inline constexpr std::size_t between = std::size_t{1} << sub_bits;
inline constexpr std::size_t buckets = (most_bits - least_bits) * between + 2;

inline constexpr std::uint64_t slice_ms = 2000;
inline constexpr std::uint32_t slices = 8;

// Each holds the durations from beyond the end of the one before it up to its own end.
constexpr std::size_t bucket_of(std::uint64_t ns) noexcept {
    const std::uint64_t below = ns == 0 ? 0 : ns - 1;
    const auto bits = static_cast<unsigned>(std::bit_width(below));  // 15: 2^14 to 2^15 - 1
    if (bits <= least_bits) return 0;
    if (bits > most_bits) return buckets - 1;
    const std::uint64_t part = below >> (bits - 1 - sub_bits) & (between - 1);
    return 1 + (bits - 1 - least_bits) * between + part;
}

// Of the last one, where it begins.
constexpr std::uint64_t end_of(std::size_t bucket) noexcept {
    if (bucket == 0) return std::uint64_t{1} << least_bits;
    if (bucket >= buckets - 1) return std::uint64_t{1} << most_bits;
    const std::size_t power = least_bits + (bucket - 1) / between;
    return (between + 1 + (bucket - 1) % between) << (power - sub_bits);
}

constexpr std::uint32_t slice_of(std::uint64_t now_ms) noexcept {
    return static_cast<std::uint32_t>(now_ms / slice_ms);
}

// Durations of one bucket in one slice. All zeros is none.
struct tally {
    std::uint32_t slice = 0;
    std::uint32_t count = 0;
    friend bool operator==(const tally&, const tally&) = default;
};

// After one more in `slice`. One that comes late, to a tally of a later slice, counts for nothing: whoever made it was stopped for so long. A tally that is
// more than a day ahead is nobody's: somebody scribbled there.
inline constexpr std::uint32_t day = 86'400'000 / slice_ms;
constexpr tally add(const tally& to, std::uint32_t slice) noexcept {
    const std::uint32_t ahead = to.slice - slice;
    if (ahead == 0) return {slice, to.count == ~std::uint32_t{0} ? to.count : to.count + 1};
    return ahead <= day ? to : tally{slice, 1};
}

constexpr std::uint64_t counted(const tally& of, std::uint32_t slice) noexcept {
    return slice - of.slice < slices ? of.count : 0;
}

using counts = std::array<std::uint64_t, buckets>;

constexpr std::uint64_t total(const counts& all) noexcept {
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

// The shortest end of a bucket that at least so many thousandths of them do not exceed. Of none: 0.
constexpr std::uint64_t quantile(const counts& all, std::uint64_t thousandths) noexcept {
    const std::uint64_t sum = total(all);
    if (sum == 0) return 0;
    const std::uint64_t part = std::min<std::uint64_t>(thousandths, 1000);
    // Eight slices of 2^32 - 1 in each bucket, times 1000, are far from 2^64.
    const std::uint64_t rank = std::max<std::uint64_t>((sum * part + 999) / 1000, 1);
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
        so_far += all[i];
        if (so_far >= rank) return end_of(i);
    }
    return end_of(buckets - 1);
}

static_assert(bucket_of(0) == 0 && bucket_of(1 << 14) == 0 && bucket_of((1 << 14) + 1) == 1);
static_assert(bucket_of(~0ULL) == buckets - 1 && bucket_of(1ULL << 37) == buckets - 2);
static_assert(
    [] {
        for (std::size_t i = 0; i + 1 < buckets; ++i)
            if (bucket_of(end_of(i)) != i || bucket_of(end_of(i) + 1) != i + 1) return false;
        return true;
    }(),
    "each bucket ends where the next begins");

}  // namespace seki::algorithm::latency
