// A process dies after each instruction of each operation, and another one looks at what it left. And it stands still after each, while
// others do what they have to do, and then goes on.
//
// SEKI_STRIDE=1 tries every instruction. Otherwise it is those after which the segment is another than before: between two of them a death
// leaves the same bytes. Of an operation with many of them it is some, which SEKI_SEED chooses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/doctor.hpp"
#include "report/snapshot.hpp"
#include "shm/memory.hpp"
#include "shm/workers.hpp"
#include "stepped_process.hpp"
#include "support/seed.hpp"
#include "world.hpp"

namespace seki::test {
namespace {

using shm::hardware;

constexpr std::int64_t limit = 4;

LimiterOptions few_a_year() { return {.limit = static_cast<std::uint64_t>(limit), .window = 366 * 24h, .max_keys = 8}; }

// What the one that is stepped through was told, where everybody can read it.
struct answer {
    layout::word given;    // 1: it was told
    layout::word allowed;  // 1: and let through

    void tell(bool was_allowed) noexcept {
        hardware::store_relaxed(allowed, was_allowed ? 1 : 0);
        hardware::store_release(given, 1);
    }
    [[nodiscard]] bool was_given() const noexcept { return hardware::load_acquire(given) == 1; }
    [[nodiscard]] bool was_allowed() const noexcept { return was_given() && hardware::load_relaxed(allowed) == 1; }
};

using operation = std::function<void()>;

struct scenario {
    std::string name;
    std::function<void(const fs::path&)> world;
    std::function<operation(const fs::path&, answer&)> prepare;
    std::int64_t spent = 0;  // of key "k", in the world
    std::int64_t cost = 0;   // what the operation takes of it when it is allowed; negative: gives back
    bool commutes = true;    // with somebody else's checks of the same key
};

std::ostream& operator<<(std::ostream& to, const scenario& each) { return to << each.name; }

std::string broken_in(const Segment& segment) {
    std::string all;
    for (const auto& each : report::examine(segment.handle()->where()))
        all += std::string{report::to_string(each.broken)} + " " + each.where + ": " + each.what + "\n";
    return all;
}

// How much of a key is let through: what is left of its limit, exactly.
std::int64_t spend(const Limiter& from, std::string_view key) {
    std::int64_t spent = 0;
    while (spent <= 2 * limit && from.check(key).allowed) ++spent;
    return spent;
}

Limiter it_of(const Segment& segment) { return must(segment.limiter("it", few_a_year())); }

// A limiter of whose key "k" that much was spent, by a process that died since.
std::function<void(const fs::path&)> spent(std::int64_t amount) {
    return [amount](const fs::path& folder) {
        const Limiter it = it_of(opened(folder));
        for (std::int64_t i = 0; i < amount; ++i) (void)it.check("k");
    };
}

// The same by one that had no time to say good-bye.
void died(const fs::path& folder) {
    const auto* const it = new Limiter{it_of(opened(folder))};
    (void)it->check("k");
}

// Whoever comes next finds the keys of another in its memory.
void deleted(const fs::path& folder) {
    spent(3)(folder);
    if (!opened(folder).remove_limiter("it")) std::abort();
}

// All slots taken by keys that nobody has a claim to any more: the next new key evicts one.
void full(const fs::path& folder) {
    LimiterOptions brief = few_a_year();
    brief.window = 1ms;
    const Segment segment = opened(folder);
    const Limiter it = must(segment.limiter("it", brief));
    for (int key = 0; key < 200; ++key) (void)it.check(std::to_string(key));
    if (!segment.change("it", few_a_year())) std::abort();
}

// Ready to decide: attached, bound, with a slot of its own.
Limiter warm(const fs::path& folder) {
    const Limiter it = it_of(opened(folder));
    (void)it.check("warm");
    return it;
}

template <class Act>
std::function<operation(const fs::path&, answer&)> with_limiter(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        return [it = warm(folder), &told, act] { told.tell(act(it)); };
    };
}

template <class Act>
std::function<operation(const fs::path&, answer&)> with_segment(Act act) {
    return [act](const fs::path& folder, answer& told) -> operation {
        return [segment = opened(folder), &told, act] { told.tell(act(segment)); };
    };
}

bool check(const Limiter& it) { return it.check("k").allowed; }

std::vector<scenario> scenarios() {
    const auto nothing = [](const fs::path&) {};
    return {
        {"check_of_a_known_key", spent(1), with_limiter(check), 1, 1},
        {"check_of_a_new_key", spent(0), with_limiter(check), 0, 1},
        {"check_that_is_denied", spent(limit), with_limiter(check), limit, 1},
        {"check_that_evicts", full, with_limiter(check), 0, 1},
        {"first_check_of_a_process", spent(1),
         [](const fs::path& folder, answer& told) -> operation {
             return [it = it_of(opened(folder)), &told] { told.tell(check(it)); };
         },
         1, 1},
        {"peek", spent(1), with_limiter([](const Limiter& it) { return it.peek("k").allowed; }), 1, 0},
        {"refund", spent(2), with_limiter([](const Limiter& it) { return it.refund("k") == Errc::none; }), 2, -1},
        {"reset", spent(3), with_limiter([](const Limiter& it) { return it.reset("k") == Errc::none; }), 3, -3, false},
        {"check_all", spent(1), with_limiter([](const Limiter& it) {
             const Demand both[] = {{it, "k", 2}, {it, "another", 1}};
             return check_all(both).allowed;
         }),
         1, 2, false},
        {"open", spent(1),
         [](const fs::path& folder, answer& told) -> operation {
             return
                 [folder, &told] { told.tell(open((folder / "a.seg").string(), small(Access::attach)).has_value()); };
         },
         1, 0},
        {"open_that_makes_the_segment", nothing,
         [](const fs::path& folder, answer& told) -> operation {
             return [folder, &told] { told.tell(open((folder / "a.seg").string(), small({})).has_value()); };
         }},
        {"making_a_limiter", deleted,
         with_segment([](const Segment& in) { return in.limiter("it", few_a_year()).has_value(); })},
        {"deleting_a_limiter", spent(2),
         with_segment([](const Segment& in) { return in.remove_limiter("it").has_value(); }), 2, -2, false},
        {"changing_a_limiter", spent(1), with_segment([](const Segment& in) {
             LimiterOptions other = few_a_year();
             other.clock = Clock::coarse;
             const bool there = in.change("it", other).has_value();
             return there && in.change("it", few_a_year()).has_value();
         }),
         1, 0, false},
        {"reaping_the_dead", died,
         with_segment([](const Segment& in) { return shm::reap(in.handle()->where()).processes <= 1; }), 1, 0},
        {"repairing", spent(1),
         with_segment([](const Segment& in) { return report::repair(in.handle()->where()).has_value(); }), 1, 0},
    };
}

class EveryInstruction : public testing::TestWithParam<scenario> {
protected:
    EveryInstruction() {
        void* memory = ::mmap(nullptr, sizeof(answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        told_ = static_cast<answer*>(memory);
        make(model_, GetParam().world);
    }
    ~EveryInstruction() override { ::munmap(told_, sizeof(answer)); }

    // The world anew, and a process that stands before the operation.
    [[nodiscard]] stepped_process begin() {
        here_.become(model_);
        *told_ = {};
        return stepped_process{[this] { return [act = GetParam().prepare(here_.path(), *told_)] { act(); }; }};
    }

    // What must be true whatever happened: nothing is broken, nobody is left, and of the key no more can be spent than is left.
    void judge(std::int64_t by_others) const {
        const Segment segment = opened(here_.path());
        (void)shm::reap(segment.handle()->where());
        EXPECT_EQ(broken_in(segment), "");
        EXPECT_LE(report::look_at_processes(segment.handle()->where()).size(), 1U);
        for (const auto& each : fs::directory_iterator{here_.path()})
            EXPECT_THAT(each.path().filename().native(), testing::StartsWith("a.seg"));
        const Limiter it = it_of(segment);
        const scenario& played = GetParam();
        const std::int64_t left = limit - played.spent - by_others;
        const std::int64_t now = spend(it, "k");
        EXPECT_GE(now, std::max<std::int64_t>(0, std::min(left, left - played.cost)));
        EXPECT_LE(now, std::max(left, left - played.cost));
        if (told_->was_allowed() && played.commutes) {
            EXPECT_EQ(now, left - played.cost);
        }
        EXPECT_EQ(spend(it, "fresh"), limit);
    }

    // Plays `at_instruction` at the chosen instructions of the operation, and once beyond its end.
    template <class Play>
    void play(const char* what, Play at_instruction) {
        stepped_process whole = begin();
        std::vector<std::uint64_t> points;
        std::uint64_t length = 0;
        std::size_t changes = 0;
        for (watched_file file{here_.path() / "a.seg"}; whole.step(1); ++length) {
            const bool changed = file.changed();
            changes += changed ? 1 : 0;
            if (changed || !file.is_there() || length == 0) points.push_back(length + 1);
        }
        const char* given = std::getenv("SEKI_STRIDE");
        if (given != nullptr) {
            points.clear();
            const std::uint64_t stride = std::max<std::uint64_t>(1, std::strtoull(given, nullptr, 10));
            for (std::uint64_t at = seed_or(1) % stride; at < length; at += stride) points.push_back(at);
        } else {
            thin(points, std::clamp<std::size_t>(300'000 / std::max<std::uint64_t>(1, length), 8, 100));
        }
        points.push_back(2 * length + 10'000);
        std::uint64_t played = 0;
        for (const std::uint64_t at : points) {
            SCOPED_TRACE("at instruction " + std::to_string(at));
            at_instruction(at);
            ++played;
            if (HasFailure()) break;
        }
        std::printf("%s: %s at %llu of %llu instructions, of which %zu changed the segment\n", GetParam().name.c_str(),
                    what, static_cast<unsigned long long>(played), static_cast<unsigned long long>(length), changes);
    }

    // A step takes ten microseconds, and each point takes all steps before it: some of many have to do, spread evenly.
    static void thin(std::vector<std::uint64_t>& points, std::size_t most) {
        if (points.size() <= most) return;
        std::vector<std::uint64_t> some;
        const std::size_t offset = seed_or(1) % points.size();
        for (std::size_t i = 0; i < most; ++i)
            some.push_back(points[(offset + i * points.size() / most) % points.size()]);
        points = std::move(some);
    }

    folder model_;
    folder here_;
    answer* told_ = nullptr;
};

// Fails when any instruction may not be a process's last: something is let through twice, lost, broken, or left behind for good.
TEST_P(EveryInstruction, MayBeTheLast) {
    play("died", [&](std::uint64_t at) {
        stepped_process dying = begin();
        (void)dying.step(at);
        dying.kill();
        judge(0);
    });
}

// Fails when who stands still keeps others from deciding, or when the two together let through more or less than one after the other would.
TEST_P(EveryInstruction, MayTakeForever) {
    if (!fs::exists(model_.path() / "a.seg")) return;  // there is nobody yet to wait for
    play("stood still", [&](std::uint64_t at) {
        stepped_process slow = begin();
        (void)slow.step(at);
        std::int64_t by_others = 0;
        {
            const Segment segment = opened(here_.path(), Access::attach);
            if (const auto it = segment.limiter("it")) {
                by_others = it->check("k").allowed ? 1 : 0;
                EXPECT_TRUE(it->check("other").allowed);
            }
        }
        EXPECT_TRUE(slow.finish());
        EXPECT_TRUE(told_->was_given());
        if (GetParam().commutes) judge(by_others);
    });
}

INSTANTIATE_TEST_SUITE_P(Of, EveryInstruction, testing::ValuesIn(scenarios()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace seki::test
