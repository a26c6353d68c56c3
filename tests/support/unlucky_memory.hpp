// Shared memory for tests in which others are always quicker, for as long as the test wants: a swap that it says is lost fails, and it may change a word
// before each look at it. So a test in one thread sees how often a loop starts over, and what it comes to.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "shm/memory.hpp"

namespace seki::test {

struct unlucky : shm::hardware {
    using word = shm::word;
    using pair = shm::pair;
    using pair_value = shm::pair_value;

    // Whether a swap of what lies there is lost.
    static inline std::function<bool(const void*)> loses = [](const void* /*where*/) { return false; };
    // Asked before each store with release.
    static inline std::function<void(const void*)> before_store = [](const void* /*where*/) {};
    // Asked before each load with acquire of a word, or of the first word of a pair.
    static inline std::function<void(const void*)> before_look = [](const void* /*where*/) {};

    static bool cas_acq_rel(word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        if (!loses(&w)) return shm::hardware::cas_acq_rel(w, expected, desired);
        expected = load_relaxed(w);
        return false;
    }
    static bool cas_seq_cst(word& w, std::uint64_t& expected, std::uint64_t desired) noexcept {
        if (!loses(&w)) return shm::hardware::cas_seq_cst(w, expected, desired);
        expected = load_relaxed(w);
        return false;
    }
    static bool cas_pair(pair& p, pair_value expected, pair_value desired) noexcept {
        return !loses(&p) && shm::hardware::cas_pair(p, expected, desired);
    }
    static void store_release(word& w, std::uint64_t value) noexcept {
        before_store(&w);
        shm::hardware::store_release(w, value);
    }
    static std::uint64_t load_acquire(const word& w) noexcept {
        before_look(&w);
        return shm::hardware::load_acquire(w);
    }
    static std::uint64_t load_first_acquire(const pair& p) noexcept {
        before_look(&p);
        return shm::hardware::load_first_acquire(p);
    }
};

// While it lives, so many of the swaps of one word or pair are lost, the first that come.
class lost_swaps {
public:
    lost_swaps(const void* where, int how_many) : where_{where}, left_{how_many} {
        unlucky::loses = [this](const void* swapped) {
            if (swapped != where_) return false;
            ++tries_;
            return left_-- > 0;
        };
    }
    ~lost_swaps() {
        unlucky::loses = [](const void* /*where*/) { return false; };
    }
    lost_swaps(const lost_swaps&) = delete;
    lost_swaps& operator=(const lost_swaps&) = delete;
    [[nodiscard]] int tries() const { return tries_; }

private:
    const void* where_;
    int left_, tries_ = 0;
};

// While it lives, change() runs before each of the first looks at one word or pair, so many of them.
class changes {
public:
    changes(const void* where, int how_many, std::function<void()> change)
        : where_{where}, left_{how_many}, change_{std::move(change)} {
        unlucky::before_look = [this](const void* looked_at) {
            if (looked_at != where_) return;
            ++looks_;
            if (left_-- > 0) change_();
        };
    }
    ~changes() {
        unlucky::before_look = [](const void* /*where*/) {};
    }
    changes(const changes&) = delete;
    changes& operator=(const changes&) = delete;
    [[nodiscard]] int looks() const { return looks_; }

private:
    const void* where_;
    int left_, looks_ = 0;
    std::function<void()> change_;
};

}  // namespace seki::test
