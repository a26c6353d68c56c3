// Schedules of an exploration, and who chooses them: for support/interleaving.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "support/known_states.hpp"

namespace seki::test {

// What may happen at a point: actor `to` goes on, the one that runs dies, or it reads a store so far back.
struct action {
    enum class kind : char { goes_on = '>', dies = 'x', reads = '~' } what = kind::goes_on;
    std::int8_t to = 0;
    friend bool operator==(const action&, const action&) = default;
};
inline constexpr action death{action::kind::dies, 0};
constexpr action goes_on(int actor) { return {action::kind::goes_on, static_cast<std::int8_t>(actor)}; }
constexpr action reads(unsigned back) { return {action::kind::reads, static_cast<std::int8_t>(back)}; }

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
    std::uint8_t count_ = 0;
};

struct decision {
    std::uint64_t point = 0;  // counts points, and the ends of actors where somebody else must be chosen
    action done;
};

inline std::string to_text(const std::vector<decision>& decisions) {
    std::ostringstream text;
    for (const decision& each : decisions) {
        text << (text.tellp() > 0 ? " " : "") << each.point << static_cast<char>(each.done.what);
        if (each.done != death) text << int{each.done.to};
    }
    return text.str();
}

inline std::deque<decision> from_text(const std::string& text) {
    std::deque<decision> decisions;
    std::istringstream in{text};
    for (decision each; in >> each.point;) {
        each.done = {static_cast<action::kind>(in.get()), 0};
        int to = 0;
        if (each.done != death) in >> to;
        each.done.to = static_cast<std::int8_t>(to);
        decisions.push_back(each);
    }
    return decisions;
}

// Who decides. The first of the options is to go on, or where nobody can, the first who may.
class chooser {
public:
    virtual ~chooser() = default;
    virtual action choose(std::uint64_t point, const choices& options) = 0;
    // Whether it wants to be told where this is, before it chooses.
    [[nodiscard]] virtual bool asks_where() const { return false; }
    // `of_values`: the same state, for who reads nothing old from here on. Whether all that may come of it is known: then the rest is up to nobody, and goes by the
    // first of the options.
    virtual bool knows(std::uint64_t /*state*/, std::uint64_t /*of_values*/, const allowance& /*left*/) {
        return false;
    }
};

class depth_first final : public chooser {
public:
    // Without known states every schedule is run.
    explicit depth_first(known_states* known) : known_{known} {}

    action choose(std::uint64_t /*point*/, const choices& options) override {
        if (depth_ == path_.size()) path_.push_back({options, 0});
        branch& here = path_[depth_++];
        if (here.options != options) differs_ = true;
        return here.options[here.taken];
    }
    [[nodiscard]] bool asks_where() const override { return known_ != nullptr && depth_ == path_.size(); }
    bool knows(std::uint64_t state, std::uint64_t of_values, const allowance& left) override {
        if (known_->were_here(state, left)) return true;
        // Who may go on from here with old reads may do so without.
        if (left.old_reads > 0) (void)known_->were_here(of_values, {left.preemptions, left.deaths, 0});
        return false;
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
    known_states* known_;
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

}  // namespace seki::test
