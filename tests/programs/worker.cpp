// A worker for tests from outside: opens a segment and does what standard input says, a line each, until it ends.
//
//   check NAME KEY COST        -> allow REMAINING | deny RETRY_AFTER_NS | error CODE
//   repeat TIMES NAME KEY      -> allowed COUNT
//   trace TRACEPARENT          -> traced | error CODE
#include <iostream>
#include <sstream>
#include <string>

#include <seki/seki.hpp>

namespace {

void check(const seki::Segment& in, std::istream& words) {
    std::string name, key;
    std::int64_t cost = 1;
    words >> name >> key >> cost;
    const auto limiter = in.limiter(name);
    if (!limiter) {
        std::cout << "error " << to_string(limiter.error().code) << '\n';
        return;
    }
    const seki::Decision decision = limiter->check(key, cost);
    if (decision.error != seki::Errc::none)
        std::cout << "error " << to_string(decision.error) << '\n';
    else if (decision.allowed)
        std::cout << "allow " << decision.remaining << '\n';
    else
        std::cout << "deny " << decision.retry_after.count() << '\n';
}

void repeat(const seki::Segment& in, std::istream& words) {
    std::uint64_t times = 0, allowed = 0;
    std::string name, key;
    words >> times >> name >> key;
    const auto limiter = in.limiter(name);
    for (std::uint64_t i = 0; limiter && i < times; ++i)
        if (limiter->check(key).allowed) ++allowed;
    std::cout << "allowed " << allowed << '\n';
}

void trace(std::istream& words) {
    std::string parent;
    words >> parent;
    const auto set = seki::telemetry::set_trace_context(parent);
    std::cout << (set ? "traced" : "error " + std::string{to_string(set.error().code)}) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    const auto opened = seki::open(argc > 1 ? argv[1] : "");
    if (!opened) {
        std::cerr << opened.error().message << '\n';
        return 1;
    }
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::string command;
        words >> command;
        if (command == "check") check(*opened, words);
        if (command == "repeat") repeat(*opened, words);
        if (command == "trace") trace(words);
        std::cout.flush();
    }
    return 0;
}
