// The parts of a primitive's piece of the arena lie where the layout says, and nothing that is made there reaches beyond it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "processes.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/hedge_piece.hpp"
#include "shm/policy_piece.hpp"
#include "shm/retry_piece.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t workers = 5, incarnation = 7;
constexpr std::uint64_t block = sizeof(layout::histogram_block);
constexpr auto untouched = std::byte{0x55};

// A piece somewhere in an arena, in which all bytes are untouched.
class piece {
public:
    piece(layout::kind kind, const shm::shape& shape, std::uint64_t bytes) {
        at.incarnation = incarnation;
        at.kind = kind;
        at.shape = shape;
        at.arena_offset = (*segment_)->parts().arena_offset + 4 * layout::page;
        at.arena_size = bytes;
        std::ranges::fill(arena(), untouched);
    }
    [[nodiscard]] shm::segment& where() const { return **segment_; }
    // From the beginning of the piece on: where the first byte is that was written, and where those end.
    struct written {
        std::uint64_t first = 0, end = 0;
        friend bool operator==(const written&, const written&) = default;
    };
    [[nodiscard]] written found() const {
        const std::span<std::byte> all = arena();
        const auto is_written = [](std::byte each) { return each != untouched; };
        const auto first = std::ranges::find_if(all, is_written);
        const auto last = std::find_if(all.rbegin(), all.rend(), is_written);
        const std::uint64_t before = at.arena_offset - (*segment_)->parts().arena_offset;
        return {static_cast<std::uint64_t>(first - all.begin()) - before,
                static_cast<std::uint64_t>(last.base() - all.begin()) - before};
    }

    shm::placement at;

private:
    [[nodiscard]] std::span<std::byte> arena() const {
        const auto& parts = (*segment_)->parts();
        return (*segment_)->arena(parts.arena_offset, parts.size - parts.arena_offset);
    }
    const std::shared_ptr<scratch_segment> segment_ = ground();
    // One for all of them: making one takes longer than all that is done there.
    static std::shared_ptr<scratch_segment> ground() {
        static const auto made = std::make_shared<scratch_segment>(workers);
        return made;
    }
};

// What fill() of durations writes: all of each block but the words behind its counts.
constexpr std::uint64_t written_of_block = offsetof(layout::histogram_block, reserved);

// Fails if the durations of waits begin elsewhere, are fewer than the workers need where there is room, or reach over what follows them or over the end of the piece,
// as when somebody scribbled a smaller one.
TEST(Pieces, DurationsOfWaitsLieBehindThePermits) {
    const shm::bulkhead_shape of{.permits = 100, .waiting = 20};
    const std::uint64_t permits = shm::permit_bytes(of);
    for (const layout::kind kind : {layout::kind::bulkhead, layout::kind::adaptive, layout::kind::shedder}) {
        const std::uint64_t behind = kind == layout::kind::adaptive ? sizeof(layout::adaptive_block) : 0;
        for (std::uint64_t room = 1; room <= workers + 3; ++room)
            for (const std::uint64_t rest : {std::uint64_t{0}, block - 1}) {
                const piece one{kind, shm::pack(of), permits + room * block + rest + behind};
                shm::waits_of(one.where(), one.at).fill();
                const std::uint64_t blocks = std::min(room, workers + 1);
                EXPECT_EQ(one.found(), (piece::written{permits, permits + (blocks - 1) * block + written_of_block}))
                    << shm::to_string(kind) << " " << room << " " << rest;
            }
    }
}

TEST(Pieces, DurationsOfCallsLieBehindThePlacesOfABreaker) {
    const layout::breaker_geometry of{.ring = 5, .probes = 3};
    for (std::uint64_t room = 1; room <= workers + 3; ++room)
        for (const std::uint64_t rest : {std::uint64_t{0}, block - 1}) {
            const piece one{layout::kind::breaker, shm::pack(of), of.bytes() + room * block + rest};
            shm::call_durations_of(one.where(), one.at).fill();
            const std::uint64_t blocks = std::min(room, workers + 1);
            EXPECT_EQ(one.found(), (piece::written{of.bytes(), of.bytes() + (blocks - 1) * block + written_of_block}))
                << room << " " << rest;
        }
}

// Fails if its ring or its places lie elsewhere, or are more or fewer than its shape says.
TEST(Pieces, ABreakerIsItsBlockItsRingAndItsPlaces) {
    const layout::breaker_geometry of{.ring = 5, .probes = 3};
    const piece one{layout::kind::breaker, shm::pack(of), of.bytes()};
    auto breaker = shm::breaker_of(one.where(), one.at);
    breaker.fill(3, algorithm::breaker::state::closed, 1);
    EXPECT_EQ(one.found(), (piece::written{0, of.probes_offset() + of.probes * sizeof(layout::pair)}));
    EXPECT_EQ(breaker.ring().size(), of.ring);
    EXPECT_EQ(breaker.all_places().size(), of.probes);
    const auto offset_of = [&](const void* part) {
        return static_cast<const std::byte*>(part) - one.where().arena(one.at.arena_offset, one.at.arena_size).data();
    };
    EXPECT_EQ(offset_of(breaker.ring().data()), of.ring_offset());
    EXPECT_EQ(offset_of(breaker.all_places().data()), of.probes_offset());
}

