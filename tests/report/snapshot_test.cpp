// What a segment looks like from outside: whole ones, copies, and ones that somebody scribbled on.
#include "report/snapshot.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <seki/seki.hpp>

#include "primitives/clock.hpp"
#include "report/json.hpp"
#include "report/keys.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/permit_seeker.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::segment;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class Report : public ::testing::Test {
public:
    ~Report() override {
        opened_.reset();
        std::filesystem::remove_all(path_.parent_path());
    }

protected:
    Report() {
        std::string folder = "/dev/shm/seki-report-XXXXXX";
        path_ = std::filesystem::path{::mkdtemp(folder.data())} / "test.seg";
        OpenOptions small;
        small.segment.max_workers = 8;
        small.segment.max_primitives = 8;
        small.segment.size = 2 << 20;
        opened_.emplace(*open(path_.native(), small));
    }

    [[nodiscard]] Limiter limiter(std::string_view name, const LimiterOptions& options) const {
        return *opened_->limiter(name, options);
    }
    [[nodiscard]] std::shared_ptr<segment> mapped(segment::access how) const { return *segment::attach(path_, how); }
    [[nodiscard]] std::vector<key_facts> keys_of(std::string_view name, const key_query& query = {}) const {
        const auto where = mapped(segment::access::read_only);
        return keys(*where, *shm::directory{*where}.find(layout::kind::limiter, name),
                    primitives::read_clock(Clock::precise), query);
    }

    std::filesystem::path path_;
    std::optional<Segment> opened_;
};

LimiterOptions five_an_hour() { return {.limit = 5, .window = 1h, .max_keys = 64}; }

void spend(const Limiter& limiter, std::string_view key, int times) {
    for (int i = 0; i < times; ++i) (void)limiter.check(key);
}

// Fails when a count is taken for another, or lost, in any of the ways to look at a segment.
TEST_F(Report, CountsAreTheSameHoweverTheSegmentIsLookedAt) {
    const Limiter login = limiter("login", five_an_hour());
    spend(login, "alice", 7);
    (void)login.check("bob", 2);
    for (const auto how : {segment::access::read_write, segment::access::read_only, segment::access::copy}) {
        const snapshot seen = take(*mapped(how));
        ASSERT_THAT(seen.limiters, SizeIs(1));
        const limiter_facts& facts = seen.limiters.front();
        EXPECT_EQ(facts.place.name, "login");
        EXPECT_EQ(facts.options, five_an_hour());
        EXPECT_EQ(facts.made_with, five_an_hour());
        EXPECT_EQ(facts.counters.allow, 6U);
        EXPECT_EQ(facts.counters.cost_allow, 7U);
        EXPECT_EQ(facts.counters.deny, 2U);
        EXPECT_EQ(facts.keys, 2U);
    }
}

// Fails when an outcome, a transition, a duration or what stands in the window is taken for another, or lost.
TEST_F(Report, ABreakerIsTheSameHoweverTheSegmentIsLookedAt) {
    const BreakerOptions options{.window_size = 10, .wait_duration = 1h, .half_open_requests = 2};
    const Breaker payments = *opened_->breaker("payments", options);
    for (const Outcome outcome : {Outcome::ok, Outcome::slow, Outcome::error}) payments.admit().tell(outcome);
    {
        const Admission ignored = payments.admit();
    }
    for (const auto how : {segment::access::read_write, segment::access::read_only, segment::access::copy}) {
        const snapshot seen = take(*mapped(how));
        ASSERT_THAT(seen.breakers, SizeIs(1));
        const breaker_facts& facts = seen.breakers.front();
        EXPECT_EQ(facts.place.name, "payments");
        EXPECT_EQ(facts.options, options);
        EXPECT_EQ(facts.made_with, options);
        EXPECT_EQ(facts.status.state, BreakerState::closed);
        EXPECT_EQ(facts.status.calls, 3U);
        EXPECT_EQ(facts.status.errors, 1U);
        EXPECT_EQ(facts.status.slow, 1U);
        EXPECT_EQ(facts.counters.ok, 1U);
        EXPECT_EQ(facts.counters.error, 1U);
        EXPECT_EQ(facts.counters.slow, 1U);
        EXPECT_EQ(facts.counters.ignored, 1U);
        EXPECT_EQ(facts.durations.total(), 4U);
        EXPECT_EQ(facts.transitions_made(), 0U);
    }
    for (int i = 0; i < 10; ++i) payments.admit().error();
    const breaker_facts open = take(*mapped(segment::access::copy)).breakers.front();
    EXPECT_EQ(open.status.state, BreakerState::open);
    EXPECT_GT(open.status.retry_after, 59min);
    EXPECT_GT(open.counters.rejected, 0U);
    EXPECT_EQ(
        open.transitions[static_cast<std::size_t>(BreakerState::closed)][static_cast<std::size_t>(BreakerState::open)],
        1U);
    EXPECT_EQ(open.transitions_made(), 1U);
    ASSERT_EQ(payments.open(), Errc::none);
    const json forced = to_json(take(*mapped(segment::access::copy)).breakers.front());
    EXPECT_EQ(forced["state"], "forced_open");
    EXPECT_TRUE(forced["retry_after_seconds"].is_null());
}

