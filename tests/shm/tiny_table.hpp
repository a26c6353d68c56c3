// A key table so small that all its interleavings can be looked at: two buckets, so that every key may stand in each of the sixteen slots,
// and most slots taken for good. Time is an epoch; a key may be spent once in each, and is as good as new in the next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "layout/key_table.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// `Table` is shm::key_table<stepped>, or one with an error planted.
template <class Table>
class tiny_table {
public:
    using insertion = typename Table::insertion;
    static constexpr std::uint64_t born = 7;  // what fill() writes into empties
    static constexpr std::uint64_t first_stamp = 1000;

    // All slots are taken but those in `free`.
    tiny_table(interleaving& play, std::size_t stripes, const std::vector<std::size_t>& free) : play_{play} {
        table = Table{buckets_, std::span{stripes_}.first(stripes), born};
        table.fill();
        stepped::machine::store_relaxed(epoch_, 1);
        for (std::size_t i = 0; i < 16; ++i) {
            if (std::ranges::find(free, i) != free.end()) continue;
            constexpr std::uint64_t never_old = 1ULL << 60;
            stepped::machine::store_pair_release(slot(i), {layout::tag_bit | (0xf0 + i), never_old});
            play.constant(std::as_bytes(std::span{&slot(i), 1}));
        }
    }

    // What a key table asks of who inserts, at the time `now`.
    struct inserter {
        tiny_table& world;
        std::uint64_t now;
        bool as_good_as_new(std::uint64_t state) const { return state < now; }
        std::uint64_t fresh() const { return world.time() - 1; }
        std::uint64_t stamp() const { return interleaving::hears(world.next_stamp_++); }
        void evicted() const { ++world.evictions; }
        [[nodiscard]] static bool stands() { return true; }
    };

    // The actors' steps.
    [[nodiscard]] std::uint64_t time() const { return stepped::load_acquire(epoch_); }
    void grow_old() { stepped::store_release(epoch_, time() + 1); }
    insertion insert(std::uint64_t tag) {
        const auto done = table.insert(tag, inserter{*this, time()});
        if (done == insertion::hindered) play_.fail("an insert is hindered");
        return done;
    }
    void spend(std::uint64_t tag) {
        for (int round = 0; round < 100; ++round) {
            const std::uint64_t now = time();
            const auto at = table.find(tag);
            if (!at) {
                if (table.insert(tag, inserter{*this, now}) != insertion::there) return;
            } else if (at.state >= now) {
                if (Table::still(at, tag)) return expect_spent(tag, at.state);
            } else if (Table::exchange(at, tag, now)) {
                if (++spent_[{tag, now}] > 1) play_.fail("a key is spent twice in one epoch");
                return;
            }
        }
        play_.fail("a spender does not come to an end");
    }
    // Takes the slot of the key away if it loses nothing by it, as any insert may.
    void evict(std::uint64_t tag) {
        const std::uint64_t now = time();
        const auto at = table.find(tag);
        if (at && at.state < now)
            (void)stepped::cas_pair(*at.slot, {tag, at.state}, {interleaving::hears(next_stamp_++), 0});
    }

    // Looks after the whole table once, as sekid does bit by bit.
    void sweep() {
        const inserter by{*this, time()};
        for (std::size_t stripe = 0; stripe < table.stripe_count(); ++stripe) table.finish_insert(stripe, by);
        for (std::size_t i = 0; i < table.slot_count(); ++i) (void)table.sweep(i, by);
    }
    // A sweep that nobody disturbs leaves nothing for later.
    void expect_tidy() {
        sweep();
        for (std::size_t stripe = 0; stripe < table.stripe_count(); ++stripe) {
            const auto word = stepped::load_second_acquire(stripes_[stripe]);
            if (layout::unpack_transaction(word).phase != layout::phase::idle) play_.fail("a stripe stays busy");
        }
        for (std::size_t i = 0; i < table.slot_count(); ++i) {
            const bool empty = (stepped::load_first_acquire(slot(i)) & layout::tag_bit) == 0;
            if (!empty && stepped::load_second_acquire(slot(i)) < time()) play_.fail("an old key stays");
            if (!empty && (stepped::load_second_acquire(slot(i)) & layout::ticket_bit) != 0)
                play_.fail("a ticket stays");
        }
    }

    // After the actors: what must hold however they ran, and whoever died.
    void expect_sound(const std::vector<std::uint64_t>& tags) {
        expect_single();
        for (const auto& [key, count] : spent_) expect_kept(key.first, key.second);
        expect_unique_stamps();
        for (const std::uint64_t tag : tags) {
            if (insert(tag) != insertion::there) play_.fail("a later insert finds no place");
            if (!table.find(tag)) play_.fail("a later insert is not found");
            expect_single();
        }
    }

    // How many transactions that stripe has seen.
    [[nodiscard]] std::uint64_t transactions(std::size_t stripe) const {
        return layout::unpack_transaction(stepped::load_second_acquire(stripes_[stripe])).sequence;
    }

    Table table;
    int evictions = 0;

private:
    layout::pair& slot(std::size_t i) { return buckets_[i / 8].slots[i % 8]; }

    void expect_single() {
        std::set<std::uint64_t> seen;
        table.for_each([&](std::uint64_t tag, std::uint64_t, std::size_t) {
            if (!seen.insert(tag).second) play_.fail("two slots hold one key");
        });
    }
    // Who is refused is refused by what somebody spent of this very key.
    void expect_spent(std::uint64_t tag, std::uint64_t state) {
        if (state >= stepped::machine::load_relaxed(epoch_) && !spent_.contains({tag, state}))
            play_.fail("a key is refused by what was spent of another");
    }
    // A key that was spent in this epoch still says so.
    void expect_kept(std::uint64_t tag, std::uint64_t when) {
        if (when < time()) return;
        const auto at = table.find(tag);
        if (!at || at.state != when) play_.fail("a spent state is lost");
    }
    void expect_unique_stamps() {
        std::set<std::uint64_t> seen;
        for (std::size_t i = 0; i < 16; ++i) {
            const std::uint64_t stamp = stepped::load_first_acquire(slot(i));
            const bool empty = (stamp & layout::tag_bit) == 0;
            if (empty && stamp != born && !seen.insert(stamp).second) play_.fail("a stamp is used twice");
        }
    }

    interleaving& play_;
    std::array<layout::bucket, 2> buckets_{};
    std::array<layout::pair, 2> stripes_{};
    layout::word epoch_;
    std::uint64_t next_stamp_ = first_stamp;
    std::map<std::pair<std::uint64_t, std::uint64_t>, int> spent_;  // {tag, epoch}: how often
};

// Tags of keys. Bit 62 is the first bucket of two.
constexpr std::uint64_t key_of(std::uint64_t number, std::uint64_t first_bucket = 0) {
    return layout::tag_bit | first_bucket << 62 | number;
}

}  // namespace seki::test
