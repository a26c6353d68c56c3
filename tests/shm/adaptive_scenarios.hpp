// What a few actors do to the window and the limit of an adaptive limit at once, and what must hold afterwards. For the window that ships, where every
// interleaving must hold, and for those with an error planted, where one must not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "algorithm/adaptive_limit.hpp"
#include "layout/adaptive.hpp"
#include "shm/memory.hpp"
#include "shm/permits.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// Windows of four calls, and a limit from 2 to 4: each window that ends raises it by one, whatever the order. The permits are those that ship.
template <class Window>
class adaptive_world {
public:
    static constexpr std::uint64_t calls_in_window = 4, least_limit = 1;

    explicit adaptive_world(interleaving& play, std::uint64_t first_limit = 1)
        : play_{play}, first_limit_{first_limit} {
        window_.fill(law());
        while (limit() == first_limit || window_.window().calls != 0) release();  // the first windows settle
        calls_ = 0;
        before_ = limit();
    }

    void release(std::uint64_t calls) {
        for (std::uint64_t i = 0; i < calls; ++i) release();
    }
    void release() {
        ++calls_;
        window_.add(
            {.latency = 10, .now = 1'000}, [this] { return law(); }, [] { return 1'000U; },
            [this](auto most) { permits_.set_max_by(most); });
    }
    void enforce() {
        window_.enforce([this] { return law(); }, [this](auto most) { permits_.set_max_by(most); });
    }
    // No more than `least_limit` from now on, as who changes the terms does it.
    void lower() {
        stepped::store_release(lowered_, 1);
        enforce();
    }
    // Deleted, and another made of its memory, with other terms: a lower max, or only a lower beginning.
    void make_anew(bool lower) {
        stepped::store_release(lowered_, lower ? 1 : 2);
        window_.fill(law());
        enforce();
    }

    [[nodiscard]] std::uint64_t limit() const { return algorithm::adaptive_limit::allowed(window_.at(), law()); }
    [[nodiscard]] std::uint64_t calls() const { return window_.window().calls; }
    [[nodiscard]] std::uint64_t max() const { return permits_.max(); }

    // `dead`: how many died, each of them with a window that was its own to judge, at most.
    void expect_each_call_counted(std::uint64_t dead) {
        const std::uint64_t raised = limit() - before_, open = window_.window().calls;
        if (raised * calls_in_window + open > calls_) play_.fail("a call is counted twice");
        if (open >= calls_in_window) play_.fail("a window is overfull");
        if (raised * calls_in_window + open + calls_in_window * dead < calls_) play_.fail("a call is counted nowhere");
    }
    void expect_in_force(bool somebody_died) {
        if (max() != limit() && !somebody_died) play_.fail("max is " + std::to_string(max()) + ", not the limit");
        // The next window sets it right.
        release(2 * calls_in_window);
        if (max() != limit()) play_.fail("max stays what the dead left");
    }

private:
    using Permits = shm::permits<stepped>;
    using terms = algorithm::adaptive_limit::terms;

    [[nodiscard]] terms law() const {
        terms by{.law = algorithm::adaptive_limit::law::aimd, .initial_limit = first_limit_, .window = calls_in_window};
        const std::uint64_t lowered = stepped::load_acquire(lowered_);
        if (lowered == 1) by.max_limit = least_limit;
        if (lowered == 2) by.initial_limit = least_limit;
        return by;
    }

    interleaving& play_;
    std::uint64_t first_limit_;
    layout::adaptive_block block_{};
    Window window_{block_};
    struct alignas(64) {
        std::array<std::byte, Permits::bytes_for(8)> bytes{};
    } memory_;
    Permits permits_ = Permits::attach(memory_.bytes);
    layout::word lowered_;
    std::uint64_t calls_ = 0, before_ = 0;
};

template <class Window>
struct adaptive_scenarios {
    using world = adaptive_world<Window>;

    static std::uint64_t dead(const interleaving& play, std::size_t actors) {
        std::uint64_t died = 0;
        for (std::size_t i = 0; i < actors; ++i) died += play.died(i) ? 1U : 0U;
        return died;
    }

    // Two windows end.
    static void two_windows(interleaving& play) {
        world host{play};
        host.release(3);
        play.together({[&] { host.release(2); }, [&] { host.release(2); }, [&] { host.release(); }});
        host.expect_each_call_counted(dead(play, 3));
        host.expect_in_force(dead(play, 3) != 0);
    }
    // By two, one of whom may be stopped after it has ended its own.
    static void one_overtakes(interleaving& play) {
        world host{play};
        host.release(3);
        play.together({[&] { host.release(); }, [&] { host.release(4); }});
        host.expect_each_call_counted(dead(play, 2));
        host.expect_in_force(dead(play, 2) != 0);
    }
    // While a window ends the limit is lowered: who ended it puts nothing in force that is no longer allowed, wherever he is stopped, or dies.
    static void lowered(interleaving& play) {
        world host{play};
        host.release(3);
        play.together({[&] { host.release(); }, [&] { host.lower(); }});
        if (!play.died(1) && host.max() > world::least_limit) play.fail("max is what terms allowed that are over");
    }
    // Likewise, as it is deleted.
    static void one_is_late_in_reused_memory(interleaving& play) {
        world host{play};
        host.release(3);
        play.together({[&] { host.release(); }, [&] { host.make_anew(true); }});
        if (play.died(1)) return;
        if (host.max() > world::least_limit) play.fail("max is what terms allowed that are over");
        if (host.calls() > 1) play.fail("more than the one call that was late is counted");
    }
    // Likewise, and the next one begins lower: what the last window of the first says moves it by its own terms, by one at most.
    static void one_that_begins_lower_follows(interleaving& play) {
        world host{play, 3};
        host.release(3);
        play.together({[&] { host.release(); }, [&] { host.make_anew(false); }});
        if (!play.died(1) && host.limit() > world::least_limit + 1)
            play.fail("a window moves it by terms that are over");
    }
    // Upkeep comes by.
    static void upkeep(interleaving& play) {
        world host{play};
        host.release(3);
        play.together({[&] { host.release(); }, [&] { host.enforce(); }, [&] { host.release(); }});
        host.expect_each_call_counted(dead(play, 3));
        host.expect_in_force(dead(play, 3) != 0);
    }
};

}  // namespace seki::test
