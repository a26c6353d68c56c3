// What limiters decide. How they are made: limiter.cpp.
#include <seki/limiter.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <vector>

#include "capi/arguments.hpp"
#include "capi/contained.hpp"
#include "capi/decision.hpp"
#include "capi/handles.hpp"

// A receipt of C holds what one of C++ has, as bytes.
struct seki::capi::receipt_words {
    static void put(const Receipt& from, seki_receipt& to) noexcept {
        static_assert(std::is_trivially_copyable_v<Receipt::what> && sizeof(Receipt::what) <= sizeof(to.opaque));
        std::memcpy(to.opaque, &from.of_, sizeof from.of_);
        to.spent = from ? 1 : 0;
    }
    static Receipt take(const seki_receipt& from) noexcept {
        Receipt made;
        std::memcpy(&made.of_, from.opaque, sizeof made.of_);
        return made;
    }
};

namespace {

using namespace seki::capi;
using seki::Decision;
using seki::Errc;
using std::chrono::nanoseconds;

// The answer to a caller that asked for something else than a decision.
[[gnu::noinline]] seki_status answer(const seki_limiter& limiter, Errc why) noexcept {
    return why == Errc::none ? SEKI_OK : fail(limiter.of.explain(why));
}

[[gnu::cold]] seki_status no_decision(seki_decision& to) noexcept {
    put({.error = Errc::invalid_argument}, to);
    return SEKI_ERROR_INVALID_ARGUMENT;
}

// `ask(key)` decides.
template <class Ask>
seki_status decide(const char* function, const seki_limiter* limiter, const void* key, std::size_t length,
                   seki_decision* decision, Ask ask) noexcept {
    if (has_wrong_size(function, "decision", decision)) [[unlikely]]
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (is_null(function, "limiter", limiter) || is_no_key(function, key, length)) [[unlikely]]
        return no_decision(*decision);
    const Decision made = ask(text_of(key, length));
    put(made, *decision);
    if (made.error != Errc::none) [[unlikely]]
        return answer(*limiter, made.error);
    return SEKI_OK;
}

}  // namespace

seki_status seki_limiter_check(const seki_limiter* limiter, const void* key, std::size_t key_length, std::int64_t cost,
                               seki_decision* decision) noexcept {
    return decide(__func__, limiter, key, key_length, decision,
                  [&](std::string_view of) { return limiter->of.check(of, cost); });
}

seki_status seki_limiter_check_receipt(const seki_limiter* limiter, const void* key, std::size_t key_length,
                                       std::int64_t cost, seki_receipt* receipt, seki_decision* decision) noexcept {
    if (has_wrong_size(__func__, "receipt", receipt)) [[unlikely]]
        return decision != nullptr && has_sensible_size(*decision) ? no_decision(*decision)
                                                                   : SEKI_ERROR_INVALID_ARGUMENT;
    receipt->spent = 0;
    return decide(__func__, limiter, key, key_length, decision, [&](std::string_view of) {
        seki::Receipt made;
        const Decision decided = limiter->of.check(of, cost, made);
        receipt_words::put(made, *receipt);
        return decided;
    });
}

seki_status seki_limiter_peek(const seki_limiter* limiter, const void* key, std::size_t key_length, std::int64_t cost,
                              seki_decision* decision) noexcept {
    return decide(__func__, limiter, key, key_length, decision,
                  [&](std::string_view of) { return limiter->of.peek(of, cost); });
}

seki_status seki_limiter_acquire(const seki_limiter* limiter, const void* key, std::size_t key_length,
                                 std::int64_t cost, std::int64_t timeout_ns, seki_decision* decision) noexcept {
    if (is_outside(__func__, "timeout_ns", timeout_ns, 0, INT64_MAX))
        return decision != nullptr && has_sensible_size(*decision) ? no_decision(*decision)
                                                                   : SEKI_ERROR_INVALID_ARGUMENT;
    const uncancelled while_it_waits;
    return decide(__func__, limiter, key, key_length, decision,
                  [&](std::string_view of) { return limiter->of.acquire(of, nanoseconds{timeout_ns}, cost); });
}

