// A bulkhead in a storm: processes that take, hold, wait, hand on, fork, are stopped and killed, while its size changes.
//
//     SEKI_SECONDS=60 build/tests/host/bulkhead_host_test       a minute for each, instead of five seconds
//     SEKI_SEED=7                                               another storm
#include <deque>
#include <mutex>
#include <random>
#include <vector>

#include "fleet.hpp"
#include "ledger.hpp"
#include "support/duration.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr std::size_t processes = 4, threads = 3;
constexpr std::uint64_t smallest = 2, largest = 6;
// A process has a record for each of its threads and for what lies between them; each thread one for its child.
constexpr std::size_t handed_on = 2, records_of_process = threads + handed_on;
constexpr std::size_t records_of_children = processes * records_of_process;
static_assert(records_of_children + processes * threads <= ledger::records);

// Words that all share.
enum what : std::size_t { bound, too_many, lost, copied, taken, full, late, moved, forked, resized, stop = 64 };

void pause_up_to(std::chrono::microseconds longest, std::mt19937_64& random) {
    std::this_thread::sleep_for(std::chrono::microseconds{random() % static_cast<std::uint64_t>(longest.count())});
}

struct shared_by_all {
    ledger book;  // before anything else is opened
    host here{96};

    // What no more are held than: {number of the change | the greatest max in force}, raised before max is, lowered after.
    void bind(std::uint64_t max) const { here.set(bound, ((here.read(bound) >> 32) + 1) << 32 | max); }

    // Who was given a permit by a call that began when the bound was `before` counts.
    void check(std::uint64_t life, std::uint64_t before) const {
        here.add(taken, 1);
        const std::uint64_t held = book.together(life);
        const std::uint64_t most = here.read(bound) == before ? before & 0xffff'ffff : largest;
        if (held > most) here.add(too_many, 1);
    }
    // Lets the holders get on.
    void refused(Errc why, std::mt19937_64& random) const {
        if (why != Errc::bulkhead_full && why != Errc::timeout) std::abort();
        here.add(why == Errc::timeout ? late : full, 1);
        if (why == Errc::bulkhead_full) pause_up_to(200us, random);
    }
};

// A process of the storm.
class worker {
public:
    worker(const shared_by_all& all, const Segment& segment, std::size_t which)
        : all_{all}, gate_{must(segment.bulkhead("it"))}, which_{which} {
        for (std::size_t i = 0; i < records_of_process; ++i) free_.push_back(which * records_of_process + i);
    }

    void run(std::uint64_t seed) {
        std::vector<std::jthread> all;
        for (std::size_t i = 0; i < threads; ++i)
            all.emplace_back([this, i, seed] {
                std::mt19937_64 random{seed + i};
                for (;;) step(random, which_ * threads + i);  // until it is killed
            });
    }

private:
    struct held {
        Permit permit;
        std::size_t record;
    };

