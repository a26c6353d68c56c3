// [otlp]: what a good one gives, and the exact words for each bad one.
#include <gtest/gtest.h>

#include "bad_text.hpp"
#include "config/configuration.hpp"

namespace seki::config {
namespace {

using namespace std::chrono_literals;

// Fails when a key goes to another option, or the order of headers is not that of the file.
TEST(OtlpConfiguration, ReadsEveryKey) {
    const auto read = parse(R"(
[otlp]
endpoint = "https://collector.example:4318/otlp/"
headers = { Authorization = "Bearer x", X-Scope-OrgID = "7" }
resource = { "service.name" = "shop" }
ca_file = "/etc/seki/ca.pem"
metrics = false
events = false
keys = false
compression = "none"
metrics_interval = "10ms"
events_interval = "20ms"
max_batch = 3
max_queue = 4
timeout = "30ms"
base_delay = "40ms"
max_delay = "50ms"
retry_for = "60ms"
flush_timeout = "70ms"
)",
                            "f");
    ASSERT_TRUE(read) << read.error().message;
    const otlp_options wanted{.endpoint = "https://collector.example:4318/otlp",
                              .headers = {{"Authorization", "Bearer x"}, {"X-Scope-OrgID", "7"}},
                              .resource = {{"service.name", "shop"}},
                              .ca_file = "/etc/seki/ca.pem",
                              .metrics = false,
                              .events = false,
                              .keys = false,
                              .gzip = false,
                              .metrics_interval = 10ms,
                              .events_interval = 20ms,
                              .max_batch = 3,
                              .max_queue = 4,
                              .timeout = 30ms,
                              .base_delay = 40ms,
                              .max_delay = 50ms,
                              .retry_for = 60ms,
                              .flush_timeout = 70ms};
    EXPECT_EQ(read->otlp, wanted);
}

// Fails when an endpoint that there is is refused.
TEST(OtlpConfiguration, TakesEveryFormOfAnEndpoint) {
    for (const std::string endpoint : {"http://127.0.0.1:4318", "http://collector", "https://[2001:db8::1]:443",
                                       "http://[::1]", "https://otlp.example/a/b-c_d"}) {
        const auto read = parse("[otlp]\nendpoint = '" + endpoint + "'", "f");
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->otlp.endpoint, endpoint);
    }
}

// Fails when nothing in a file makes sekid export.
TEST(OtlpConfiguration, WithoutTheSectionNothingIsExported) {
    const auto read = parse("", "f");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->otlp, otlp_options{});
    EXPECT_EQ(read->otlp.endpoint, "");
}

constexpr std::string_view keys =
    "endpoint, headers, resource, ca_file, metrics, events, keys, compression, metrics_interval, events_interval, "
    "max_batch, max_queue, timeout, base_delay, max_delay, retry_for, flush_timeout";

// Fails when a key is not offered to who mistypes one.
TEST(OtlpConfiguration, UnknownKeysAreToldWhichThereAre) {
    const auto read = parse("[otlp]\nendpoit = 'http://a'", "f");
    ASSERT_FALSE(read);
    const std::string begin = R"(f:2:1: [otlp]: key "endpoit" is unknown: did you mean "endpoint"? accepted are )";
    EXPECT_TRUE(read.error().message.starts_with(begin + std::string{keys})) << read.error().message;
}

// Fails when a password in a header comes to the log with the complaint about it.
TEST(OtlpConfiguration, WhatAHeaderHoldsIsNotRepeated) {
    const auto read = parse("[otlp]\nendpoint = 'http://a'\nheaders = { Authorization = \"sesame\\n\" }", "f");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message.find("sesame"), std::string::npos) << read.error().message;
}

#define OTLP "[otlp]\nendpoint = 'http://a'\n"
#define URL R"(: a URL such as "http://127.0.0.1:4318")"
#define HEADERS R"(: pairs such as { Authorization = "Bearer ..." })"

