// A fleet spends one key while the sekid beside it is killed and started again, time after time: nobody notices, and the total stays exact.
#include "one_key.hpp"
#include "sekid.hpp"

namespace seki::test {
namespace {

class OneKeyBesideSekid : public OneKey {
protected:
    sekid beside_{host_};
};
INSTANTIATE_TEST_SUITE_P(, OneKeyBesideSekid, every_algorithm, name_of);

// Fails if sekid, by dying or by coming back, makes anew, loses or gives back anything of what it finds, or stands in a worker's way.
TEST_P(OneKeyBesideSekid, KilledAndStartedAgainItChangesNoTotal) {
    make(2'000'000);
    fleet workers{host_, stop_word, processes, threads, spending(true)};
    int restarts = 0;
    for (const running test; test || restarts < 3; ++restarts) {
        ASSERT_TRUE(beside_.start()) << "sekid does not take up " << host_.path();
        std::this_thread::sleep_for(std::chrono::microseconds{random_() % 60'000});
        const std::uint64_t so_far = spent();
        ASSERT_LE(so_far, allowed());
        beside_.kill();
    }
    const std::uint64_t before_the_end = allowed();
    ASSERT_TRUE(workers.finish());
    EXPECT_GE(observed(), before_the_end);
    EXPECT_LE(observed(), allowed());
    EXPECT_EQ(spent(), observed());
    EXPECT_EQ(counted(), observed());
    EXPECT_EQ(shm::hardware::load_acquire(host_.where().header().id.superseded), 0U);
}

}  // namespace
}  // namespace seki::test
