#include "furnished.hpp"

#include <gtest/gtest.h>

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "survivors.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t most_permits = 60;

// All that there is to be had; it is given back when that goes.
template <class Take>
std::size_t had_of(Take take) {
    std::vector<std::remove_cvref_t<decltype(*take())>> held;
    for (auto one = take(); one && held.size() < 2 * most_permits; one = take()) held.push_back(*std::move(one));
    return held.size();
}

// The call of a hedge, with its attempts in the caller's thread.
bool hedged(const Hedge& it) {
    return it.call([] { return 7; }, [](const HedgeTask& task) { task(); }).value_or(0) == 7;
}

std::int64_t spent_by(const Limiter& it, const std::string& key) {
    std::int64_t spent = 0;
    while (spent <= 2 * checks_a_year && it.check(key).allowed) ++spent;
    return spent;
}

void use_a_little(const Segment& by) {
    for (const Algorithm each : every_algorithm)
        (void)must(by.limiter(name_of_limiter(each), a_few_a_year(each))).check("k");
    (void)must(by.bulkhead(one_name, three_permits())).call([] {});
    const Breaker breaker = must(by.breaker(one_name, of_ten_calls()));
    breaker.admit().error();
    (void)must(by.adaptive(one_name, two_to_five())).call([] {});
    (void)must(must(by.shedder(one_name, four_in_flight())).admit()).complete();
    (void)must(by.retry(one_name, five_retries())).begin().failed();
    (void)hedged(must(by.hedge(one_name, five_hedges())));
    (void)must(by.policy(one_name, of_all_parts()));
}

void expect_limiters_work(const Segment& by) {
    for (const Algorithm each : every_algorithm) {
        const Limiter it = must(by.limiter(name_of_limiter(each), a_few_a_year(each)));
        EXPECT_EQ(it.reset("fresh"), Errc::none);
        EXPECT_EQ(spent_by(it, "fresh"), checks_a_year) << name_of_limiter(each);
        EXPECT_LE(spent_by(it, "k"), checks_a_year) << name_of_limiter(each);
    }
}

template <class Primitive, class Options>
Primitive as_it_is_or_made(Result<Primitive> found,
                           Result<Primitive> (Segment::*make)(std::string_view, const Options&) const,
                           const Segment& by, const Options& options) {
    return found ? *std::move(found) : must((by.*make)(one_name, options));
}

void expect_permits_are_back(const Segment& by) {
    const Bulkhead bulkhead = as_it_is_or_made(by.bulkhead(one_name), &Segment::bulkhead, by, three_permits());
    EXPECT_EQ(must(bulkhead.status()).in_use, 0U);
    EXPECT_EQ(must(bulkhead.status()).waiting, 0U);
    EXPECT_EQ(had_of([&] { return bulkhead.try_acquire(); }), must(bulkhead.options()).max_concurrent);
    const Adaptive adaptive = as_it_is_or_made(by.adaptive(one_name), &Segment::adaptive, by, two_to_five());
    EXPECT_EQ(must(adaptive.status()).in_use, 0U);
    EXPECT_EQ(must(adaptive.status()).waiting, 0U);
    const std::uint64_t limit = must(adaptive.status()).limit;  // as they come back it may move
    EXPECT_EQ(had_of([&] { return adaptive.try_acquire(); }), limit);
    const Shedder shedder = as_it_is_or_made(by.shedder(one_name), &Segment::shedder, by, four_in_flight());
    EXPECT_EQ(must(shedder.status()).in_flight, 0U);
    EXPECT_EQ(had_of([&] { return shedder.admit(1); }), must(shedder.status()).max_in_flight * 9 / 10);
}

}  // namespace

