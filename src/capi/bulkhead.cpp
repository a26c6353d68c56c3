#include <seki/bulkhead.h>

#include "capi/call.hpp"
#include "capi/named.hpp"
#include "capi/placed.hpp"

namespace {

using namespace seki::capi;
using seki::BulkheadOptions;
using seki::Errc;
using seki::Permit;
using std::chrono::nanoseconds;

constexpr seki_bulkhead_options defaults = SEKI_BULKHEAD_OPTIONS_INIT;

bool translate(const char* /*function*/, const seki_bulkhead_options& given, BulkheadOptions& options) {
    options = {.max_concurrent = given.max_concurrent,
               .max_wait = nanoseconds{given.max_wait_ns},
               .max_waiting = given.max_waiting};
    return true;
}

seki_bulkhead_options told(const BulkheadOptions& options) noexcept {
    return {.size = sizeof(seki_bulkhead_options),
            .max_concurrent = options.max_concurrent,
            .max_wait_ns = options.max_wait.count(),
            .max_waiting = options.max_waiting};
}

seki_bulkhead_status told_status(const seki::BulkheadStatus& status) noexcept {
    return {.size = sizeof(seki_bulkhead_status),
            .max_concurrent = status.max_concurrent,
            .in_use = status.in_use,
            .waiting = status.waiting,
            .acquired = status.acquired,
            .rejected = status.rejected,
            .reclaimed = status.reclaimed};
}

bool cannot_take(const char* function, const seki_bulkhead* bulkhead, const seki_permit* permit) noexcept {
    if (is_null(function, "bulkhead", bulkhead) || has_wrong_size(function, "permit", permit)) return true;
    if (permit->held == 0) return false;
    refuse(function, "the permit is held: give it back first, or use another one");
    return true;
}

// A permit of C holds what the C++ interface answered, just where it was answered: a permit that is handed on is waited for (bench/c_abi).
using held_permit = seki::Result<Permit>;

// That a bulkhead is full is answered as quickly as it is seen.
[[gnu::noinline]] seki_status refuse_permit(held_permit& none) noexcept {
    const bool full = none.error().code == Errc::bulkhead_full;
    const seki_status why = full ? fail_quickly(Errc::bulkhead_full) : fail(std::move(none.error()));
    std::destroy_at(&none);
    return why;
}

// `take()` answers the permit.
template <class Take>
seki_status hold(seki_permit& permit, Take take) noexcept {
    held_permit& taken = place_in<held_permit>(permit.opaque, take);
    if (!taken) [[unlikely]]
        return refuse_permit(taken);
    permit.held = 1;
    return SEKI_OK;
}

}  // namespace

seki_status seki_bulkhead_create(const seki_segment* segment, const char* name, const seki_bulkhead_options* options,
                                 seki_bulkhead** bulkhead) noexcept {
    if (is_null(__func__, "bulkhead", bulkhead)) return SEKI_ERROR_INVALID_ARGUMENT;
    *bulkhead = nullptr;
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [&](const seki::Segment& in, const char* of, const BulkheadOptions& wanted) {
                            return hand_out(in.bulkhead(of, wanted), bulkhead);
                        });
}

seki_status seki_bulkhead_get(const seki_segment* segment, const char* name, seki_bulkhead** bulkhead) noexcept {
    return find({__func__, segment, name}, "bulkhead", bulkhead,
                [](const seki::Segment& in, const char* of) { return in.bulkhead(of); });
}

void seki_bulkhead_free(seki_bulkhead* bulkhead) noexcept {
    const uncancelled while_it_closes;
    delete bulkhead;
}

seki_status seki_bulkhead_change(const seki_segment* segment, const char* name,
                                 const seki_bulkhead_options* options) noexcept {
    return with_options({__func__, segment, name}, options, defaults, translate,
                        [](const seki::Segment& in, const char* of, const BulkheadOptions& wanted) {
                            return status_of(in.change(of, wanted));
                        });
}

seki_status seki_bulkhead_remove(const seki_segment* segment, const char* name) noexcept {
    return seki::capi::remove({__func__, segment, name},
                              [](const seki::Segment& in, const char* of) { return in.remove_bulkhead(of); });
}

seki_status seki_bulkhead_try_acquire(const seki_bulkhead* bulkhead, seki_permit* permit) noexcept {
    if (cannot_take(__func__, bulkhead, permit)) [[unlikely]]
        return SEKI_ERROR_INVALID_ARGUMENT;
    return hold(*permit, [&] { return bulkhead->of.try_acquire(); });
}

seki_status seki_bulkhead_acquire(const seki_bulkhead* bulkhead, std::int64_t timeout_ns,
                                  seki_permit* permit) noexcept {
    if (cannot_take(__func__, bulkhead, permit) ||
        is_outside(__func__, "timeout_ns", timeout_ns, SEKI_AS_CONFIGURED, INT64_MAX))
        return SEKI_ERROR_INVALID_ARGUMENT;
    return hold(*permit, [&] {
        return timeout_ns == SEKI_AS_CONFIGURED ? bulkhead->of.acquire()
                                                : bulkhead->of.acquire(nanoseconds{timeout_ns});
    });
}

seki_status seki_permit_release(seki_permit* permit) noexcept {
    if (has_wrong_size(__func__, "permit", permit)) [[unlikely]]
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (permit->held == 0) [[unlikely]]
        return fail_quickly(Errc::invalid_argument,
                            "seki_permit_release(): the permit is not held: it was not acquired, or given back before");
    permit->held = 0;
    auto& taken = object_in<held_permit>(permit->opaque);
    if (taken->release()) [[likely]] {
        std::destroy_at(&taken);
        return SEKI_OK;
    }
    // It may be a copy of one that was given back, whose share of the handle is gone with that: to leave a share too many is the lesser evil.
    return fail_quickly(
        Errc::invalid_argument,
        "seki_permit_release(): the permit is another process's, by a fork, or this process was taken for "
        "dead meanwhile: nothing was given back");
}

seki_status seki_bulkhead_call(const seki_bulkhead* bulkhead, void (*function)(void*), void* context) {
    if (is_null(__func__, "bulkhead", bulkhead) || is_null(__func__, "function", function))
        return SEKI_ERROR_INVALID_ARGUMENT;
    return without_exceptions(__func__, [&] {
        const auto called = bulkhead->of.call([&] { function(context); });
        if (called) return status_of(Errc::none);
        if (called.error().code() == Errc::bulkhead_full) return fail_quickly(Errc::bulkhead_full);
        return fail(bulkhead->of.explain(called.error().code()));
    });
}

seki_status seki_bulkhead_get_status(const seki_bulkhead* bulkhead, seki_bulkhead_status* status) noexcept {
    if (is_null(__func__, "bulkhead", bulkhead)) return SEKI_ERROR_INVALID_ARGUMENT;
    return tell(__func__, "status", status, [&] { return bulkhead->of.status(); }, told_status);
}

const char* seki_bulkhead_explain(const seki_bulkhead* bulkhead, seki_status why) noexcept {
    return explain(bulkhead, why);
}

const char* seki_bulkhead_name(const seki_bulkhead* bulkhead) noexcept {
    return bulkhead != nullptr ? bulkhead->of.name().data() : nullptr;
}

seki_status seki_bulkhead_get_options(const seki_bulkhead* bulkhead, seki_bulkhead_options* options) noexcept {
    if (is_null(__func__, "bulkhead", bulkhead)) return SEKI_ERROR_INVALID_ARGUMENT;
    return tell(__func__, "options", options, [&] { return bulkhead->of.options(); }, told);
}
