// What can go wrong, in one vocabulary for every call of Seki.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include <seki/api.hpp>

namespace seki {

enum class Errc : std::uint8_t {
    none = 0,
    invalid_argument,   // an option, name, key or cost outside what is accepted
    not_found,          // no segment or no primitive of that name
    different_options,  // the name exists with other options
    deleted,            // the primitive behind this handle was deleted
    no_permission,      // the operating system refuses, or the file is not trustworthy
    no_space,           // file system, segment or directory full
    not_a_segment,      // the file is something else, or a torn creation
    wrong_version,      // a segment of another layout
    wrong_host,         // a segment of an earlier boot or another time namespace
    damaged,            // the segment contradicts itself
    superseded,         // the segment was replaced or destroyed, and no successor can be used
    busy,               // somebody else administers the segment, or owns it already
    read_only,          // the segment is attached for reading only
    bulkhead_full,      // all permits are held, or as many wait for one as may
    timeout,            // it was waited for, and did not come in time
    system,             // any other refusal of the operating system
    rate_limited,       // a limiter denied it
    circuit_open,       // a breaker lets no calls through
    call_failed,        // the function was called, and answered an error of its own
    deadline_exceeded,  // it was not done, or not done again, for it would have ended after the deadline of the calling thread
    budget_spent,  // so many retries were made on this host that there may be no more for now
    load_shed,     // a shedder let it not in
    interrupted,   // who waited in this thread was told to stop waiting (include/seki/waiting.h)
};

// A stable identifier such as "not_found": what --json prints and what bindings match on.
[[nodiscard]] SEKI_API std::string_view to_string(Errc code) noexcept;

// `message` names the thing, what is wrong, what is accepted, and what to do:
//     limiter "login": limit 0 is too small: 1 to 10000000 per window
struct Error {
    Errc code = Errc::none;
    std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace seki
