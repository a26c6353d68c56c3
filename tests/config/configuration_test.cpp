// Configuration files: what a good one gives, and the exact words for each bad one.
#include "config/configuration.hpp"
#include "config/room.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "bad_text.hpp"

namespace seki::config {
namespace {

using namespace std::chrono_literals;

// Fails when a key goes to another option, or limiters are sorted by name.
TEST(Configuration, ReadsEveryKeyAndKeepsTheOrderOfLimiters) {
    const auto read = parse(R"(
[limiter.zebra]
algorithm = "leaky_bucket"
limit = 5
window = "1h30m"
burst = 9
max_keys = 1000
on_full = "deny"
mode = "shadow"
clock = "coarse"
store_keys = false

[segment]
path = "/run/seki/shop.seg"
mode = "0640"
group = "www-data"
max_workers = 64
max_primitives = 8
size = "32MiB"

[sekid]
listen = "unix:/run/seki/http.sock"
tick = "20ms"
event_sample = 0.25
log = "stderr"
basic_auth_file = "/etc/seki/users"
tls_cert = "/etc/seki/cert.pem"
tls_key = "/etc/seki/key.pem"

[limiter.api]
limit = 10
window = "1s"
)",
                            "seki.toml");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->segment_path, "/run/seki/shop.seg");
    const SegmentOptions segment{
        .mode = 0640, .group = "www-data", .max_workers = 64, .max_primitives = 8, .size = 32ULL << 20};
    EXPECT_EQ(read->segment, segment);
    EXPECT_EQ(read->daemon.listen, "unix:/run/seki/http.sock");
    EXPECT_EQ(read->daemon.tick, 20ms);
    EXPECT_EQ(read->daemon.sample_of_allowed_checks, 0.25);
    EXPECT_EQ(read->daemon.sample_of_others, 0.25);
    EXPECT_EQ(read->daemon.log, log_target::standard_error);
    EXPECT_EQ(read->daemon.basic_auth_file, "/etc/seki/users");
    EXPECT_EQ(read->daemon.tls_cert, "/etc/seki/cert.pem");
    EXPECT_EQ(read->daemon.tls_key, "/etc/seki/key.pem");
    ASSERT_EQ(read->of<LimiterOptions>().size(), 2U);
    EXPECT_EQ(read->of<LimiterOptions>()[0].first, "zebra");
    const LimiterOptions zebra{.algorithm = Algorithm::leaky_bucket,
                               .limit = 5,
                               .window = 90min,
                               .burst = 9,
                               .max_keys = 1000,
                               .on_full = OnFull::deny,
                               .mode = Mode::shadow,
                               .clock = Clock::coarse,
                               .store_keys = false};
    EXPECT_EQ(read->of<LimiterOptions>()[0].second, zebra);
    EXPECT_EQ(read->of<LimiterOptions>()[1].first, "api");
    EXPECT_EQ(read->of<LimiterOptions>()[1].second, (LimiterOptions{.limit = 10, .window = 1s}));
}

// Fails when a default differs from the documented one.
TEST(Configuration, EmptyTextGivesTheDefaults) {
    const auto read = parse("", "seki.toml");
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->segment_path.empty());
    EXPECT_EQ(read->segment, SegmentOptions{});
    EXPECT_EQ(read->daemon.listen, "127.0.0.1:9435");
    EXPECT_EQ(read->daemon.tick, 50ms);
    EXPECT_EQ(read->daemon.sample_of_allowed_checks, 0);
    EXPECT_EQ(read->daemon.sample_of_others, 1);
    EXPECT_TRUE(read->of<LimiterOptions>().empty());
    EXPECT_EQ(parse("[segment]\nsize = \"auto\"", "f")->segment.size, 0U);
}

// Fails when an address that sekid can listen on is refused.
TEST(Configuration, TakesEveryKindOfAddress) {
    for (const std::string_view address : {"0.0.0.0:80", "localhost:0", "[::1]:9435", "unix:/x"})
        EXPECT_TRUE(parse(fmt::format("[sekid]\nlisten = \"{}\"", address), "f")) << address;
}

