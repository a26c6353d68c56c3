// A worker for tests from outside: opens a segment and does what standard input says, a line each, until it ends. A word in brackets may be left out.
//
//   check NAME KEY COST                -> allow REMAINING | deny RETRY_AFTER_NS | error CODE
//   repeat TIMES NAME KEY              -> allowed COUNT
//   trace TRACEPARENT                  -> traced | error CODE
//   call NAME OUTCOME [TIMES [MS]]     -> called COUNT          through a breaker; each takes MS at least; OUTCOME as a classifier says, or `throw`
//   retry NAME [FAILURES [TIMES]]      -> called COUNT CODE     calls whose first attempts fail; the code is the last one's: `none` when it succeeded
//   hedge NAME WINNER [TIMES]          -> answered COUNT CODE   hedged calls; the attempt of that number answers, 9: all fail
//   adapt NAME OUTCOME [TIMES]         -> let in COUNT          through an adaptive limit, one after the other
//   shed NAME PRIORITY [TIMES]         -> let in COUNT          requests at a shedder, all of them in flight at once
//   follow NAME KEY [FAILS [TIMES]]    -> called COUNT CODE     calls by a policy; the code is the last one's
//   admit NAME                         -> admitted | refused CODE RETRY_AFTER_NS
//   tell OUTCOME                       -> told                  of the earliest that was admitted
//   acquire NAME [MS]                  -> held | refused CODE   waits for so long, else as acquire() does
//   release                            -> released | kept       the earliest that is held
#include <chrono>
#include <condition_variable>
#include <deque>
#include <expected>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include <seki/seki.hpp>

