// Making, changing and deleting one of each kind, and a reload that does all of that at once.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "config/configuration.hpp"
#include "config/plan.hpp"
#include "primitives/bulkhead_family.hpp"
#include "primitives/registry.hpp"
#include "primitives/shedder_family.hpp"
#include "segment_scenarios.hpp"
#include "shm/directory.hpp"

namespace seki::test {
namespace {

// How a kind is made and the like; and the options of one that stands, and those it is changed to.
template <class Primitive, class Options>
struct kind_of {
    const char* name;
    Result<Primitive> (Segment::*make)(std::string_view, const Options&) const;
    Result<Primitive> (Segment::*find)(std::string_view) const;
    Result<void> (Segment::*change)(std::string_view, const Options&) const;
    Result<void> (Segment::*remove)(std::string_view) const;
    Options before, after;
};

template <class Primitive>
auto options_of(const Segment& /*in*/, const Primitive& it) {
    return must(it.options());
}
PolicyOptions options_of(const Segment& in, const Policy& /*it*/) {
    const shm::segment& where = in.handle()->where();
    return primitives::policies::options_of(where, *shm::directory{where}.find(layout::kind::policy, one_name));
}

template <class Primitive, class Options>
void add_works_on(std::vector<segment_scenario>& all, const kind_of<Primitive, Options>& kind) {
    // Where it will stand there was another since, so that what is not written anew is seen.
    const auto deleted = [kind](const fs::path& folder) {
        furnish(folder);
        const Segment by = opened_roomy(folder);
        if (!(by.*kind.remove)(one_name)) std::abort();
        (void)must((by.*kind.make)("another", kind.after));
        if (!(by.*kind.remove)("another")) std::abort();
    };
    const auto make = in_a_segment([kind](const Segment& in) { return (in.*kind.make)(one_name, kind.before); });
    all.push_back({std::string{"making_"} + kind.name, deleted, make, [kind](const Segment& by, bool done) {
                       const auto found = (by.*kind.find)(one_name);
                       EXPECT_TRUE(found || !done);
                       if (found) {
                           EXPECT_EQ(options_of(by, *found), kind.before);
                       }
                   }});
    const auto change = in_a_segment([kind](const Segment& in) { return (in.*kind.change)(one_name, kind.after); });
    all.push_back({std::string{"changing_"} + kind.name, furnish, change, [kind](const Segment& by, bool done) {
                       const Options now = options_of(by, must((by.*kind.find)(one_name)));
                       EXPECT_TRUE(now == kind.after || (!done && now == kind.before));
                   }});
    const auto remove = in_a_segment([kind](const Segment& in) { return (in.*kind.remove)(one_name); });
    all.push_back({std::string{"deleting_"} + kind.name, furnish, remove,
                   [kind](const Segment& by, bool done) { EXPECT_FALSE(done && (by.*kind.find)(one_name)); }});
}

// Where another administrator died after the terms, and before the maxima that are of them.
template <class Primitive, class Options>
void add_finishing(std::vector<segment_scenario>& all, const kind_of<Primitive, Options>& kind, const Options& begun) {
    const auto half_done = [begun](const fs::path& folder) {
        furnish(folder);
        using family = primitives::family<Options>;
        const Segment by = opened_roomy(folder);
        const shm::directory directory{by.handle()->where()};
        shm::publish_terms(directory.entry(directory.find(family::kind, one_name)->index), family::terms_of(begun));
    };
    const auto change = in_a_segment([kind](const Segment& in) { return (in.*kind.change)(one_name, kind.after); });
    all.push_back({fmt::format("changing_{}_that_another_died_changing", kind.name), half_done, change,
                   [kind, begun](const Segment& by, bool done) {
                       const Options now = options_of(by, must((by.*kind.find)(one_name)));
                       EXPECT_TRUE(now == kind.after || (!done && now == begun));
                   }});
}

template <class Options, class Change>
Options with(Options options, Change change) {
    change(options);
    return options;
}

// What sekid does when its file is another: one is made, others are changed, one stays as it is.
constexpr std::string_view new_file = R"(
[limiter.new]
limit = 5
window = "1h"
max_keys = 8

[bulkhead.it]
max_concurrent = 2
max_waiting = 1

[retry.it]
min_per_second = 7

[shedder.it]
max_in_flight = 4
)";
Result<config::plan> reload(const Segment& in) {
    static const config::configuration declared = must(config::parse(new_file, "seki.toml"));
    return config::plan::carry_out(in.handle()->where(), declared.primitives, config::differing::changed);
}
void expect_reloaded(const Segment& by, bool done) {
    const bool made = by.limiter("new").has_value();
    const std::uint64_t permits = must(must(by.bulkhead(one_name)).options()).max_concurrent;
    EXPECT_TRUE(permits == 3 || (permits == 2 && made)) << "what is missing is made before anything is changed";
    EXPECT_TRUE(!done || (made && permits == 2));
}

}  // namespace

