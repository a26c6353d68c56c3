#include "segment_scenarios.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include <seki/health.hpp>

#include "report/doctor.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"
#include "shm/segment.hpp"
#include "shm/workers.hpp"

namespace seki::test {
namespace {

// With a limiter of that algorithm. What it does takes so many of key "k", of which one was spent, and on the way there so many.
template <class Act>
segment_scenario of_a_limiter(const std::string& what, Algorithm algorithm, Act act, std::int64_t cost,
                              std::int64_t on_the_way = 0) {
    const auto prepare = [=](const fs::path& folder, answer& told) -> operation {
        const Segment segment = opened_roomy(folder);
        segment.handle()->attachment()->join();
        return [it = must(segment.limiter(name_of_limiter(algorithm))), &told, act] { told.tell(act(it)); };
    };
    const auto then = [=](const Segment& by, bool done) {
        const auto left =
            static_cast<std::int64_t>(must(by.limiter(name_of_limiter(algorithm))).peek("k", 0).remaining);
        const std::int64_t before = checks_a_year - 1;
        EXPECT_TRUE(left == before - cost || (!done && (left == before || left == before - on_the_way)))
            << left << " left";
    };
    return {what + "_" + name_of_limiter(algorithm), furnish, prepare, then};
}

operation execute(const fs::path& folder, answer& told) {
    const Segment segment = opened_roomy(folder);
    segment.handle()->attachment()->join();
    return [it = must(segment.policy(one_name)), &told] {
        told.tell(it.execute({.key = "k"}, [] { return 7; }).has_value());
    };
}

// Who has something of everything goes, in good order.
operation detach(const fs::path& folder, answer& told) {
    auto segment = std::make_shared<std::unique_ptr<Segment>>(std::make_unique<Segment>(opened_roomy(folder)));
    call_each(**segment);
    return [segment, &told] {
        *segment = nullptr;
        told.tell(true);
    };
}

bool ask_for_health(const Segment& in) {
    Health health;
    return health.add(in) && health.add(must(in.breaker(one_name))) && health.add(must(in.bulkhead(one_name))) &&
           !health.check().to_json().empty();
}

bool look_at_all(const Segment& in) {
    return in.limiter(one_name)->options() && in.bulkhead(one_name)->status() && in.breaker(one_name)->status() &&
           in.adaptive(one_name)->status() && in.shedder(one_name)->status() && in.retry(one_name)->status() &&
           in.hedge(one_name)->status() && !in.policy(one_name)->name().empty();
}

auto destroy(const fs::path& folder, answer& told) -> operation {
    return [path = folder / "a.seg", &told] { told.tell(shm::segment::destroy(path)); };
}
auto replace(const fs::path& folder, answer& told) -> operation {
    return [path = folder / "a.seg", &told] { told.tell(shm::segment::replace(path, roomy().segment)); };
}
// Somebody replaced the segment meanwhile: the next call goes over to the new one, and makes there what it needs.
operation move_over(const fs::path& folder, answer& told) {
    const Segment segment = opened_roomy(folder);
    const Limiter it = must(segment.limiter(one_name, a_few_a_year(Algorithm::gcra)));
    (void)it.check("k");
    (void)must(shm::segment::replace(folder / "a.seg", roomy().segment));
    return [segment, it, &told] { told.tell(it.check("k")); };
}
// And somebody removed its file.
operation look_after_what_was_removed(const fs::path& folder, answer& told) {
    const Segment segment = opened_roomy(folder);
    (void)must(segment.limiter(one_name)).check("k");
    fs::remove(folder / "a.seg");
    return [segment, &told] { told.tell(segment.maintain()); };
}

// All that holds keys has some that are as good as new, and dead ones hold things.
void with_much_to_tidy_up(const fs::path& folder) {
    furnish(folder);
    const Segment by = opened_roomy(folder);
    LimiterOptions brief = a_few_a_year(Algorithm::gcra);
    brief.window = 1ms;
    const Limiter it = must(by.limiter("brief", brief));
    for (int key = 0; key < 6; ++key) (void)it.check(std::to_string(key));
}

// Somebody wrote what he liked where the numbers of that kind are.
auto scribbled(layout::kind kind) {
    return [kind](const fs::path& folder) {
        furnish_in_peace(folder);
        const Segment by = opened_roomy(folder);
        const shm::segment& where = by.handle()->where();
        const auto at = *shm::directory{where}.find(kind, one_name);
        std::mt19937 random{1};
        const auto bytes = where.arena(at.arena_offset, at.arena_size);
        for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 1024); i += 1 + random() % 32)
            bytes[i] = static_cast<std::byte>(random());
        for (std::size_t slot = 3; slot < where.processes().size(); ++slot)
            shm::hardware::store_relaxed(where.processes()[slot].owner, ~std::uint64_t{0} >> slot);
        if (report::examine(where).empty()) std::abort();
    };
}

}  // namespace

