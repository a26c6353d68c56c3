// What a few actors do to the window and the limit of an adaptive limit at once, and what must hold afterwards. For the window that ships, where every
// interleaving must hold, and for those with an error planted, where one must not.
#pragma once

#include <cstdint>
#include <string>

#include "algorithm/adaptive_limit.hpp"
#include "layout/adaptive.hpp"
#include "shm/memory.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// Windows of four calls, and a limit from 2 to 4: each window that ends raises it by one, whatever the order.
template <class Window>
class adaptive_world {
public:
    static constexpr std::uint64_t first_limit = 1, calls_in_window = 4;

    explicit adaptive_world(interleaving& play) : play_{play} {
        window_.fill(by_);
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
            {.latency = 10, .now = 1'000}, [this] { return by_; }, [] { return 1'000U; },
            [this](std::uint64_t max) { set_max(max); });
    }
    void enforce() {
        window_.enforce(by_, [this](std::uint64_t max) { set_max(max); });
    }

    [[nodiscard]] std::uint64_t limit() const { return algorithm::adaptive_limit::allowed(window_.at(), by_); }
    [[nodiscard]] std::uint64_t max() const { return shm::hardware::load_relaxed(max_); }

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
    // As permits have it (shm/permits.hpp): what is set is read before, so who sets it knows what the last one who did knew.
    void set_max(std::uint64_t max) {
        std::uint64_t found = stepped::load_seq_cst(max_);
        while (found != max && !stepped::cas_seq_cst(max_, found, max)) continue;
    }

    interleaving& play_;
    layout::adaptive_block block_{};
    Window window_{block_};
    algorithm::adaptive_limit::terms by_{
        .law = algorithm::adaptive_limit::law::aimd, .initial_limit = first_limit, .window = calls_in_window};
    layout::word max_{};
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
