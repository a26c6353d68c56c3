#include <seki/status.h>

#include <array>
#include <cstddef>

#include "capi/sentence.hpp"

namespace {

using seki::Errc;

// In the order of the numbers.
constexpr std::array messages{
    "nothing went wrong",
    "an option, a name, a key or a cost is outside what is accepted, or a pointer is null",
    "there is no segment, or nothing of that name in it: create it, or configure it",
    "the name exists with other options: use the same, or change it",
    "what is behind this handle was deleted: ask the segment for it again, or stop using it",
    "the operating system refuses, or the file is not trustworthy",
    "there is no room: file system, segment or directory are full, or memory ran out",
    "the file is no segment, or a torn creation",
    "the segment or the library is of another version: upgrade workers and sekid together, then restart them",
    "the segment is of an earlier boot or of another time namespace",
    "the segment contradicts itself: run `sekictl doctor`",
    "the segment was destroyed or replaced, and there is no other yet: start sekid, or open the segment again",
    "somebody else administers the segment, or owns it already: try again later",
    "the segment is attached for reading only: open it for writing",
    "all permits are held, or as many wait for one as may: try again later; seki_bulkhead_explain() says more",
    "it was waited for, and did not come in time: try again later, or wait longer",
    "the operating system refused",
    "a limiter denied it: try again after retry_after",
    "a breaker lets no calls through now: try again after retry_after; seki_breaker_explain() says more",
    "the function was called, and answered an error of its own",
    "it would have ended after the deadline of the calling thread: begin earlier, or allow more time",
    "so many retries were made on this host that there may be no more for now: go without",
    "a shedder let it not in, for there is more than the host can do: answer that it is overloaded",
    "it was waited for, until the thread was told to stop waiting",
};
static_assert(messages.size() == seki::capi::last_status + 1);

constexpr bool same(seki_status c, Errc cpp) { return c == seki::capi::status_of(cpp); }
static_assert(same(SEKI_OK, Errc::none) && same(SEKI_ERROR_INVALID_ARGUMENT, Errc::invalid_argument) &&
              same(SEKI_ERROR_NOT_FOUND, Errc::not_found) &&
              same(SEKI_ERROR_DIFFERENT_OPTIONS, Errc::different_options) && same(SEKI_ERROR_DELETED, Errc::deleted) &&
              same(SEKI_ERROR_NO_PERMISSION, Errc::no_permission) && same(SEKI_ERROR_NO_SPACE, Errc::no_space) &&
              same(SEKI_ERROR_NOT_A_SEGMENT, Errc::not_a_segment) &&
              same(SEKI_ERROR_WRONG_VERSION, Errc::wrong_version) && same(SEKI_ERROR_WRONG_HOST, Errc::wrong_host) &&
              same(SEKI_ERROR_DAMAGED, Errc::damaged) && same(SEKI_ERROR_SUPERSEDED, Errc::superseded) &&
              same(SEKI_ERROR_BUSY, Errc::busy) && same(SEKI_ERROR_READ_ONLY, Errc::read_only) &&
              same(SEKI_ERROR_BULKHEAD_FULL, Errc::bulkhead_full) && same(SEKI_ERROR_TIMEOUT, Errc::timeout) &&
              same(SEKI_ERROR_SYSTEM, Errc::system) && same(SEKI_ERROR_RATE_LIMITED, Errc::rate_limited) &&
              same(SEKI_ERROR_CIRCUIT_OPEN, Errc::circuit_open) && same(SEKI_ERROR_CALL_FAILED, Errc::call_failed) &&
              same(SEKI_ERROR_DEADLINE_EXCEEDED, Errc::deadline_exceeded) &&
              same(SEKI_ERROR_BUDGET_SPENT, Errc::budget_spent) && same(SEKI_ERROR_LOAD_SHED, Errc::load_shed) &&
              same(SEKI_ERROR_INTERRUPTED, Errc::interrupted));

constexpr bool is_known(seki_status status) noexcept {
    return status >= 0 && static_cast<std::size_t>(status) < messages.size();
}

}  // namespace

const char* seki_status_name(seki_status status) noexcept {
    return is_known(status) ? seki::to_string(static_cast<Errc>(status)).data() : "unknown";
}

const char* seki_status_message(seki_status status) noexcept {
    return is_known(status) ? messages[static_cast<std::size_t>(status)] : "an error that this version does not know";
}

const char* seki_last_error_message() noexcept { return seki::capi::last_sentence(); }
