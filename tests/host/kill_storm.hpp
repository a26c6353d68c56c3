// Kills workers of a host, from one to all at once and sekid among them, again and again, and judges what is left.
//
// A round: 8 to 64 workers set about new keys; some volleys of deaths, after each of which the dead are replaced; then the living rest, and the judge looks:
//   - what the dead held is back, and the living, who rest, hold nothing;
//   - never were more in than may be, as the ledger counted it;
//   - of each limiter's budget the workers were given all but what the judge finds left, but for what somebody died asking for;
//   - no count has gone down, the breakers close by good calls, and the doctor has nothing to say.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "oom_group.hpp"
#include "sekid.hpp"
#include "storm_worker.hpp"

namespace seki::test {

class kill_storm {
public:
    // `patience`: after which nothing comes any more.
    kill_storm(std::uint64_t seed, carelessness how, std::chrono::seconds patience);
    ~kill_storm();
    kill_storm(const kill_storm&) = delete;
    kill_storm& operator=(const kill_storm&) = delete;

    // For so long, or until something is wrong.
    void blow(std::chrono::seconds span);

    // What was wrong, and how often.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& wrongs() const { return wrongs_; }
    void print() const;

private:
    using clock = std::chrono::steady_clock;
    enum class manner : std::uint8_t { kill, crash, fault, abort, stop_and_kill, stop_and_go_on, out_of_memory };
    static constexpr std::size_t manners = 7;

    struct process {
        pid_t pid = 0;
        bool stands_still = false;
    };
    // Who died, and may have left something.
    struct deceased {
        std::uint64_t owner;
        clock::time_point at;
        std::uint64_t tick;  // of sekid's, as far as they were seen
        bool with_sekid;
        bool left_something = false;
    };

    void one_round();
    void start_missing(std::size_t wanted);
    void start(std::size_t which);
    void let_them_work();
    void kill_some(std::size_t at_least);
    [[nodiscard]] bool send(std::size_t which, manner how);
    void await_death(std::vector<std::size_t> dying);
    void bury(std::size_t which, int status);
    void look_after_the_dead();
    void await_what_they_held();
    void let_all_rest();

    void judge();
    void judge_holdings();
    void judge_budgets();
    void judge_counts();
    void judge_breakers();
    [[nodiscard]] std::uint64_t drain(std::size_t limiter);
    [[nodiscard]] std::vector<std::uint64_t> counts() const;
    void expect(bool so, const std::string& what, std::uint64_t times = 1);

    template <class Condition>
    [[nodiscard]] bool comes_in_time(Condition so) const {
        const auto end = clock::now() + patience_;
        while (!so()) {
            if (clock::now() > end) return false;
            std::this_thread::sleep_for(100us);
        }
        return true;
    }
    [[nodiscard]] std::uint64_t read(std::size_t worker, std::size_t what) const {
        return ground_.here.read(storm_ground::word_of(worker, what));
    }
    [[nodiscard]] std::vector<std::size_t> living() const;

    storm_ground ground_;
    storm_tools tools_{ground_.here.segment()};
    sekid beside_{ground_.here};
    oom_group little_memory_;
    const carelessness how_;
    const std::chrono::seconds patience_;
    std::mt19937_64 random_;

    std::array<process, storm_ground::most_workers> workers_{};
    bool sekid_runs_ = false;
    std::uint64_t round_ = 0;
    std::array<std::uint64_t, storm_tools::limiter_count> told_{}, unsure_{};  // of the dead of this round
    std::vector<deceased> deceased_;
    std::vector<std::uint64_t> counts_;

    std::map<std::string, std::uint64_t> wrongs_;
    std::array<std::uint64_t, manners> deaths_{};
    std::uint64_t stops_ = 0, sekid_kills_ = 0, kills_ = 0;
    std::vector<double> back_after_ms_, without_sekid_ms_;
    std::uint64_t ticks_ = 0, heartbeat_ = 0, most_ticks_ = 0;
};

}  // namespace seki::test
