#include "support/interleaving.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "support/fiber.hpp"
#include "support/fingerprint.hpp"
#include "support/known_states.hpp"
#include "support/schedule.hpp"
#include "support/seed.hpp"
#include "support/weak_memory.hpp"

namespace seki::test {
namespace {

// Who waits for somebody that is stopped never ends: no attempt here needs a tenth of this.
constexpr std::uint64_t most_accesses = 20'000;

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::optional<std::string>{value} : std::nullopt;
}

}  // namespace

struct interleaving::state {
    struct actor {
        std::unique_ptr<fiber> body = std::make_unique<fiber>();
        enum class standing : std::uint8_t { waits_to_begin, runnable, ended, dead } now = standing::waits_to_begin;
        std::uint64_t knows = 0;  // stands for all that it did, and was told: where it is follows from that
        [[nodiscard]] bool goes_on() const { return now == standing::waits_to_begin || now == standing::runnable; }
    };
    // Where somebody chooses: before an access, in the midst of one, or when nobody runs.
    enum class place : std::uint8_t { access, old_read, nobody_runs };
    chooser* by = nullptr;
    bounds left;
    bool sees_old = false;
    bool shows_accesses = false;
    std::uint64_t points = 0;
    std::vector<decision> decisions;  // those that were not simply to go on
    std::string failure;
    std::vector<std::span<const std::byte>> constants;
    std::vector<actor> actors;
    weak_memory weakly;
    std::size_t count = 0;    // of the actors in use
    int running = -1;         // -1: none, the attempt itself
    std::optional<int> next;  // who goes on when the running one has left its fiber

    // For fingerprints of states: what stands in the words that were changed, as a sum, because the order makes no difference; what happened in earlier together()s;
    // about which words the kernel was asked, and what the last who did so knew then; and what the attempt keeps beside.
    std::uint64_t words = 0, earlier = 0;
    std::vector<std::pair<const std::uint64_t*, std::uint64_t>> asked;
    std::vector<std::function<std::uint64_t()>> remembered;
    bool cannot_be_known = false;
    bool is_known = false;  // where it goes from here: nothing is chosen any more

    void add_others(choices& to) const {
        for (std::size_t i = 0; i < count; ++i)
            if (static_cast<int>(i) != running && actors[i].goes_on()) to.add(goes_on(static_cast<int>(i)));
    }
    action choose(const choices& options, place where) {
        if (options.size() == 1 || is_known) return options[0];
        if (!cannot_be_known && by->asks_where() && is_known_here(where)) return options[0];
        const action done = by->choose(points, options);
        if (done != options[0]) decisions.push_back({points, done});
        return done;
    }
    bool is_known_here(place where) {
        std::uint64_t here = fold(earlier, static_cast<std::uint64_t>(where));
        here = fold(here, where == place::nobody_runs ? count : who());
        std::uint32_t going_on = 0, dead = 0;
        for (std::size_t i = 0; i < count; ++i) {
            here = fold(fold(here, actors[i].knows), static_cast<std::uint64_t>(actors[i].now));
            going_on |= actors[i].goes_on() ? 1U << i : 0U;
            dead |= actors[i].now == actor::standing::dead ? 1U << i : 0U;
        }
        here = fold(here, words);
        for (const auto& each : remembered) here = fold(here, each());
        const std::uint64_t of_values = here;
        if (left.old_reads > 0) here = fold(here, weakly.fingerprint(going_on, dead));
        is_known = by->knows(here, of_values, {left.preemptions, left.deaths, left.old_reads});
        if (is_known) left.preemptions = left.deaths = left.old_reads = 0;
        return is_known;
    }
    [[nodiscard]] std::uint64_t outcome() const {
        std::uint64_t all = fold(earlier, words);
        for (std::size_t i = 0; i < count; ++i)
            all = fold(fold(all, actors[i].knows), static_cast<std::uint64_t>(actors[i].now));
        return all;
    }
    // The one that runs did or heard this.
    void learn(std::uint64_t what) {
        if (running >= 0) actors[who()].knows = fold(actors[who()].knows, what);
    }
    void learn(const void* of, std::uint64_t what) {
        std::uint64_t& knows = actors[who()].knows;
        knows = fold(knows + 3 * reinterpret_cast<std::uintptr_t>(of), what);
    }
    // In an order of its own with all others who ask the same: each knows who was the last.
    void ask(const std::uint64_t& about) {
        const auto known = std::ranges::find(asked, &about, &std::pair<const std::uint64_t*, std::uint64_t>::first);
        std::uint64_t& answered = known != asked.end() ? known->second : asked.emplace_back(&about, 0).second;
        learn(&about, about);
        learn(answered);
        answered = actors[who()].knows;
    }
    void changes(const std::uint64_t& word, std::uint64_t to) {
        const auto at = reinterpret_cast<std::uintptr_t>(&word);
        words += fold(at, to) - fold(at, word);
    }
    // Nobody can go on where it is: somebody else must.
    void hand_over() {
        ++points;
        choices options;
        add_others(options);
        next = options.size() == 0 ? std::nullopt : std::optional{choose(options, place::nobody_runs).to};
    }
    void show(int who, const char* what, const void* address) const {
        if (shows_accesses)
            std::fprintf(stderr, "%6zu  actor %d  %s %p\n", static_cast<std::size_t>(points), who, what, address);
    }
    void step(const void* address, const char* what, bool changes);
    // Which store is read: the latest, or one of these that are older.
    template <class Suitable>
    unsigned pick(weak_memory::old_stores from, Suitable suitable) {
        choices options;
        options.add(reads(0));
        for (unsigned back = from.first; back < from.end; ++back)
            if (suitable(back)) options.add(reads(back));
        if (options.size() == 1) return 0;
        ++points;
        const auto back = static_cast<unsigned>(choose(options, place::old_read).to);
        if (back == 0) return 0;
        --left.old_reads;
        if (shows_accesses)
            std::fprintf(stderr, "%6zu  actor %d  that is %u old\n", static_cast<std::size_t>(points), running, back);
        return back;
    }
    // Whether what may also be done is done.
    bool pick() {
        return pick({.first = 1, .end = 2}, [](unsigned) { return true; }) != 0;
    }
    [[nodiscard]] std::size_t who() const { return static_cast<std::size_t>(running); }
    static state* current;
    // If an actor runs.
    static state* stepped() { return current != nullptr && current->running >= 0 ? current : nullptr; }
    // And may still see what is old.
    static state* weak() {
        state* const now = stepped();
        return now != nullptr && now->left.old_reads > 0 ? now : nullptr;
    }
};