std::vector<segment_scenario> works_of_administrators() {
    std::vector<segment_scenario> all;
    add_works_on<Limiter, LimiterOptions>(
        all, {"a_limiter", &Segment::limiter, &Segment::limiter, &Segment::change, &Segment::remove_limiter,
              a_few_a_year(Algorithm::gcra),
              with(a_few_a_year(Algorithm::gcra), [](auto& options) { options.clock = Clock::coarse; })});
    const kind_of<Bulkhead, BulkheadOptions> bulkheads{
        "a_bulkhead",
        &Segment::bulkhead,
        &Segment::bulkhead,
        &Segment::change,
        &Segment::remove_bulkhead,
        three_permits(),
        with(three_permits(), [](auto& options) { options.max_concurrent = 60; })};
    add_works_on(all, bulkheads);
    add_finishing(all, bulkheads, with(three_permits(), [](auto& options) { options.max_concurrent = 9; }));
    add_works_on<Breaker, BreakerOptions>(
        all, {"a_breaker", &Segment::breaker, &Segment::breaker, &Segment::change, &Segment::remove_breaker,
              of_ten_calls(), with(of_ten_calls(), [](auto& options) { options.minimum_calls = 9; })});
    add_works_on<Adaptive, AdaptiveOptions>(
        all, {"an_adaptive_limit", &Segment::adaptive, &Segment::adaptive, &Segment::change, &Segment::remove_adaptive,
              two_to_five(), with(two_to_five(), [](auto& options) { options.max_limit = 4; })});
    const kind_of<Shedder, ShedderOptions> shedders{
        "a_shedder",
        &Segment::shedder,
        &Segment::shedder,
        &Segment::change,
        &Segment::remove_shedder,
        four_in_flight(),
        with(four_in_flight(), [](auto& options) { options.max_in_flight = 8; })};
    add_works_on(all, shedders);
    add_finishing(all, shedders, with(four_in_flight(), [](auto& options) { options.max_in_flight = 6; }));
    add_works_on<Retry, RetryOptions>(
        all, {"a_retry", &Segment::retry, &Segment::retry, &Segment::change, &Segment::remove_retry, five_retries(),
              with(five_retries(), [](auto& options) { options.min_per_second = 7; })});
    add_works_on<Hedge, HedgeOptions>(
        all, {"a_hedge", &Segment::hedge, &Segment::hedge, &Segment::change, &Segment::remove_hedge, five_hedges(),
              with(five_hedges(), [](auto& options) { options.min_per_second = 7; })});
    add_works_on<Policy, PolicyOptions>(
        all, {"a_policy", &Segment::policy, &Segment::policy, &Segment::change, &Segment::remove_policy, of_all_parts(),
              with(of_all_parts(), [](auto& options) { options.deadline = 1h; })});
    all.push_back({"reloading", furnish, in_a_segment(reload), expect_reloaded});
    return all;
}

}  // namespace seki::test