// Fails if what stands at the end of a piece stands elsewhere.
TEST(Pieces, WhatAnAdaptiveLimitAndAShedderKnowStandsAtTheEnd) {
    const shm::bulkhead_shape of{.permits = 100, .waiting = 20};
    {
        const piece one{layout::kind::adaptive, shm::pack(of), 4 * layout::page};
        shm::window_of(one.where(), one.at).fill({});
        EXPECT_EQ(one.found(), (piece::written{4 * layout::page - sizeof(layout::adaptive_block),
                                               4 * layout::page - layout::cache_line + sizeof(layout::pair)}));
    }
    {
        const piece one{layout::kind::shedder, shm::pack(of), 4 * layout::page};
        shm::shedder_state_of(one.where(), one.at).fill();
        EXPECT_EQ(one.found(),
                  (piece::written{4 * layout::page - sizeof(layout::shedder_block),
                                  4 * layout::page - sizeof(layout::shedder_block) + sizeof(layout::pair)}));
    }
}

// Fails if a table of permits has more or fewer than its shape says, or who waits in one of a shedder is not one who is beyond.
TEST(Pieces, PermitsAndTheRoomOfThoseWhoWaitAreAsLargeAsTheirShape) {
    const shm::bulkhead_shape of{.permits = 104, .waiting = 24};
    const piece one{layout::kind::shedder, shm::pack(of), shm::permit_bytes(of) + sizeof(layout::shedder_block)};
    EXPECT_EQ(shm::permits_of(one.where(), one.at).table().capacity(), of.permits);
    EXPECT_EQ(shm::permits_of(one.where(), one.at).room().capacity(), of.waiting);
    const auto places = shm::shedder_places_of(one.where(), one.at);
    EXPECT_EQ(places.within().capacity(), of.permits);
    EXPECT_EQ(places.beyond().capacity(), of.waiting);
}

// Fails if the budget of a retry or of a hedge, or the times of the calls of a hedge, do not stand at the beginning of their piece.
TEST(Pieces, ABudgetStandsAtTheBeginning) {
    {
        const piece one{layout::kind::retry, {}, layout::page};
        shm::budget_of(one.where(), one.at).fill({}, 1);
        EXPECT_EQ(one.found(), (piece::written{0, sizeof(layout::pair)}));
    }
    {
        const piece one{layout::kind::hedge, {}, layout::page};
        shm::hedge_budget_of(one.where(), one.at).fill({}, 1);
        EXPECT_EQ(one.found(), (piece::written{offsetof(layout::hedge_block, budget),
                                               offsetof(layout::hedge_block, budget) + sizeof(layout::pair)}));
        shm::latencies_of(one.where(), one.at).fill();
        EXPECT_GT(one.found().end, offsetof(layout::hedge_block, latencies));
        EXPECT_LE(one.found().end, sizeof(layout::hedge_block));
    }
}

// Fails if a set of names that somebody scribbled leads out of the piece.
TEST(Pieces, ASetOfNamesIsOneOfThoseThatThereAre) {
    const piece one{layout::kind::policy, {}, layout::page};
    const shm::policy_names names{one.where(), one.at};
    for (std::uint64_t set = 0; set < layout::policy_name_sets; ++set)
        names.write(set, layout::policy_part{}, "set" + std::to_string(set));
    for (std::uint64_t set = 0; set < 3 * layout::policy_name_sets; ++set)
        EXPECT_EQ(names.read(set, layout::policy_part{}), "set" + std::to_string(set % layout::policy_name_sets));
    EXPECT_LE(one.found().end, sizeof(layout::policy_block));
}

// Fails if a name that is longer than can be kept writes over what stands behind it, or is not kept up to there.
TEST(Pieces, ANameIsKeptUpToItsLastLetterButOne) {
    for (const std::size_t length : {0U, 1U, 62U, 63U, 64U, 100U}) {
        std::array<layout::name_words, 2> names{};
        shm::write_name(names[0], std::string(length, 'n'));
        EXPECT_EQ(shm::read_name(names[0]), std::string(std::min<std::size_t>(length, sizeof names[0] - 1), 'n'));
        EXPECT_EQ(shm::read_name(names[1]), "");
    }
}

}  // namespace
}  // namespace seki::test
