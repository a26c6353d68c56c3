// Who looks at a dashboard, without a running sekid.
#include "daemon/recorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "client/client_fixture.hpp"

namespace seki::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct RecorderTest : test::ClientTest {
    Segment segment = opened();
    Limiter logins = test::must(segment.limiter("logins", {.limit = 1, .window = 24h, .max_keys = 64}));
    board shown;

    RecorderTest() { shown.show({mapped(), 50ms}); }
    [[nodiscard]] std::shared_ptr<const guarded_segment> mapped() const {
        return std::make_shared<const guarded_segment>(
            test::must(shm::segment::attach(path(), shm::segment::access::read_write)));
    }
    // The next news, however long it takes.
    static recorder::news next(recorder& from, std::uint64_t seen) {
        recorder::news now;
        while (now.text == nullptr && !now.over) now = from.wait(seen, 100ms);
        return now;
    }
};

// Fails if there is no bound, one that leaves does not make room, or who is refused has a place all the same.
TEST_F(RecorderTest, SoManyMayLook) {
    recorder past{shown, 5ms};
    for (std::size_t i = 0; i < recorder::most_viewers; ++i) EXPECT_TRUE(past.join());
    EXPECT_FALSE(past.join());
    past.leave();
    EXPECT_TRUE(past.join());
    EXPECT_FALSE(past.join());
}

// Fails if each viewer has a copy of its own, or one who comes later is told what is old.
TEST_F(RecorderTest, AllSeeTheSameNews) {
    recorder past{shown, 5ms};
    const auto seat = past.join();
    const auto first = next(past, *seat);
    EXPECT_THAT(*first.text, HasSubstr("event: history\ndata: {"));
    EXPECT_THAT(*first.text, HasSubstr("event: state\ndata: {"));
    EXPECT_THAT(*first.text, HasSubstr("\"name\":\"logins\""));
    const auto late = past.join();
    EXPECT_GE(*late, first.number);
    EXPECT_GT(next(past, *late).number, first.number);
}

// Fails if what nobody fetched is queued: who is slow is to see how it is now.
TEST_F(RecorderTest, WhoIsSlowSeesTheLatest) {
    recorder past{shown, 2ms};
    const auto seat = past.join();
    const auto other = past.join();
    std::uint64_t number = *other;
    for (int i = 0; i < 5; ++i) number = next(past, number).number;
    const auto news = next(past, *seat);
    EXPECT_GE(news.number, number);
    EXPECT_GE(news.number, *seat + 5);
}

// Fails if sekid cannot stop while somebody waits, or lets somebody come after that.
TEST_F(RecorderTest, ClosingWakesWhoWaits) {
    recorder past{shown, std::chrono::hours{1}};
    const auto seat = past.join();
    ASSERT_TRUE(seat);
    std::thread waiting{[&] {
        recorder::news now;
        while (!now.over) now = past.wait(now.number, std::chrono::hours{1});
    }};
    past.close();
    waiting.join();
    EXPECT_FALSE(past.join());
}

// Fails if a segment that is gone is told of as if it were there, or the next one is not found.
TEST_F(RecorderTest, ASegmentThatIsGoneIsSaidToBe) {
    recorder past{shown, 5ms};
    const auto seat = past.join();
    auto now = next(past, *seat);
    shown.show({nullptr, 50ms});
    while (now.text->find("event: gone\n") == std::string::npos) now = next(past, now.number);
    EXPECT_FALSE(past.past_of(layout::kind::limiter, "logins"));
    shown.show({mapped(), 50ms});
    while (now.text->find("event: state\n") == std::string::npos) now = next(past, now.number);
    EXPECT_TRUE(past.past_of(layout::kind::limiter, "logins"));
}

}  // namespace
}  // namespace seki::daemon
