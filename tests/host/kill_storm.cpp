#include "kill_storm.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "report/doctor.hpp"
#include "report/holdings.hpp"

namespace seki::test {
namespace {

using ground = storm_ground;

constexpr std::size_t fewest_workers = 8;

unsigned long long wide(std::uint64_t number) { return number; }

void print_times(const char* which, std::vector<double> times) {
    if (times.empty()) return;
    std::ranges::sort(times);
    const auto late = times.end() - std::ranges::upper_bound(times, 100.0);
    std::printf(
        "%s: %zu deaths that left something, back after %.1f ms (median), %.1f (p99), %.1f (longest), %lld after more "
        "than 100\n",
        which, times.size(), times[times.size() / 2], times[times.size() * 99 / 100], times.back(),
        static_cast<long long>(late));
}

}  // namespace

kill_storm::kill_storm(std::uint64_t seed, carelessness how, std::chrono::seconds patience)
    : how_{how}, patience_{patience}, random_{seed} {
    ground_.here.set(ground::round, ground::calm);
    sekid_runs_ = beside_.start();
    expect(sekid_runs_, "sekid does not start");
}

kill_storm::~kill_storm() {
    for (const std::size_t each : living()) {
        ::kill(workers_[each].pid, SIGKILL);
        ::waitpid(workers_[each].pid, nullptr, 0);
    }
}

void kill_storm::blow(std::chrono::seconds span) {
    const auto end = clock::now() + span;
    while (clock::now() < end && wrongs_.empty()) one_round();
}

void kill_storm::one_round() {
    ++round_;
    told_ = unsure_ = {};
    for (std::size_t key = 0; key < storm_tools::keys; ++key)
        ground_.here.set(ground::plain_budget + key, storm_tools::budget);
    const std::size_t wanted = fewest_workers + random_() % (ground::most_workers - fewest_workers + 1);
    start_missing(wanted);
    for (const std::size_t each : living())
        for (std::size_t i = 0; i < storm_tools::limiter_count; ++i)
            ground_.here.set(ground::word_of(each, ground::admitted + i), 0);
    ground_.here.set(ground::round, round_ << 1);
    for (std::uint64_t volleys = 1 + random_() % 4; volleys != 0; --volleys) {
        let_them_work();
        if (random_() % 10 == 0 && std::exchange(sekid_runs_, false)) beside_.kill(), ++sekid_kills_;
        kill_some(1 + random_() % living().size());
        if (volleys != 1) start_missing(wanted);
        if (random_() % 2 == 0 && !std::exchange(sekid_runs_, true)) expect(beside_.start(), "sekid does not start");
    }
    if (!std::exchange(sekid_runs_, true)) expect(beside_.start(), "sekid does not start");
    await_what_they_held();
    let_all_rest();
    if (wrongs_.empty()) judge();
}

std::vector<std::size_t> kill_storm::living() const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < workers_.size(); ++i)
        if (workers_[i].pid != 0) found.push_back(i);
    return found;
}

void kill_storm::start_missing(std::size_t wanted) {
    for (std::size_t i = 0; i < workers_.size() && living().size() < wanted; ++i)
        if (workers_[i].pid == 0) start(i);
}

void kill_storm::start(std::size_t which) {
    for (std::size_t word = 0; word <= ground::admitted + storm_tools::limiter_count; ++word)
        ground_.here.set(ground::word_of(which, word), 0);
    const std::uint64_t seed = random_();
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) std::abort();
    workers_[which] = {pid, false};
    if (pid != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    for (const int number : {SIGSEGV, SIGABRT}) ::signal(number, SIG_DFL);  // a sanitizer has them
    OpenOptions existing;
    existing.access = Access::attach;
    // Some come to the segment by themselves, as a new program does; the others have it from their parent.
    const storm_tools tools = seed % 4 == 0 ? storm_tools{must(open(ground_.here.path(), existing))} : tools_;
    storm_worker{ground_, tools, which, seed, how_}.run();
}

// A while that is theirs, not the clock's: some steps. Those that stand still make none.
void kill_storm::let_them_work() {
    const std::vector<std::size_t> all = living();
    const auto made = [&] {
        std::uint64_t sum = 0;
        for (const std::size_t each : all) sum += read(each, ground::steps);
        return sum;
    };
    const std::uint64_t enough = made() + random_() % (20 * all.size());
    for (int look = 0; look < 100 && made() < enough; ++look) std::this_thread::sleep_for(100us);
}

void kill_storm::kill_some(std::size_t how_many) {
    std::vector<std::size_t> all = living(), dying;
    std::ranges::shuffle(all, random_);
    all.resize(how_many);
    const bool all_alike = random_() % 2 == 0;
    auto how = static_cast<manner>(random_() % manners);
    for (const std::size_t each : all) {
        if (!all_alike) how = static_cast<manner>(random_() % manners);
        if (send(each, how)) dying.push_back(each);
    }
    await_death(std::move(dying));
}

