// seki::open() in a program, with a configuration that makes one of each primitive.
#include <gtest/gtest.h>

#include "every_call.hpp"

namespace seki::test {
namespace {

subject opener(std::function<void(world&)> prepare) {
    return {.program = "opener",
            .what = {.words = {OPENER, "@/a.seg", "@/worker.toml"}, .environment = {}},
            .prepare = std::move(prepare)};
}

void configure(const world& here) {
    here.write("worker.toml", "[segment]\nsize = \"1MiB\"\nmax_workers = 4\nmax_primitives = 16\n" + declarations());
}

// Fails if it crashes, hangs, is silent, makes a part of what is declared, leaves something half made, or keeps the next one from opening.
TEST(OpenCalls, AreAllowedToFailWhereThereIsNoSegment) {
    expect_no_findings(every_call(opener([](world& here) { configure(here); })));
}

TEST(OpenCalls, AreAllowedToFailWhereThereIsOne) {
    expect_no_findings(every_call(opener([](world& here) {
        here.furnish();
        configure(here);
    })));
}

TEST(OpenAllocations, AreAllowedToFailWhereThereIsNoSegment) {
    expect_no_findings(every_allocation(opener([](world& here) { configure(here); })));
}

}  // namespace
}  // namespace seki::test