// Fails when permits, or the processes that hold them, are not those that there are.
TEST_F(Report, ABulkheadIsTheSameHoweverTheSegmentIsLookedAt) {
    const BulkheadOptions options{.max_concurrent = 2};
    const Bulkhead database = *opened_->bulkhead("database", options);
    const Permit first = *database.try_acquire(), second = *database.try_acquire();
    ASSERT_FALSE(database.try_acquire());
    ASSERT_FALSE(database.acquire(1ns));
    for (const auto how : {segment::access::read_write, segment::access::read_only, segment::access::copy}) {
        const snapshot seen = take(*mapped(how));
        ASSERT_THAT(seen.bulkheads, SizeIs(1));
        const bulkhead_facts& facts = seen.bulkheads.front();
        EXPECT_EQ(facts.place.name, "database");
        EXPECT_EQ(facts.options, options);
        EXPECT_EQ(facts.status.max_concurrent, 2U);
        EXPECT_EQ(facts.status.in_use, 2U);
        EXPECT_EQ(facts.status.waiting, 0U);
        EXPECT_EQ(facts.status.acquired, 2U);
        EXPECT_EQ(facts.status.rejected, 2U);
        EXPECT_EQ(facts.waits.total(), 1U);
        ASSERT_THAT(seen.processes, SizeIs(1));
        ASSERT_THAT(seen.processes.front().holds, SizeIs(1));
        EXPECT_EQ(seen.processes.front().holds.front().name, "database");
        EXPECT_EQ(seen.processes.front().holds.front().permits, 2U);
    }
}

// Fails when what a retry did is not what is shown of it, from whichever side it is looked at.
TEST_F(Report, ARetryIsTheSameHoweverTheSegmentIsLookedAt) {
    const RetryOptions options{.max_attempts = 2, .base_delay = 0ns, .max_delay = 0ns, .min_per_second = 5};
    const Retry retry = *opened_->retry("payments", options);
    (void)retry.call([]() -> std::expected<void, int> { return std::unexpected(1); });
    (void)retry.call([] {});
    for (const auto how : {segment::access::read_write, segment::access::read_only, segment::access::copy}) {
        const snapshot seen = take(*mapped(how));
        ASSERT_THAT(seen.retries, SizeIs(1));
        const retry_facts& facts = seen.retries.front();
        EXPECT_EQ(facts.place.name, "payments");
        EXPECT_EQ(facts.options, options);
        EXPECT_EQ(facts.made_with, options);
        EXPECT_EQ(facts.status.calls, 2U);
        EXPECT_EQ(facts.status.retries, 1U);
        EXPECT_EQ(facts.status.exhausted, 1U);
        EXPECT_EQ(facts.status.recovered + facts.status.denied, 0U);
        EXPECT_LE(facts.status.budget_left, 5U);
        const json shown = to_json(facts);
        EXPECT_EQ(shown["counters"]["calls"], 2);
        EXPECT_EQ(shown["counters"]["retries"], 1);
        EXPECT_EQ(shown["options"]["base_delay_seconds"], 0.0);
        EXPECT_EQ(shown["budget"]["left"], facts.status.budget_left);
    }
}

// Fails when what a hedge did is not what is shown of it, from whichever side it is looked at.
TEST_F(Report, AHedgeIsTheSameHoweverTheSegmentIsLookedAt) {
    const HedgeOptions options{.delay = 1h, .percentile = 95, .min_per_second = 5};
    const Hedge hedge = *opened_->hedge("search", options);
    (void)hedge.call([]() -> std::expected<void, int> { return std::unexpected(1); });
    (void)hedge.call([] {});
    for (const auto how : {segment::access::read_write, segment::access::read_only, segment::access::copy}) {
        const snapshot seen = take(*mapped(how));
        ASSERT_THAT(seen.hedges, SizeIs(1));
        const hedge_facts& facts = seen.hedges.front();
        EXPECT_EQ(facts.place.name, "search");
        EXPECT_EQ(facts.options, options);
        EXPECT_EQ(facts.made_with, options);
        EXPECT_EQ(facts.status.calls, 2U);
        EXPECT_EQ(facts.status.failed, 1U);
        EXPECT_EQ(facts.status.requests + facts.status.wins + facts.status.denied, 0U);
        EXPECT_EQ(facts.status.measured, 1U);
        EXPECT_EQ(facts.status.delay, 1h);
        const json shown = to_json(facts);
        EXPECT_EQ(shown["counters"]["failed"], 1);
        EXPECT_EQ(shown["options"]["percentile"], 95.0);
        EXPECT_EQ(shown["delay_seconds"], 3600.0);
    }
}

