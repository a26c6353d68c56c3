// What sekid sends to the journal. The program's own sd_journal_sendv stands before libsystemd's, so no journal is needed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/uio.h>

#include <string>
#include <vector>

#include <spdlog/logger.h>

#include "daemon/journal.hpp"

namespace {

std::vector<std::string> sent;

}  // namespace

extern "C" int sd_journal_sendv(const struct iovec* pieces, int count) {
    sent.clear();
    for (int i = 0; i < count; ++i) sent.emplace_back(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    return 0;
}

namespace seki::test {
namespace {

using daemon::log_fields;
using testing::ElementsAre;

// Fails when a field is lost, outlives what it is about, or a value of several lines makes two fields.
TEST(Journal, AnEntryHasTheFieldsThatStand) {
    spdlog::logger log{"sekid", daemon::journal_sink()};
    {
        const log_fields segment{{"SEKI_SEGMENT", "/run/seki/a.seg"}};
        {
            const log_fields limiter{{"SEKI_EVENT", "limiter_changed"}, {"SEKI_LIMITER", "login\nSEKI_EVENT=x"}};
            log.warn("changed limiter \"{}\"", "login");
            EXPECT_THAT(sent, ElementsAre("MESSAGE=changed limiter \"login\"", "PRIORITY=4", "SYSLOG_IDENTIFIER=sekid",
                                          "SEKI_SEGMENT=/run/seki/a.seg", "SEKI_EVENT=limiter_changed",
                                          "SEKI_LIMITER=login\nSEKI_EVENT=x"));
        }
        log.error("gone");
        EXPECT_THAT(
            sent, ElementsAre("MESSAGE=gone", "PRIORITY=3", "SYSLOG_IDENTIFIER=sekid", "SEKI_SEGMENT=/run/seki/a.seg"));
    }
    log.info("back");
    EXPECT_THAT(sent, ElementsAre("MESSAGE=back", "PRIORITY=6", "SYSLOG_IDENTIFIER=sekid"));
}

}  // namespace
}  // namespace seki::test
