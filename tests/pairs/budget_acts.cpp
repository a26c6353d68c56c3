// Acts with the budgets of retries and of hedges.
#include <memory>
#include <utility>

#include "acts.hpp"
#include "primitives/hedge.hpp"
#include "shm/directory.hpp"

namespace seki::test {
namespace {

const RetryOptions one_a_second{.base_delay = 0ns, .max_delay = 0ns, .ratio = 0, .min_per_second = 1};
const HedgeOptions one_more_a_second{.delay = 1ms, .ratio = 0, .min_per_second = 1};

void make_retry(const fs::path& folder) { (void)must(opened(folder).retry("it", one_a_second)); }
void make_hedge(const fs::path& folder) { (void)must(opened(folder).hedge("it", one_more_a_second)); }

// A call under way, whose attempt fails next.
operation failing(const fs::path& folder, answer& told) {
    const Segment segment = opened(folder);
    (void)segment.handle()->attachment()->me();
    auto call = std::make_shared<RetryLoop>(must(segment.retry("it")).begin());
    return [call, &told] {
        const RetryStep next = call->failed();
        told.tell(static_cast<bool>(next), static_cast<std::uint64_t>(next.why));
    };
}
operation beginning(const fs::path& folder, answer& told) {
    const Segment segment = opened(folder);
    (void)segment.handle()->attachment()->me();
    return [it = must(segment.retry("it")), &told] {
        (void)new RetryLoop{it.begin()};
        told.tell(true);
    };
}

// The steps of a hedged call, without its threads (tests/deaths/hedge_deaths_test.cpp).
auto hedged(bool another, bool works) {
    return [=](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened(folder);
        (void)segment.handle()->attachment()->me();
        const auto at = *shm::directory{segment.handle()->where()}.find(layout::kind::hedge, "it");
        return [=, &told, it = std::make_shared<primitives::hedge>(segment.handle()->attachment(), at)] {
            detail::hedge_run run;
            (void)it->begin(run);
            between();
            const bool more = another && it->may_add();
            between();
            it->end(run, {.attempts = more ? 2U : 1U,
                          .winner = works ? std::optional<std::size_t>{more ? 1 : 0} : std::nullopt,
                          .first_succeeded = works && !more,
                          .first_ns = run.delay_ns,
                          .took_ns = run.delay_ns});
            told.tell(more);
        };
    };
}

template <class Do>
auto on_segment(Do act) {
    return [=](const fs::path& folder, answer& told) -> operation {
        return [segment = opened(folder), &told, act] { told.tell(act(segment)); };
    };
}

}  // namespace

std::vector<act> acts_with_budgets() {
    RetryOptions generous = one_a_second;
    generous.min_per_second = 2;
    return {
        {"retry", "beginning", make_retry, beginning},
        {"retry", "taking_one", make_retry, failing},
        {"retry", "changing_it", make_retry, on_segment([=](const Segment& in) { return in.change("it", generous); })},
        {"retry", "deleting_it", make_retry, on_segment([](const Segment& in) { return in.remove_retry("it"); })},
        {"hedge", "first_attempt_that_answers", make_hedge, hedged(false, true)},
        {"hedge", "another_attempt", make_hedge, hedged(true, true)},
        {"hedge", "call_that_fails", make_hedge, hedged(true, false)},
        {"hedge", "deleting_it", make_hedge, on_segment([](const Segment& in) { return in.remove_hedge("it"); })},
    };
}

}  // namespace seki::test
