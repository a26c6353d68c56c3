#include "pair_stage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "touches.hpp"

namespace seki::test {
namespace {

std::string told_by(const answer& told) {
    if (!told.was_given()) return no_end;
    return (told.was_allowed() ? "yes " : "no ") + std::to_string(shm::hardware::load_relaxed(told.more));
}
const std::string busy = "no " + std::to_string(static_cast<std::uint64_t>(Errc::busy));

// What somebody says who finds nothing there to get ready with is no news.
class quiet {
public:
    quiet() : kept_{::dup(STDERR_FILENO)} {
        const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        ::dup2(nowhere, STDERR_FILENO);
        ::close(nowhere);
    }
    ~quiet() {
        ::dup2(kept_, STDERR_FILENO);
        ::close(kept_);
    }
    quiet(const quiet&) = delete;
    quiet& operator=(const quiet&) = delete;

private:
    int kept_;
};

}  // namespace

// Both ready, in the world anew, and whoever is beside. In steps: both stop between any two.
struct pair_stage::play {
    play(pair_stage& on, const act* beside_it, bool in_steps = false, unsigned patience_with_the_second = 1)
        : stage_{on}, stops_{std::exchange(stops_between, in_steps)}, first{begin_first()} {
        if (beside_it != nullptr) second = ready(*beside_it, *on.told_second_, patience_with_the_second * patience_s);
        stops_between = stops_;
        if (on.first_.beside) beside_ = ready_beside();
    }

    [[nodiscard]] bool is_ready() const { return (!second || second->is_there()) && (!beside_ || beside_->is_there()); }
    [[nodiscard]] bool first_is_done() const { return stage_.told_first_->was_given(); }
    // To the end of its next step. Whether it has come to its end, whatever that is.
    bool first_steps() { return steps(first, *stage_.told_first_); }
    bool second_steps() { return steps(*second, *stage_.told_second_); }
    void first_goes_on() {
        while (!first_steps()) {
        }
    }
    void second_goes_on() {
        while (!second_steps()) {
        }
    }
    void second_goes_on(watch& by) {
        touches all{*second};
        (void)all.go_on(by.most_touches);
        by.reached = all.reached();
        by.touches = all.number();
    }
    [[nodiscard]] outcome then() const {
        return {told_by(*stage_.told_first_), second ? told_by(*stage_.told_second_) : "",
                stage_.look_(opened(stage_.stage_.folder(), Access::attach))};
    }

private:
    static bool steps(stepped_process& one, const answer& told) {
        return told.was_given() || !one.go_on() || told.was_given();
    }
    [[nodiscard]] stepped_process begin_first() const {
        *stage_.told_first_ = {};
        *stage_.told_second_ = {};
        return stage_.stage_.begin([this] {
            return stage_.bounded(stage_.first_, *stage_.told_first_, patience_with_the_first * patience_s);
        });
    }
    [[nodiscard]] std::unique_ptr<stepped_process> ready(const act& who, answer& told, unsigned seconds) const {
        return std::make_unique<stepped_process>([&] { return stage_.bounded(who, told, seconds); }, std::nothrow);
    }
    // Who holds something, and does nothing.
    [[nodiscard]] std::unique_ptr<stepped_process> ready_beside() const {
        return std::make_unique<stepped_process>(
            [this]() -> operation {
                auto* const by = new neighbour{opened(stage_.stage_.folder(), Access::attach)};
                stage_.first_.beside(*by);
                return [] {};
            },
            std::nothrow);
    }

    pair_stage& stage_;
    bool stops_;

public:
    stepped_process first;
    std::unique_ptr<stepped_process> second{};

private:
    std::unique_ptr<stepped_process> beside_{};
};

pair_stage::pair_stage(const act& first, look seen) : first_{first}, look_{std::move(seen)}, stage_{world_of(first)} {}

operation pair_stage::bounded(const act& who, answer& told, unsigned seconds) const {
    return [act = who.prepare(stage_.folder(), told), seconds] {
        ::alarm(seconds);
        act();
        ::raise(SIGSTOP);
    };
}

trail pair_stage::walk(std::uint64_t at_most, const act* second) {
    play both{*this, second};
    return trail{both.first, stage_.segment(), at_most, [&] { return both.first_is_done(); }};
}

std::vector<order> pair_stage::orders_with(const act& second) {
    std::vector<order> all;
    {
        const quiet nothing_to_see;
        play backwards{*this, &second};
        if (!backwards.is_ready()) return all;
        backwards.second_goes_on();
        backwards.first_goes_on();
        all.push_back({"the second, then the first", backwards.then()});
    }
    play forwards{*this, &second};
    forwards.first_goes_on();
    forwards.second_goes_on();
    all.push_back({"the first, then the second", forwards.then()});
    return all;
}

std::vector<order> pair_stage::all_orders_with(const act& second) {
    std::vector<order> all;
    bool any_left = true;  // of the first's steps, whatever the second did before
    for (int before = 0; std::exchange(any_left, false); ++before) {
        bool second_done = false;
        for (int begun = 0; !second_done; ++begun) {
            play both{*this, &second, true};
            for (int step = 0; step < before; ++step) (void)both.first_steps();
            for (int step = 0; step < begun; ++step) second_done = both.second_steps();
            any_left |= !both.first_steps();
            both.second_goes_on();
            both.first_goes_on();
            all.push_back({std::to_string(before) + " steps of the first, " + std::to_string(begun) +
                               " of the second, one of the first, and the others",
                           both.then()});
        }
    }
    // Who administers while another does is told that it is busy, in good time, and has done nothing.
    play alone{*this, &second};
    alone.first_goes_on();
    all.push_back({"the first, and the second was busy", alone.then()});
    all.back().then.second = busy;
    return all;
}

std::vector<reach> pair_stage::reaches_beside(const act& second, const trail& way) {
    play both{*this, &second};
    touches first{both.first};
    std::vector<reach> all;
    for (const std::uint64_t address : way.addresses()) {
        if (!first.next() || first.from() != address) return {};
        all.push_back(first.reached());
    }
    return all;
}

outcome pair_stage::stop_at(std::uint64_t instruction, const trail& way, const act& second, watch* of_the_second) {
    const unsigned patience = of_the_second != nullptr ? patience_with_the_watched : 1;
    auto both = std::make_unique<play>(*this, &second, false, patience);
    const bool is_astray = !way.lead(both->first, instruction);
    if (is_astray) {
        ++astray_;
        both = nullptr;
        both = std::make_unique<play>(*this, &second, false, patience);
        (void)both->first.step(instruction);
    }
    if (of_the_second != nullptr)
        both->second_goes_on(*of_the_second);
    else
        both->second_goes_on();
    both->first_goes_on();
    outcome got = both->then();
    if (of_the_second == nullptr) return got;
    if (is_astray) of_the_second->reached.is_anything();
    if (got.second != no_end) return got;
    of_the_second->reached.is_anything();
    both = nullptr;
    return stop_at(instruction, way, second);
}

}  // namespace seki::test
