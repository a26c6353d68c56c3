// Acts with adaptive limits, and with shedders.
#include <chrono>
#include <memory>
#include <utility>

#include "acts.hpp"

namespace seki::test {
namespace {

// Windows of three calls; the next call ends one, and moves the limit.
const AdaptiveOptions moving{
    .algorithm = AdaptiveLaw::aimd, .min_limit = 2, .max_limit = 5, .initial_limit = 3, .window = 3};
const ShedderOptions narrow{.max_in_flight = 4, .target = 1ms, .interval = 1ms};

void make_limit(const fs::path& folder) {
    const Adaptive it = must(opened(folder).adaptive("it", moving));
    for (int call = 0; call < 5; ++call) (void)it.call([] {});
}
void make_door(const fs::path& folder) { (void)must(opened(folder).shedder("it", narrow)); }

// With a slot of its own.
template <class Find, class Do>
auto with(Find find, Do act) {
    return [=](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened(folder);
        (void)segment.handle()->attachment()->me();
        return [it = must(find(segment)), &told, act] { act(it, told); };
    };
}
template <class Do>
auto on_segment(Do act) {
    return [=](const fs::path& folder, answer& told) -> operation {
        return [segment = opened(folder), &told, act] { told.tell(act(segment)); };
    };
}

auto call_that(Outcome outcome) {
    return with([](const Segment& in) { return in.adaptive("it"); },
                [=](const Adaptive& it, answer& told) {
                    auto permit = it.try_acquire();
                    between();
                    if (permit) permit->release(outcome);
                    told.tell(permit);
                });
}
void hold_permit(const Adaptive& it, answer& told) { told.tell(*new Result<AdaptivePermit>{it.try_acquire()}); }

auto request(unsigned priority, std::chrono::nanoseconds waited) {
    return with([](const Segment& in) { return in.shedder("it"); },
                [=](const Shedder& it, answer& told) {
                    auto let_in = it.admit(priority, std::chrono::steady_clock::now() - waited);
                    between();
                    if (let_in) (void)let_in->complete();
                    told.tell(let_in);
                });
}
template <unsigned priority>
void hold_request(const Shedder& it, answer& told) {
    told.tell(*new Result<InFlight>{it.admit(priority)});
}

}  // namespace

std::vector<act> acts_with_limits() {
    const auto limit = [](const Segment& in) { return in.adaptive("it"); };
    const auto door = [](const Segment& in) { return in.shedder("it"); };
    AdaptiveOptions other = moving;
    other.max_limit = 4;
    ShedderOptions wider = narrow;
    wider.max_in_flight = 5;
    return {
        {"adaptive", "call_that_is_ok", make_limit, call_that(Outcome::ok)},
        {"adaptive", "call_that_fails", make_limit, call_that(Outcome::error)},
        {"adaptive", "taking_one", make_limit, with(limit, hold_permit)},
        {"adaptive", "changing_it", make_limit, on_segment([=](const Segment& in) { return in.change("it", other); })},
        {"adaptive", "deleting_it", make_limit, on_segment([](const Segment& in) { return in.remove_adaptive("it"); })},
        {"shedder", "request", make_door, request(1, 0ns)},
        {"shedder", "request_that_waited", make_door, request(1, 1h)},
        {"shedder", "request_of_the_first_priority", make_door, with(door, hold_request<0>)},
        {"shedder", "request_that_stays", make_door, with(door, hold_request<1>)},
        {"shedder", "changing_it", make_door, on_segment([=](const Segment& in) { return in.change("it", wider); })},
        {"shedder", "deleting_it", make_door, on_segment([](const Segment& in) { return in.remove_shedder("it"); })},
    };
}

}  // namespace seki::test
