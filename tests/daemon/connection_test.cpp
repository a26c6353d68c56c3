// How long a client of sekid's HTTP is waited for. What should end no test but by itself has an hour: a promise that is broken hangs, and the limit of the test
// ends it.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "daemon/connection.hpp"
#include "daemon/without_ranges.hpp"

namespace seki::daemon::test {
namespace {

using namespace std::chrono_literals;

constexpr patience endless{.request = 1h, .request_in_a_crowd = 1h, .piece = 1h, .last_words = 1h};

class Connection : public testing::Test {
protected:
    Connection() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0); }
    ~Connection() override { hang_up(); }

    [[nodiscard]] int server() const { return ends_[0]; }
    [[nodiscard]] int client() const { return ends_[1]; }
    void hang_up() {
        if (ends_[1] >= 0) ::close(ends_[1]);
        ends_[1] = -1;
    }
    // A byte now and then, for as long as anybody listens: each alone comes in time.
    [[nodiscard]] std::jthread dripping() const {
        return std::jthread{[to = client()](const std::stop_token& enough) {
            while (!enough.stop_requested() && ::send(to, "x", 1, MSG_NOSIGNAL) == 1) std::this_thread::sleep_for(1ms);
        }};
    }
    // All that comes, and how it ends.
    static ssize_t read_to_the_end(connection& from) {
        std::array<char, 100> some{};
        for (;;)
            if (const ssize_t got = from.read(some.data(), some.size()); got <= 0) return got;
    }

    waiting_room others_;

private:
    std::array<int, 2> ends_{-1, -1};
};

// Fails when bytes are lost or doubled between the socket and who reads fewer than came, or the end is not told.
TEST_F(Connection, WhatIsSentIsReadAndWhatIsWrittenArrives) {
    connection attended{server(), nullptr, others_, endless};
    ASSERT_EQ(::send(client(), "GET /", 5, MSG_NOSIGNAL), 5);
    std::array<char, 16> some{};
    EXPECT_EQ(attended.read(some.data(), 3), 3);
    EXPECT_EQ(attended.read(some.data() + 3, 13), 2);
    EXPECT_EQ(std::string(some.data(), 5), "GET /");
    EXPECT_EQ(attended.httplib::Stream::write("200"), 3);
    EXPECT_EQ(::recv(client(), some.data(), some.size(), 0), 3);
    EXPECT_TRUE(attended.is_writable());
    hang_up();
    EXPECT_EQ(attended.read(some.data(), some.size()), 0);
    EXPECT_FALSE(attended.is_writable());
}

// Hangs when the time of a request begins anew with each byte.
TEST_F(Connection, ARequestThatComesByteByByteHasOneDeadline) {
    patience has = endless;
    has.request = 50ms;
    connection attended{server(), nullptr, others_, has};
    const std::jthread client = dripping();
    EXPECT_EQ(read_to_the_end(attended), -1);
}

// Hangs when a slow client keeps its thread from those that wait for one.
TEST_F(Connection, ASlowRequestGivesWayToWhoWaits) {
    patience has = endless;
    has.request_in_a_crowd = 50ms;
    connection attended{server(), nullptr, others_, has};
    others_.enter();
    std::array<char, 1> one{};
    EXPECT_EQ(attended.read(one.data(), 1), -1);
}

// Fails when a client is dropped for others that were attended to long ago, or for a crowd while it is answered.
TEST_F(Connection, NobodyGivesWayToNobody) {
    patience has = endless;
    has.request_in_a_crowd = 0ms;
    connection attended{server(), nullptr, others_, has};
    others_.enter();
    EXPECT_EQ(attended.httplib::Stream::write("200"), 3);
    EXPECT_TRUE(attended.is_writable());
    others_.leave();
    const std::jthread client = dripping();
    std::array<char, 1> one{};
    for (int bytes = 0; bytes < 100; ++bytes) ASSERT_EQ(attended.read(one.data(), 1), 1);
}

// Hangs when a client that sends slowly, or takes nothing, keeps sekid from stopping.
TEST_F(Connection, NobodyKeepsSekidFromStopping) {
    patience has = endless;
    has.last_words = 50ms;
    connection attended{server(), nullptr, others_, has};
    others_.close();
    {
        const std::jthread client = dripping();
        EXPECT_EQ(read_to_the_end(attended), -1);
    }
    connection full{::dup(server()), nullptr, others_, has};
    EXPECT_EQ(full.httplib::Stream::write(std::string(1 << 24, 'x')), -1);
    EXPECT_FALSE(full.is_writable());
}

// Hangs when a client that takes nothing keeps a thread.
TEST_F(Connection, APieceOfAnAnswerThatIsNotTakenHasADeadline) {
    patience has = endless;
    has.piece = 50ms;
    connection attended{server(), nullptr, others_, has};
    EXPECT_EQ(attended.httplib::Stream::write(std::string(1 << 24, 'x')), -1);
}

// Hangs when a request without an end is read for ever, since it comes quickly.
TEST_F(Connection, ARequestHasABound) {
    connection attended{server(), nullptr, others_, endless};
    const std::jthread client{[to = this->client()](const std::stop_token& enough) {
        const std::string much(4096, 'x');
        while (!enough.stop_requested() && ::send(to, much.data(), much.size(), MSG_NOSIGNAL | MSG_DONTWAIT) != 0)
            std::this_thread::yield();
    }};
    EXPECT_EQ(read_to_the_end(attended), -1);
}

// Fails when a line that asks for parts reaches the library however it is written, or another is lost, changed, or held back until the next.
TEST_F(Connection, LinesThatAskForPartsAreLeftOut) {
    const std::string kept = "GET / HTTP/1.1\r\nRan: a\r\n Range: b\r\nRanges: c\r\nX-Range: d\r\nIf-Range: e\r\n\r\n";
    const std::string sent =
        "GET / HTTP/1.1\r\nRange: bytes=0-\r\nRan: a\r\nrange:\r\nRANGE:1\r\n Range: b\r\nRanges: c\r\nX-Range: "
        "d\r\nIf-Range: e\r\n\r\n";
    ASSERT_EQ(::send(client(), sent.data(), sent.size(), MSG_NOSIGNAL), static_cast<ssize_t>(sent.size()));
    connection attended{server(), nullptr, others_, endless};
    without_ranges asking{attended};
    std::string got;
    std::array<char, 5> some{};
    while (got.size() < kept.size()) {
        const ssize_t more = asking.read(some.data(), some.size());
        ASSERT_GT(more, 0);
        got.append(some.data(), static_cast<std::size_t>(more));
    }
    EXPECT_EQ(got, kept);
    ASSERT_EQ(::send(client(), "end", 3, MSG_NOSIGNAL), 3);
    hang_up();
    EXPECT_EQ(asking.read(some.data(), some.size()), 3);
    EXPECT_EQ(asking.read(some.data(), some.size()), 0);
}

}  // namespace
}  // namespace seki::daemon::test