INSTANTIATE_TEST_SUITE_P(
    Otlp, BadConfiguration,
    testing::Values(
        bad_text{"[otlp]\nmetrics = true", "f:1:1: [otlp]: endpoint is missing" URL},
        bad_text{"[otlp]\nendpoint = ''", R"(f:2:12: [otlp]: endpoint "" does not begin with http:// or https://)" URL},
        bad_text{"[otlp]\nendpoint = 'collector:4318'",
                 R"(f:2:12: [otlp]: endpoint "collector:4318" does not begin with http:// or https://)" URL},
        bad_text{"[otlp]\nendpoint = 'http://'", R"(f:2:12: [otlp]: endpoint "http://" does not name a host)" URL},
        bad_text{"[otlp]\nendpoint = 'http://user:word@a'",
                 R"(f:2:12: [otlp]: endpoint "http://user:word@a" has a port that is not 1 to 65535)" URL},
        bad_text{"[otlp]\nendpoint = 'http://a:0'",
                 R"(f:2:12: [otlp]: endpoint "http://a:0" has a port that is not 1 to 65535)" URL},
        bad_text{"[otlp]\nendpoint = 'http://a b'",
                 R"(f:2:12: [otlp]: endpoint "http://a b" does not name a host)" URL},
        bad_text{"[otlp]\nendpoint = 'http://a/?x=1'",
                 R"(f:2:12: [otlp]: endpoint "http://a/?x=1" has more than a path after the host)" URL},
        bad_text{"[otlp]\nendpoint = 'http://a/v1/metrics'",
                 R"(f:2:12: [otlp]: endpoint "http://a/v1/metrics" ends in what is added to it)" URL},
        bad_text{"[otlp]\nendpoint = 7", "f:2:12: [otlp]: endpoint 7 is a number, not text in quotes" URL},
        bad_text{OTLP "headers = 'a: b'", R"(f:3:11: [otlp]: headers "a: b" is text)" HEADERS},
        bad_text{OTLP "headers = 7", "f:3:11: [otlp]: headers 7 is a number, not text in quotes" HEADERS},
        bad_text{OTLP "headers = { a = 7 }", R"(f:3:17: [otlp]: headers: "a" is a number, not text in quotes)"},
        bad_text{OTLP "headers = { 'a b' = 'x' }", R"(f:3:21: [otlp]: headers: "a b" is no name of a header)" HEADERS},
        bad_text{OTLP "headers = { Content-Type = 'x' }",
                 "f:3:28: [otlp]: headers: Content-Type is sekid's to set: leave it out"},
        bad_text{OTLP "headers = { a = \"x\\ry\" }",
                 "f:3:17: [otlp]: headers: the value of a has a control character in it, or is longer than 4096 bytes"},
        bad_text{
            OTLP "resource = { '' = 'x' }",
            R"(f:3:19: [otlp]: resource: "" is no name of an attribute: pairs such as { "service.name" = "shop" })"},
        bad_text{OTLP "ca_file = ''", R"(f:3:11: [otlp]: ca_file "" is empty: the path of a PEM file)"},
        bad_text{OTLP "ca_file = 'a'", "f:3:11: [otlp]: ca_file has no use for an endpoint without https"},
        bad_text{OTLP "metrics = 'yes'", R"(f:3:11: [otlp]: metrics "yes" is text, not a switch: true or false)"},
        bad_text{OTLP "events = 1", "f:3:10: [otlp]: events 1 is a number, not a switch: true or false"},
        bad_text{OTLP "compression = 'zstd'", R"(f:3:15: [otlp]: compression "zstd" is unknown: "gzip" or "none")"},
        bad_text{OTLP "metrics_interval = '9ms'", "f:3:20: [otlp]: metrics_interval 9ms is too short: 10ms to 1h"},
        bad_text{OTLP "metrics_interval = '2h'", "f:3:20: [otlp]: metrics_interval 2h is too long: 10ms to 1h"},
        bad_text{OTLP "events_interval = '0s'", "f:3:19: [otlp]: events_interval 0s is too short: 10ms to 1h"},
        bad_text{OTLP "max_batch = 0", "f:3:13: [otlp]: max_batch 0 is too small: 1 to 10000"},
        bad_text{OTLP "max_queue = 1000001", "f:3:13: [otlp]: max_queue 1000001 is too large: 1 to 1000000"},
        bad_text{OTLP "max_queue = 9\nmax_batch = 10",
                 "f:3:13: [otlp]: max_queue 9 is too small for a max_batch of 10"},
        bad_text{OTLP "timeout = '6m'", "f:3:11: [otlp]: timeout 6m is too long: 10ms to 5m"},
        bad_text{OTLP "base_delay = '1m'", "f:1:1: [otlp]: max_delay 30s is shorter than base_delay 1m"},
        bad_text{OTLP "retry_for = '2d'", "f:3:13: [otlp]: retry_for 2d is too long: 0s to 1d"},
        bad_text{OTLP "flush_timeout = '11s'", "f:3:17: [otlp]: flush_timeout 11s is too long: 0s to 10s"},
        bad_text{OTLP "flush_timeout = 1",
                 R"(f:3:17: [otlp]: flush_timeout 1 is a number, not a duration in quotes such as "30s": 0s to 10s)"}));

}  // namespace
}  // namespace seki::config
