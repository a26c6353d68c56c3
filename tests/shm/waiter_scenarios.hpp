// What waiters and those who give permits back do at once, with a kernel that the test plays; and what must hold. For the bell that ships, where every
// interleaving must hold, and for those with an error planted, where one must not.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "layout/permits.hpp"
#include "shm/permit_waiters.hpp"
#include "shm/permits.hpp"
#include "support/fingerprint.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// Who sleeps, and what time it is. Of the attempt that is under way.
struct bedroom {
    static constexpr std::size_t most_actors = 4;
    std::array<bool, most_actors> asleep{};
    std::uint64_t now = 1'000'000'000;
    layout::word dreams;                       // looked at while asleep: others may come meanwhile
    std::array<int, most_actors> overslept{};  // sleeps that ended by their time since nobody else was left
    interleaving* play = nullptr;
    bool (*is_settled)(std::size_t actor) = nullptr;
    bool (*is_one_free)() = nullptr;
};
inline thread_local bedroom* in_bed = nullptr;

// The kernel, as that actor asks it. Each call is one step; a sleep lasts until somebody wakes it, or its time is over.
template <std::size_t actor>
struct played_futex {
    static std::uint64_t now() noexcept { return interleaving::hears(in_bed->now); }
    static void sleep(layout::word& bell, std::uint32_t rings, std::uint64_t until_ns) noexcept {
        const std::uint64_t found = interleaving::ask(shm::word_access::value(bell), "futex_wait");
        if (static_cast<std::uint32_t>(found) != rings) return;
        if (until_ns > in_bed->now + shm::permit_waiters<>::longest_sleep_ns)
            in_bed->play->fail("somebody sleeps too long");
        bool& asleep = in_bed->asleep[actor] = true;
        const auto sleeps_on = [&] { return interleaving::hears(asleep ? 1 : 0) != 0; };
        for (int look = 0; look < 2 && sleeps_on(); ++look) (void)stepped::load_relaxed(in_bed->dreams);
        if (!sleeps_on()) return;
        asleep = false;
        in_bed->now = std::max(in_bed->now, until_ns);
        if (!in_bed->is_settled(actor)) return;
        ++in_bed->overslept[actor];
        if (in_bed->is_one_free()) in_bed->play->fail("a wake-up is lost");
    }
    static unsigned wake(layout::word& bell, unsigned how_many) noexcept {
        (void)interleaving::ask(shm::word_access::value(bell), "futex_wake");
        unsigned woken = 0;
        for (std::size_t each = 0; each < bedroom::most_actors && woken < how_many; ++each)
            if (in_bed->asleep[each] && !in_bed->play->died(each)) {
                in_bed->asleep[each] = false;
                ++woken;
            }
        return static_cast<unsigned>(interleaving::hears(woken));
    }
};

// `Waiters<Kernel>` is shm::permit_waiters<stepped, Kernel>, or one with an error planted.
template <template <class> class Waiters>
class tiny_bell {
public:
    using permits = shm::permits<stepped>;
    static constexpr std::size_t capacity = 2;
    static constexpr std::uint64_t patience_ns = 4 * 5'000'000;

    tiny_bell(interleaving& play, std::uint64_t max, std::size_t actors) : play_{play}, actors_{actors} {
        table_ = permits::attach(table_memory_.bytes);
        room_ = permits::attach(room_memory_.bytes);
        (void)table_.set_max(max);
        (void)room_.set_max(capacity);
        bed_.play = &play;
        bed_.is_settled = [](std::size_t actor) { return self->settled(actor); };
        bed_.is_one_free = [] { return self->nobody_died() && self->free_now(); };
        in_bed = &bed_;
        self = this;
        play.remembers([this] {
            std::uint64_t all = bed_.now;
            for (std::size_t actor = 0; actor < actors_; ++actor)
                all = fold(all, (bed_.asleep[actor] ? 1U : 0U) | (done_[actor] ? 2U : 0U) |
                                    static_cast<unsigned>(bed_.overslept[actor]) << 2);
            return all;
        });
    }
    ~tiny_bell() { in_bed = nullptr, self = nullptr; }
    tiny_bell(const tiny_bell&) = delete;
    tiny_bell& operator=(const tiny_bell&) = delete;

