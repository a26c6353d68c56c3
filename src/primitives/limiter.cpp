#include "primitives/limiter.hpp"

namespace seki::primitives {

limiter::limiter(std::shared_ptr<const shm::attachment> in, const shm::placement& at)
    : attachment_{std::move(in)},
      segment_{&attachment_->where()},
      entry_{&segment_->directory()[at.index]},
      writable_{segment_->how() == shm::segment::access::read_write},
      place_{at},
      hash_{segment_->header(), at.incarnation} {
    const tables found = tables_of(*segment_, at);
    table_ = found.keys;
    texts_ = found.texts;
}

Decision limiter::overfull(const law& by, const shm::worker& me, std::uint64_t tag, std::uint64_t cost) const noexcept {
    shm::count(me, place_.index, place_.incarnation, layout::count_full, 1);
    algorithm::outcome verdict{.limit = by.capacity()};
    verdict.allowed = by.terms().on_full == OnFull::allow;
    if (!verdict.allowed) verdict.retry_after = by.pace();
    const Decision decision = answer(by, verdict);
    count(me, decision, tag, cost);
    return decision;
}

template <class Next>
Errc limiter::rewrite(std::string_view key, layout::counter which, Next next) const noexcept {
    if (key.size() > max_key_size) return Errc::invalid_argument;
    if (!writable_) return Errc::read_only;
    if (const Errc why = standing(); why != Errc::none) return why;
    const law rule{terms()};
    const std::uint64_t tag = hash_(key);
    for (int round = 0; round < shm::key_table<>::max_rounds; ++round) {
        const auto at = table_.find(tag);
        if (at && !shm::key_table<>::exchange(at, tag, next(rule, at.state, read_clock(rule.terms().clock)))) continue;
        shm::count(attachment_->me(), place_.index, place_.incarnation, which, 1);
        return Errc::none;
    }
    return Errc::damaged;
}

Errc limiter::reset(std::string_view key) const noexcept {
    return rewrite(key, layout::count_reset,
                   [](const law& rule, std::uint64_t, algorithm::nanos now) { return rule.fresh(now); });
}

Errc limiter::refund(std::string_view key, std::int64_t cost) const noexcept {
    if (cost < 0) return Errc::invalid_argument;
    return rewrite(key, layout::count_refund, [cost](const law& rule, std::uint64_t state, algorithm::nanos now) {
        return rule.refund(state, now, static_cast<std::uint64_t>(cost));
    });
}

}  // namespace seki::primitives