// Fails when a size passes that has no room for what the file declares, or one is refused that has: the segment made by it would be adopted
// ever after, and every start fail.
TEST(Configuration, ASizeMustHaveRoomForWhatIsDeclared) {
    const auto with_size = [](std::string_view size) {
        return fmt::format(
            "[segment]\nmax_workers = 4\nmax_primitives = 4\n{}\n[limiter.login]\nlimit = 5\n"
            "window = '1m'\nmax_keys = 65536\n[bulkhead.db]\n",
            size);
    };
    const auto automatic = parse(with_size("size = 'auto'"), "f");
    ASSERT_TRUE(automatic);
    const std::uint64_t needed = needed_bytes(*automatic).value();
    EXPECT_TRUE(parse(with_size(fmt::format("size = '{}'", needed)), "f"));
    const auto refused = parse(with_size(fmt::format("size = '{}'", needed - layout::page)), "f");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_EQ(refused.error().message,
              fmt::format("f:4:8: [segment]: size \"{0}\" is too small: its {0} bytes are less than the {1} that its 4 "
                          "workers, 4 primitives and what is declared below need: \"auto\", or \"{2}MiB\" and more",
                          needed - layout::page, needed, (needed >> 20) + 1));
    EXPECT_EQ(parse("[segment]\nmax_workers = 4096\nsize = '1MiB'", "f").error().code, Errc::invalid_argument);
}

// Fails when a mistake passes, or when its place, its key, the fault or what is accepted is missing from the words.
TEST_P(BadConfiguration, IsRefusedWithPlaceKeyFaultAndWhatIsAccepted) {
    const auto read = parse(GetParam().text, "f");
    ASSERT_FALSE(read) << GetParam().text;
    EXPECT_EQ(read.error().code, Errc::invalid_argument);
    EXPECT_EQ(read.error().message, GetParam().message) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Sections, BadConfiguration,
    testing::Values(
        bad_text{
            "[limitr.a]",
            R"(f:1:2: section "limitr" is unknown: did you mean [limiter.NAME]? accepted are [segment], [sekid], [otlp], [limiter.NAME], [breaker.NAME], [bulkhead.NAME], [adaptive.NAME], [shedder.NAME], [retry.NAME], [hedge.NAME] and [policy.NAME])"},
        bad_text{
            "[queue.a]",
            R"(f:1:2: section "queue" is unknown: accepted are [segment], [sekid], [otlp], [limiter.NAME], [breaker.NAME], [bulkhead.NAME], [adaptive.NAME], [shedder.NAME], [retry.NAME], [hedge.NAME] and [policy.NAME])"},
        bad_text{
            "limit = 5",
            R"(f:1:1: key "limit" is unknown: did you mean [limiter.NAME]? accepted are [segment], [sekid], [otlp], [limiter.NAME], [breaker.NAME], [bulkhead.NAME], [adaptive.NAME], [shedder.NAME], [retry.NAME], [hedge.NAME] and [policy.NAME])"},
        bad_text{"sekid = true", "f:1:1: sekid is a switch, not a section: write [sekid]"},
        bad_text{"[[segment]]", "f:1:3: segment is a list, not a section: write [segment]"},
        bad_text{"[limiter]\nlimit = 5", R"(f:2:1: [limiter] has no name: write [limiter.NAME] above "limit")"},
        bad_text{"[[limiter.a]]\nlimit = 5",
                 R"(f:1:11: limiter "a" is a list: write [limiter.a] once, in single brackets)"}));

