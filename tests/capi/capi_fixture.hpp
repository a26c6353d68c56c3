// A segment in a folder of its own, with one of each kind in it, as a program of C has them.
#pragma once

#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <seki/seki.h>

namespace seki::test {

inline void must(seki_status done) {
    if (done == SEKI_OK) return;
    std::fprintf(stderr, "%s\n", seki_last_error_message());
    std::abort();
}

class CapiTest : public testing::Test {
protected:
    CapiTest() {
        std::string folder = "/dev/shm/seki-capi-test-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
        segment = opened();
        auto limits = limiter_options();
        must(seki_limiter_create(segment, "login", &limits, &limiter));
        seki_breaker_options trips = SEKI_BREAKER_OPTIONS_INIT;
        must(seki_breaker_create(segment, "payments", &trips, &breaker));
        seki_bulkhead_options permits = SEKI_BULKHEAD_OPTIONS_INIT;
        must(seki_bulkhead_create(segment, "database", &permits, &bulkhead));
        seki_retry_options patience = SEKI_RETRY_OPTIONS_INIT;
        must(seki_retry_create(segment, "again", &patience, &retry));
    }
    ~CapiTest() override {
        seki_limiter_free(limiter);
        seki_breaker_free(breaker);
        seki_bulkhead_free(bulkhead);
        seki_retry_free(retry);
        seki_close(segment);
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::string path() const { return folder_ / "a.seg"; }
    [[nodiscard]] static seki_open_options open_options() {
        seki_open_options options = SEKI_OPEN_OPTIONS_INIT;
        options.max_workers = 8;
        options.max_primitives = 16;
        options.segment_size = 4 << 20;
        return options;
    }
    [[nodiscard]] seki_segment* opened() const {
        const seki_open_options options = open_options();
        seki_segment* made = nullptr;
        must(seki_open(path().c_str(), &options, &made));
        return made;
    }
    // Nothing of it comes back while a test runs.
    [[nodiscard]] static seki_limiter_options limiter_options() {
        seki_limiter_options options = SEKI_LIMITER_OPTIONS_INIT;
        options.limit = 6;
        options.window_ns = 366LL * 24 * 3600 * 1'000'000'000;
        options.max_keys = 64;
        return options;
    }
    [[nodiscard]] std::uint64_t left() const {
        seki_decision d = SEKI_DECISION_INIT;
        must(seki_limiter_peek(limiter, "alice", 5, 0, &d));
        return d.remaining;
    }

    seki_segment* segment = nullptr;
    seki_limiter* limiter = nullptr;
    seki_breaker* breaker = nullptr;
    seki_bulkhead* bulkhead = nullptr;
    seki_retry* retry = nullptr;

private:
    std::filesystem::path folder_;
};

}  // namespace seki::test
