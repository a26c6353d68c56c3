// A table is deleted, and another made of its memory, while somebody is on the way into the first: the second loses nothing by it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "layout/key_table.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// How the memory of the second lies over that of the first.
enum class overlay : std::uint8_t { same, shifted };

// `Table` is shm::key_table<stepped>, or one with an error planted.
template <class Table>
class reused_memory {
public:
    static constexpr std::uint64_t first = 7, second = 9;  // incarnations
    static constexpr std::uint64_t spent = 1ULL << 40;

    explicit reused_memory(interleaving& play, overlay how) : play_{play} {
        const std::span buckets{buckets_};
        old_ = Table{buckets.subspan(1, 2), std::span{buckets_[3].slots}.first(1), first};
        // shifted: its stripe is a slot of the first, and the stripe of the first lies where it writes nothing.
        next_ = how == overlay::same ? Table{buckets.subspan(1, 2), std::span{buckets_[3].slots}.first(1), second}
                                     : Table{buckets.subspan(0, 2), std::span{buckets_[2].slots}.first(1), second};
        old_.fill();
        stepped::machine::store_release(incarnation_, first);
    }

    // By the law of the first everything is as good as new; by that of the second nothing is that was ever spent from.
    struct inserter {
        reused_memory& world;
        std::uint64_t of;
        bool as_good_as_new(std::uint64_t state) const { return of == first || state < spent; }
        std::uint64_t fresh() const { return of; }
        std::uint64_t stamp() const { return interleaving::hears(world.next_stamp_++); }
        void evicted() const {
            if (of == second) world.play_.fail("the second evicts a key");
        }
        bool stands() const { return stepped::load_acquire(world.incarnation_) == of; }
    };

    // The actors' steps.
    void insert_into_old(std::uint64_t tag) { (void)old_.insert(tag, inserter{*this, first}); }
    // Where the second, if it is shifted, has slots.
    template <class Texts>
    void make_texts_of_old() {
        Texts{std::span{texts_of_old(), 4}}.fill();
    }
    template <class Texts>
    void write_text_of_old(std::uint64_t tag, std::string_view key) {
        Texts{std::span{texts_of_old(), 4}}.write(0, tag, key,
                                                  [this] { return stepped::load_acquire(incarnation_) == first; });
    }
    // Words of another kind, which begin as zeros (shm/directory_entry.hpp, give_piece) and go on to that content.
    void delete_and_make_words(layout::pair_value content) {
        stepped::store_release(incarnation_, 0);
        for (layout::pair& each : texts_of_old()->pairs) {
            stepped::store_release(shm::word_access::first(each), 0);
            stepped::store_release(shm::word_access::second(each), 0);
        }
        stepped::store_release(incarnation_, second);
        for (layout::pair& each : texts_of_old()->pairs)
            if (!stepped::cas_pair(each, {}, content)) play_.fail("words of another kind are no zeros");
    }
    void expect_words(layout::pair_value content) {
        if (stepped::load_acquire(incarnation_) != second) return;  // who made them died
        for (const layout::pair& each : texts_of_old()->pairs) {
            const layout::pair_value found{stepped::load_first_acquire(each), stepped::load_second_acquire(each)};
            if (found != layout::pair_value{} && found != content) play_.fail("a text stands in words of another kind");
        }
    }
    void delete_and_make() {
        stepped::store_release(incarnation_, 0);
        next_.fill();
        stepped::store_release(incarnation_, second);
    }
    void spend_of_next(std::uint64_t tag) {
        using insertion = typename Table::insertion;
        for (int round = 0; round < 20; ++round) {
            if (const auto at = next_.find(tag)) {
                if (at.state >= spent || spend(at, tag)) return;
            } else if (next_.insert(tag, inserter{*this, second}) != insertion::there) {
                return play_.fail("a key of the second finds no place");
            }
        }
        play_.fail("a spender does not come to an end");
    }

    bool spend(const typename Table::sighting& at, std::uint64_t tag) {
        if (!Table::exchange(at, tag, spent + spent_[tag] + 1)) return false;
        ++spent_[tag];
        return true;
    }

    void expect_sound() {
        if (stepped::load_acquire(incarnation_) != second) return;  // who made it died
        for (const auto& [tag, count] : spent_) {
            const auto at = next_.find(tag);
            if (count != 0 && (!at || at.state != spent + count)) play_.fail("a key of the second lost what was spent");
            if (count > 1) play_.fail("a key of the second is spent twice");
        }
        spend_of_next(layout::tag_bit | 100);
        spend_of_next(layout::tag_bit | 1ULL << 62 | 101);
        const auto content = layout::pair_value{stepped::load_first_acquire(next_.stripe(0)),
                                                stepped::load_second_acquire(next_.stripe(0))};
        if (!next_.sound_stripe(0, content)) play_.fail("a stripe of the second is damaged");
    }

private:
    layout::key_text* texts_of_old() { return reinterpret_cast<layout::key_text*>(&buckets_[1].slots); }

    interleaving& play_;
    std::array<layout::bucket, 4> buckets_{};
    layout::word incarnation_;
    Table old_, next_;
    std::uint64_t next_stamp_ = 1000;
    std::map<std::uint64_t, std::uint64_t> spent_;
};

template <class Table>
struct reuse_scenarios {
    // Bit 62 is the first bucket of two: the keys of the second stand where those of the first do, whether or not it is shifted.
    static constexpr std::uint64_t old_key = layout::tag_bit | 1, other_old_key = layout::tag_bit | 1ULL << 62 | 2;
    static constexpr std::uint64_t new_key = layout::tag_bit | 3, other_new_key = layout::tag_bit | 1ULL << 62 | 4;

    template <overlay how, std::uint64_t late_key = old_key>
    static void one_is_late(interleaving& play) {
        reused_memory<Table> world{play, how};
        play.together({[&] { world.insert_into_old(late_key); },
                       [&] {
                           world.delete_and_make();
                           world.spend_of_next(new_key);
                           world.spend_of_next(other_new_key);
                       }});
        world.expect_sound();
    }

    // Who died in the old table left work for the one who is late.
    template <overlay how>
    static void one_is_late_after_a_death(interleaving& play) {
        reused_memory<Table> world{play, how};
        play.together({[&] { world.insert_into_old(old_key); }});
        play.together({[&] { world.insert_into_old(other_old_key); },
                       [&] {
                           world.delete_and_make();
                           world.spend_of_next(new_key);
                           world.spend_of_next(other_new_key);
                       }});
        world.expect_sound();
    }

    // A text that belongs beside a slot of the first comes late.
    template <class Texts>
    static void a_text_is_late(interleaving& play) {
        reused_memory<Table> world{play, overlay::shifted};
        world.template make_texts_of_old<Texts>();
        play.together({[&] { world.template write_text_of_old<Texts>(old_key, "alice"); },
                       [&] {
                           world.delete_and_make();
                           world.spend_of_next(other_new_key);
                       }});
        world.expect_sound();
    }

    // It comes late to what is no table: permits, or counts, of which one may even have the mark of a text.
    template <class Texts>
    static void a_text_is_late_to_another_kind(interleaving& play) {
        constexpr layout::pair_value content{layout::text_mark | 5, 6};
        reused_memory<Table> world{play, overlay::shifted};
        world.template make_texts_of_old<Texts>();
        play.together({[&] { world.template write_text_of_old<Texts>(old_key, "alice"); },
                       [&] { world.delete_and_make_words(content); }});
        world.expect_words(content);
    }
};

}  // namespace seki::test