seki_status seki_limiter_reset(const seki_limiter* limiter, const void* key, std::size_t key_length) noexcept {
    if (is_null(__func__, "limiter", limiter) || is_no_key(__func__, key, key_length))
        return SEKI_ERROR_INVALID_ARGUMENT;
    return answer(*limiter, limiter->of.reset(text_of(key, key_length)));
}

seki_status seki_limiter_refund_receipt(const seki_limiter* limiter, seki_receipt* receipt,
                                        std::int64_t cost) noexcept {
    if (is_null(__func__, "limiter", limiter) || has_wrong_size(__func__, "receipt", receipt))
        return SEKI_ERROR_INVALID_ARGUMENT;
    if (receipt->spent != 1)
        return fail_quickly(
            Errc::invalid_argument,
            "seki_limiter_refund_receipt(): nothing was spent with this receipt, or it was given back: a "
            "receipt is good for one refund of one seki_limiter_check_receipt() that was allowed");
    seki::Receipt used = receipt_words::take(*receipt);
    const Errc done = limiter->of.refund(used, cost);
    if (done == Errc::none) receipt->spent = 0;
    return answer(*limiter, done);
}

seki_status seki_limiter_refund(const seki_limiter* limiter, const void* key, std::size_t key_length,
                                std::int64_t cost) noexcept {
    if (is_null(__func__, "limiter", limiter) || is_no_key(__func__, key, key_length))
        return SEKI_ERROR_INVALID_ARGUMENT;
    return answer(*limiter, limiter->of.refund(text_of(key, key_length), cost));
}

namespace {

// The demands, one by one: as far apart as their size says, which is that of the caller's version.
const seki_demand& demand_at(const seki_demand* demands, std::size_t i) noexcept {
    return *reinterpret_cast<const seki_demand*>(reinterpret_cast<const char*>(demands) + i * demands->size);
}

bool is_incomplete(const char* function, const seki_demand* demands, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        const seki_demand& each = demand_at(demands, i);
        if (has_wrong_size(function, "demand", &each) || is_null(function, "demand->limiter", each.limiter) ||
            is_no_key(function, each.key, each.key_length))
            return true;
        if (each.size != demands->size) {
            refuse(function, "demands[{}].size is {}, and that of the first is {}: all have one size", i, each.size,
                   demands->size);
            return true;
        }
    }
    return false;
}

// The sentence of the first that has this to say.
seki_status answer_of_all(std::span<const seki::Demand> demands, Errc why) noexcept {
    if (why == Errc::none) return SEKI_OK;
    for (const seki::Demand& each : demands)
        if (each.limiter.peek(each.key, each.cost).error == why) return fail(each.limiter.explain(why));
    return fail_quickly(why);
}

}  // namespace

seki::Demand seki::capi::translated(const seki_demand& given) noexcept {
    return {.limiter = given.limiter->of, .key = text_of(given.key, given.key_length), .cost = given.cost};
}

seki_status seki_check_all(const seki_demand* demands, std::size_t count, seki_decision* decision) noexcept {
    if (has_wrong_size(__func__, "decision", decision)) return SEKI_ERROR_INVALID_ARGUMENT;
    if ((count > 0 && is_null(__func__, "demands", demands)) || is_incomplete(__func__, demands, count))
        return no_decision(*decision);
    const seki_status done = contained([&] {
        alignas(seki::Demand) std::array<std::byte, 16 * sizeof(seki::Demand)> room;
        std::pmr::monotonic_buffer_resource memory{room.data(), room.size()};
        std::pmr::vector<seki::Demand> all{&memory};
        all.reserve(count);
        for (std::size_t i = 0; i < count; ++i) all.push_back(translated(demand_at(demands, i)));
        const Decision made = seki::check_all(all);
        put(made, *decision);
        return answer_of_all(all, made.error);
    });
    if (done == SEKI_ERROR_NO_SPACE) put({.error = Errc::no_space}, *decision);
    return done;
}