std::vector<segment_scenario> works_with_limiters() {
    const auto take_back = [](const Limiter& it) {
        Receipt receipt;
        (void)it.check("k", 2, receipt);
        return it.refund(receipt);
    };
    const auto acquire = [](const Limiter& it) { return it.acquire("k", 1ms); };
    std::vector<segment_scenario> all;
    for (const Algorithm each : every_algorithm) {
        const bool queues = each == Algorithm::leaky_bucket;  // and its turn does not come within a year
        all.push_back(of_a_limiter("acquiring", each, acquire, queues ? 0 : 1));
        all.push_back(of_a_limiter("taking_back", each, take_back, 0, 2));
    }
    for (const Algorithm each : every_algorithm) {
        if (each == Algorithm::gcra) continue;  // every_instruction_test
        all.push_back(of_a_limiter("checking", each, [](const Limiter& it) { return it.check("k"); }, 1));
        all.push_back(of_a_limiter(
            "checking_for_more_than_is_left", each, [](const Limiter& it) { return it.check("k", 4); }, 0));
        all.push_back(of_a_limiter("checking_a_new_key", each, [](const Limiter& it) { return it.check("new"); }, 0));
        all.push_back(of_a_limiter("looking_at", each, [](const Limiter& it) { return it.peek("k"); }, 0));
        all.push_back(of_a_limiter("refunding", each, [](const Limiter& it) { return it.refund("k"); }, -1));
        all.push_back(of_a_limiter("resetting", each, [](const Limiter& it) { return it.reset("k"); }, -1));
    }
    return all;
}

std::vector<segment_scenario> works_on_segments() {
    const auto maintain = [](const Segment& in) { return in.maintain(); };
    const auto reap = [](const Segment& in) { return shm::reap(in.handle()->where()).processes == 1; };
    return {
        {"executing_a_policy", furnish_in_peace, execute},
        {"detaching", furnish, detach},
        {"asking_for_health", furnish, in_a_segment(ask_for_health)},
        {"looking_at_all", furnish, in_a_segment(look_at_all)},
        {"maintaining", with_much_to_tidy_up, in_a_segment(maintain)},
        {"reaping", furnish, in_a_segment(reap)},
        {"destroying", furnish, destroy, [](const Segment&, bool) {}, false},
        {"replacing", furnish, replace, [](const Segment&, bool) {}, false},
        {"moving_over", furnish, move_over, [](const Segment&, bool) {}, false},
        {"looking_after_what_was_removed", furnish, look_after_what_was_removed, [](const Segment&, bool) {}, false},
    };
}

std::vector<segment_scenario> repairs() {
    const std::pair<const char*, layout::kind> kinds[] = {
        {"a_limiter", layout::kind::limiter}, {"a_bulkhead", layout::kind::bulkhead},
        {"a_breaker", layout::kind::breaker}, {"an_adaptive_limit", layout::kind::adaptive},
        {"a_shedder", layout::kind::shedder}, {"a_retry", layout::kind::retry},
        {"a_hedge", layout::kind::hedge},
    };
    const auto repair = [](const Segment& in) { return report::repair(in.handle()->where()); };
    std::vector<segment_scenario> all;
    for (const auto& [name, kind] : kinds)
        all.push_back({std::string{"repairing_"} + name, scribbled(kind), in_a_segment(repair),
                       [](const Segment&, bool) {}, true, true});
    return all;
}

}  // namespace seki::test
