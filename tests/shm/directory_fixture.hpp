// A small segment in a folder of its own, and requests for limiters in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "layout/key_table.hpp"
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
        return {.kind = layout::kind::limiter,
                .name = name,
                .key_texts = key_texts,
                .max_keys = buckets,
                .buckets = buckets,
                .stripes = 16,
                .initial = all(terms)};
    }
    static void no_fill(const shm::placement& /*made*/) {}

    std::shared_ptr<shm::segment> where;

private:
    std::filesystem::path folder_;
};

}  // namespace seki::test