// Fails when this process, which is attached by having checked, is not seen with its thread, or is taken for dead.
TEST_F(Report, AnAttachedProcessIsListedWithItsThreads) {
    spend(limiter("login", five_an_hour()), "alice", 1);
    const auto seen = take(*mapped(segment::access::read_only));
    ASSERT_THAT(seen.processes, SizeIs(1));
    EXPECT_EQ(seen.processes.front().pid, static_cast<std::uint64_t>(::getpid()));
    EXPECT_EQ(seen.processes.front().state, shm::verdict::live);
    EXPECT_THAT(seen.processes.front().threads, ElementsAre(static_cast<std::uint64_t>(::gettid())));
    EXPECT_EQ(seen.threads(), 1U);
    EXPECT_FALSE(seen.owner.running);
}

// Fails when what a process has is not listed with it: permits and probes; or stays listed after it gave them back.
TEST_F(Report, AProcessIsListedWithWhatItHas) {
    const Bulkhead database = *opened_->bulkhead("database", {.max_concurrent = 3});
    const Breaker payments = *opened_->breaker("payments", {.minimum_calls = 1, .wait_duration = 1ms});
    auto failed = payments.admit();
    failed.error();
    std::array<Permit, 2> permits{*database.try_acquire(), *database.try_acquire()};
    std::array<Admission, 2> probes;
    for (Admission& each : probes)
        while (!each) each = payments.admit();  // by the clock: soon it is half-open
    const auto holds = [&] { return take(*mapped(segment::access::copy)).processes.front().holds; };
    const auto both = holds();
    ASSERT_THAT(both, SizeIs(2));
    EXPECT_EQ(both[0].kind, layout::kind::bulkhead);
    EXPECT_EQ(std::tie(both[0].name, both[0].permits, both[0].probes), std::tuple("database", 2U, 0U));
    EXPECT_EQ(both[1].kind, layout::kind::breaker);
    EXPECT_EQ(std::tie(both[1].name, both[1].permits, both[1].probes), std::tuple("payments", 0U, 2U));
    EXPECT_EQ(to_json(take(*mapped(segment::access::copy)).processes.front())["holds"][1],
              (json{{"kind", "breaker"}, {"name", "payments"}, {"permits", 0}, {"waiting", 0}, {"probes", 2}}));
    for (Permit& each : permits) each.release();
    probes[0].ok();
    const auto left = holds();
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_EQ(std::tie(left[0].name, left[0].probes), std::tuple("payments", 1U));
}

// Fails when each name that somebody scribbled into a permit has an entry: there is room for gigabytes of them.
TEST_F(Report, WhoHasNothingToDoWithTheSegmentHasNothingInIt) {
    const Bulkhead database = *opened_->bulkhead("database", {.max_concurrent = 100});
    const Permit held = *database.try_acquire();
    const auto where = mapped(segment::access::read_write);
    const auto permits = shm::permits_of(*where, *shm::directory{*where}.find(layout::kind::bulkhead, "database"));
    for (std::uint64_t stranger = 1; stranger < 100; ++stranger) {
        const std::uint64_t name = layout::pack_worker_owner(stranger % 2 == 0 ? 7 : 4'000, stranger);
        ASSERT_TRUE(permits.try_take(name, 0, shm::process_seeker{*where}));
    }
    EXPECT_THAT(find_holdings(*where), SizeIs(1));
    EXPECT_THAT(find_holdings(*where, whose::all), SizeIs(100));
    EXPECT_EQ(take(*where).processes.front().holds.front().permits, 1U);
}

// Fails when options changed by an operator are not told apart from those of the creation.
TEST_F(Report, OptionsInForceStandBesideThoseOfTheCreation) {
    spend(limiter("login", five_an_hour()), "alice", 1);
    LimiterOptions raised = five_an_hour();
    raised.limit = 9;
    ASSERT_TRUE(opened_->change("login", raised));
    const auto facts = take(*mapped(segment::access::copy)).limiters.front();
    EXPECT_EQ(facts.options.limit, 9U);
    EXPECT_EQ(facts.made_with.limit, 5U);
}

// Fails when remaining, reset or text of a key is not that of the key, or the one that spent most is not first.
TEST_F(Report, KeysComeWithWhatIsLeftAndTheBusiestFirst) {
    const Limiter login = limiter("login", five_an_hour());
    spend(login, "quiet", 1);
    spend(login, "busy", 1000);
    const auto found = keys_of("login");
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].text, "busy");
    EXPECT_EQ(found[0].remaining, 0U);
    EXPECT_GT(found[0].denied, found[0].allowed);
    EXPECT_EQ(found[1].text, "quiet");
    EXPECT_EQ(found[1].remaining, 4U);
    EXPECT_GT(found[1].reset_after, 0ns);
    EXPECT_LE(found[1].reset_after, 12min);
    EXPECT_THAT(keys_of("login", {.top = 1}), SizeIs(1));
    EXPECT_THAT(keys_of("login", {.wanted = [](const key_facts& key) { return key.text == "quiet"; }}), SizeIs(1));
}

