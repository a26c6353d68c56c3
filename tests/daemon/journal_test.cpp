// What sekid sends to the journal, as one that the test plays receives it.
#include "daemon/journal.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include "shm/descriptor.hpp"

namespace seki::test {
namespace {

using daemon::log_fields;
using testing::ElementsAre;
using fields = std::vector<std::string>;

// NAME=value, whichever way it was written.
fields fields_of(std::string_view message) {
    fields all;
    while (!message.empty()) {
        const std::size_t name_end = message.find_first_of("=\n");
        std::string field{message.substr(0, name_end)};
        std::size_t begin = name_end + 1, length = message.find('\n', begin) - begin;
        if (message[name_end] == '\n') {
            std::uint64_t said = 0;
            std::memcpy(&said, &message[begin], sizeof said);
            begin += sizeof said;
            length = said;
        }
        all.push_back(field.append("=").append(message.substr(begin, length)));
        message.remove_prefix(begin + length + 1);
    }
    return all;
}

class Journal : public testing::Test {
protected:
    Journal() {
        if (::mkdtemp(folder_.data()) == nullptr) std::abort();
        path_ = folder_ + "/journal";
        listen();
    }
    ~Journal() override { std::filesystem::remove_all(folder_); }

    void listen() {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        path_.copy(at.sun_path, sizeof at.sun_path - 1);
        std::filesystem::remove(path_);
        socket_ = shm::descriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    }
    std::optional<fields> received() {
        char some[4096];
        const ssize_t got = ::recv(socket_.get(), some, sizeof some, MSG_DONTWAIT);
        return got < 0 ? std::nullopt : std::optional{fields_of({some, static_cast<std::size_t>(got)})};
    }

    std::string folder_ = testing::TempDir() + "seki-journal-XXXXXX", path_;
    shm::descriptor socket_;
};

// Fails when a field is lost, outlives what it is about, or a value of several lines makes two fields.
TEST_F(Journal, AnEntryHasTheFieldsThatStand) {
    spdlog::logger log{"sekid", daemon::journal_sink(path_)};
    {
        const log_fields segment{{"SEKI_SEGMENT", "/run/seki/a.seg"}};
        {
            const log_fields limiter{{"SEKI_EVENT", "limiter_changed"}, {"SEKI_LIMITER", "login\nSEKI_EVENT=x"}};
            log.warn("changed limiter \"{}\"", "login");
            EXPECT_THAT(received().value_or(fields{}),
                        ElementsAre("MESSAGE=changed limiter \"login\"", "PRIORITY=4", "SYSLOG_IDENTIFIER=sekid",
                                    "SEKI_SEGMENT=/run/seki/a.seg", "SEKI_EVENT=limiter_changed",
                                    "SEKI_LIMITER=login\nSEKI_EVENT=x"));
        }
        log.error("gone");
        EXPECT_THAT(received().value_or(fields{}), ElementsAre("MESSAGE=gone", "PRIORITY=3", "SYSLOG_IDENTIFIER=sekid",
                                                               "SEKI_SEGMENT=/run/seki/a.seg"));
    }
    log.info("back");
    EXPECT_THAT(received().value_or(fields{}), ElementsAre("MESSAGE=back", "PRIORITY=6", "SYSLOG_IDENTIFIER=sekid"));
}

// Fails, by never coming to its end, if sekid waits for a journal that stands still; or if it does not say what it left out.
TEST_F(Journal, ThatStandsStillKeepsNobodyWaiting) {
    spdlog::logger log{"sekid", daemon::journal_sink(path_)};
    constexpr int said = 1000;
    for (int i = 0; i < said; ++i) log.info("{}", i);
    int read = 0;
    while (const auto entry = received()) EXPECT_EQ(entry->front(), "MESSAGE=" + std::to_string(read++));
    EXPECT_GT(read, 0);
    EXPECT_LT(read, said);
    log.info("awake");
    EXPECT_THAT(received().value_or(fields{}),
                ElementsAre("MESSAGE=[" + std::to_string(said - read) +
                                " messages before this one are missing: nobody read them] awake",
                            "PRIORITY=6", "SYSLOG_IDENTIFIER=sekid"));
    log.info("still");
    EXPECT_EQ(received().value_or(fields{""}).front(), "MESSAGE=still");
}

// Fails if what is said after the journal began anew goes to the one before, or what is said to none is counted as missing.
TEST_F(Journal, IsFoundAgainWhenItBeginsAnew) {
    spdlog::logger log{"sekid", daemon::journal_sink(path_)};
    socket_ = {};
    log.info("to nobody");
    listen();
    log.info("there again");
    EXPECT_EQ(received().value_or(fields{""}).front(), "MESSAGE=there again");
}

}  // namespace
}  // namespace seki::test
