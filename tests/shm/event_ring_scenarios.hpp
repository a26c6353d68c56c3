// What a few actors do to a tiny event ring at once, and what must hold afterwards. For the ring that ships, where every interleaving must hold,
// and for those with an error planted, where one must not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "layout/event.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// Two records of two words: a third event wraps around, and two words are enough to be torn.
using tiny_events = layout::basic_event_ring<2, 2>;

// `Ring` is shm::event_ring<stepped, tiny_events>, or one with an error planted.
template <class Ring>
class tiny_event_ring {
public:
    tiny_event_ring(interleaving& play, bool shared) : play_{play}, shared_{shared} {}

    void push(std::uint64_t event) {
        ++begun_;
        (void)Ring{memory_}.push({event, ~event}, shared_);
        ++answered_;
    }
    void drain() {
        const auto deliver = [&](const std::array<std::uint64_t, 2>& event) {
            if (event[1] != ~event[0]) play_.fail("a torn event is delivered");
            if (!delivered_.insert(event[0]).second) play_.fail("an event is delivered twice");
            if (event[0] < latest_) in_order_ = false;
            latest_ = event[0];
        };
        Ring{memory_}.drain(deliver, shared_);
    }
    // The first time may stop before what is torn.
    void drain_all() {
        drain();
        drain();
    }

    // After the actors. A consumer that died after it took events and before it told of them took at most what the ring holds along.
    void expect_all_accounted_for(std::size_t dead_consumers = 0) {
        drain_all();
        const std::uint64_t told = delivered_.size() + lost();
        if (told + dead_consumers * tiny_events::capacity < answered_) play_.fail("an event is lost and not counted");
        if (told > begun_) play_.fail("more events are accounted for than there were");
    }
    void expect_none_torn() {
        if (shm::hardware::load_relaxed(memory_.torn) != 0) play_.fail("an event of one who lives is torn");
    }
    void expect_in_order() {
        if (!in_order_) play_.fail("events are out of order");
    }
    void expect_it_goes_on() {
        drain_all();
        for (const std::uint64_t event : {1001U, 1002U, 1003U}) {
            push(event);
            drain();
            if (!delivered_.contains(event)) play_.fail("the ring is stuck");
        }
    }

private:
    [[nodiscard]] std::uint64_t lost() const {
        return shm::hardware::load_relaxed(memory_.dropped) + shm::hardware::load_relaxed(memory_.torn);
    }

    tiny_events memory_{};
    interleaving& play_;
    bool shared_;
    std::set<std::uint64_t> delivered_;
    std::uint64_t begun_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t latest_ = 0;
    bool in_order_ = true;
};

template <class Ring>
struct event_ring_scenarios {
    using world = tiny_event_ring<Ring>;

    static std::size_t died(const interleaving& play, std::initializer_list<std::size_t> actors) {
        std::size_t count = 0;
        for (const std::size_t actor : actors) count += play.died(actor) ? 1U : 0U;
        return count;
    }

    // The owner of a slot pushes more than fits while a consumer drains; whoever died, the slot gets its next owner and the rings their next consumer.
    static void an_owner_and_a_consumer(interleaving& play) {
        world ring{play, false};
        play.together({[&] {
                           for (std::uint64_t event = 1; event <= 4; ++event) ring.push(event);
                       },
                       [&] {
                           ring.drain();
                           ring.drain();
                       }});
        const std::size_t dead = died(play, {1});
        ring.push(5);
        ring.expect_all_accounted_for(dead);
        ring.expect_in_order();
        ring.expect_none_torn();
        ring.expect_it_goes_on();
    }

    // Two who share a slot; a consumer comes by once while they do, so what it finds half-written is whole when somebody comes again.
    static void two_who_share(interleaving& play) {
        world ring{play, true};
        play.together({[&] {
                           ring.push(1);
                           ring.push(2);
                       },
                       [&] { ring.push(11); }, [&] { ring.drain(); }});
        ring.expect_all_accounted_for(died(play, {2}));
        if (died(play, {0, 1}) == 0) ring.expect_none_torn();
        ring.expect_it_goes_on();
    }

    // One of those who share is stopped while the ring goes round.
    static void one_who_shares_is_stopped(interleaving& play) {
        world ring{play, true};
        play.together({[&] { ring.push(1); },
                       [&] {
                           for (std::uint64_t event = 11; event <= 13; ++event) {
                               ring.push(event);
                               ring.drain();
                           }
                           ring.push(14);
                           ring.drain();
                       }});
        ring.expect_all_accounted_for(died(play, {1}));
        ring.expect_it_goes_on();
    }

    // An owner that was reaped though it lives goes on in a slot that has its next owner. Events may be lost; none is torn or comes twice.
    static void a_late_owner(interleaving& play) {
        world ring{play, false};
        ring.push(1);
        play.together({[&] { ring.push(2); },
                       [&] {
                           ring.push(11);
                           ring.push(12);
                       },
                       [&] {
                           ring.drain();
                           ring.drain();
                       }});
        ring.expect_it_goes_on();
    }

    static void two_consumers(interleaving& play) {
        world ring{play, false};
        ring.push(1);
        play.together({[&] {
                           ring.push(2);
                           ring.push(3);
                       },
                       [&] { ring.drain(); }, [&] { ring.drain(); }});
        ring.expect_all_accounted_for(died(play, {1, 2}));
        ring.expect_it_goes_on();
    }
};

}  // namespace seki::test
