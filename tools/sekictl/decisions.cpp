// check, peek, reset: as the API does.
#include <limits>

#include <fmt/format.h>

#include "command.hpp"
#include "primitives/limiter.hpp"
#include "report/text.hpp"

namespace seki::ctl {
namespace {

struct question {
    std::string limiter;
    std::string key;
    std::int64_t cost = 1;
};

json seconds(std::chrono::nanoseconds span) {
    if (span == never) return nullptr;
    return std::chrono::duration<double>(span).count();
}

ending report_decision(const context& with, const Limiter& limiter, const Decision& decision) {
    if (decision.error != Errc::none) return with.fail(limiter.explain(decision.error));
    const ending end = decision.allowed ? ending::fine : ending::refused;
    if (with.as_json) {
        with.print({{"limiter", limiter.name()},
                    {"allowed", decision.allowed},
                    {"shadow", decision.shadow},
                    {"limit", decision.limit},
                    {"remaining", decision.remaining},
                    {"retry_after_seconds", seconds(decision.retry_after)},
                    {"reset_after_seconds", seconds(decision.reset_after)},
                    {"delay_seconds", seconds(decision.delay)}});
        return end;
    }
    fmt::print("{}{}: {} of {} left", decision.allowed ? "allowed" : "denied", decision.shadow ? " (shadow)" : "",
               decision.remaining, decision.limit);
    if (decision.retry_after == never)
        fmt::print(", the cost is above the capacity: never");
    else if (decision.retry_after.count() > 0)
        fmt::print(", again in {}", about(decision.retry_after));
    fmt::print(", as good as new in {}\n", about(decision.reset_after));
    return end;
}

complaint any_cost() { return whole_number(0, std::numeric_limits<std::int64_t>::max()); }

// The library says of a key and a cost together what is accepted. A cost that is not was refused when it was read.
template <class Act>
ending with_limiter(const context& with, const question& asked, Act act, Access how = Access::attach) {
    const auto segment = with.operate(how);
    if (!segment) return with.fail(segment.error());
    const auto limiter = segment->limiter(asked.limiter);
    if (!limiter) return with.fail(limiter.error());
    if (asked.key.size() > primitives::max_key_size)
        return with.fail(
            {Errc::invalid_argument, fmt::format("limiter \"{}\": the key has {} bytes: 0 to {} are accepted",
                                                 asked.limiter, asked.key.size(), primitives::max_key_size)});
    return act(*limiter);
}

app add(const app& program, const char* name, const char* what, const std::shared_ptr<question>& asked) {
    const app command = program.add_subcommand(name, what);
    command.add_option("LIMITER", asked->limiter, "its name").required();
    command.add_option("KEY", asked->key, "the key, 0 to 4096 bytes; one that begins with - goes after --").required();
    return command;
}

}  // namespace

void add_decisions(const app& program, const context& with, ending& end) {
    const auto asked = std::make_shared<question>();
    const app check = add(program, "check", "spend if that is allowed; exits 1 when denied", asked);
    check.add_option("--cost", asked->cost, "what it costs").check(any_cost()).capture_default_str();
    check.callback([&with, &end, asked] {
        end = with_limiter(with, *asked, [&](const Limiter& limiter) {
            return report_decision(with, limiter, limiter.check(asked->key, asked->cost));
        });
    });
    const app peek = add(program, "peek", "what check would answer; spends nothing", asked);
    peek.add_option("--cost", asked->cost, "what it would cost").check(any_cost()).capture_default_str();
    peek.callback([&with, &end, asked] {
        const auto ask = [&](const Limiter& limiter) {
            return report_decision(with, limiter, limiter.peek(asked->key, asked->cost));
        };
        end = with_limiter(with, *asked, ask, Access::read_only);
    });
    add(program, "reset", "make a key as good as new", asked).callback([&with, &end, asked] {
        end = with_limiter(with, *asked, [&](const Limiter& limiter) {
            if (const Errc why = limiter.reset(asked->key); why != Errc::none) return with.fail(limiter.explain(why));
            if (with.as_json)
                with.print({{"limiter", asked->limiter}, {"key", report::valid_utf8(asked->key)}, {"reset", true}});
            return ending::fine;
        });
    });
}

}  // namespace seki::ctl
