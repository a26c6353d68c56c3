// How the C functions say no: a status for the caller, and a sentence that the calling thread can ask for.
#pragma once

#include <string_view>

#include <fmt/format.h>

#include <seki/status.h>
#include <seki/error.hpp>

namespace seki::capi {

inline constexpr seki_status last_status = SEKI_ERROR_INTERRUPTED;

constexpr seki_status status_of(Errc code) noexcept { return static_cast<seki_status>(code); }

// Keeps the sentence for seki_last_error_message(), and answers the status. Without memory for it the sentence says that.
[[gnu::cold]] seki_status fail(Error error) noexcept;

// The same for what has to be quick, or needs no more: `sentence` is a literal.
seki_status fail_quickly(Errc code, const char* sentence) noexcept;
// What it means in general.
seki_status fail_quickly(Errc code) noexcept;

// The sentence of an argument that is refused. Out of the way of what goes straight.
template <class... Arguments>
[[gnu::cold, gnu::noinline]] seki_status refuse(const char* function, fmt::format_string<Arguments...> text,
                                                Arguments&&... arguments) noexcept try {
    return fail({Errc::invalid_argument,
                 fmt::format("{}(): {}", function, fmt::format(text, std::forward<Arguments>(arguments)...))});
} catch (...) {  // no memory
    return fail_quickly(Errc::invalid_argument);
}

[[nodiscard]] const char* last_sentence() noexcept;

}  // namespace seki::capi
