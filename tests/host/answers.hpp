// What a fleet was answered about one key, decision by decision, each with the very time that it was made at: what a model replays afterwards.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include <seki/limiter.hpp>

#include "shm/memory.hpp"

namespace seki::test {

struct answer {
    std::uint64_t time;   // that the law went by
    std::uint64_t after;  // by the same clock, when the answer was there
    std::uint64_t limit;  // the capacity: which tells the terms
    std::uint64_t remaining;
    std::uint64_t reset_after;
    bool allowed;
};

// Written by all processes of a test, read when they are gone. Who dies in the middle leaves an entry without a time, which is none.
class answers {
public:
    answers() {
        void* const memory =
            ::mmap(nullptr, sizeof(common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        all_ = static_cast<common*>(memory);
    }
    ~answers() { ::munmap(all_, sizeof(common)); }
    answers(const answers&) = delete;
    answers& operator=(const answers&) = delete;

    void write(const answer& given) const {
        const std::uint64_t at = shm::hardware::fetch_add_relaxed(all_->used, 1);
        if (at >= entries) {
            std::fputs("no room for more answers: make SEKI_HOST_MS shorter\n", stderr);
            std::abort();
        }
        all_->given[at] = given;
        shm::hardware::store_release(all_->written[at], 1);
    }
    [[nodiscard]] std::vector<answer> read(bool allowed) const {
        std::vector<answer> found;
        for (std::uint64_t at = 0; at < shm::hardware::load_acquire(all_->used); ++at)
            if (shm::hardware::load_acquire(all_->written[at]) != 0 && all_->given[at].allowed == allowed)
                found.push_back(all_->given[at]);
        return found;
    }

private:
    static constexpr std::uint64_t entries = 1 << 24;  // pages that nobody wrote to take no memory
    struct common {
        layout::word used;
        layout::word written[entries];
        answer given[entries];
    };
    common* all_ = nullptr;
};

// Terms while they were in force, as who changed them knows it. Neighbours differ in their capacity.
struct era {
    LimiterOptions options;
    std::uint64_t from;           // read before they were published
    std::uint64_t until = ~0ULL;  // read after the next ones were
    [[nodiscard]] std::uint64_t capacity() const { return options.burst != 0 ? options.burst : options.limit; }
};

// The terms of an answer; null when those that it names were not in force at its time.
inline const era* era_of(const answer& given, std::span<const era> eras) {
    for (auto at = std::ranges::upper_bound(eras, given.time, {}, &era::from); at != eras.begin();) {
        --at;
        if (at->until < given.time) break;
        if (at->capacity() == given.limit) return &*at;
    }
    return nullptr;
}

}  // namespace seki::test
