#include "primitives/limiter.hpp"

#include <algorithm>

namespace seki::primitives {

limiter::limiter(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : bound_place{std::move(in), at},
      hash_{attachment_->where().header(), at.incarnation},
      events_{*attachment_, at, at.shape[layout::limiter_shape_key_texts] != 0} {
    const tables found = tables_of(attachment_->where(), at);
    table_ = found.keys;
    texts_ = found.texts;
}

Decision limiter::check(demand wanted) const noexcept {
    return in_full(wanted, [](Clock which) { return read_clock(which); });
}

std::optional<Decision> limiter::overtaken(std::string_view key, std::uint64_t cost, layout::pair* slot,
                                           std::uint64_t tag, algorithm::nanos now,
                                           std::uint64_t version) const noexcept {
    constexpr int rounds = 8;  // after that the time is an old one
    const bucket_law law{[this, version](std::size_t value) { return shm::read_term(*entry_, version, value); }};
    for (int round = 0; round < rounds; ++round) {
        const auto at = shm::key_table<>::again({.slot = slot}, tag);
        if (!at || standing() != Errc::none) break;
        const auto ruling = law.rule(at.state, now, cost);
        if (!ruling.allowed || !shm::in_force(*entry_, version)) break;
        if (!shm::key_table<>::exchange(at, tag, algorithm::gcra::spent(ruling, now))) continue;
        count(tag, key, cost, true, false);
        return tell(law.describe(ruling), false, Clock::precise);
    }
    return std::nullopt;
}

// The price is `cost` times T. A change leaves the algorithm as it was.
[[gnu::noinline, gnu::cold]] Decision limiter::told_late(std::uint64_t before, std::uint64_t price, std::uint64_t cost,
                                                         std::uint64_t horizon) const noexcept {
    const std::uint64_t emission = std::max<std::uint64_t>(price / cost, 1);  // 0 only if somebody scribbled it
    const bucket_law law{algorithm::gcra::terms_of({.emission = emission, .horizon = horizon}),
                         terms().algorithm == Algorithm::leaky_bucket};
    return tell(law.describe({.before = before, .price = price, .allowed = true, .possible = true}), false,
                Clock::precise);
}

// A text that was lost (its writer died, or was overtaken by another) is written again when the key is next admitted and sampled. Not by a
// denial: that writes to nothing but the worker's own counters.
void limiter::sample(std::uint64_t tag, std::string_view key, bool allowed) const noexcept {
    shm::record(attachment_->me(), incarnation_, tag, allowed);
    if (allowed) note_text(tag, key);
}

void limiter::note_text(std::uint64_t tag, std::string_view key) const noexcept {
    if (!texts_.kept()) return;
    if (const auto at = table_.find(tag))
        texts_.write(table_.index_of(at), tag, key, [this] { return standing() == Errc::none; });
}

void limiter::keep(const demand& wanted, const receipt& made, const Decision& answer) const noexcept {
    if (!made.let_through) return;
    count(made.tag, wanted.key, made.cost, !made.observed, made.observed);
    if (events_.watched(emitter::limiter_decisions))
        events_.limiter_decision(answer, {made.tag, wanted.key}, made.cost, read_clock(Clock::precise));
}

void limiter::count_denial(const demand& wanted, const Decision& answer) const noexcept {
    if (!writable_ || wanted.cost <= 0) return;
    const std::uint64_t tag = hash_(wanted.key);
    const std::uint64_t cost = std::min(static_cast<std::uint64_t>(wanted.cost), max_count + 1);
    count(tag, wanted.key, cost, false, false);
    if (events_.watched(emitter::limiter_decisions))
        events_.limiter_decision(answer, {tag, wanted.key}, cost, read_clock(Clock::precise));
}

template <class Next>
Errc limiter::rewrite(std::string_view key, layout::counter which, Next next) const noexcept {
    if (key.size() > max_key_size) return Errc::invalid_argument;
    if (!writable_) return Errc::read_only;
    const std::uint64_t tag = hash_(key);
    for (int round = 0; round < shm::key_table<>::max_rounds; ++round) {
        if (const Errc why = standing(); why != Errc::none) return why;
        attachment_->join();
        const auto in_force = shm::read_terms(*entry_);
        const limiter_terms terms = unpack(in_force.values);
        const algorithm::nanos now = read_clock(terms.clock);
        if (!shm::in_force(*entry_, in_force.version)) continue;
        if (const auto at = table_.find(tag)) {
            const auto state = with_law(terms, [&](const auto& law) { return next(law, at.state, now); });
            if (!shm::key_table<>::exchange(at, tag, state)) continue;
        }
        shm::count(attachment_->me(), index_, incarnation_, which, 1);
        return Errc::none;
    }
    return Errc::damaged;
}

Errc limiter::reset(std::string_view key) const noexcept {
    return rewrite(key, layout::count_reset,
                   [](const auto& law, std::uint64_t, algorithm::nanos now) { return law.fresh(now); });
}

Errc limiter::refund(std::string_view key, std::int64_t cost) const noexcept {
    if (cost < 0) return Errc::invalid_argument;
    return rewrite(key, layout::count_refund, [cost](const auto& law, std::uint64_t state, algorithm::nanos now) {
        return law.refund(state, now, static_cast<std::uint64_t>(cost));
    });
}

}  // namespace seki::primitives
