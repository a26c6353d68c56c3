// What a few actors do to a retry budget at once, and what must hold afterwards. For the budget that ships, where every interleaving must hold, and
// for those with an error planted, where one must not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "layout/retry.hpp"
#include "shm/memory.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// A host with a clock that actors move, and a counter of calls for each actor, as workers have.
template <class Budget>
class budget_world {
public:
    using terms = typename Budget::terms;

    budget_world(interleaving& play, terms by) : play_{play}, by_{by} {
        shm::hardware::store_relaxed(clock_, 5'000);
        shm::hardware::store_release(incarnation_, first);
        budget_.fill(by_, 5'000);
    }

    static constexpr std::uint64_t first = 1, second = 2;  // budgets of this memory

    void call(std::size_t actor) { stepped::store_relaxed(calls_[actor], stepped::load_relaxed(calls_[actor]) + 1); }
    void pass(std::uint64_t ms) {
        ++windows_;
        stepped::store_relaxed(clock_, stepped::load_relaxed(clock_) + ms);
    }
    bool retry() {
        const bool granted = take(made_);
        granted_ += granted ? 1U : 0U;
        return granted;
    }

    // After the actors: takes what there is, and another window after that.
    void expect_no_more_than_allowed() {
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 4; ++i) (void)retry();
            pass(1'000);
        }
        std::uint64_t calls = 0;
        for (const auto& each : calls_) calls += made_ == first ? shm::hardware::load_relaxed(each) : 0;
        if (granted_ * 1000 > law().ratio * calls + by_.min_per_second * windows_ * 1000)
            play_.fail(std::to_string(granted_) + " retries, more than allowed");
    }
    void expect_it_goes_on() {
        pass(1'000);
        if (by_.min_per_second != 0 && !retry()) play_.fail("a new window allows nothing");
    }
    [[nodiscard]] std::uint64_t granted() const { return granted_; }
    // Deleted, and later another made of its memory, which nobody has called yet: from here on it is that one's retries which are counted.
    void make_anew() {
        pass(1);
        stepped::store_release(incarnation_, 0);
        budget_.fill(by_, stepped::load_relaxed(clock_));
        stepped::store_release(incarnation_, second);
        made_ = second;
        granted_ = 0;
        windows_ = 1;
    }
    // Of the first, by who may not know that it is no more.
    void retry_late() { (void)take(first); }

    // The calls that come after it back nothing. Only where none came before.
    void lower_ratio() { stepped::store_release(lowered_, 1); }

private:
    [[nodiscard]] terms law() const {
        terms now = by_;
        if (stepped::load_acquire(lowered_) != 0) now.ratio = 0;
        return now;
    }
    bool take(std::uint64_t of) {
        const auto sum = [this, of] {
            std::uint64_t all = 0;
            for (const auto& each : calls_) all += of == first ? stepped::load_relaxed(each) : 0;
            return all;
        };
        return budget_.take([this, of] { return stepped::load_acquire(incarnation_) == of; },
                            [this] { return stepped::load_relaxed(clock_); }, [this] { return law(); }, sum);
    }

    interleaving& play_;
    terms by_;
    layout::retry_block block_{};
    Budget budget_{block_};
    layout::word clock_;
    layout::word incarnation_;
    layout::word lowered_;
    std::uint64_t made_ = first;
    std::array<layout::word, 3> calls_{};
    std::uint64_t granted_ = 0;
    std::uint64_t windows_ = 1;
};

template <class Budget>
struct retry_budget_scenarios {
    using world = budget_world<Budget>;

    static bool anybody_died(const interleaving& play) { return play.died(0) || play.died(1) || play.died(2); }

    // Three want the last retry of a window.
    static void the_last_one(interleaving& play) {
        world host{play, {.ratio = 0, .min_per_second = 1}};
        play.together({[&] { host.retry(); }, [&] { host.retry(); }, [&] { host.retry(); }});
        if (host.granted() > 1) play.fail("the last retry is given twice");
        if (host.granted() < 1 && !anybody_died(play)) play.fail("the last retry is given to nobody");
        host.expect_it_goes_on();
        host.expect_no_more_than_allowed();
    }
    // Three find the window over, and each begins the next.
    static void a_new_window(interleaving& play) {
        world host{play, {.ratio = 0, .min_per_second = 1}};
        host.retry();
        host.pass(1'000);
        play.together({[&] { host.retry(); }, [&] { host.retry(); }, [&] { host.retry(); }});
        if (host.granted() > 2) play.fail("the last retry is given twice");
        if (host.granted() < 2 && !anybody_died(play)) play.fail("the last retry is given to nobody");
        host.expect_it_goes_on();
        host.expect_no_more_than_allowed();
    }
    // The budget is deleted, and another made of its memory, while somebody is on the way to a retry of the first: he takes none of the second's, and gives it none,
    // whatever the calls of the first would back.
    static void one_is_late_in_reused_memory(interleaving& play) {
        world host{play, {.ratio = 1000, .min_per_second = 1}};
        for (int i = 0; i < 4; ++i) host.call(0);
        bool own = false;
        play.together({[&] { host.retry_late(); },
                       [&] {
                           host.make_anew();
                           host.pass(1'000);
                           own = host.retry();
                       }});
        if (play.died(1)) return;
        if (!own) play.fail("a retry of another budget takes its own");
        host.expect_no_more_than_allowed();
        host.expect_it_goes_on();
    }
    // Time passes while they do.
    static void time_passes(interleaving& play) {
        world host{play, {.ratio = 0, .min_per_second = 1}};
        host.retry();
        play.together({[&] { host.retry(); }, [&] { host.pass(1'000); },
                       [&] {
                           host.retry();
                           host.retry();
                       }});
        host.expect_no_more_than_allowed();
        host.expect_it_goes_on();
    }
    // The terms are changed, and calls come by the new ones, while somebody begins a window.
    static void the_ratio_is_lowered(interleaving& play) {
        world host{play, {.ratio = 1000, .min_per_second = 1}};
        host.pass(1'000);
        play.together({[&] { host.retry(); },
                       [&] {
                           host.lower_ratio();
                           for (int i = 0; i < 4; ++i) host.call(1);
                       }});
        if (play.died(1)) return;
        host.expect_no_more_than_allowed();
        host.expect_it_goes_on();
    }
    // Each call backs one retry, however the windows fall.
    static void calls_back_retries(interleaving& play) {
        world host{play, {.ratio = 1000, .min_per_second = 0}};
        host.pass(1'000);
        play.together({[&] {
                           host.call(0);
                           host.retry();
                       },
                       [&] {
                           host.call(1);
                           host.retry();
                           host.retry();
                       },
                       [&] { host.pass(1'000); }});
        host.expect_no_more_than_allowed();
    }
};

}  // namespace seki::test
