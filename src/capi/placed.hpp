// Objects of C++ in the opaque words of a struct of C: no memory of their own, and moved by copying the words.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace seki::capi {

template <class Object, std::size_t words>
[[nodiscard]] Object& object_in(std::uint64_t (&opaque)[words]) noexcept {
    static_assert(sizeof(Object) <= sizeof(opaque) && alignof(Object) <= alignof(std::uint64_t));
    return *std::launder(reinterpret_cast<Object*>(opaque));
}

// `make()` answers the object, which is made in place.
template <class Object, std::size_t words, class Make>
Object& place_in(std::uint64_t (&opaque)[words], Make make) noexcept {
    static_assert(sizeof(Object) <= sizeof(opaque) && alignof(Object) <= alignof(std::uint64_t));
    return *::new (static_cast<void*>(opaque)) Object(make());
}

}  // namespace seki::capi