interleaving::state* interleaving::state::current = nullptr;

void interleaving::state::step(const void* address, const char* what, bool changes) {
    const auto* at = static_cast<const std::byte*>(address);
    const bool constant = std::ranges::any_of(
        constants, [&](const auto& memory) { return at >= memory.data() && at < memory.data() + memory.size(); });
    if (constant && !changes) return;
    if (constant && failure.empty()) failure = "memory that was said to be constant is changed";
    ++points;
    if (points > most_accesses) {
        if (failure.empty()) failure = "an actor does not come to an end";
        next.reset();
        actors[static_cast<std::size_t>(running)].body->leave();
    }

    choices options;
    options.add(goes_on(running));
    if (left.preemptions > 0) add_others(options);
    if (left.deaths > 0) options.add(death);
    const int self = running;
    const action done = choose(options, place::access);
    if (done == goes_on(self)) {
        show(self, what, address);
        return;
    }
    if (done == death) {
        --left.deaths;
        actors[static_cast<std::size_t>(self)].now = actor::standing::dead;
        show(self, "dies before", address);
        hand_over();
    } else {
        --left.preemptions;
        next = done.to;
    }
    actors[static_cast<std::size_t>(self)].body->leave();
    show(self, what, address);
}

interleaving::interleaving() : state_{std::make_unique<state>()} {}
interleaving::~interleaving() = default;

void interleaving::together(std::vector<std::function<void()>> actors) {
    state& my = *state_;
    if (my.count != 0) my.earlier = my.outcome();
    my.count = actors.size();
    if (my.actors.size() < my.count) my.actors.resize(my.count);
    for (std::size_t i = 0; i < my.count; ++i) {
        my.actors[i].now = state::actor::standing::waits_to_begin;
        my.actors[i].knows = i;
        my.actors[i].body->reset(std::move(actors[i]));
    }
    my.weakly.begin(my.count, my.left.only_new_reads);
    my.running = -1;
    my.hand_over();
    while (my.next) {
        my.running = *my.next;
        my.next.reset();
        auto& actor = my.actors[my.who()];
        actor.now = state::actor::standing::runnable;
        if (!actor.body->resume()) continue;
        actor.now = state::actor::standing::ended;
        my.hand_over();
    }
    my.running = -1;
}