LimiterOptions a_few_a_year(Algorithm algorithm) {
    return {
        .algorithm = algorithm, .limit = static_cast<std::uint64_t>(checks_a_year), .window = 365 * 24h, .max_keys = 8};
}
const char* name_of_limiter(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::token_bucket: return "token";
        case Algorithm::leaky_bucket: return "leaky";
        case Algorithm::sliding_window: return "sliding";
        case Algorithm::fixed_window: return "fixed";
        default: return one_name;
    }
}
BulkheadOptions three_permits() { return {.max_concurrent = 3, .max_waiting = 1}; }
BreakerOptions of_ten_calls() {
    return {.window_size = 10, .minimum_calls = 10, .slow_call_duration = 24h, .half_open_requests = 2};
}
AdaptiveOptions two_to_five() {
    return {.algorithm = AdaptiveLaw::aimd, .min_limit = 2, .max_limit = 5, .initial_limit = 3, .window = 3};
}
ShedderOptions four_in_flight() { return {.max_in_flight = 4}; }
RetryOptions five_retries() { return {.base_delay = 0ns, .max_delay = 0ns, .ratio = 0, .min_per_second = 5}; }
HedgeOptions five_hedges() { return {.delay = 1h, .ratio = 0, .min_per_second = 5}; }
PolicyOptions of_all_parts() {
    return {.limiter = one_name, .shedder = one_name, .bulkhead = one_name, .breaker = one_name, .retry = one_name};
}

OpenOptions roomy(Access access) {
    OpenOptions options = small(access);
    options.segment.max_workers = 6;
    options.segment.max_primitives = 16;
    options.segment.size = 5 << 16;
    return options;
}
Segment opened_roomy(const fs::path& folder, Access access) {
    return must(open((folder / "a.seg").string(), roomy(access)));
}

void furnish_in_peace(const fs::path& folder) { use_a_little(opened_roomy(folder)); }

void furnish(const fs::path& folder) {
    const auto* const by = new Segment{opened_roomy(folder)};
    use_a_little(*by);
    (void)new Permit{must(must(by->bulkhead(one_name)).try_acquire())};
    (void)new AdaptivePermit{must(must(by->adaptive(one_name)).try_acquire())};
    (void)new InFlight{must(must(by->shedder(one_name)).admit())};
}

void call_each(const Segment& by) {
    for (const Algorithm each : every_algorithm)
        if (const auto it = by.limiter(name_of_limiter(each))) (void)next_call([&] { return it->check("other"); });
    if (const auto it = by.bulkhead(one_name)) (void)next_call([&] { return it->try_acquire(); });
    if (const auto it = by.breaker(one_name)) next_call([&] { return it->admit(); }).ok();
    if (const auto it = by.adaptive(one_name)) (void)next_call([&] { return it->try_acquire(); });
    if (const auto it = by.shedder(one_name)) (void)next_call([&] { return it->admit(1); });
    if (const auto it = by.retry(one_name)) (void)next_call([&] { return it->begin().failed(); });
    if (const auto it = by.hedge(one_name)) (void)next_call([&] { return hedged(*it); });
    if (const auto it = by.policy(one_name))
        (void)next_call([&] { return it->execute({.key = "other"}, [] { return 7; }); });
}

void expect_all_works(const Segment& by) {
    EXPECT_EQ(broken_in(by), "");
    const std::uint64_t wanted = stopwatch_ns();
    EXPECT_TRUE(by.maintain());
    expect_permits_are_back(by);
    came_back_since(wanted);
    EXPECT_EQ(broken_in(by), "");
    expect_limiters_work(by);
    const Breaker breaker = as_it_is_or_made(by.breaker(one_name), &Segment::breaker, by, of_ten_calls());
    EXPECT_EQ(breaker.reset(), Errc::none);
    EXPECT_TRUE(breaker.call([] {}));
    const Retry retry = as_it_is_or_made(by.retry(one_name), &Segment::retry, by, five_retries());
    EXPECT_TRUE(retry.call([]() -> std::expected<int, int> { return 7; }));
    const Hedge hedge = as_it_is_or_made(by.hedge(one_name), &Segment::hedge, by, five_hedges());
    EXPECT_TRUE(hedged(hedge));
    const Policy policy = as_it_is_or_made(by.policy(one_name), &Segment::policy, by, of_all_parts());
    EXPECT_EQ(policy.execute({.key = "of a policy"}, [] { return 7; }).value_or(0), 7);
    EXPECT_EQ(broken_in(by), "");
}

}  // namespace seki::test
