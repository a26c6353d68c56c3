// sekictl, each of whose system calls fails once in each way that it can, or is its last.
#include <gtest/gtest.h>

#include "every_call.hpp"
#include "sekid_beside.hpp"

namespace seki::test {
namespace {

struct given {
    const char* name;
    std::vector<std::string> words;
    int code = 0;
    bool answers = true;
    std::string between{};
    bool beside_sekid = false;
};

subject subject_of(const given& it) {
    subject of{.program = "sekictl",
               .what = {.words = {SEKICTL, "--segment", "@/a.seg"}, .environment = {}},
               .prepare =
                   [beside = it.beside_sekid](world& here) {
                       here.furnish();
                       if (beside) here.beside = std::make_shared<sekid_beside>(SEKID, here);
                   },
               .code = it.code,
               .answers = it.answers,
               .between = it.between};
    of.what.words.insert(of.what.words.end(), it.words.begin(), it.words.end());
    return of;
}

class SekictlCalls : public testing::TestWithParam<given> {};

// Fails if one of them crashes, hangs, is silent, answers something else, says no more than the kernel, leaves something
// half made, or keeps the next from working.
TEST_P(SekictlCalls, AreAllowedToFail) { expect_no_findings(every_call(subject_of(GetParam()))); }

// Fails if memory that runs out is more than an error.
TEST_P(SekictlCalls, AndAllocationsAreAllowedToFail) { expect_no_findings(every_allocation(subject_of(GetParam()))); }

INSTANTIATE_TEST_SUITE_P(
    Each, SekictlCalls,
    testing::Values(
        given{"status", {"status"}}, given{"workers", {"workers"}}, given{"show", {"show", "breaker", "payments"}},
        given{"keys", {"keys", "login"}}, given{"check", {"check", "login", "alice"}},
        given{"peek", {"peek", "login", "alice"}}, given{"reset", {"reset", "login", "alice"}},
        given{"breaker", {"breaker", "payments", "open"}}, given{"set", {"set", "limiter", "login", "limit", "50"}},
        given{"setmode", {"set", "breaker", "payments", "mode", "observe"}},
        given{"create", {"create", "limiter", "orders", "--limit", "5", "--window", "1m", "--max-keys", "16"}},
        given{"delete", {"delete", "limiter", "login"}}, given{"reload", {"reload"}, 1},
        given{"destroy", {"destroy"}, 0, true, "was replaced or destroyed"}, given{"doctor", {"doctor"}},
        given{"repair", {"doctor", "--repair"}}, given{"events", {"events"}, 1},
        given{"statusbesidesekid", {"status"}, 0, true, "", true},
        given{"eventsfromsekid", {"events"}, 0, true, "", true}, given{"reloadofsekid", {"reload"}, 0, true, "", true}),
    [](const auto& one) { return std::string{one.param.name}; });

}  // namespace
}  // namespace seki::test