namespace {

using std::chrono::milliseconds;

template <class T>
T next_or(std::istream& words, T otherwise) {
    T word{};
    return words >> word ? word : otherwise;
}

std::string failed(std::string_view what, seki::Errc code) {
    return std::string{what} + ' ' + std::string{to_string(code)};
}

std::string check(const seki::Segment& in, std::istream& words) {
    std::string name, key;
    words >> name >> key;
    const auto cost = next_or<std::int64_t>(words, 1);
    const auto limiter = in.limiter(name);
    if (!limiter) return failed("error", limiter.error().code);
    const seki::Decision decision = limiter->check(key, cost);
    if (decision.error != seki::Errc::none) return failed("error", decision.error);
    return decision.allowed ? "allow " + std::to_string(decision.remaining)
                            : "deny " + std::to_string(decision.retry_after.count());
}

std::string repeat(const seki::Segment& in, std::istream& words) {
    std::uint64_t times = 0, allowed = 0;
    std::string name, key;
    words >> times >> name >> key;
    const auto limiter = in.limiter(name);
    for (std::uint64_t i = 0; limiter && i < times; ++i)
        if (limiter->check(key).allowed) ++allowed;
    return "allowed " + std::to_string(allowed);
}

std::string trace(std::istream& words) {
    const auto set = seki::telemetry::set_trace_context(next_or<std::string>(words, ""));
    return set ? "traced" : failed("error", set.error().code);
}

seki::Outcome outcome_of(const std::string& word) {
    static const std::map<std::string, seki::Outcome> known{{"ok", seki::Outcome::ok},
                                                            {"error", seki::Outcome::error},
                                                            {"slow", seki::Outcome::slow},
                                                            {"ignore", seki::Outcome::ignore}};
    const auto found = known.find(word);
    return found != known.end() ? found->second : seki::Outcome::ignore;
}

std::string call(const seki::Segment& in, std::istream& words) {
    const auto breaker = in.breaker(next_or<std::string>(words, ""));
    if (!breaker) return failed("error", breaker.error().code);
    const auto word = next_or<std::string>(words, "ok");
    const auto times = next_or<std::uint64_t>(words, 1);
    const milliseconds takes{next_or<std::int64_t>(words, 0)};
    std::uint64_t called = 0;
    const auto function = [&] {
        ++called;
        if (takes.count() != 0) std::this_thread::sleep_for(takes);  // its work
        if (word == "throw") throw std::runtime_error{word};
    };
    const auto attempt = [&] {
        try {
            (void)breaker->call(function, [&] { return outcome_of(word); });
        } catch (const std::runtime_error&) {  // its own, passed through
        }
    };
    for (std::uint64_t i = 0; i < times; ++i) attempt();
    return "called " + std::to_string(called);
}

// A call, so many times, of which the first so many attempts fail. Answers how often the function was called, and what the last call came to.
std::string retry(const seki::Segment& in, std::istream& words) {
    const auto retry = in.retry(next_or<std::string>(words, ""));
    if (!retry) return failed("error", retry.error().code);
    const auto failures = next_or<std::uint64_t>(words, 0);
    const auto times = next_or<std::uint64_t>(words, 1);
    std::uint64_t called = 0;
    seki::Errc last = seki::Errc::none;
    for (std::uint64_t i = 0; i < times; ++i) {
        std::uint64_t attempts = 0;
        const auto answer = retry->call([&]() -> std::expected<void, int> {
            ++called;
            if (attempts++ < failures) return std::unexpected(1);
            return {};
        });
        last = answer ? seki::Errc::none : answer.error().code();
    }
    return "called " + std::to_string(called) + ' ' + std::string{seki::to_string(last)};
}

// Calls whose first attempts wait until they are told to stop; the one of that number answers. Number 9: all fail at once.
std::string hedge(const seki::Segment& in, std::istream& words) {
    const auto hedge = in.hedge(next_or<std::string>(words, ""));
    if (!hedge) return failed("error", hedge.error().code);
    const auto winner = next_or<std::uint64_t>(words, 0);
    const auto times = next_or<std::uint64_t>(words, 1);
    std::uint64_t answered = 0;
    seki::Errc last = seki::Errc::none;
    for (std::uint64_t i = 0; i < times; ++i) {
        const seki::Deadline enough{std::chrono::seconds{60}};
        const auto answer =
            hedge->call([&](const std::stop_token& stop, std::uint64_t which) -> std::expected<void, int> {
                if (winner == 9) return std::unexpected(1);
                if (which == winner) return {};
                std::mutex lock;
                std::condition_variable_any never;
                std::unique_lock held{lock};
                never.wait(held, stop, [] { return false; });
                return std::unexpected(1);
            });
        answered += answer ? 1U : 0U;
        last = answer ? seki::Errc::none : answer.error().code();
    }
    return "answered " + std::to_string(answered) + ' ' + std::string{seki::to_string(last)};
}

std::string follow(const seki::Segment& in, std::istream& words) {
    const auto policy = in.policy(next_or<std::string>(words, ""));
    if (!policy) return failed("error", policy.error().code);
    const auto key = next_or<std::string>(words, "");
    const auto fails = next_or<std::uint64_t>(words, 0) != 0;
    const auto times = next_or<std::uint64_t>(words, 1);
    std::uint64_t called = 0;
    seki::Errc last = seki::Errc::none;
    for (std::uint64_t i = 0; i < times; ++i) {
        const auto answer = policy->execute({.key = key}, [&]() -> std::expected<void, int> {
            ++called;
            if (fails) return std::unexpected(1);
            return {};
        });
        last = answer ? seki::Errc::none : answer.error().code();
    }
    return "called " + std::to_string(called) + ' ' + std::string{seki::to_string(last)};
}

std::string adapt(const seki::Segment& in, std::istream& words) {
    const auto adaptive = in.adaptive(next_or<std::string>(words, ""));
    if (!adaptive) return failed("error", adaptive.error().code);
    const seki::Outcome outcome = outcome_of(next_or<std::string>(words, ""));
    const auto times = next_or<std::uint64_t>(words, 1);
    std::uint64_t let_in = 0;
    for (std::uint64_t i = 0; i < times; ++i)
        if (auto permit = adaptive->try_acquire(); permit && permit->release(outcome)) ++let_in;
    return "let in " + std::to_string(let_in);
}

std::string shed(const seki::Segment& in, std::istream& words) {
    const auto shedder = in.shedder(next_or<std::string>(words, ""));
    if (!shedder) return failed("error", shedder.error().code);
    const auto priority = next_or<unsigned>(words, 2);
    const auto times = next_or<std::uint64_t>(words, 1);
    std::deque<seki::InFlight> let_in;
    for (std::uint64_t i = 0; i < times; ++i)
        if (auto request = shedder->admit(priority)) let_in.push_back(std::move(*request));
    return "let in " + std::to_string(let_in.size());
}

class held_things {
public:
    std::string admit(const seki::Segment& in, std::istream& words) {
        const auto breaker = in.breaker(next_or<std::string>(words, ""));
        if (!breaker) return failed("error", breaker.error().code);
        seki::Admission admission = breaker->admit();
        if (!admission)
            return failed("refused", admission.refusal().code) + ' ' +
                   std::to_string(admission.refusal().retry_after.count());
        admissions_.push_back(std::move(admission));
        return "admitted";
    }
    std::string tell(std::istream& words) {
        if (admissions_.empty()) return "nothing";
        admissions_.front().tell(outcome_of(next_or<std::string>(words, "")));
        admissions_.pop_front();
        return "told";
    }
    std::string acquire(const seki::Segment& in, std::istream& words) {
        const auto bulkhead = in.bulkhead(next_or<std::string>(words, ""));
        if (!bulkhead) return failed("error", bulkhead.error().code);
        const auto wait = next_or<std::int64_t>(words, -1);
        auto permit = wait >= 0 ? bulkhead->acquire(milliseconds{wait}) : bulkhead->acquire();
        if (!permit) return failed("refused", permit.error().code);
        permits_.push_back(*std::move(permit));
        return "held";
    }
    std::string release() {
        if (permits_.empty()) return "nothing";
        const bool released = permits_.front().release();
        permits_.pop_front();
        return released ? "released" : "kept";
    }

private:
    std::deque<seki::Admission> admissions_;
    std::deque<seki::Permit> permits_;
};

std::string obey(const seki::Segment& in, held_things& held, std::istream& words) {
    const auto command = next_or<std::string>(words, "");
    if (command == "check") return check(in, words);
    if (command == "repeat") return repeat(in, words);
    if (command == "trace") return trace(words);
    if (command == "call") return call(in, words);
    if (command == "retry") return retry(in, words);
    if (command == "hedge") return hedge(in, words);
    if (command == "adapt") return adapt(in, words);
    if (command == "shed") return shed(in, words);
    if (command == "follow") return follow(in, words);
    if (command == "admit") return held.admit(in, words);
    if (command == "tell") return held.tell(words);
    if (command == "acquire") return held.acquire(in, words);
    if (command == "release") return held.release();
    return "error unknown command";
}

}  // namespace

int main(int argc, char** argv) {
    const auto opened = seki::open(argc > 1 ? argv[1] : "");
    if (!opened) {
        std::cerr << opened.error().message << '\n';
        return 1;
    }
    held_things held;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::cout << obey(*opened, held, words) << '\n' << std::flush;
    }
    return 0;
}
