// A bulkhead that is full because somebody died, where no sekid ticks: the next who asks gets the permit, whoever died how, and whoever asks.
#include <chrono>
#include <functional>
#include <optional>
#include <thread>

#include "client_fixture.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/permit_seeker.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

class Contended : public ClientTest {
protected:
    [[nodiscard]] static Bulkhead of_one(const Segment& in) { return must(in.bulkhead("it", {.max_concurrent = 1})); }
    // Who asked just now, and knows that the permit is held by the living, asks again when that one died. Several times, each long enough after the
    // last that all of it is forgotten: by chance a single one may be the first in a while to ask, which always looked closely.
    static void expect_the_next_gets_it(const Bulkhead& it, const std::function<void(child&)>& die) {
        for (int round = 0; round < 5; ++round) {
            std::this_thread::sleep_for(10ms);
            child holder{[&](const line& parent) {
                const Permit held = must(it.try_acquire());
                parent.tell();
                return parent.hear() == 1;
            }};
            ASSERT_EQ(holder.talk().hear(), 1U);
            EXPECT_FALSE(it.try_acquire());
            die(holder);
            EXPECT_TRUE(it.try_acquire()) << "round " << round;
        }
    }
};

// Fails when a process that was killed passes for living until its parent has waited for it: its number is still there.
TEST_F(Contended, ThePermitOfOneThatNobodyWaitedForIsHadNext) {
    const Segment segment = opened();
    expect_the_next_gets_it(of_one(segment), [](child& holder) { holder.kill(); });
}

// Fails when who waits grows tired of asking for good: it sleeps until its time is over, beside a permit of the dead.
TEST_F(Contended, WhoHasWaitedLongGetsThePermitOfOneThatDiesThen) {
    const Segment segment = opened();
    const Bulkhead it = of_one(segment);
    child holder{[&](const line& parent) {
        const Permit held = must(it.try_acquire());
        parent.tell();
        return parent.hear() == 1;
    }};
    ASSERT_EQ(holder.talk().hear(), 1U);
    std::jthread later{[&] {
        std::this_thread::sleep_for(200ms);  // it has looked some forty times
        holder.kill();
    }};
    EXPECT_TRUE(it.acquire(5s));
}

// Fails when a beat that no sekid can have made passes for one: permits of the dead would come back late for as long as it lies ahead.
TEST_F(Contended, ABeatOfTheFutureIsNobodys) {
    const Segment segment = opened();
    const std::uint64_t future = shm::process_seeker::now() + 3'600'000'000'000;
    shm::hardware::store_relaxed(segment.handle()->where().header().heartbeat_ns, future);
    expect_the_next_gets_it(of_one(segment), [](child& holder) { holder.kill(); });
}

// Fails when the number of a process in another namespace is believed to say something here.
TEST_F(Contended, ThePermitOfOneInAnotherNamespaceIsHadNext) {
    const Segment segment = opened();
    const shm::segment& where = segment.handle()->where();
    const Bulkhead it = of_one(segment);
    const auto elsewhere = [&](std::uint32_t, std::uint64_t owner) {
        shm::hardware::store_release(where.processes()[shm::holder_named(owner).slot].pid_namespace, 1);
    };
    expect_the_next_gets_it(it, [&](child& holder) {
        shm::permits_of(where, *shm::directory{where}.find(layout::kind::bulkhead, "it")).table().for_each(elsewhere);
        holder.die();
    });
}

// Fails when a thread that found no slot of its own believes what everybody believed a moment ago.
TEST_F(Contended, OneWithoutASlotOfItsOwnGetsItToo) {
    OpenOptions for_two = small();
    for_two.segment.max_workers = 2;
    const Segment segment = must(open(path(), for_two));
    const Bulkhead it = of_one(segment);
    EXPECT_TRUE(it.try_acquire());
    std::jthread{[&] {
        EXPECT_TRUE(it.try_acquire());
        std::jthread{[&] {
            ASSERT_TRUE(segment.handle()->attachment()->me().shared);
            expect_the_next_gets_it(it, [](child& holder) { holder.die(); });
        }}.join();
    }}.join();
}

// Fails when a thread without a slot of its own looks for one each time that it waits, which is dear where there is none; or waits in nobody's name.
TEST_F(Contended, OneWithoutASlotOfItsOwnWaitsInTheNameOfItsProcess) {
    OpenOptions narrow = small();
    narrow.segment.max_workers = 1;
    const Segment segment = must(open(path(), narrow));
    const Bulkhead it = of_one(segment);
    std::optional<Permit> held = must(it.try_acquire());
    const std::uint64_t process = segment.handle()->attachment()->me().owner;
    std::jthread waits{[&] {
        ASSERT_TRUE(segment.handle()->attachment()->me().shared);
        EXPECT_EQ(segment.handle()->attachment()->me().owner, process);
        EXPECT_TRUE(it.acquire(30s));
    }};
    while (must(it.status()).waiting == 0) std::this_thread::yield();  // the limit of the test ends a hang
    held.reset();
}

}  // namespace
}  // namespace seki::test