// Whether it dies of it.
bool kill_storm::send(std::size_t which, manner how) {
    process& it = workers_[which];
    const bool needs_to_run = how == manner::fault || how == manner::out_of_memory;
    if (it.stands_still && needs_to_run) how = manner::stop_and_kill;
    if (how == manner::out_of_memory && !(little_memory_ && little_memory_.add(it.pid))) how = manner::kill;
    const auto tell = [&](end_of_life order) {
        ground_.here.set(ground::word_of(which, ground::order), static_cast<std::uint64_t>(order));
    };
    switch (how) {
        case manner::kill: ::kill(it.pid, SIGKILL); break;
        case manner::crash: ::kill(it.pid, SIGSEGV); break;
        case manner::fault: tell(end_of_life::bad_address); break;
        case manner::abort: ::kill(it.pid, SIGABRT); break;
        case manner::out_of_memory: tell(end_of_life::no_memory); break;
        case manner::stop_and_kill:
            ::kill(it.pid, SIGSTOP);
            ::waitpid(it.pid, nullptr, it.stands_still ? WNOHANG : WUNTRACED);
            ::kill(it.pid, SIGKILL);
            break;
        case manner::stop_and_go_on:
            ::kill(it.pid, SIGSTOP);
            it.stands_still = true;
            ++stops_;
            return false;
    }
    if (it.stands_still && how != manner::kill && how != manner::stop_and_kill) ::kill(it.pid, SIGCONT);
    ++deaths_[static_cast<std::size_t>(how)];
    return true;
}

void kill_storm::await_death(std::vector<std::size_t> dying) {
    const bool all = comes_in_time([&] {
        std::erase_if(dying, [&](std::size_t which) {
            int status = 0;
            if (::waitpid(workers_[which].pid, &status, WNOHANG) != workers_[which].pid) return false;
            bury(which, status);
            return true;
        });
        look_after_the_dead();
        return dying.empty();
    });
    expect(all, "does not die", dying.size());
}

// What it had written down counts, and it may have died before it wrote down what it had just been told.
void kill_storm::bury(std::size_t which, int status) {
    expect(WIFSIGNALED(status), "a worker ended by itself");
    ++kills_;
    workers_[which] = {};
    for (std::size_t i = 0; i < storm_tools::limiter_count; ++i) told_[i] += read(which, ground::admitted + i);
    if (const std::uint64_t asked = read(which, ground::in_call); asked != 0) ++unsure_[asked - 1];
    if (const std::uint64_t name = read(which, ground::owner); name != 0)
        deceased_.push_back({name, clock::now(), ticks_, sekid_runs_});
}

void kill_storm::look_after_the_dead() {
    const report::holdings held = report::find_holdings(ground_.here.where(), report::whose::all);
    const auto now = clock::now();
    if (const std::uint64_t beat = beside_.heartbeat(); beat != std::exchange(heartbeat_, beat)) ++ticks_;
    std::erase_if(deceased_, [&](deceased& each) {
        each.with_sekid = each.with_sekid && sekid_runs_;
        if (held.contains(each.owner)) {
            each.left_something = true;
            return false;
        }
        if (each.left_something && each.with_sekid) most_ticks_ = std::max(most_ticks_, ticks_ - each.tick);
        if (each.left_something)
            (each.with_sekid ? back_after_ms_ : without_sekid_ms_)
                .push_back(std::chrono::duration<double, std::milli>(now - each.at).count());
        return true;
    });
}

void kill_storm::await_what_they_held() {
    const bool all = comes_in_time([&] {
        look_after_the_dead();
        return deceased_.empty();
    });
    expect(all, "what a dead process held does not come back", deceased_.size());
}

void kill_storm::let_all_rest() {
    const std::uint64_t resting = round_ << 1 | ground::calm;
    ground_.here.set(ground::round, resting);
    for (const std::size_t each : living()) {
        if (std::exchange(workers_[each].stands_still, false)) ::kill(workers_[each].pid, SIGCONT);
        int status = 0;
        const bool rests = comes_in_time([&] {
            return read(each, ground::resting) == resting || ::waitpid(workers_[each].pid, &status, WNOHANG) != 0;
        });
        expect(rests, "a living worker does not go on");
        if (read(each, ground::resting) == resting || !rests) continue;
        expect(false,
               "a worker ended by itself, by signal " + std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : 0));
        workers_[each] = {};
    }
}

void kill_storm::judge() {
    for (const auto& [word, what] :
         {std::pair{ground::too_many, "more were in at once than may be"},
          std::pair{ground::refused_release, "could not give back once what it held, or could twice"}})
        expect(ground_.here.read(word) == 0, what, ground_.here.read(word));
    judge_holdings();
    judge_budgets();
    judge_counts();
    judge_breakers();
    if (round_ % 16 != 0) return;
    const auto& where = ground_.here.where();
    if (auto found = report::examine(where); !found.empty())
        for (const auto& each : report::confirmed(report::examine(where), found))
            expect(false, "the doctor: " + each.where + ": " + each.what);
}

