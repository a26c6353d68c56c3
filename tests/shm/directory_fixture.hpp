// A small segment in a folder of its own, and requests for limiters in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "layout/key_table.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/bulkhead_piece.hpp"
#include "shm/directory.hpp"
#include "shm/segment.hpp"

namespace seki::test {

class DirectoryTest : public testing::Test {
protected:
    static constexpr std::uint32_t max_primitives = 24;

    void SetUp() override {
        std::string pattern = "/dev/shm/directory_test.XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        auto made = shm::segment::create_or_attach(
            folder_ / "a.seg", {.group = "", .max_workers = 1, .max_primitives = max_primitives, .size = 1 << 20});
        ASSERT_TRUE(made) << made.error().message;
        where = *made;
    }
    void TearDown() override {
        where.reset();
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] shm::directory primitives() const { return shm::directory{*where}; }

    // Eight terms of one value, so that a mixture shows.
    static shm::terms all(std::uint64_t value) {
        shm::terms terms{};
        terms.fill(value);
        return terms;
    }
    static shm::directory::request limiter(std::string_view name, std::uint64_t buckets = 4, bool key_texts = false,
                                           std::uint64_t terms = 1) {
        const shm::limiter_shape shape = shape_of(buckets, key_texts);
        return {.kind = layout::kind::limiter,
                .name = name,
                .shape = shm::pack(shape),
                .arena_bytes = shm::table_bytes(shape).total(),
                .initial = shm::widen(all(terms))};
    }
    static shm::limiter_shape shape_of(std::uint64_t buckets, bool key_texts) {
        return {.max_keys = buckets, .buckets = buckets, .stripes = 16, .key_texts = key_texts};
    }
    // A kind whose shape is its own business, with sixteen terms.
    static shm::directory::request policy(std::string_view name, std::uint64_t bytes = 100, std::uint64_t terms = 1) {
        shm::wide_terms wide{};
        wide.fill(terms);
        return {.kind = layout::kind::policy,
                .name = name,
                .shape = {1, 2, 3, 4, 5, 6, 7, 8},
                .arena_bytes = bytes,
                .initial = wide};
    }
    // A kind that keeps its piece.
    [[nodiscard]] shm::directory::request bulkhead(std::string_view name, std::uint64_t permits = 1024,
                                                   std::uint64_t terms = 1) const {
        const shm::bulkhead_shape of{.permits = permits, .waiting = 1024};
        return {.kind = layout::kind::bulkhead,
                .name = name,
                .shape = shm::pack(of),
                .arena_bytes = shm::piece_bytes(of, where->parts().max_workers),
                .initial = shm::widen(all(terms))};
    }
    // So does this one.
    [[nodiscard]] shm::directory::request breaker(std::string_view name, std::uint64_t window_calls = 20) const {
        const layout::breaker_geometry of = layout::breaker_geometry_for(window_calls, 5);
        return {.kind = layout::kind::breaker,
                .name = name,
                .shape = shm::pack(of),
                .arena_bytes = shm::piece_bytes(of, where->parts().max_workers),
                .initial = shm::widen(all(1))};
    }
    static void no_fill(const shm::placement& /*made*/) {}

    std::shared_ptr<shm::segment> where;

private:
    std::filesystem::path folder_;
};

}  // namespace seki::test
