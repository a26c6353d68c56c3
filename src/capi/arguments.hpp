// What the C functions accept. Each of these says no with a sentence that names function and argument; they are asked one after the other:
//     if (is_null(__func__, "limiter", limiter) || has_wrong_size(__func__, "decision", decision)) return SEKI_ERROR_INVALID_ARGUMENT;
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "capi/sentence.hpp"
#include "capi/sized.hpp"

namespace seki::capi {

// Answer true, for the condition of an if.
[[gnu::cold]] bool refuse_null(const char* function, const char* argument) noexcept;
[[gnu::cold]] bool refuse_size(const char* function, const char* argument, std::uint32_t size, std::uint32_t least,
                               std::size_t right) noexcept;
[[gnu::cold]] bool refuse_number(const char* function, const char* argument, std::int64_t value, std::int64_t least,
                                 std::int64_t most) noexcept;

inline bool is_null(const char* function, const char* argument, const void* given) noexcept {
    return given == nullptr && refuse_null(function, argument);
}

// A null function is no object.
template <class Answer, class... Arguments>
bool is_null(const char* function, const char* argument, Answer (*given)(Arguments...)) noexcept {
    return given == nullptr && refuse_null(function, argument);
}

template <class Sized>
[[gnu::always_inline]] inline bool has_wrong_size(const char* function, const char* argument,
                                                  const Sized* given) noexcept {
    if (is_null(function, argument, given)) [[unlikely]]
        return true;
    return !has_sensible_size(*given) && refuse_size(function, argument, given->size, first_size<Sized>, sizeof(Sized));
}

inline bool is_outside(const char* function, const char* argument, std::int64_t value, std::int64_t least,
                       std::int64_t most) noexcept {
    return (value < least || value > most) && refuse_number(function, argument, value, least, most);
}

// Bytes may be none, and then nowhere.
inline bool is_no_key(const char* function, const void* key, std::size_t length) noexcept {
    return key == nullptr && length != 0 && refuse_null(function, "key");
}

inline std::string_view text_of(const void* key, std::size_t length) noexcept {
    return {static_cast<const char*>(key), length};
}

}  // namespace seki::capi
