// The straight paths of the breaker that workers call, beside the long way round: the same calls are made on another breaker, of the same options, through
// shm::breaker and the law alone. Both must say the same of every call, and stand alike after it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "breaker_fixture.hpp"
#include "primitives/breaker_actor.hpp"
#include "primitives/breaker_terms.hpp"
#include "primitives/hooks.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/constant_terms.hpp"
#include "shm/counters.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::breaker;

class BreakerStraight : public BreakerClock {
protected:
    using breaker = shm::breaker<>;
    struct caller {
        const BreakerStraight& of;
        [[nodiscard]] nanos now() const { return of.now; }
        [[nodiscard]] bool alive(std::uint64_t owner) const { return shm::holder_lives(of.where(), owner); }
        [[nodiscard]] static bool tired() { return false; }
        [[nodiscard]] static bool stands() { return true; }
        void moved(const shm::transition& /*made*/) const {}
        [[nodiscard]] std::uint64_t owner() const { return of.in().me().owner; }
    };
    struct call {
        detail::breaker_pass pass;
        breaker::admission admitted;
        nanos began = 0;
    };

    [[nodiscard]] std::uint64_t below(std::uint64_t end) {
        return std::uniform_int_distribution<std::uint64_t>{0, end - 1}(chance_);
    }

    [[nodiscard]] BreakerOptions any_options() {
        const bool by_time = below(3) == 0;
        BreakerOptions options{.window_type = by_time ? WindowType::time : WindowType::count,
                               .minimum_calls = below(2) == 0 ? 1 + below(4) : 10 + below(20),
                               .failure_threshold = std::array<unsigned, 4>{1, 34, 50, 100}.at(below(4)),
                               .slow_call_threshold = std::array<unsigned, 4>{1, 50, 67, 100}.at(below(4)),
                               .slow_call_duration = std::chrono::milliseconds{1 + below(3)},
                               .wait_duration = std::chrono::milliseconds{1 + below(4)},
                               .wait_multiplier = std::array{1.0, 1.5, 3.0}.at(below(3)),
                               .wait_duration_max = std::chrono::milliseconds{1 + below(9)},
                               .half_open_requests = 1 + below(3),
                               .max_half_open_duration = std::chrono::milliseconds{1 + below(9)}};
        options.window_size = by_time ? WindowSize{std::chrono::seconds{1 + below(2)}}
                                      : WindowSize{static_cast<std::int64_t>(options.minimum_calls + below(5))};
        if (below(8) == 0)
            options.mode =
                std::array{BreakerMode::forced_open, BreakerMode::forced_closed, BreakerMode::observe}.at(below(3));
        return options;
    }

    // As many steps, each of which is one call that begins or ends, or some time.
    void compare(const BreakerOptions& options, int steps) {
        const primitives::breaker straight = make(options, "straight");
        (void)make(options, "round");
        const auto place = primitives::breakers::find(where(), "round").value();
        const breaker round = shm::breaker_of(where(), place);
        const law::terms terms = straight.terms().law;
        std::vector<call> open;
        shm::counter_values counted{};
        const nanos made_before = now;
        bad_in_ = std::array<std::uint64_t, 3>{2, 8, 40}.at(below(3));
        for (int step = 0; step < steps; ++step) {
            switch (below(4)) {
                case 0: now += below(2) == 0 ? 1 : below(4'000'000); break;
                case 1:
                case 2: begin(straight, round, terms, open, counted); break;
                default: end(straight, round, terms, open, counted);
            }
            const auto one = straight.shared().look(), other = round.look();
            ASSERT_EQ(one.state, other.state) << step;
            ASSERT_EQ(one.reopened, other.reopened) << step;
            // They were not made in the same moment.
            ASSERT_TRUE(one.since == other.since || std::max(one.since, other.since) < made_before) << step;
            ASSERT_EQ(straight.shared().window(terms, now), round.window(terms, now)) << step;
        }
        const auto sums = shm::sum(where(), straight.place().index, straight.place().incarnation);
        for (const layout::counter which :
             {layout::count_call_ok, layout::count_call_error, layout::count_call_slow, layout::count_call_ignored,
              layout::count_call_rejected, layout::count_would_open})
            EXPECT_EQ(sums[which], counted[which]) << which;
    }

    std::mt19937_64 chance_;
    std::uint64_t bad_in_ = 2;  // one call of so many is bad, or counts for nothing

private:
    void begin(const primitives::breaker& straight, const breaker& round, const law::terms& terms,
               std::vector<call>& open, shm::counter_values& counted) {
        call made{.pass = {}, .admitted = {}, .began = now};
        const auto answer = straight.admit(made.pass, clock());
        made.admitted = round.admit(unchanging(terms), caller{*this});
        ASSERT_EQ(answer.error == Errc::none, static_cast<bool>(made.admitted));
        if (answer.error == Errc::none) {
            ASSERT_EQ(made.pass.started_ns, now);
            ASSERT_EQ(made.pass.place, made.admitted.place);
            ASSERT_EQ(static_cast<int>(made.pass.state), static_cast<int>(made.admitted.state));
            open.push_back(made);
        } else {
            ASSERT_EQ(answer.error, Errc::circuit_open);
            ASSERT_EQ(answer.retry_after, made.admitted.retry_after);
            ++counted[layout::count_call_rejected];
        }
    }