void interleaving::constant(std::span<const std::byte> memory) {
    auto& all = state_->constants;
    if (!all.empty() && all.back().data() + all.back().size() == memory.data())
        all.back() = {all.back().data(), all.back().size() + memory.size()};
    else
        all.push_back(memory);
}

bool interleaving::died(std::size_t actor) const {
    const bool is_dead = actor < state_->count && state_->actors[actor].now == state::actor::standing::dead;
    state_->learn(is_dead ? 1 : 0);
    return is_dead;
}

bool interleaving::allows_old_reads() const { return state_->sees_old; }

void interleaving::remembers(std::function<std::uint64_t()> what) { state_->remembered.push_back(std::move(what)); }

void interleaving::fail(const std::string& why) {
    if (state_->failure.empty()) state_->failure = why;
}

std::uint64_t interleaving::hears(std::uint64_t what) {
    if (state* const now = state::stepped()) now->learn(what);
    return what;
}

void interleaving::before_access(const void* address, const char* what, bool changes) {
    if (state* const now = state::stepped()) now->step(address, what, changes);
}

void interleaving::before_unknown_access(const void* address, const char* what) {
    before_access(address, what, true);
    if (state* const now = state::stepped()) now->cannot_be_known = true;
}

std::uint64_t interleaving::ask(const std::uint64_t& about, const char* what) {
    before_access(&about, what, true);
    if (state* const now = state::stepped()) now->ask(about);
    return about;
}

std::uint64_t interleaving::load(const std::uint64_t& from, const access& by) {
    before_access(&from, by.what, false);
    std::uint64_t found = from;
    if (state* const weak = state::weak()) {
        const auto old = weak->weakly.readable(weak->who(), from, by.how);
        const unsigned back = weak->pick(old, [](unsigned) { return true; });
        found = weak->weakly.read(weak->who(), from, back, by.how);
    }
    if (state* const now = state::stepped()) now->learn(&from, found);
    return found;
}

void interleaving::store(std::uint64_t& to, std::uint64_t value, const access& by) {
    before_access(&to, by.what, true);
    state* const now = state::stepped();
    state* const weak = state::weak();
    const bool under = weak != nullptr && !by.how.now.in_one_order &&
                       weak->weakly.may_come_under(weak->who(), to, value, by.how) && weak->pick();
    if (now != nullptr) now->learn(&to, value);  // only now: what is chosen in between is chosen before it
    if (now != nullptr && !under) now->changes(to, value);
    if (weak != nullptr)
        weak->weakly.store(weak->who(), to, value, by.how, under);
    else
        to = value;
}

std::uint64_t interleaving::fetch_add(std::uint64_t& to, std::uint64_t value, const access& by) {
    before_access(&to, by.what, true);
    const std::uint64_t before = to;
    if (state* const now = state::stepped()) {
        now->learn(&to, before);
        now->changes(to, before + value);
    }
    if (state* const weak = state::weak())
        weak->weakly.replace(weak->who(), to, before + value, by.how);
    else
        to += value;
    return before;
}

bool interleaving::cas(std::uint64_t& to, std::uint64_t& expected, std::uint64_t desired, const access& by) {
    before_access(&to, by.what, true);
    state* const now = state::stepped();
    state* const weak = state::weak();
    unsigned back = 0;
    if (weak != nullptr)
        back = weak->pick(weak->weakly.readable(weak->who(), to, by.failing),
                          [&](unsigned each) { return weak->weakly.value(to, each) != expected; });
    const bool same = back == 0 && to == expected;
    if (same && now != nullptr) now->changes(to, desired);
    if (weak == nullptr) {
        if (same)
            to = desired;
        else
            expected = to;
    } else if (same) {
        weak->weakly.replace(weak->who(), to, desired, by.how);
    } else {
        expected = weak->weakly.read(weak->who(), to, back, by.failing);
    }
    if (now != nullptr) now->learn(&to, same ? desired : expected), now->learn(same ? 1 : 0);
    return same;
}