    void step(std::mt19937_64& random, std::size_t thread) {
        if (random() % 2 == 0)
            if (std::optional<held> anothers = take_over()) return end(*anothers);
        const std::uint64_t before = all_.here.read(bound);
        switch (random() % 4) {
            case 0: return use(gate_.try_acquire(), before, random, thread);
            case 1: return use(gate_.acquire(std::chrono::microseconds{random() % 20'000}), before, random, thread);
            case 2: return use(gate_.acquire(), before, random, thread);
            default: break;
        }
        const auto called = gate_.call([&] {
            const std::size_t record = enter(before);
            pause_up_to(500us, random);
            leave(record);
        });
        if (!called) all_.refused(called.error().code(), random);
    }

    void use(Result<Permit> got, std::uint64_t before, std::mt19937_64& random, std::size_t thread) {
        if (!got) return all_.refused(got.error().code, random);
        held mine{std::move(*got), enter(before)};
        if (random() % 4 == 0) pause_up_to(1ms, random);
        if (random() % 64 == 0) fork_once(mine, random, thread);
        if (random() % 4 == 0 && hand_on(mine)) return;
        end(mine);
    }
    void end(held& mine) {
        leave(mine.record);
        if (!mine.permit.release() || mine.permit.release()) all_.here.add(lost, 1);
    }

    [[nodiscard]] std::size_t enter(std::uint64_t before) {
        const std::size_t record = [this] {
            const std::scoped_lock hold{mutex_};
            const std::size_t last = free_.back();
            free_.pop_back();
            return last;
        }();
        all_.book.enter(life_, record);
        all_.check(life_, before);
        return record;
    }
    void leave(std::size_t record) {
        all_.book.leave(record);
        const std::scoped_lock hold{mutex_};
        free_.push_back(record);
    }

    // To another thread of the process.
    bool hand_on(held& mine) {
        const std::scoped_lock hold{mutex_};
        if (handed_.size() == handed_on) return false;
        handed_.push_back(std::move(mine));
        all_.here.add(moved, 1);
        return true;
    }
    std::optional<held> take_over() {
        const std::scoped_lock hold{mutex_};
        if (handed_.empty()) return std::nullopt;
        held first = std::move(handed_.front());
        handed_.pop_front();
        return first;
    }

    void fork_once(held& mine, std::mt19937_64& random, std::size_t thread) {
        const std::uint64_t seed = random();
        const pid_t parent = ::getpid(), child = ::fork();
        if (child == 0) be_child(mine, seed, parent, records_of_children + thread);
        if (child < 0) std::abort();
        all_.here.add(forked, 1);
        pause_up_to(2ms, random);
        if (random() % 2 == 0) ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    // Gives nothing back of its parent's, and ends with or without a permit of its own.
    [[noreturn]] void be_child(held& parents, std::uint64_t seed, pid_t parent, std::size_t record) const {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(0);
        if (parents.permit.release()) all_.here.add(copied, 1);
        const std::uint64_t life = all_.book.begin_life();
        std::mt19937_64 random{seed};
        for (int i = 0; i < 3; ++i) {
            const std::uint64_t before = all_.here.read(bound);
            Result<Permit> mine = gate_.acquire(10ms);
            if (!mine) continue;
            all_.book.enter(life, record);
            all_.check(life, before);
            pause_up_to(1ms, random);
            if (random() % 2 == 0) ::_exit(0);  // and what it holds comes back
            all_.book.leave(record);
            if (!mine->release()) all_.here.add(lost, 1);
        }
        ::_exit(0);
    }

    const shared_by_all& all_;
    const Bulkhead gate_;
    const std::size_t which_;
    const std::uint64_t life_ = all_.book.begin_life();
    std::mutex mutex_;
    std::vector<std::size_t> free_;
    std::deque<held> handed_;
};

class BulkheadStorm : public testing::TestWithParam<bool> {
protected:
    [[nodiscard]] static BulkheadOptions options(std::uint64_t max) {
        return {.max_concurrent = max, .max_wait = 5ms, .max_waiting = 4};
    }
    [[nodiscard]] Segment segment() const { return all_.here.segment(); }
    [[nodiscard]] BulkheadStatus now() const { return must(must(segment().bulkhead("it")).status()); }

    [[nodiscard]] fleet::work working() const {
        return [this](const Segment& segment, std::size_t which) -> fleet::step {
            return [this, segment, which](bool) {
                worker{all_, segment, which}.run(shm::claim_process_token());
                return false;
            };
        };
    }
    // A change that its process did not live to see may be in force at any time.
    [[nodiscard]] fleet::work resizing() const {
        return [this](const Segment& segment, std::size_t) -> fleet::step {
            return [this, segment, random = std::mt19937_64{shm::claim_process_token()}](bool) mutable {
                const std::uint64_t max = smallest + random() % (largest - smallest + 1);
                all_.bind(std::max(all_.here.read(bound) & 0xffff'ffff, max));
                must(segment.change("it", options(max)));
                all_.bind(max);
                all_.here.add(resized, 1);
                pause_up_to(50ms, random);
                return true;
            };
        };
    }
    [[nodiscard]] static fleet::work maintaining() {
        return [](const Segment& segment, std::size_t) -> fleet::step {
            return [segment, random = std::mt19937_64{shm::claim_process_token()}](bool) mutable {
                must(segment.maintain());
                pause_up_to(10ms, random);
                return true;
            };
        };
    }

    // One of them each time, until the storm is over.
    void kill_and_stop(fleet& workers, fleet& resizer, fleet& maintainer) {
        using clock = std::chrono::steady_clock;
        std::array<clock::time_point, processes> goes_on{};
        const auto end = clock::now() + duration_or(5s);
        while (clock::now() < end) {
            pause_up_to(20ms, random_);
            for (std::size_t i = 0; i < processes; ++i)
                if (goes_on[i] < clock::now()) workers.signal(i, SIGCONT);
            const std::size_t which = random_() % processes;
            switch (random_() % 8) {
                case 0:
                    workers.signal(which, SIGSTOP);
                    goes_on[which] = clock::now() + std::chrono::milliseconds{random_() % 1000};
                    break;
                case 1: resizer.kill_and_replace(0); break;
                case 2:
                    if (maintainer.size() != 0) maintainer.kill_and_replace(0);
                    break;
                default: workers.kill_and_replace(which); break;
            }
        }
    }
    void storm() {
        fleet workers{all_.here, stop, processes, 1, working()};
        fleet resizer{all_.here, stop, 1, 1, resizing()};
        fleet maintainer{all_.here, stop, GetParam() ? 1 : 0, 1, maintaining()};
        kill_and_stop(workers, resizer, maintainer);
    }

    shared_by_all all_;
    std::mt19937_64 random_{seed_or(91)};
};

INSTANTIATE_TEST_SUITE_P(, BulkheadStorm, testing::Bool(),
                         [](const auto& of) { return of.param ? "SomebodyMaintains" : "NobodyMaintains"; });

// Fails if more are held at once than max allows, a permit is taken from who lives or stays with who is dead, a child gives back its parent's, or one is
// given back twice.
TEST_P(BulkheadStorm, NeverMoreThanMaxAreHeldAndAllComeBack) {
    (void)must(segment().bulkhead("it", options(largest)));
    all_.bind(largest);
    storm();
    while (all_.book.anybody())
        std::this_thread::yield();  // the children of the killed; the limit of the test ends a hang
    const auto count = [this](what of) { return all_.here.read(of); };
    std::printf("%llu taken, %llu found it full, %llu came late, %llu moved, %llu forked, %llu resized\n",
                static_cast<unsigned long long>(count(taken)), static_cast<unsigned long long>(count(full)),
                static_cast<unsigned long long>(count(late)), static_cast<unsigned long long>(count(moved)),
                static_cast<unsigned long long>(count(forked)), static_cast<unsigned long long>(count(resized)));
    EXPECT_EQ(count(too_many), 0U);
    EXPECT_EQ(count(lost), 0U);
    EXPECT_EQ(count(copied), 0U);
    for (const what each : {taken, full, late, moved, forked, resized}) EXPECT_GT(count(each), 0U) << each;

    BulkheadOptions patient = options(largest);
    patient.max_wait = 1min;
    patient.max_waiting = 100;  // more than may have died waiting
    must(segment().change("it", patient));
    if (GetParam()) {
        all_.here.maintain();
        EXPECT_EQ(now().in_use, 0U);
        EXPECT_EQ(now().waiting, 0U);
    }
    const Bulkhead gate = must(segment().bulkhead("it"));
    std::vector<Permit> all;
    for (std::uint64_t i = 0; i < largest; ++i) {
        Result<Permit> one = gate.acquire();
        ASSERT_TRUE(one) << i << ": " << one.error().message;
        all.push_back(std::move(*one));
    }
    EXPECT_FALSE(gate.try_acquire());
    EXPECT_EQ(now().in_use, largest);
    all.clear();
    EXPECT_EQ(now().in_use, 0U);
    EXPECT_GT(now().reclaimed, 0U);
}

}  // namespace
}  // namespace seki::test