// Fails when who is denied most is hidden behind who is merely busy, or the other way round.
TEST_F(Report, KeysAreRankedByDenialsWhenThatIsAsked) {
    const Limiter login = limiter("login", {.limit = 4000, .window = 24h, .max_keys = 64});
    spend(login, "busy", 4000);
    ASSERT_TRUE(login.check("greedy", 4000).allowed);
    spend(login, "greedy", 1000);
    EXPECT_EQ(keys_of("login", {.top = 1}).front().text, "busy");
    EXPECT_EQ(keys_of("login", {.by = key_order::most_denied, .top = 1}).front().text, "greedy");
}

// Fails when a long key is shown as if it were whole, or its cut leaves half a character.
TEST_F(Report, ALongKeyIsShownByItsBeginning) {
    const std::string key = "aaaaaaaaaaaaaaaaaaaa\u00fc and much more than that";  // the 21st byte is half a character
    spend(limiter("login", five_an_hour()), key, 1);
    const auto found = keys_of("login");
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_FALSE(found[0].whole);
    EXPECT_EQ(found[0].text, std::string(20, 'a'));
}

// Fails when a key of arbitrary bytes makes JSON that nobody can read, or two such keys look alike.
TEST_F(Report, AKeyOfAnyBytesBecomesJson) {
    spend(limiter("login", five_an_hour()), "\x7f\xff\x01\x02", 1);
    const json out = to_json(keys_of("login").front());
    EXPECT_EQ(out["key_hex"], "7fff0102");
    EXPECT_NO_THROW(static_cast<void>(out.dump()));
}

std::uint64_t seed_of_this_run() {
    const char* const given = std::getenv("SEKI_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
}

// Puts a random word into each of `many` random places after the header.
void scribble(const segment& where, std::mt19937_64& random, int many) {
    auto* const base = reinterpret_cast<std::byte*>(&where.header());
    const std::uint64_t words = (where.parts().size - layout::page) / 8;
    for (int i = 0; i < many; ++i) {
        const std::uint64_t value = random() >> (random() % 64);
        std::memcpy(base + layout::page + random() % words * 8, &value, sizeof value);
    }
}

void look_at_everything(const segment& where) {
    const snapshot seen = take(where);
    static_cast<void>(to_json(seen).dump());
    for (const limiter_facts& each : seen.limiters)
        for (const key_facts& key : keys(where, each.place, primitives::read_clock(Clock::precise), {.top = 100}))
            static_cast<void>(to_json(key).dump());
}

// Fails (under the sanitizers, or by a crash) when something read from a segment is used before it is checked.
TEST_F(Report, AScribbledSegmentIsDescribedAndHarmsNobody) {
    const std::uint64_t seed = seed_of_this_run();
    RecordProperty("seed", std::to_string(seed));
    SCOPED_TRACE("SEKI_SEED=" + std::to_string(seed));
    std::mt19937_64 random{seed};
    spend(limiter("login", five_an_hour()), "alice", 50);
    const Breaker calls = *opened_->breaker("calls", BreakerOptions{});
    const Breaker time = *opened_->breaker("time", {.window_type = WindowType::time, .window_size = 1min});
    for (int i = 0; i < 50; ++i)
        for (const Breaker& each : {calls, time}) (void)each.call([] {});
    const Permit held = *opened_->bulkhead("database", BulkheadOptions{})->try_acquire();
    const auto pristine = mapped(segment::access::copy);
    for (int round = 0; round < 100; ++round) {
        const auto copy = mapped(segment::access::copy);
        scribble(*copy, random, 20'000);
        // Random places seldom hit the entries that count: now and then these stand on their geometry, with terms gone mad.
        for (std::size_t i = 0; i < 4 && round % 2 == 0; ++i)
            std::memcpy(static_cast<void*>(&copy->directory()[i]), &pristine->directory()[i],
                        offsetof(layout::directory_entry, terms));
        look_at_everything(*copy);
    }
}

}  // namespace
}  // namespace seki::report