bool interleaving::cas_pair(std::uint64_t& first, std::uint64_t& second, std::array<std::uint64_t, 2> expected,
                            std::array<std::uint64_t, 2> desired, const access& by) {
    before_access(&first, by.what, true);
    state* const now = state::stepped();
    bool same = first == expected[0] && second == expected[1];
    if (state* const weak = state::weak()) {
        const auto an_old_one_differs = [&](const std::uint64_t& half, std::uint64_t wanted) {
            const auto old = weak->weakly.readable(weak->who(), half, by.failing);
            for (unsigned back = old.first; back < old.end; ++back)
                if (weak->weakly.value(half, back) != wanted) return true;
            return false;
        };
        const bool fails_by_an_old_one =
            (an_old_one_differs(first, expected[0]) || an_old_one_differs(second, expected[1])) && weak->pick();
        same = same && !fails_by_an_old_one;
        if (same) {
            weak->changes(first, desired[0]), weak->changes(second, desired[1]);
            weak->weakly.replace_pair(weak->who(), first, second, desired, by.how);
        } else if (!fails_by_an_old_one) {
            (void)weak->weakly.read(weak->who(), first, 0, by.failing);
            (void)weak->weakly.read(weak->who(), second, 0, by.failing);
        }
    } else if (same) {
        if (now != nullptr) now->changes(first, desired[0]), now->changes(second, desired[1]);
        first = desired[0];
        second = desired[1];
    }
    if (now != nullptr) now->learn(&first, same ? 1 : 0);
    return same;
}

void interleaving::barrier() {
    if (state* const weak = state::weak()) weak->weakly.barrier(weak->who());
}

void interleaving::hear_of_death(std::size_t actor) {
    if (state* const weak = state::weak()) weak->weakly.hear_of(weak->who(), actor);
}

// Runs attempts; keeps the stacks of the actors from one to the next.
class explorer {
public:
    std::string run(chooser& by, bounds within, const attempt& one, bool shows_accesses = false) {
        interleaving::state& my = *world_.state_;
        my.by = &by;
        my.left = within;
        my.sees_old = within.old_reads > 0;
        my.shows_accesses = shows_accesses;
        my.points = 0;
        my.decisions.clear();
        my.failure.clear();
        my.constants.clear();
        my.words = my.earlier = 0;
        my.asked.clear();
        my.remembered.clear();
        my.cannot_be_known = my.is_known = false;
        my.count = 0;
        my.current = &my;
        one(world_);
        my.current = nullptr;
        return my.failure;
    }
    [[nodiscard]] std::string schedule() const { return to_text(world_.state_->decisions); }
    [[nodiscard]] std::uint64_t outcome() const { return world_.state_->outcome(); }

private:
    interleaving world_;
};

namespace {

bounds with(bounds within, int preemptions, int deaths) {
    within.preemptions = preemptions;
    within.deaths = deaths;
    return within;
}

std::optional<exploration> replay(bounds within, const attempt& one) {
    const auto wanted = environment("SEKI_SCHEDULE");
    if (!wanted) return std::nullopt;
    by_text by{*wanted};
    explorer runner;
    const std::string failure = runner.run(by, with(within, 1'000'000, 1'000'000), one, true);
    exploration result;
    result.schedules = 1;
    if (!failure.empty()) result.failure = failure + ", by SEKI_SCHEDULE";
    return result;
}

}  // namespace

exploration explore(bounds within, const attempt& one) {
    if (auto replayed = replay(within, one)) return *replayed;
    exploration result;
    explorer runner;
    known_states known;
    for (int preemptions = 0; preemptions <= within.preemptions; ++preemptions) {
        depth_first by{within.every_schedule ? nullptr : &known};
        result.schedules = 0;
        do {
            std::string failure = runner.run(by, with(within, preemptions, within.deaths), one);
            if (by.differs()) failure = "the attempt does not depend on its schedule alone";
            ++result.schedules;
            if (within.keeps_outcomes) result.outcomes.insert(runner.outcome());
            if (failure.empty()) continue;
            result.failure = failure + "; again: SEKI_SCHEDULE=\"" + runner.schedule() + "\"";
            return result;
        } while (by.advance());
    }
    result.states = known.size();
    return result;
}

exploration explore_randomly(std::uint64_t seed, std::uint64_t runs, bounds within, const attempt& one) {
    if (auto replayed = replay(within, one)) return *replayed;
    seed = seed_or(seed);
    exploration result;
    explorer runner;
    for (std::uint64_t run = 0; run < runs; ++run) {
        by_seed by{seed + run};
        const std::string failure = runner.run(by, within, one);
        ++result.schedules;
        if (failure.empty()) continue;
        result.failure = failure + "; again: SEKI_SEED=" + std::to_string(seed + run) + ", or SEKI_SCHEDULE=\"" +
                         runner.schedule() + "\"";
        return result;
    }
    return result;
}

}  // namespace seki::test
