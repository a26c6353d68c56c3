// What is behind the opaque handles of <seki/seki.h>: the C++ handles.
#pragma once

#include <new>
#include <utility>

#include <seki/open.hpp>

#include "capi/sentence.hpp"

struct seki_segment {
    seki::Segment of;
};
struct seki_limiter {
    seki::Limiter of;
};
struct seki_breaker {
    seki::Breaker of;
};
struct seki_bulkhead {
    seki::Bulkhead of;
};
struct seki_retry {
    seki::Retry of;
};

namespace seki::capi {

// `*to` is set.
template <class Handle, class Made>
seki_status hand_out(Result<Made>&& made, Handle** to) noexcept {
    if (!made) return fail(std::move(made.error()));
    *to = new (std::nothrow) Handle{*std::move(made)};
    return *to != nullptr ? SEKI_OK : fail_quickly(Errc::no_space, "out of memory");
}

inline seki_status status_of(Result<void>&& done) noexcept { return done ? SEKI_OK : fail(std::move(done.error())); }

// The sentence of an error that the handle's primitive answered.
template <class Handle>
const char* explain(const Handle* handle, seki_status why) noexcept {
    if (handle == nullptr || why < SEKI_OK || why > last_status) return seki_status_message(why);
    (void)fail(handle->of.explain(static_cast<Errc>(why)));
    return last_sentence();
}

}  // namespace seki::capi