    // The actors' steps. Each ends with done().
    [[nodiscard]] shm::permit take(std::size_t actor) { return table_.try_take(owner_of(actor), 0, seeker{*this}); }
    template <std::size_t actor>
    void wait_and_use() {
        const auto waiters = bell<actor>();
        const std::uint64_t until = interleaving::hears(bed_.now) + patience_ns;
        auto got = waiters.wait(
            owner_of(actor), until, seeker{*this}, [&] { return table_.take(owner_of(actor), 0, seeker{*this}); },
            [] { return true; });
        if (got.held)
            give_back<actor>(got.held);
        else if (bed_.overslept[actor] >= 2 && to_be_had())
            play_.fail("somebody sleeps on while a permit is to be had");
        done(actor);
    }
    template <std::size_t actor>
    void give_back(shm::permit held) {
        if (table_.give_back(held)) bell<actor>().wake(1);
    }
    template <std::size_t actor>
    void set_max(std::uint64_t max) {
        if (table_.set_max(max)) bell<actor>().wake(shm::permit_waiters<>::all);
    }
    void done(std::size_t actor) { done_[actor] = true; }

    // After the actors.
    void expect_all_back() {
        bed_.now += permits::look_again_ns;
        (void)table_.reclaim(seeker{*this});
        (void)room_.reclaim(seeker{*this});
        if (table_.in_use() != 0 || room_.in_use() != 0) play_.fail("a permit does not come back");
    }

private:
    struct seeker {
        tiny_bell& world;
        std::uint64_t now() const { return interleaving::hears(world.bed_.now); }
        bool alive(std::uint64_t owner) const {
            const std::size_t actor = owner - first_owner;
            return actor >= world.actors_ || !world.play_.died(actor);
        }
        static bool tired() { return false; }
        static void rest() {}
        void reclaimed(std::uint64_t /*owner*/) const {}
    };
    static constexpr std::uint64_t first_owner = 0x10001;
    static constexpr std::uint64_t owner_of(std::size_t actor) { return first_owner + actor; }

    template <std::size_t actor>
    [[nodiscard]] Waiters<played_futex<actor>> bell() {
        return {bell_, room_};
    }
    [[nodiscard]] bool settled(std::size_t actor) const {
        for (std::size_t other = 0; other < actors_; ++other)
            if (other != actor && !done_[other] && !play_.died(other)) return false;
        return true;
    }
    [[nodiscard]] bool nobody_died() const {
        for (std::size_t actor = 0; actor < actors_; ++actor)
            if (play_.died(actor)) return false;
        return true;
    }
    // Past the schedule: nobody takes a step here.
    [[nodiscard]] bool free_now() {
        const auto beside = shm::permits<>::attach(table_memory_.bytes);
        return beside.in_use() < beside.max();
    }
    // Free, or of somebody who died with it.
    [[nodiscard]] bool to_be_had() {
        const auto beside = shm::permits<>::attach(table_memory_.bytes);
        std::uint64_t of_the_living = 0;
        beside.for_each(
            [&](std::uint32_t, std::uint64_t owner) { of_the_living += seeker{*this}.alive(owner) ? 1U : 0U; });
        return of_the_living < beside.max();
    }

    struct alignas(64) memory {
        std::array<std::byte, permits::bytes_for(capacity)> bytes{};
    } table_memory_, room_memory_;
    layout::permit_bell bell_{};
    permits table_, room_;
    bedroom bed_;
    interleaving& play_;
    std::size_t actors_;
    std::array<bool, bedroom::most_actors> done_{};
    static inline thread_local tiny_bell* self = nullptr;
};

template <template <class> class Waiters>
struct waiter_scenarios {
    using tiny = tiny_bell<Waiters>;

    // One waits for the permit that another gives back.
    static void one_waits(interleaving& play) {
        tiny world{play, 1, 2};
        const shm::permit held = world.take(1);
        play.together({[&] { world.template wait_and_use<0>(); },
                       [&] {
                           world.template give_back<1>(held);
                           world.done(1);
                       }});
        world.expect_all_back();
    }

    // Two wait for it: who had it gives it back, and hands on the wake-up.
    static void two_wait(interleaving& play) {
        tiny world{play, 1, 3};
        const shm::permit held = world.take(2);
        play.together({[&] { world.template wait_and_use<0>(); }, [&] { world.template wait_and_use<1>(); },
                       [&] {
                           world.template give_back<2>(held);
                           world.done(2);
                       }});
        world.expect_all_back();
    }

    // Two wait while max is raised by one who holds nothing, and never lowered.
    static void max_is_raised(interleaving& play) {
        tiny world{play, 0, 3};
        play.together({[&] { world.template wait_and_use<0>(); }, [&] { world.template wait_and_use<1>(); },
                       [&] {
                           world.template set_max<2>(2);
                           world.done(2);
                       }});
        world.expect_all_back();
    }
};

}  // namespace seki::test
