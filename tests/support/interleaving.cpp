#include "support/interleaving.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <optional>
#include <random>
#include <sstream>
#include <utility>

#include "support/fiber.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

// Who waits for somebody that is stopped never ends: no attempt here needs a tenth of this.
constexpr std::uint64_t most_accesses = 20'000;

// What may happen at a point: actor `to` goes on, the one that runs dies, or it reads a store so far back.
struct action {
    enum class kind : char { goes_on = '>', dies = 'x', reads = '~' } what = kind::goes_on;
    int to = 0;
    friend bool operator==(const action&, const action&) = default;
};
constexpr action death{action::kind::dies, 0};
constexpr action goes_on(int actor) { return {action::kind::goes_on, actor}; }
constexpr action reads(unsigned back) { return {action::kind::reads, static_cast<int>(back)}; }

// On the stack of an actor, which may be abandoned: so it owns nothing.
class choices {
public:
    void add(action one) {
        if (count_ < all_.size()) all_[count_++] = one;
    }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] action operator[](std::size_t i) const { return all_[i]; }
    [[nodiscard]] bool offer(action one) const {
        return std::find(all_.begin(), all_.begin() + count_, one) != all_.begin() + count_;
    }
    friend bool operator==(const choices&, const choices&) = default;

private:
    std::array<action, 10> all_{};
    unsigned count_ = 0;
};

struct decision {
    std::uint64_t point = 0;  // counts points, and the ends of actors where somebody else must be chosen
    action done;
};

std::string to_text(const std::vector<decision>& decisions) {
    std::ostringstream text;
    for (const decision& each : decisions) {
        text << (text.tellp() > 0 ? " " : "") << each.point << static_cast<char>(each.done.what);
        if (each.done != death) text << each.done.to;
    }
    return text.str();
}

std::deque<decision> from_text(const std::string& text) {
    std::deque<decision> decisions;
    std::istringstream in{text};
    for (decision each; in >> each.point;) {
        each.done = {static_cast<action::kind>(in.get()), 0};
        if (each.done != death) in >> each.done.to;
        decisions.push_back(each);
    }
    return decisions;
}

// Who decides. The first of the options is to go on, or where nobody can, the first who may.
class chooser {
public:
    virtual ~chooser() = default;
    virtual action choose(std::uint64_t point, const choices& options) = 0;
};

class depth_first final : public chooser {
public:
    action choose(std::uint64_t /*point*/, const choices& options) override {
        if (depth_ == path_.size()) path_.push_back({options, 0});
        branch& here = path_[depth_++];
        if (here.options != options) differs_ = true;
        return here.options[here.taken];
    }
    // To the next path; false when there is none.
    bool advance() {
        depth_ = 0;
        while (!path_.empty() && path_.back().taken + 1 == path_.back().options.size()) path_.pop_back();
        if (path_.empty()) return false;
        ++path_.back().taken;
        return true;
    }
    // Whether an attempt did something else than before under the same choices.
    [[nodiscard]] bool differs() const { return differs_; }

private:
    struct branch {
        choices options;
        std::size_t taken;
    };
    std::vector<branch> path_;
    std::size_t depth_ = 0;
    bool differs_ = false;
};

class by_seed final : public chooser {
public:
    explicit by_seed(std::uint64_t seed) : random_{seed} {}
    action choose(std::uint64_t /*point*/, const choices& options) override {
        // Mostly go on: a switch at every access shows less than a long stop in the wrong place.
        if (random_() % 16 != 0) return options[0];
        return options[random_() % options.size()];
    }

private:
    std::mt19937_64 random_;
};

class by_text final : public chooser {
public:
    explicit by_text(const std::string& text) : wanted_{from_text(text)} {}
    action choose(std::uint64_t point, const choices& options) override {
        if (wanted_.empty() || wanted_.front().point != point) return options[0];
        const action done = wanted_.front().done;
        wanted_.pop_front();
        return options.offer(done) ? done : options[0];
    }

private:
    std::deque<decision> wanted_;
};

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::optional<std::string>{value} : std::nullopt;
}

}  // namespace

struct interleaving::state {
    struct actor {
        std::unique_ptr<fiber> body = std::make_unique<fiber>();
        enum class standing : std::uint8_t { runnable, ended, dead } now = standing::runnable;
    };
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

