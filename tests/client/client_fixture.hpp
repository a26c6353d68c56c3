// A folder for segments, opened as a user's program opens them.
#pragma once

#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <seki/seki.hpp>

#include "client/segment_handle.hpp"
#include "shm/counters.hpp"
#include "shm/directory.hpp"

namespace seki::test {

using namespace std::chrono_literals;

inline constexpr Algorithm every_algorithm[] = {Algorithm::gcra, Algorithm::token_bucket, Algorithm::leaky_bucket,
                                                Algorithm::sliding_window, Algorithm::fixed_window};

// What a test cannot go on without.
template <class T>
[[nodiscard]] T must(Result<T> made) {
    if (made) return *std::move(made);
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    std::abort();
}

class ClientTest : public testing::Test {
protected:
    ClientTest() {
        std::string folder = "/dev/shm/seki-client-test-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) std::abort();
        folder_ = folder;
    }
    ~ClientTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path folder() const { return folder_; }
    [[nodiscard]] std::string path() const { return folder_ / "a.seg"; }

    [[nodiscard]] static OpenOptions small(Access access = Access::create_or_attach) {
        OpenOptions options;
        options.access = access;
        options.segment.max_workers = 8;
        options.segment.max_primitives = 8;
        options.segment.size = 1 << 20;
        return options;
    }
    [[nodiscard]] Segment opened(Access access = Access::create_or_attach) const {
        return must(open(path(), small(access)));
    }
    // Nothing of it comes back while a test runs.
    [[nodiscard]] static LimiterOptions six_a_year(Algorithm algorithm = Algorithm::gcra) {
        return {.algorithm = algorithm, .limit = 6, .window = 366 * 24h, .max_keys = 64};
    }
    [[nodiscard]] static shm::counter_values counted(const Segment& in, std::string_view name) {
        return counted(in.handle()->where(), name);
    }
    [[nodiscard]] static shm::counter_values counted(const shm::segment& where, std::string_view name) {
        const auto place = shm::directory{where}.find(layout::kind::limiter, name);
        return shm::sum(where, place->index, place->incarnation);
    }

private:
    std::filesystem::path folder_;
};

}  // namespace seki::test