    void end(const primitives::breaker& straight, const breaker& round, const law::terms& terms,
             std::vector<call>& open, shm::counter_values& counted) {
        if (open.empty()) return;
        const std::size_t which = below(open.size());
        const call ended = open[which];
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
        const Outcome said =
            below(bad_in_) == 0 ? std::array{Outcome::error, Outcome::ignore}.at(below(2)) : Outcome::ok;
        std::optional<nanos> took;
        if (below(2) == 0)
            took =
                std::array<nanos, 5>{0, 1'000'000, 999'999, terms.slow_call_duration, law::max_duration}.at(below(5));
        straight.report(ended.pass, said, clock(), took);
        law::outcome outcome = said == Outcome::ok      ? law::classify(false, took.value_or(now - ended.began), terms)
                               : said == Outcome::error ? law::outcome::error
                                                        : law::outcome::ignore;
        const auto result = round.report(ended.admitted, outcome, now, terms, caller{*this});
        ++counted[outcome == law::outcome::ok      ? layout::count_call_ok
                  : outcome == law::outcome::error ? layout::count_call_error
                  : outcome == law::outcome::slow  ? layout::count_call_slow
                                                   : layout::count_call_ignored];
        if (result == breaker::report_result::would_open) ++counted[layout::count_would_open];
    }
};

// Fails if a straight path lets in, refuses, counts or classifies otherwise than the long way round, by a nanosecond or a call.
TEST_F(BreakerStraight, SaysWhatTheLongWaySays) {
    const std::uint64_t from = seed_or(4);
    SCOPED_TRACE("SEKI_SEED=" + std::to_string(from));
    chance_.seed(from);
    for (int round = 0; round < 150 && !HasFatalFailure(); ++round) {
        compare(any_options(), 120);
        ASSERT_TRUE(primitives::breakers::remove(where(), "straight"));
        ASSERT_TRUE(primitives::breakers::remove(where(), "round"));
    }
}

// Fails if a probe is said to have begun at another time than it was let in at, or the clock is read more often than needed.
TEST_F(BreakerStraight, AProbeBeginsWhenItIsLetIn) {
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .wait_duration = 5ms, .half_open_requests = 1});
    fails(it);
    now += 5'000'000;
    int readings = 0;
    const auto answer = it.admit(pass, [&] { return ++readings, ++now; });
    EXPECT_EQ(answer.error, Errc::none);
    EXPECT_EQ(pass.started_ns, now);
    EXPECT_EQ(readings, 2) << "once to find the wait over, and once when it was let in";
}

// Fails if a call, or the refusal of one, is told of another time than its own, or of one that nobody read.
TEST_F(BreakerStraight, CallsAreToldByTheTimeTheyWereMade) {
    struct seen {
        std::string outcome;
        nanos time, duration;
        bool operator==(const seen&) const = default;
    };
    std::vector<seen> all;
    auto* const handler =
        primitives::hooks::attach(primitives::emitter::breaker_calls, [&](const telemetry::Event& event) {
            all.push_back({std::string{event.metadata.back().value}, static_cast<nanos>(event.time.count()),
                           static_cast<nanos>(event.measurements[0].value)});
        });
    const primitives::breaker it =
        make({.window_size = 1, .minimum_calls = 1, .slow_call_duration = 10ms, .wait_duration = 5ms});
    ASSERT_TRUE(is_let_in(it));
    now += 7;
    it.report(pass, Outcome::ok, clock());
    ASSERT_TRUE(is_let_in(it));
    it.report(pass, Outcome::ok, clock(), 9);
    ASSERT_TRUE(is_let_in(it));
    now -= 1;  // of a processor whose clock is behind
    it.report(pass, Outcome::ok, clock());
    fails(it);
    EXPECT_FALSE(is_let_in(it));
    EXPECT_EQ(all,
              (std::vector<seen>{
                  {"ok", now + 1, 7}, {"ok", now + 1, 9}, {"ok", now, 0}, {"error", now, 0}, {"rejected", now, 0}}));
    all.clear();
    const primitives::breaker forced = make({.mode = BreakerMode::forced_open}, "forced");
    EXPECT_FALSE(is_let_in(forced));
    EXPECT_EQ(all, (std::vector<seen>{{"rejected", now, 0}}));
    primitives::hooks::detach(handler);
}

}  // namespace
}  // namespace seki::test
