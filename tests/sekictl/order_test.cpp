// What is listed, and what comes first.
#include "top/order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshots.hpp"

namespace seki::ctl::top {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using strings = std::vector<std::string>;

class Order : public ::testing::Test {
protected:
    Order() {
        report::snapshot all{};
        all.limiters = {limiter("login", 0, 0), limiter("api", 0, 0)};
        all.breakers = {breaker("Payments", BreakerState::open)};
        all.bulkheads = {bulkhead("database", 3, 4)};
        past_.add(all, 1s);
        all.limiters = {limiter("login", 5, 10), limiter("api", 500, 2)};
        past_.add(all, 2s);
    }

    [[nodiscard]] strings names(order by, bool reversed = false, std::string_view filter = "") const {
        strings out;
        for (const record* each : choose(past_.records(), by, reversed, filter)) out.push_back(each->now.name);
        return out;
    }

    history past_;
};

// Fails when who should be seen first is not.
TEST_F(Order, WhatIsLookedForStandsAtTheTop) {
    EXPECT_THAT(names(order::denied), ElementsAre("login", "api", "Payments", "database"));
    EXPECT_THAT(names(order::calls), ElementsAre("api", "login", "Payments", "database"));
    EXPECT_THAT(names(order::use), ElementsAre("database", "Payments", "api", "login"));
    EXPECT_THAT(names(order::state), ElementsAre("Payments", "database", "api", "login"));
    EXPECT_THAT(names(order::name), ElementsAre("Payments", "api", "database", "login"));
    EXPECT_THAT(names(order::name, true), ElementsAre("login", "database", "api", "Payments"));
}

// Fails when a filter misses a part of kind, name or state, or minds capital letters.
TEST_F(Order, AFilterIsAPartOfKindNameOrState) {
    EXPECT_THAT(names(order::name, false, "PAY"), ElementsAre("Payments"));
    EXPECT_THAT(names(order::name, false, "limiter"), ElementsAre("api", "login"));
    EXPECT_THAT(names(order::name, false, "open"), ElementsAre("Payments"));
    EXPECT_THAT(names(order::name, false, "nobody"), ElementsAre());
}

// Fails when who holds most is not first, or a filter does not find who holds something.
TEST(WorkerOrder, WhoHoldsMostStandsAtTheTop) {
    const report::holding two{.kind = layout::kind::bulkhead, .name = "database", .permits = 2};
    const report::holding waits{.kind = layout::kind::bulkhead, .name = "cache", .waiting = 1};
    std::vector<report::process_facts> all{worker(0, 30, "nginx"), worker(1, 20, "gunicorn", {waits}),
                                           worker(2, 10, "php-fpm", {two, waits})};
    all[0].threads = {30, 31};
    all[1].attached = 5s;
    const auto pids = [&](worker_order by, bool reversed = false, std::string_view filter = "") {
        std::vector<std::uint64_t> out;
        for (const auto* each : choose(all, by, reversed, filter)) out.push_back(each->pid);
        return out;
    };
    EXPECT_THAT(pids(worker_order::holds), ElementsAre(10, 20, 30));
    EXPECT_THAT(pids(worker_order::threads), ElementsAre(30, 10, 20));
    EXPECT_THAT(pids(worker_order::age), ElementsAre(20, 10, 30));
    EXPECT_THAT(pids(worker_order::pid, true), ElementsAre(30, 20, 10));
    EXPECT_THAT(pids(worker_order::pid, false, "data"), ElementsAre(10));
    EXPECT_THAT(pids(worker_order::pid, false, "GUNI"), ElementsAre(20));
    EXPECT_THAT(pids(worker_order::pid, false, "30"), ElementsAre(30));
}

}  // namespace
}  // namespace seki::ctl::top
