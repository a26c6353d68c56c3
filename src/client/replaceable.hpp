// Things that other threads of this process may still be using: kept until their owner goes. A lock-free list, so that a fork at any
// moment finds it whole. What is retired here is rare (a segment was replaced), or its owner sees to it that it is, so the list stays short.
#pragma once

#include <cstdint>
#include <memory>

#include "shm/memory.hpp"

namespace seki::client {

// A pointer in a word: `current` may be swapped for a newer object, and the old ones stay valid until the end.
template <class T>
class replaceable {
public:
    replaceable() = default;
    replaceable(const replaceable&) = delete;
    replaceable& operator=(const replaceable&) = delete;
    ~replaceable() {
        for (node* each = top(); each != nullptr;) {
            const std::unique_ptr<node> gone{each};
            each = gone->older;
        }
    }

    // Null before the first publish(). Acquire: pairs with publish(), so what the object holds is seen.
    [[nodiscard]] T* current() const noexcept {
        node* const newest = top();
        return newest != nullptr ? &newest->object : nullptr;
    }

    // The newest of all there ever were that `is_it` says yes to; null: none.
    template <class Predicate>
    [[nodiscard]] const T* find(Predicate is_it) const noexcept {
        for (const node* each = top(); each != nullptr; each = each->older)
            if (is_it(each->object)) return &each->object;
        return nullptr;
    }

    // What `it` took the place of; null: nothing.
    [[nodiscard]] const T* before(const T* it) const noexcept {
        for (const node* each = top(); each != nullptr; each = each->older)
            if (&each->object == it) return each->older != nullptr ? &each->older->object : nullptr;
        return nullptr;
    }

    // Makes a T from `arguments` the current one, unless another thread was first (then that one stays).
    template <class... Arguments>
    void publish(T* seen, Arguments&&... arguments) {
        auto fresh = std::make_unique<node>(node{{std::forward<Arguments>(arguments)...}, top()});
        if ((fresh->older != nullptr ? &fresh->older->object : nullptr) != seen) return;
        auto expected = reinterpret_cast<std::uint64_t>(fresh->older);
        if (shm::hardware::cas_acq_rel(newest_, expected, reinterpret_cast<std::uint64_t>(fresh.get())))
            (void)fresh.release();
    }

private:
    struct node {
        T object;
        node* older;
    };
    [[nodiscard]] node* top() const noexcept { return reinterpret_cast<node*>(shm::hardware::load_acquire(newest_)); }

    layout::word newest_;
};

}  // namespace seki::client