    void add_others(choices& to) const {
        for (std::size_t i = 0; i < count; ++i)
            if (static_cast<int>(i) != running && actors[i].now == actor::standing::runnable)
                to.add(goes_on(static_cast<int>(i)));
    }
    action choose(const choices& options) {
        if (options.size() == 1) return options[0];
        const action done = by->choose(points, options);
        if (done != options[0]) decisions.push_back({points, done});
        return done;
    }
    // Nobody can go on where it is: somebody else must.
    void hand_over() {
        ++points;
        choices options;
        add_others(options);
        next = options.size() == 0 ? std::nullopt : std::optional{choose(options).to};
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
        const auto back = static_cast<unsigned>(choose(options).to);
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
    // Somebody runs, and may still see what is old.
    static state* weak() {
        return current != nullptr && current->running >= 0 && current->left.old_reads > 0 ? current : nullptr;
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
    const action done = choose(options);
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
    my.count = actors.size();
    if (my.actors.size() < my.count) my.actors.resize(my.count);
    for (std::size_t i = 0; i < my.count; ++i) {
        my.actors[i].now = state::actor::standing::runnable;
        my.actors[i].body->reset(std::move(actors[i]));
    }
    my.weakly.begin(my.count, my.left.only_new_reads);
    my.running = -1;
    my.hand_over();
    while (my.next) {
        my.running = *my.next;
        my.next.reset();
        auto& actor = my.actors[static_cast<std::size_t>(my.running)];
        if (!actor.body->resume()) continue;
        actor.now = state::actor::standing::ended;
        my.hand_over();
    }
    my.running = -1;
}

void interleaving::constant(std::span<const std::byte> memory) { state_->constants.push_back(memory); }

bool interleaving::died(std::size_t actor) const {
    return actor < state_->count && state_->actors[actor].now == state::actor::standing::dead;
}

bool interleaving::allows_old_reads() const { return state_->sees_old; }

void interleaving::fail(const std::string& why) {
    if (state_->failure.empty()) state_->failure = why;
}

void interleaving::before_access(const void* address, const char* what, bool changes) {
    state* const now = state::current;
    if (now != nullptr && now->running >= 0) now->step(address, what, changes);
}

std::uint64_t interleaving::load(const std::uint64_t& from, const access& by) {
    before_access(&from, by.what, false);
    state* const weak = state::weak();
    if (weak == nullptr) return from;
    const auto old = weak->weakly.readable(weak->who(), from, by.how);
    const unsigned back = weak->pick(old, [](unsigned) { return true; });
    return weak->weakly.read(weak->who(), from, back, by.how);
}

void interleaving::store(std::uint64_t& to, std::uint64_t value, const access& by) {
    before_access(&to, by.what, true);
    state* const weak = state::weak();
    if (weak == nullptr) {
        to = value;
        return;
    }
    const bool under = !by.how.now.in_one_order && weak->weakly.may_come_under(weak->who(), to) && weak->pick();
    weak->weakly.store(weak->who(), to, value, by.how, under);
}

std::uint64_t interleaving::fetch_add(std::uint64_t& to, std::uint64_t value, const access& by) {
    before_access(&to, by.what, true);
    const std::uint64_t before = to;
    if (state* const weak = state::weak())
        weak->weakly.replace(weak->who(), to, before + value, by.how);
    else
        to += value;
    return before;
}

bool interleaving::cas(std::uint64_t& to, std::uint64_t& expected, std::uint64_t desired, const access& by) {
    before_access(&to, by.what, true);
    state* const weak = state::weak();
    unsigned back = 0;
    if (weak != nullptr)
        back = weak->pick(weak->weakly.readable(weak->who(), to, by.failing),
                          [&](unsigned each) { return weak->weakly.value(to, each) != expected; });
    const bool same = back == 0 && to == expected;
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
    return same;
}

bool interleaving::cas_pair(std::uint64_t& first, std::uint64_t& second, std::array<std::uint64_t, 2> expected,
                            std::array<std::uint64_t, 2> desired, const access& by) {
    before_access(&first, by.what, true);
    const bool same = first == expected[0] && second == expected[1];
    if (state* const weak = state::weak()) {
        const auto an_old_one_differs = [&](const std::uint64_t& half, std::uint64_t wanted) {
            const auto old = weak->weakly.readable(weak->who(), half, by.failing);
            for (unsigned back = old.first; back < old.end; ++back)
                if (weak->weakly.value(half, back) != wanted) return true;
            return false;
        };
        if ((an_old_one_differs(first, expected[0]) || an_old_one_differs(second, expected[1])) && weak->pick())
            return false;
        if (same) {
            weak->weakly.replace_pair(weak->who(), first, second, desired, by.how);
        } else {
            (void)weak->weakly.read(weak->who(), first, 0, by.failing);
            (void)weak->weakly.read(weak->who(), second, 0, by.failing);
        }
    } else if (same) {
        first = desired[0];
        second = desired[1];
    }
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
        my.count = 0;
        my.current = &my;
        one(world_);
        my.current = nullptr;
        return my.failure;
    }
    [[nodiscard]] std::string schedule() const { return to_text(world_.state_->decisions); }

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
    return exploration{.schedules = 1, .failure = failure.empty() ? "" : failure + ", by SEKI_SCHEDULE"};
}

}  // namespace

exploration explore(bounds within, const attempt& one) {
    if (auto replayed = replay(within, one)) return *replayed;
    exploration result;
    explorer runner;
    for (int preemptions = 0; preemptions <= within.preemptions; ++preemptions) {
        depth_first by;
        result.schedules = 0;
        do {
            std::string failure = runner.run(by, with(within, preemptions, within.deaths), one);
            if (by.differs()) failure = "the attempt does not depend on its schedule alone";
            ++result.schedules;
            if (failure.empty()) continue;
            result.failure = failure + "; again: SEKI_SCHEDULE=\"" + runner.schedule() + "\"";
            return result;
        } while (by.advance());
    }
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