INSTANTIATE_TEST_SUITE_P(
    Settings, BadConfiguration,
    testing::Values(
        bad_text{
            "[segment]\nsise = 1",
            R"(f:2:1: [segment]: key "sise" is unknown: did you mean "size"? accepted are path, mode, group, max_workers, max_primitives, size, sealed)"},
        bad_text{
            "[segment]\nsealed = true",
            R"(f:2:10: [segment]: sealed true cannot be had, for processes find the segment by its path: let nobody into its group who might truncate it: false)"},
        bad_text{"[segment]\nsealed = 'no'", R"(f:2:10: [segment]: sealed "no" is text, not a switch: false)"},
        bad_text{"[segment]\npath = ''", R"(f:2:8: [segment]: path "" is empty: a path, or a name without a slash)"},
        bad_text{"[segment]\nmode = 432",
                 R"(f:2:8: [segment]: mode 432 is a number, not text in quotes: "0660", "0640" or "0600")"},
        bad_text{"[segment]\nmode = '0666'",
                 R"(f:2:8: [segment]: mode "0666" lets others than owner and group in: "0660", "0640" or "0600")"},
        bad_text{"[segment]\nmode = 'rw'",
                 R"(f:2:8: [segment]: mode "rw" is not a mode in octal digits: "0660", "0640" or "0600")"},
        bad_text{"[segment]\nmax_workers = 0", "f:2:15: [segment]: max_workers 0 is too small: 1 to 4096"},
        bad_text{"[segment]\nmax_workers = 5000", "f:2:15: [segment]: max_workers 5000 is too large: 1 to 4096"},
        bad_text{"[segment]\nsize = '4096'",
                 R"(f:2:8: [segment]: size 4096 is too small: "auto", or "1MiB" to "1TiB")"},
        bad_text{"[sekid]\nlisten = 'localhost'",
                 R"(f:2:10: [sekid]: listen "localhost" has no port: "127.0.0.1:9435" or "unix:/run/seki/http.sock")"},
        bad_text{
            "[sekid]\nlisten = 'a:70000'",
            R"(f:2:10: [sekid]: listen "a:70000" has a port that is not 0 to 65535: "127.0.0.1:9435" or "unix:/run/seki/http.sock")"},
        bad_text{
            "[sekid]\nlisten = 'unix:x'",
            R"(f:2:10: [sekid]: listen "unix:x" does not name an absolute path: "127.0.0.1:9435" or "unix:/run/seki/http.sock")"},
        bad_text{"[sekid]\nbasic_auth_file = ''",
                 "f:2:19: [sekid]: basic_auth_file \"\" is empty: the path of a file of USER:HASH lines"},
        bad_text{"[sekid]\ntls_cert = 'x'",
                 "f:2:12: [sekid]: tls_key is missing: tls_cert and tls_key belong together"},
        bad_text{"[sekid]\ntls_key = 'x'",
                 "f:2:11: [sekid]: tls_cert is missing: tls_cert and tls_key belong together"},
        bad_text{"[sekid]\nevent_sample = 2", "f:2:16: [sekid]: event_sample 2 is too large: 0 to 1"},
        bad_text{"[sekid]\nevent_sample = -0.5", "f:2:16: [sekid]: event_sample -0.5 is too small: 0 to 1"},
        bad_text{"[sekid]\nevent_sample = nan", "f:2:16: [sekid]: event_sample \"nan\" is not a number: 0 to 1"},
        bad_text{"[sekid]\nevent_sample = '1'", "f:2:16: [sekid]: event_sample \"1\" is text, not a number: 0 to 1"},
        bad_text{"[sekid]\ntick = '1us'", "f:2:8: [sekid]: tick 1us is too short: 1ms to 10s"},
        bad_text{"[sekid]\nlog = 'syslog'", R"(f:2:7: [sekid]: log "syslog" is unknown: "journal" or "stderr")"}));

INSTANTIATE_TEST_SUITE_P(
    Limiters, BadConfiguration,
    testing::Values(
        bad_text{"[limiter.a]\nlimit = 5", R"(f:1:10: limiter "a": window is missing: 1ms to 366d)"},
        // One mistake is told once.
        bad_text{"[limiter.a]\nlimit = 5\nwindw = '1m'",
                 "f:3:1: limiter \"a\": key \"windw\" is unknown: did you mean \"window\"? accepted are algorithm, "
                 "limit, window, "
                 "burst, max_keys, on_full, mode, clock, store_keys"},
        bad_text{"[limiter.a]\nwindow = '1s'", R"(f:1:10: limiter "a": limit is missing: 1 to 10000000 per window)"},
        bad_text{"[limiter.a]\nlimit = 0\nwindow = '1s'",
                 R"(f:2:9: limiter "a": limit 0 is too small: 1 to 10000000 per window)"},
        bad_text{"[limiter.a]\nlimit = -5\nwindow = '1s'",
                 R"(f:2:9: limiter "a": limit -5 is too small: 1 to 10000000 per window)"},
        bad_text{"[limiter.a]\nlimit = '5'\nwindow = '1s'",
                 R"(f:2:9: limiter "a": limit "5" is text, not a whole number: 1 to 10000000 per window)"},
        bad_text{"[limiter.a]\nlimit = 5.0\nwindow = '1s'",
                 R"(f:2:9: limiter "a": limit 5.0 is a fraction, not a whole number: 1 to 10000000 per window)"},
        bad_text{"[limiter.a]\nlimit = [5]\nwindow = '1s'",
                 R"(f:2:9: limiter "a": limit is a list, not a whole number: 1 to 10000000 per window)"},
        bad_text{"[limiter.a]\nlimit = 5\nwindow = 60",
                 R"(f:3:10: limiter "a": window 60 is a number, not a duration in quotes such as "30s": 1ms to 366d)"},
        bad_text{
            "[limiter.a]\nlimit = 5\nwindow = '2y'",
            R"(f:3:10: limiter "a": window "2y" is not a duration: a duration is written "250ms", "30s", "1m", "2h" or "1d"; accepted are 1ms to 366d)"},
        bad_text{"[limiter.a]\nlimit = 5\nwindow = '367d'",
                 R"(f:3:10: limiter "a": window 367d is too long: 1ms to 366d)"},
        bad_text{"[limiter.a]\nlimit = 5\nwindow = '1s'\nstore_keys = 'yes'",
                 R"(f:4:14: limiter "a": store_keys "yes" is text, not a switch: true or false)"},
        bad_text{
            "[limiter.a]\nlimit = 5\nwindow = '1s'\nburst = 3\nalgorithm = 'fixed_window'",
            R"(f:4:9: limiter "a": burst 3 does not go with fixed_window: leave it out, or use gcra, token_bucket or leaky_bucket)"},
        bad_text{
            "[limiter.a]\nlimit = 600000\nwindow = '1m'\nalgorithm = 'sliding_window'",
            R"(f:2:9: limiter "a": limit 600000 is too large for a sliding_window of 1m: at most 524287, or use gcra or fixed_window)"},
        bad_text{
            "[limiter.a]\nlimit = 10001\nwindow = '1ms'",
            R"(f:2:9: limiter "a": limit 10001 is too fast for a window of 1ms: at most 10000, which is 10000000 a second)"},
        bad_text{
            "[limiter.'a b']\nlimit = 1\nwindow = '1s'",
            R"(f:1:10: limiter "a b": the name has " " at position 2: 1 to 63 letters, digits, "_", "." or "-", not beginning with "." or "-")"},
        bad_text{"[segment]\nmax_primitives = 1\n[limiter.a]\nlimit = 1\nwindow = '1s'\n[limiter.b]\nlimit = 1\nwindow "
                 "= '1s'",
                 "f:6:10: [segment]: max_primitives 1 is too small for the 2 primitives below"}));