// All who live are at rest.
void kill_storm::judge_holdings() {
    const BulkheadStatus gate = must(tools_.gate.status());
    const AdaptiveStatus adaptive = must(tools_.adaptive.status());
    const std::pair<const char*, std::uint64_t> left[]{
        {"bulkhead", gate.in_use + ground_.here.read(ground::counter)},
        {"bulkhead's queue", gate.waiting},
        {"adaptive limit", adaptive.in_use},
        {"adaptive limit's queue", adaptive.waiting},
        {"shedder", must(tools_.shedder.status()).in_flight},
        {"breaker", must(tools_.patient.status()).probes + must(tools_.rough.status()).probes}};
    for (const auto& [what, many] : left)
        expect(many == 0, std::string{"nobody is in, and not all is free: "} + what, many);
}

void kill_storm::judge_budgets() {
    for (std::size_t i = 0; i < storm_tools::limiter_count; ++i) {
        std::uint64_t sum = told_[i] + drain(i);
        for (const std::size_t each : living()) sum += read(each, ground::admitted + i);
        const std::uint64_t all = storm_tools::keys * storm_tools::budget;
        if (sum > all) expect(false, "more was let in than the limit", sum - all);
        if (sum + unsure_[i] < all) expect(false, "less was let in than the limit", all - unsure_[i] - sum);
    }
}

// What nobody was let in for, and then makes room for the keys of the next round.
std::uint64_t kill_storm::drain(std::size_t limiter) {
    std::uint64_t left = 0;
    const bool is_plain = how_ == carelessness::spends_in_two_steps && limiter == 0;
    for (std::uint64_t each = 0; each < storm_tools::keys; ++each) {
        const std::string key = storm_tools::key_of(round_, each);
        if (is_plain) left += ground_.here.read(ground::plain_budget + each);
        while (!is_plain && tools_.limiters[limiter].check(key).allowed) ++left;
        expect(tools_.limiters[limiter].reset(key) == Errc::none, "a key cannot be reset");
    }
    return left;
}

std::vector<std::uint64_t> kill_storm::counts() const {
    const shm::segment& where = ground_.here.where();
    std::vector<std::uint64_t> all{shm::hardware::load_acquire(where.header().workers_reaped)};
    for (const Limiter& each : tools_.limiters) {
        const auto at = must(primitives::limiters::find(where, each.name()));
        const shm::counter_values counted = shm::sum(where, at.index, at.incarnation);
        all.insert(all.end(), counted.begin(), counted.end());
    }
    const BulkheadStatus gate = must(tools_.gate.status());
    const AdaptiveStatus adaptive = must(tools_.adaptive.status());
    const ShedderStatus door = must(tools_.shedder.status());
    all.insert(all.end(), {gate.acquired, gate.rejected, gate.reclaimed, adaptive.acquired, adaptive.rejected,
                           adaptive.reclaimed, door.codel_drops, door.reclaimed});
    all.insert(all.end(), door.admitted.begin(), door.admitted.end());
    all.insert(all.end(), door.shed.begin(), door.shed.end());
    for (const auto& from : tools_.patient_inside().transitions()) all.insert(all.end(), from.begin(), from.end());
    if (how_ == carelessness::counts_by_itself) {
        all.push_back(0);
        for (std::size_t i = 0; i < workers_.size(); ++i) all.back() += read(i, ground::steps);
    }
    return all;
}

void kill_storm::judge_counts() {
    std::vector<std::uint64_t> now = counts();
    for (std::size_t i = 0; i < counts_.size(); ++i)
        if (now[i] < counts_[i]) expect(false, "a count went down");
    counts_ = std::move(now);
}

void kill_storm::judge_breakers() {
    for (const Breaker* const each : {&tools_.patient, &tools_.rough}) {
        const bool closes = comes_in_time([&] {
            for (int call = 0; call < 5; ++call) each->admit().ok();
            return must(each->state()) == BreakerState::closed;
        });
        expect(closes, "good calls do not close a breaker");
    }
}

void kill_storm::expect(bool so, const std::string& what, std::uint64_t times) {
    if (!so) wrongs_[what] += times;
}

void kill_storm::print() const {
    std::printf(
        "%llu kills in %llu rounds: %llu of workers by SIGKILL, %llu by SIGSEGV, %llu by a bad address, %llu by "
        "SIGABRT, %llu while they stood still, %llu for want of "
        "memory; %llu of sekid; and %llu workers stood still and went on\n",
        wide(kills_ + sekid_kills_), wide(round_), wide(deaths_[0]), wide(deaths_[1]), wide(deaths_[2]),
        wide(deaths_[3]), wide(deaths_[4]), wide(deaths_[6]), wide(sekid_kills_), wide(stops_));
    if (!little_memory_)
        std::printf("nobody ran out of memory: no control group with little memory can be made here\n");
    std::printf("%llu were let in by bulkhead, adaptive limit, shedder and breakers\n",
                wide(ground_.here.read(ground::let_in)));
    print_times("while sekid ran", back_after_ms_);
    std::printf("at most %llu ticks of sekid began meanwhile, of %llu\n", wide(most_ticks_), wide(ticks_));
    print_times("where sekid died too", without_sekid_ms_);
    for (const auto& [what, times] : wrongs_) std::printf("WRONG, %llu times: %s\n", wide(times), what.c_str());
}

}  // namespace seki::test
