// How this layer says no: errors with a sentence, and no exception past the edge of the library.
#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <seki/error.hpp>

namespace seki::shm {

template <class... Arguments>
[[nodiscard]] std::unexpected<Error> refuse(Errc code, fmt::format_string<Arguments...> text,
                                            Arguments&&... arguments) {
    return std::unexpected(Error{code, fmt::format(text, std::forward<Arguments>(arguments)...)});
}

// "No space left on device" and the like, without the locale and the shared buffer of strerror.
[[nodiscard]] inline const char* system_text(int number) noexcept {
    const char* text = strerrordesc_np(number);
    return text != nullptr ? text : "an error without a name";
}

// What whoever reads that can do about it.
[[nodiscard]] const char* remedy_for(int number) noexcept;

// Both: "Too many open files: raise `ulimit -n`". For sentences that have no better advice.
[[nodiscard]] inline std::string system_advice(int number) {
    return fmt::format("{}: {}", system_text(number), remedy_for(number));
}

// With what to do about it, where there is memory for that.
[[nodiscard]] Error out_of_memory() noexcept;

// Runs `work`, which returns a Result, and makes one of what is thrown below us: memory that ran out, Boost, the standard library.
template <class Work>
[[nodiscard]] auto contained(Work&& work) noexcept -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return std::unexpected(out_of_memory());
    } catch (const std::exception& thrown) {
        try {
            return std::unexpected(Error{Errc::system, thrown.what()});
        } catch (...) {
            return std::unexpected(out_of_memory());
        }
    }
}

}  // namespace seki::shm