INSTANTIATE_TEST_SUITE_P(
    Toml, BadConfiguration,
    testing::Values(
        bad_text{"\xef\xbb\xbf[sekid]", "f:1:1: starts with a byte order mark: save it as UTF-8 without one"},
        bad_text{"a = 1\na = 2", "f:2:5: Error while parsing key-value pair: cannot redefine existing integer 'a'"},
        bad_text{"[sekid]\n[sekid]", "f:2:1: Error while parsing table header: cannot redefine existing table 'sekid'"},
        bad_text{"[sekid]\nlog = '\xff\xfe'", "f:2:7: Encountered invalid utf-8 sequence"},
        bad_text{"[limiter.a]\nlimit = 99999999999999999999",
                 "f:2:9: limiter \"a\": limit 99999999999999999999 is too large: 1 to 10000000 per window"},
        bad_text{"[limiter.\"a.b\"] # one\n mode = off  # no quotes",
                 "f:2:9: limiter \"a.b\": mode off is not text in quotes: enforce, shadow or off"},
        bad_text{"[limiter.a]\nstore_keys = maybe\n",
                 "f:2:14: limiter \"a\": store_keys \"maybe\" is unknown: true or false"},
        bad_text{"[limiter.a]\nwindow = 1m",
                 "f:2:10: limiter \"a\": window 1m is not a duration in quotes such as \"30s\": 1ms to 366d"},
        bad_text{"[segment]\nsealed = maybe", "f:2:10: [segment]: sealed \"maybe\" is unknown: false"},
        bad_text{"[segment]\npath = \"\"\"\n[sekid]\nlisten = z",
                 "f:4:11: Error while parsing string: encountered end-of-file"},
        bad_text{"[segment]\npath = '''\n[sekid]\nlisten = z",
                 "f:4:11: Error while parsing literal string: encountered end-of-file"},
        bad_text{"[segment]\npath = \"\"\"a\"\"\"\n[sekid]\nlisten = z",
                 R"(f:4:10: [sekid]: listen "z" has no port: "127.0.0.1:9435" or "unix:/run/seki/http.sock")"},
        bad_text{"[sekid]\n\n[segment]\nmax_workers = 08",
                 "f:4:15: [segment]: max_workers 08 is not a whole number: 1 to 4096"},
        bad_text{"[limiter.a]\nlimt = off", R"(f:2:8: Error while parsing value: could not determine value type)"},
        bad_text{"mode = off", R"(f:1:8: Error while parsing value: could not determine value type)"},
        bad_text{"[limiter.a]\nmode = 'off", "f:2:12: Error while parsing literal string: encountered end-of-file"},
        bad_text{"[sekid", "f:1:7: Error while parsing table header: encountered end-of-file"},
        bad_text{std::string_view("[sekid]\0", 8),
                 "f:1:8: Error while parsing table header: expected a comment or whitespace, saw '\\u0000'"},
        bad_text{std::string_view("[breaker.n]\nwait_multiplier=3e933\0", 34),
                 R"(f:2:17: breaker "n": wait_multiplier "3e933\x00" is not a number: 1.0 to 100.0)"},
        bad_text{"[sekid]\nlog = 'a\nb'",
                 "f:2:9: Error while parsing literal string: control characters other than TAB (U+0009) are explicitly "
                 "prohibited"}));

