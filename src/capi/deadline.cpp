#include <seki/deadline.h>

#include <algorithm>
#include <cstring>

#include <seki/deadline.hpp>

#include "capi/arguments.hpp"
#include "capi/call.hpp"
#include "capi/contained.hpp"
#include "capi/handles.hpp"
#include "capi/placed.hpp"

namespace {

using namespace seki::capi;
using seki::Deadline;
using seki::Errc;
using std::chrono::nanoseconds;

static_assert(SEKI_DEADLINE_REMAINING_HEADER == Deadline::remaining_header);
static_assert(SEKI_GRPC_TIMEOUT_HEADER == Deadline::grpc_timeout_header);

// `make()` answers the scope, which is made in place.
template <class Make>
seki_status begin(const char* function, seki_deadline* deadline, Make make) noexcept {
    if (has_wrong_size(function, "deadline", deadline)) return SEKI_ERROR_INVALID_ARGUMENT;
    if (deadline->begun != 0) return refuse(function, "the deadline is begun: end it first, or use another one");
    (void)place_in<Deadline>(deadline->opaque, make);
    deadline->begun = 1;
    return SEKI_OK;
}

template <class Parse>
seki_status parse(const char* function, const char* value, std::size_t length, std::int64_t* in_ns,
                  Parse parse) noexcept {
    if (is_null(function, "value", value) || is_null(function, "in_ns", in_ns)) return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&]() -> seki_status {
        const auto in = parse(text_of(value, length));
        if (!in) return fail(in.error());
        *in_ns = in->count();
        return SEKI_OK;
    });
}

template <class Format>
seki_status format(const char* function, std::int64_t left_ns, char* text, std::size_t size, Format format) noexcept {
    if (is_null(function, "text", text)) return SEKI_ERROR_INVALID_ARGUMENT;
    if (size < SEKI_DEADLINE_TEXT)
        return refuse(function, "size {} is too small: {} or more", size, SEKI_DEADLINE_TEXT);
    return contained([&]() -> seki_status {
        const std::string formatted = format(nanoseconds{left_ns});
        std::memcpy(text, formatted.c_str(), std::min(formatted.size() + 1, size));
        return SEKI_OK;
    });
}

}  // namespace

seki_status seki_deadline_begin(std::int64_t in_ns, seki_deadline* deadline) noexcept {
    return begin(__func__, deadline, [=] { return Deadline{nanoseconds{in_ns}}; });
}

seki_status seki_deadline_begin_at(std::int64_t at_ns, seki_deadline* deadline) noexcept {
    return begin(__func__, deadline, [=] { return Deadline{Deadline::time_point{nanoseconds{at_ns}}}; });
}

seki_status seki_deadline_end(seki_deadline* deadline) noexcept {
    if (has_wrong_size(__func__, "deadline", deadline)) return SEKI_ERROR_INVALID_ARGUMENT;
    if (deadline->begun == 0) return refuse(__func__, "the deadline is not begun, or was ended before: end each once");
    deadline->begun = 0;
    std::destroy_at(&object_in<Deadline>(deadline->opaque));
    return SEKI_OK;
}

std::int64_t seki_deadline_current() noexcept { return Deadline::current().time_since_epoch().count(); }

std::int64_t seki_deadline_remaining() noexcept { return Deadline::remaining().count(); }

seki_status seki_deadline_check() noexcept {
    return Deadline::exceeded() ? fail_quickly(Errc::deadline_exceeded) : SEKI_OK;
}

seki_status seki_deadline_run(std::int64_t in_ns, seki_function function, void* context) {
    if (is_null(__func__, "function", function)) return SEKI_ERROR_INVALID_ARGUMENT;
    return without_exceptions(__func__, [&] {
        return answer(Deadline::run(nanoseconds{in_ns}, [&] { return function(context); }), nullptr,
                      [](Errc why) { return fail_quickly(why); });
    });
}

seki_status seki_deadline_parse_remaining(const char* value, std::size_t length, std::int64_t* in_ns) noexcept {
    return parse(__func__, value, length, in_ns, Deadline::parse_remaining);
}

seki_status seki_deadline_parse_grpc_timeout(const char* value, std::size_t length, std::int64_t* in_ns) noexcept {
    return parse(__func__, value, length, in_ns, Deadline::parse_grpc_timeout);
}

seki_status seki_deadline_format_remaining(std::int64_t left_ns, char* text, std::size_t size) noexcept {
    return format(__func__, left_ns, text, size, Deadline::format_remaining);
}

seki_status seki_deadline_format_grpc_timeout(std::int64_t left_ns, char* text, std::size_t size) noexcept {
    return format(__func__, left_ns, text, size, Deadline::format_grpc_timeout);
}
