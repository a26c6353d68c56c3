// A thread whose stack is as small as a server's may be.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdlib>
#include <functional>

#include "support/sanitizers.hpp"

namespace seki::test {

// A sanitizer's frames are many times as large.
inline constexpr std::size_t small_stack = sanitized ? 1024 * 1024 : 64 * 1024;

inline void on_small_stack(const std::function<void()>& act) {
    pthread_attr_t attributes;
    pthread_t thread{};
    const auto run = [](void* of) -> void* { return (*static_cast<const std::function<void()>*>(of))(), nullptr; };
    if (::pthread_attr_init(&attributes) != 0 || ::pthread_attr_setstacksize(&attributes, small_stack) != 0 ||
        ::pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&act)) != 0)
        std::abort();
    ::pthread_attr_destroy(&attributes);
    ::pthread_join(thread, nullptr);
}

}  // namespace seki::test
