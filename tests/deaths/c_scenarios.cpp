// What goes by the C interface, as a C program has it: every function that touches the segment.
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <seki/seki.h>

#include "segment_scenarios.hpp"

namespace seki::test {
namespace {

void succeed(seki_status done) {
    if (done != SEKI_OK) std::abort();
}

template <auto free>
struct freed {
    template <class T>
    void operator()(T* handle) const {
        free(handle);
    }
};

// All that a program has open.
struct c_program {
    std::unique_ptr<seki_segment, freed<seki_close>> segment;
    std::unique_ptr<seki_limiter, freed<seki_limiter_free>> limiter;
    std::unique_ptr<seki_breaker, freed<seki_breaker_free>> breaker;
    std::unique_ptr<seki_bulkhead, freed<seki_bulkhead_free>> bulkhead;
    std::unique_ptr<seki_retry, freed<seki_retry_free>> retry;
};

template <class Handle, class Make>
Handle made_by(Make make) {
    typename Handle::pointer handle = nullptr;
    succeed(make(&handle));
    return Handle{handle};
}

std::string path_in(const fs::path& folder) { return (folder / "a.seg").native(); }

std::shared_ptr<c_program> begun(const fs::path& folder) {
    auto made = std::make_shared<c_program>();
    made->segment = made_by<decltype(made->segment)>(
        [&](seki_segment** to) { return seki_open(path_in(folder).c_str(), nullptr, to); });
    const seki_segment* const in = made->segment.get();
    made->limiter =
        made_by<decltype(made->limiter)>([&](seki_limiter** to) { return seki_limiter_get(in, one_name, to); });
    made->breaker =
        made_by<decltype(made->breaker)>([&](seki_breaker** to) { return seki_breaker_get(in, one_name, to); });
    made->bulkhead =
        made_by<decltype(made->bulkhead)>([&](seki_bulkhead** to) { return seki_bulkhead_get(in, one_name, to); });
    made->retry = made_by<decltype(made->retry)>([&](seki_retry** to) { return seki_retry_get(in, one_name, to); });
    (void)seki_limiter_reset(made->limiter.get(), "warm", 4);  // so that it has its slot
    return made;
}

// What it answers is whether that came to what it should.
using act = bool (*)(const c_program&);

segment_scenario of_a_program(const std::string& name, act what) {
    const auto prepare = [what](const fs::path& folder, answer& told) -> operation {
        return [by = begun(folder), &told, what] { told.tell(what(*by)); };
    };
    segment_scenario made{"through_c_" + name, furnish, prepare};
    made.succeeds = true;
    return made;
}

bool check(const c_program& by) {
    seki_decision made = SEKI_DECISION_INIT;
    return seki_limiter_check(by.limiter.get(), "k", 1, 1, &made) == SEKI_OK && made.allowed != 0;
}

bool check_and_refund(const c_program& by) {
    seki_decision made = SEKI_DECISION_INIT;
    seki_receipt receipt = SEKI_RECEIPT_INIT;
    return seki_limiter_check_receipt(by.limiter.get(), "k", 1, 1, &receipt, &made) == SEKI_OK &&
           seki_limiter_refund_receipt(by.limiter.get(), &receipt, 1) == SEKI_OK &&
           seki_limiter_refund(by.limiter.get(), "k", 1, 1) == SEKI_OK;
}

bool peek_and_reset(const c_program& by) {
    seki_decision seen = SEKI_DECISION_INIT;
    return seki_limiter_peek(by.limiter.get(), "k", 1, 1, &seen) == SEKI_OK &&
           seki_limiter_reset(by.limiter.get(), "k", 1) == SEKI_OK;
}

bool acquire(const c_program& by) {
    seki_decision made = SEKI_DECISION_INIT;
    return seki_limiter_acquire(by.limiter.get(), "k", 1, 1, 1'000'000, &made) == SEKI_OK;
}

bool check_all(const c_program& by) {
    const seki_demand both[] = {SEKI_DEMAND(by.limiter.get(), "k", 1, 1), SEKI_DEMAND(by.limiter.get(), "other", 5, 1)};
    seki_decision made = SEKI_DECISION_INIT;
    return seki_check_all(both, std::size(both), &made) == SEKI_OK;
}

bool change_a_limiter(const c_program& by) {
    seki_limiter_options options = SEKI_LIMITER_OPTIONS_INIT;
    if (seki_limiter_get_options(by.limiter.get(), &options) != SEKI_OK) return false;
    options.clock = SEKI_CLOCK_COARSE;
    if (seki_limiter_change(by.segment.get(), one_name, &options) != SEKI_OK) return false;
    options.clock = SEKI_CLOCK_PRECISE;
    return seki_limiter_change(by.segment.get(), one_name, &options) == SEKI_OK;
}

bool make_and_remove(const c_program& by) {
    seki_limiter_options options = SEKI_LIMITER_OPTIONS_INIT;
    options.limit = 4;
    options.window_ns = 1'000'000'000;
    options.max_keys = 8;
    seki_limiter* made = nullptr;
    if (seki_limiter_create(by.segment.get(), "another", &options, &made) != SEKI_OK) return false;
    seki_limiter_free(made);
    return seki_limiter_remove(by.segment.get(), "another") == SEKI_OK;
}

bool admit_and_tell(const c_program& by) {
    for (const seki_outcome each : {SEKI_OUTCOME_OK, SEKI_OUTCOME_ERROR}) {
        seki_admission made = SEKI_ADMISSION_INIT;
        if (seki_breaker_admit(by.breaker.get(), &made) != SEKI_OK) return false;
        if (seki_admission_tell(&made, each) != SEKI_OK) return false;
    }
    return true;
}

bool order_a_breaker(const c_program& by) {
    seki_breaker_status status = SEKI_BREAKER_STATUS_INIT;
    return seki_breaker_force(by.breaker.get(), SEKI_BREAKER_FORCED_OPEN) == SEKI_OK &&
           seki_breaker_get_status(by.breaker.get(), &status) == SEKI_OK &&
           seki_breaker_force(by.breaker.get(), SEKI_BREAKER_AUTOMATIC) == SEKI_OK &&
           seki_breaker_reset(by.breaker.get()) == SEKI_OK;
}

bool take_a_permit(const c_program& by) {
    seki_permit held = SEKI_PERMIT_INIT;
    if (seki_bulkhead_try_acquire(by.bulkhead.get(), &held) != SEKI_OK) return false;
    seki_permit second = SEKI_PERMIT_INIT;
    if (seki_bulkhead_acquire(by.bulkhead.get(), 1'000'000, &second) != SEKI_OK) return false;
    return seki_permit_release(&held) == SEKI_OK && seki_permit_release(&second) == SEKI_OK;
}

bool try_again(const c_program& by) {
    seki_retry_loop loop = SEKI_RETRY_LOOP_INIT;
    seki_retry_step step = SEKI_RETRY_STEP_INIT;
    return seki_retry_begin(by.retry.get(), &loop) == SEKI_OK && seki_retry_failed(&loop, 0, &step) == SEKI_OK &&
           step.again != 0 && seki_retry_succeeded(&loop) == SEKI_OK;
}

bool execute(const c_program& by) {
    const seki_function well = [](void*) -> seki_outcome { return SEKI_OUTCOME_OK; };
    const seki_demand demand = SEKI_DEMAND(by.limiter.get(), "k", 1, 1);
    return seki_execute(by.breaker.get(), &demand, well, nullptr, nullptr) == SEKI_OK &&
           seki_bulkhead_call(
               by.bulkhead.get(), [](void*) {}, nullptr) == SEKI_OK &&
           seki_retry_call(by.retry.get(), well, nullptr) == SEKI_OK;
}

bool maintain(const c_program& by) { return seki_segment_maintain(by.segment.get()) == SEKI_OK; }

}  // namespace

std::vector<segment_scenario> works_through_c() {
    return {
        of_a_program("checking", check),
        of_a_program("refunding", check_and_refund),
        of_a_program("looking_and_resetting", peek_and_reset),
        of_a_program("acquiring", acquire),
        of_a_program("checking_all", check_all),
        of_a_program("changing_a_limiter", change_a_limiter),
        of_a_program("making_and_removing", make_and_remove),
        of_a_program("admitting", admit_and_tell),
        of_a_program("ordering_a_breaker", order_a_breaker),
        of_a_program("taking_permits", take_a_permit),
        of_a_program("trying_again", try_again),
        of_a_program("executing", execute),
        of_a_program("maintaining", maintain),
        {"through_c_opening_and_closing", furnish,
         [](const fs::path& folder, answer& told) -> operation {
             return [path = path_in(folder), &told] {
                 seki_segment* opened = nullptr;
                 const seki_status done = seki_open(path.c_str(), nullptr, &opened);
                 seki_close(opened);
                 told.tell(done == SEKI_OK);
             };
         }},
    };
}

}  // namespace seki::test
