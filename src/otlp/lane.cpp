#include "otlp/lane.hpp"

#include <algorithm>
#include <utility>

namespace seki::otlp {

void lane::configure(const config::otlp_options& by) noexcept {
    // Not full: the collector that comes back is to find them spread, and none at once.
    terms_ = {.growth = algorithm::backoff::growth::exponential,
              .jitter = algorithm::backoff::jitter::equal,
              .base = static_cast<std::uint64_t>(by.base_delay.count()),
              .max = static_cast<std::uint64_t>(by.max_delay.count())};
    patience_ns_ = static_cast<std::uint64_t>(by.retry_for.count());
}

std::uint64_t lane::put(request what, std::uint64_t now_ns) {
    const std::uint64_t before = items();
    held_ = std::move(what);
    since_ns_ = now_ns;
    return before;
}

std::optional<std::uint64_t> lane::due() const noexcept {
    return held_ && !under_way_ ? std::optional{due_ns_} : std::nullopt;
}

const request& lane::send() noexcept {
    under_way_ = true;
    return *held_;
}

lane::ending lane::end(const judgement& how, std::uint64_t retry_after_ns, std::uint64_t now_ns, std::uint64_t random) {
    under_way_ = false;
    if (how.verdict == verdict::again) {
        delay_ns_ = algorithm::backoff::delay(terms_, ++failures_, delay_ns_, random);
        due_ns_ = now_ns + std::max(delay_ns_, retry_after_ns);
        if (due_ns_ <= since_ns_ + patience_ns_) return {.again = true};
        return {.dropped = drop()};
    }
    failures_ = delay_ns_ = due_ns_ = 0;
    const std::uint64_t all = drop();
    if (how.verdict == verdict::refused) return {.failed = all};
    const std::uint64_t rejected = std::min(how.rejected, all);
    return {.sent = all - rejected, .failed = rejected};
}

std::uint64_t lane::drop() noexcept {
    under_way_ = false;
    const std::uint64_t all = items();
    held_.reset();
    return all;
}

void lane::hurry(std::uint64_t now_ns) noexcept {
    failures_ = delay_ns_ = 0;
    due_ns_ = std::min(due_ns_, now_ns);
}

}  // namespace seki::otlp