// Fails when the first mistake hides the others, or when they are not in the order of the file.
TEST(Configuration, TellsAllMistakesInTheOrderOfTheFile) {
    const auto read = parse(
        "[sekid]\ntick = '0s'\nlog = 3\n[limiter.z]\nlimit = 0\nwindow = '1s'\n[limiter.a]\nwindow = '1s'\n", "f");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message,
              "f:2:8: [sekid]: tick 0s is too short: 1ms to 10s\n"
              "f:3:7: [sekid]: log 3 is a number, not text in quotes: \"journal\" or \"stderr\"\n"
              "f:5:9: limiter \"z\": limit 0 is too small: 1 to 10000000 per window\n"
              "f:7:10: limiter \"a\": limit is missing: 1 to 10000000 per window");
}

// Fails when a file full of mistakes floods a terminal, or when the rest is not even counted.
TEST(Configuration, TellsAtMostTwentyMistakesAndCountsTheRest) {
    std::string text = "[sekid]\n";
    for (int i = 0; i < 25; ++i) text += fmt::format("x{} = 1\n", i);
    const auto read = parse(text, "f");
    ASSERT_FALSE(read);
    EXPECT_EQ(std::ranges::count(read.error().message, '\n'), 20);
    EXPECT_TRUE(read.error().message.ends_with("\nf: and 5 more mistakes"));
}

class ConfigurationFile : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "seki-config-XXXXXX").native();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string write(std::string_view text) {
        const auto path = folder_ / "seki.toml";
        std::ofstream{path, std::ios::binary} << text;
        return path.native();
    }
    std::filesystem::path folder_;
};

// Fails when load() reads anything but the bytes of the file.
TEST_F(ConfigurationFile, IsReadAndNamedInItsMistakes) {
    EXPECT_EQ(load(write("[limiter.a]\nlimit = 5\nwindow = '1m'"))->of<LimiterOptions>().size(), 1U);
    const std::string path = write("[sekid]\ntick = '0s'");
    EXPECT_EQ(load(path).error().message, path + ":2:8: [sekid]: tick 0s is too short: 1ms to 10s");
}

// Fails when a file that cannot be read is taken for an empty one, or when reading a pipe waits for a writer.
TEST_F(ConfigurationFile, ThatCannotBeReadIsOneClearSentence) {
    const std::string missing = folder_ / "missing.toml";
    EXPECT_EQ(load(missing).error().code, Errc::not_found);
    EXPECT_EQ(load(missing).error().message, missing +
                                                 ": cannot read the configuration: No such file or directory: look "
                                                 "whether the path is right, and whether somebody removed it");
    EXPECT_EQ(load(folder_).error().message, folder_.native() + ": is a directory: give the configuration file in it");
    const std::string pipe = folder_ / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(load(pipe).error().message, pipe + ": is not a regular file: a configuration is one");
    const std::string large = write(std::string(max_file_size + 1, '\n'));
    EXPECT_EQ(load(large).error().message, large + ": is larger than 1MiB: a configuration is not");
    EXPECT_TRUE(load(write(std::string(max_file_size, '\n'))));
}

// Fails when a refusal of the operating system is called something else. Root may read everything, so root
// sees the file.
TEST_F(ConfigurationFile, WithoutPermissionIsRefusedAsSuch) {
    const std::string path = write("");
    ASSERT_EQ(::chmod(path.c_str(), 0), 0);
    const auto read = load(path);
    if (::geteuid() == 0) {
        EXPECT_TRUE(read);
    } else {
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Errc::no_permission);
        EXPECT_EQ(read.error().message,
                  path + ": cannot read the configuration: Permission denied: ask its owner, or run as a user who may");
    }
}

}  // namespace
}  // namespace seki::config
