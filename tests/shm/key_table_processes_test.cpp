// Eight processes on one key table, more keys than it is made for, against an exact count: a key may be spent once in each epoch, whoever
// inserts, evicts, is stopped or killed meanwhile.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "shm/key_table.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using table = shm::key_table<>;
using insertion = table::insertion;

constexpr std::uint64_t processes = 8;
constexpr std::uint64_t max_keys = 150;
constexpr std::uint64_t keys = 400;  // that are used
constexpr std::uint64_t epoch_length =
    256;  // in operations: so many keys may be live at once, and more than the table promises
constexpr std::uint64_t max_epochs = 100'000;

// What the processes share. Time is the number of operations, so an epoch ends while others are in the middle of theirs.
struct shared {
    std::array<layout::bucket, shm::buckets_for(max_keys)> buckets;
    std::array<layout::pair, 4> stripes;
    std::atomic<std::uint64_t> operations, stamps, evictions, admitted, refused, hindered, stop;
    std::array<std::array<std::atomic<std::uint8_t>, keys>, max_epochs> spent;
};

class world {
public:
    explicit world(std::uint64_t epochs) : all_{static_cast<shared*>(map())}, epochs_{epochs} {
        table_for_all().fill();
    }
    ~world() { munmap(all_, sizeof(shared)); }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    [[nodiscard]] table table_for_all() const { return {all_->buckets, all_->stripes, 7}; }
    [[nodiscard]] shared& all() const { return *all_; }
    [[nodiscard]] std::uint64_t epoch() const { return 1 + all_->operations.load() / epoch_length; }
    [[nodiscard]] bool over() const { return all_->stop.load() != 0 || epoch() + 1 >= epochs_; }

    struct inserter {
        const world& in;
        std::uint64_t now;
        bool as_good_as_new(std::uint64_t state) const { return state < now; }
        std::uint64_t fresh() const { return in.epoch() - 1; }
        std::uint64_t stamp() const { return 1000 + in.all().stamps.fetch_add(1); }
        void evicted() const { in.all().evictions.fetch_add(1); }
        static bool stands() { return true; }
    };

    static std::uint64_t tag_of(std::uint64_t key) { return std::mt19937_64{key}() | layout::tag_bit; }

    void spend(std::uint64_t key) const {
        const table of_keys = table_for_all();
        const std::uint64_t tag = tags_[key];
        while (!over()) {
            const std::uint64_t now = epoch();
            const auto at = of_keys.find(tag);
            if (!at) {
                const insertion done = of_keys.insert(tag, inserter{*this, now});
                if (done == insertion::there) continue;
                (done == insertion::full ? all_->refused : all_->hindered).fetch_add(1);
                return;
            }
            if (at.state >= now) {
                if (table::still(at, tag)) return;
            } else if (table::exchange(at, tag, now)) {
                all_->spent[now][key].fetch_add(1);
                all_->admitted.fetch_add(1);
                return;
            }
        }
    }

    // A process that spends random keys until the epochs are over, or it is told to stop.
    [[nodiscard]] pid_t start(std::uint64_t seed) const {
        const pid_t child = fork();
        if (child != 0) return child;
        std::mt19937_64 random{seed};
        while (!over()) {
            all_->operations.fetch_add(1);
            spend(random() % keys);
        }
        _exit(0);
    }

    void expect_each_spent_at_most_once() const {
        for (std::size_t epoch = 0; epoch < epochs_; ++epoch)
            for (std::size_t key = 0; key < keys; ++key)
                ASSERT_LE(all_->spent[epoch][key].load(), 1) << "epoch " << epoch << ", key " << key;
    }
    void expect_sound() const {
        const table of_keys = table_for_all();
        std::set<std::uint64_t> seen;
        of_keys.for_each([&](std::uint64_t tag, std::uint64_t, std::size_t slot) {
            EXPECT_TRUE(seen.insert(tag).second) << "a key stands twice";
            EXPECT_TRUE(of_keys.belongs(tag, slot)) << "a key stands where nobody looks";
        });
        EXPECT_EQ(all_->hindered.load(), 0U);
    }

private:
    static void* map() {
        return mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
    shared* all_;
    std::uint64_t epochs_;
    std::vector<std::uint64_t> tags_ = [] {
        std::vector<std::uint64_t> all(keys);
        for (std::uint64_t key = 0; key < keys; ++key) all[key] = tag_of(key);
        return all;
    }();
};

// Fails if two slots of a key can be spent, or a state that still matters is evicted, or somebody with an old time spends for the past.
TEST(KeyTableProcesses, EachKeyIsSpentAtMostOnceInEachEpoch) {
    constexpr std::uint64_t epochs = 10'000;
    const world common{epochs};
    const std::uint64_t seed = seed_or(1);
    std::vector<pid_t> children;
    for (std::uint64_t i = 0; i < processes; ++i) children.push_back(common.start(seed + i));
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    common.expect_each_spent_at_most_once();
    common.expect_sound();
    EXPECT_GT(common.all().evictions.load(), 1000U) << "the keys never fought for slots";
    EXPECT_GT(common.all().admitted.load(), epochs * 50);
    std::printf("%llu admitted, %llu evicted, %llu refused\n",
                static_cast<unsigned long long>(common.all().admitted.load()),
                static_cast<unsigned long long>(common.all().evictions.load()),
                static_cast<unsigned long long>(common.all().refused.load()));
}

// Fails if the dead keep a stripe or a slot to themselves, or leave a key twice.
TEST(KeyTableProcesses, TheKilledHinderNobodyAndLoseNothing) {
    const world common{max_epochs};
    std::uint64_t seed = seed_or(1);
    std::mt19937_64 random{seed};
    std::vector<pid_t> children;
    for (std::uint64_t i = 0; i < processes; ++i) children.push_back(common.start(++seed));
    int killed = 0;
    for (; killed < 500 && !common.over(); ++killed) {
        const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(random() % 5'000'000)};
        nanosleep(&pause, nullptr);
        pid_t& child = children[random() % children.size()];
        kill(child, SIGKILL);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);
        child = common.start(++seed);
    }
    common.all().stop = 1;
    for (const pid_t child : children) ASSERT_EQ(waitpid(child, nullptr, 0), child);
    std::printf("%d killed\n", killed);
    EXPECT_GT(killed, 20);
    common.expect_each_spent_at_most_once();
    common.expect_sound();

    // All keys are as good as new by now: each of a new set finds a place, whatever the dead left in its stripe.
    common.all().operations += 2 * epoch_length;
    const table of_keys = common.table_for_all();
    for (std::uint64_t key = keys; key < keys + 1000; ++key) {
        const std::uint64_t tag = world::tag_of(key);
        ASSERT_EQ(of_keys.insert(tag, world::inserter{common, common.epoch()}), insertion::there);
        ASSERT_TRUE(of_keys.find(tag));
    }
    common.expect_sound();
}

}  // namespace
}  // namespace seki::test
