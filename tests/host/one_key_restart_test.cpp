// A fleet spends one key while the sekid beside it is killed and started again, time after time: nobody notices, and the total stays exact.
#include <fcntl.h>

#include "one_key.hpp"

namespace seki::test {
namespace {

class OneKeyBesideSekid : public OneKey {
protected:
    ~OneKeyBesideSekid() override { kill(); }
    // Starts the program that ships, on the segment that is there, and waits until it ticks.
    void start() {
        const std::string socket = "unix:" + host_.path() + ".http";
        std::fflush(nullptr);
        sekid_ = ::fork();
        ASSERT_GE(sekid_, 0);
        if (sekid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int nowhere = ::open("/dev/null", O_WRONLY);
            ::dup2(nowhere, STDOUT_FILENO);
            ::dup2(nowhere, STDERR_FILENO);
            ::execl(SEKI_SEKID, "sekid", "--segment", host_.path().c_str(), "--listen", socket.c_str(), nullptr);
            ::_exit(127);
        }
        const layout::header& header = host_.where().header();
        const std::uint64_t before = primitives::read_clock(Clock::precise);
        ASSERT_TRUE(comes([&] {
            return shm::hardware::load_acquire(header.owner_pid) == static_cast<std::uint64_t>(sekid_) &&
                   shm::hardware::load_acquire(header.heartbeat_ns) > before;
        })) << "sekid does not take up "
            << host_.path();
    }
    void kill() {
        if (sekid_ <= 0) return;
        ::kill(sekid_, SIGKILL);
        ::waitpid(std::exchange(sekid_, 0), nullptr, 0);
    }

    pid_t sekid_ = 0;
};
INSTANTIATE_TEST_SUITE_P(, OneKeyBesideSekid, every_algorithm, name_of);

// Fails if sekid, by dying or by coming back, makes anew, loses or gives back anything of what it finds, or stands in a worker's way.
TEST_P(OneKeyBesideSekid, KilledAndStartedAgainItChangesNoTotal) {
    make(2'000'000);
    fleet workers{host_, stop_word, processes, threads, spending(true)};
    int restarts = 0;
    for (const running test; test || restarts < 3; ++restarts) {
        start();
        if (HasFatalFailure()) return;
        std::this_thread::sleep_for(std::chrono::microseconds{random_() % 60'000});
        const std::uint64_t so_far = spent();
        ASSERT_LE(so_far, allowed());
        kill();
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
