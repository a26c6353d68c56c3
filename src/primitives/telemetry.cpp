#include "primitives/telemetry.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>

#include "primitives/clock.hpp"
#include "primitives/event_types.hpp"
#include "primitives/random.hpp"
#include "primitives/trace_context.hpp"
#include "shm/event_ring.hpp"

namespace seki::primitives {
namespace {

using layout::event_kind;
using shm::hardware;

// sekid raises the deadline at each tick, and ticks last 10 s at most. One further away is nobody's.
constexpr std::uint64_t longest_listening = 30'000'000'000;

// One of the many that say that all is well.
bool is_ordinary_success(event_kind kind, std::uint8_t detail) noexcept {
    return kind == event_kind::limiter_allow || kind == event_kind::bulkhead_acquire ||
           kind == event_kind::bulkhead_release || kind == event_kind::adaptive_acquire ||
           kind == event_kind::adaptive_release || kind == event_kind::shed_admit ||
           kind == event_kind::retry_success ||
           (kind == event_kind::retry_attempt && detail == static_cast<std::uint8_t>(Errc::none)) ||
           (kind == event_kind::hedge_complete && detail <= static_cast<std::uint8_t>(hedge_status::extra)) ||
           (kind == event_kind::breaker_call && detail == static_cast<std::uint8_t>(algorithm::breaker::outcome::ok));
}

std::uint64_t load(const char* from) noexcept {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

// How the key begins, zeros behind it. Whole words straight from the key, and the last one from its last eight bytes: what is written byte by byte, and
// read as words while it is still being written, takes longer than all the rest (bench/events).
void write_text(shm::event_content& words, std::string_view key) noexcept {
    constexpr std::size_t room = layout::event_text_size / 8;
    const std::size_t whole = std::min(key.size() / 8, room);
    const std::size_t rest = key.size() - 8 * whole;
    for (std::size_t i = 0; i < room; ++i) words[layout::event_text + i] = i < whole ? load(&key[8 * i]) : 0;
    if (whole == room || rest == 0) return;
    std::uint64_t last = 0;
    if (whole > 0)
        last = load(&key[key.size() - 8]) >> 8 * (8 - rest);
    else
        for (std::size_t i = rest; i-- > 0;) last = last << 8 | static_cast<unsigned char>(key[i]);
    words[layout::event_text + whole] = last;
}

std::uint64_t wall_time() noexcept {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

// What happens in a handler is told to none.
bool handlers_want(event_kind kind) noexcept { return hooks::want(mask_of(kind)) && !hooks::inside(); }

constexpr std::uint64_t span_of(std::chrono::nanoseconds span) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(span.count(), 0));
}

}  // namespace

emitter::emitter(const shm::attachment& in, const shm::placement& at, bool keeps_keys) : emitter{in.where(), at} {
    attachment_ = &in;
    keeps_keys_ = keeps_keys;
}

emitter::emitter(const shm::segment& in, const shm::placement& at)
    : segment_{&in},
      listening_{&in.header().id.listening},
      writable_{in.how() == shm::segment::access::read_write},
      entry_{at.index},
      incarnation_{at.incarnation},
      name_{at.name},
      kind_{at.kind} {}

void emitter::limiter_decision(const Decision& answer, const key& of, std::uint64_t cost, nanos now) const noexcept {
    const bool allowed = answer.allowed && !answer.shadow;
    tell({.kind = allowed ? event_kind::limiter_allow : event_kind::limiter_deny,
          .now = now,
          .first = allowed ? answer.remaining : span_of(answer.retry_after),
          .second = cost,
          .result = static_cast<std::uint8_t>(answer.shadow ? 1 : 0),
          .of = &of});
}

void emitter::breaker_call(state in, outcome what, nanos took, nanos now) const noexcept {
    tell({.kind = event_kind::breaker_call,
          .now = now,
          .first = took,
          .result = static_cast<std::uint8_t>(in),
          .detail = static_cast<std::uint8_t>(what)});
}

void emitter::breaker_rejected(state in, nanos now) const noexcept {
    tell({.kind = event_kind::breaker_call,
          .now = now,
          .result = static_cast<std::uint8_t>(in),
          .detail = outcome_rejected});
}

void emitter::breaker_state_change(state from, state to, std::uint32_t generation, nanos now) const noexcept {
    tell({.kind = event_kind::breaker_state_change,
          .now = now,
          .first = wall_time(),
          .second = generation,
          .result = static_cast<std::uint8_t>(from),
          .detail = static_cast<std::uint8_t>(to)});
}

void emitter::retry_attempt(std::uint64_t attempt, Errc error) const noexcept {
    tell_retry(event_kind::retry_attempt, attempt, 0, error);
}

void emitter::retry_retry(std::uint64_t attempt, nanos delay, Errc error) const noexcept {
    tell_retry(event_kind::retry_retry, attempt, delay, error);
}

void emitter::retry_success(std::uint64_t attempt) const noexcept {
    tell_retry(event_kind::retry_success, attempt, 0, Errc::none);
}

void emitter::retry_exhausted(std::uint64_t attempts, Errc why) const noexcept {
    tell_retry(event_kind::retry_exhausted, attempts, 0, why);
}

void emitter::tell_retry(event_kind kind, std::uint64_t attempt, nanos delay, Errc error) const noexcept {
    if (!watched(mask_of(kind))) return;
    tell({.kind = kind,
          .now = read_clock(Clock::precise),
          .first = attempt,
          .second = delay,
          .detail = static_cast<std::uint8_t>(error)});
}

void emitter::bulkhead_reclaimed(std::uint64_t current, std::uint64_t available, std::uint64_t permits) const noexcept {
    const happening what{.kind = name_of(event_kind::bulkhead_reclaimed),
                         .now = read_clock(Clock::precise),
                         .first = current,
                         .second = available};
    if (writable_) push_each(what, permits);
    for (std::uint64_t i = 0; i < permits && handlers_want(what.kind); ++i) tell_handlers(what);
}

void emitter::tell_permits(const audience& to, event_kind kind, const permits_now& permits, nanos now) const noexcept {
    tell(to, {.kind = kind, .now = now, .first = permits.current, .second = permits.available});
}

void emitter::shedder_call(event_kind kind, unsigned priority, std::uint64_t measured) const noexcept {
    tell({.kind = kind,
          .now = read_clock(Clock::precise),
          .first = measured,
          .result = static_cast<std::uint8_t>(priority)});
}

void emitter::adaptive_limit_change(std::uint64_t from, std::uint64_t to) const noexcept {
    if (!watched(mask_of(event_kind::adaptive_limit_change))) return;
    tell({.kind = event_kind::adaptive_limit_change, .now = read_clock(Clock::precise), .first = from, .second = to});
}

void emitter::hedge_complete(hedge_status how, std::size_t attempts, nanos took) const noexcept {
    if (!watched(mask_of(event_kind::hedge_complete))) return;
    tell({.kind = event_kind::hedge_complete,
          .now = read_clock(Clock::precise),
          .first = attempts,
          .second = took,
          .detail = static_cast<std::uint8_t>(how)});
}

void emitter::tell(const happening& what) const noexcept {
    if (const audience to = audience_of(what.kind, what.detail, what.now)) tell(to, what);
}

void emitter::tell(const audience& to, const happening& what) const noexcept {
    if (to.ring) {
        shm::event_ring<> ring{to.ring->slot->events};
        const shm::event_content words = content_of(what, to.ring->who);
        if (is_missed_by_itself(what.kind))
            ring.try_push(words, to.ring->shared);
        else
            ring.push(words, to.ring->shared);
    }
    if (to.handlers) tell_handlers(what);
}

emitter::audience emitter::audience_of(event_kind kind, std::uint8_t detail, nanos now) const noexcept {
    audience all{.handlers = handlers_want(kind)};
    if (!is_wanted(kind, detail, now)) return all;
    const target into = ring_of_caller();
    shm::event_ring<> ring{into.slot->events};
    if (ring.has_room(layout::places_left_by(kind)))
        all.ring = into;
    else if (!is_missed_by_itself(kind))
        ring.drop(into.shared);
    return all;
}

// By somebody in another process.
bool emitter::is_wanted(event_kind kind, std::uint8_t detail, nanos now) const noexcept {
    if (!writable_) return false;
    if (is_rare(kind)) return true;
    if (!listens(now)) return false;
    return !is_ordinary_success(kind, detail) ||
           layout::is_sampled(kind, hardware::load_relaxed(segment_->header().event_sample), next_random());
}

// Who finds that it is over takes the word away, so that the next calls need not look: whoever raised it may be dead. By a clock that he reads after the word: by
// one of before, on which he was stopped, a deadline of now may look as far away as nobody's.
bool emitter::listens(nanos now) const noexcept {
    std::uint64_t until = hardware::load_relaxed(*listening_);
    if (until == 0) return false;
    const auto is_ahead_of = [until](nanos time) { return until > time && until - time <= longest_listening; };
    if (is_ahead_of(now) || is_ahead_of(read_clock(Clock::precise))) return true;
    (void)hardware::cas_acq_rel(*listening_, until, 0);
    return false;
}

emitter::target emitter::ring_of_caller() const noexcept {
    if (attachment_ == nullptr) return {&segment_->worker(segment_->parts().max_workers), shm::who_am_i(), true};
    const shm::worker& me = attachment_->me();
    return {me.slot, me.who, me.shared};
}

// Rounds: the places of a ring at most, whoever drains it meanwhile.
void emitter::push_each(const happening& what, std::uint64_t how_many) const noexcept {
    const target into = ring_of_caller();
    shm::event_ring<> ring{into.slot->events};
    const std::size_t left = layout::places_left_by(what.kind);
    const std::uint64_t most = std::min<std::uint64_t>(how_many, layout::event_ring::capacity - left);
    const shm::event_content words = content_of(what, into.who);
    std::uint64_t pushed = 0;
    for (; pushed < most && ring.has_room(left); ++pushed) ring.push(words, into.shared);  // or counts it as dropped
    if (pushed < how_many) ring.drop(into.shared, how_many - pushed);
}

shm::event_content emitter::content_of(const happening& what, std::uint64_t who) const noexcept {
    const current_trace trace = trace_of_thread;
    layout::event_header head{.kind = what.kind,
                              .trace_flags = trace.flags,
                              .result = what.result,
                              .detail = what.detail,
                              .entry = static_cast<std::uint16_t>(entry_)};
    shm::event_content words;
    std::uint64_t tag = 0;
    std::string_view text;
    if (what.of != nullptr) {
        tag = what.of->tag;
        head.key_size = static_cast<std::uint16_t>(what.of->text.size());
        head.has_text = keeps_keys_;
        if (keeps_keys_) text = what.of->text;
    }
    words[layout::event_time] = what.now;
    words[layout::event_head] = layout::pack(head);
    words[layout::event_incarnation] = incarnation_;
    words[layout::event_who] = who;
    words[layout::event_first] = what.first;
    words[layout::event_second] = what.second;
    words[layout::event_tag] = tag;
    write_text(words, text);
    words[layout::event_trace_high] = trace.high;
    words[layout::event_trace_low] = trace.low;
    words[layout::event_span] = trace.span;
    return words;
}

void emitter::tell_handlers(const happening& what) const noexcept {
    const event_type* const type = find_event_type(what.kind);
    if (type == nullptr) return;
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    std::array<telemetry::Measurement, 2> measurements;
    std::size_t measured = 0;
    for (std::size_t i = 0; i < 2; ++i)
        if (const std::uint64_t value = i == 0 ? what.first : what.second; !type->measurements[i].name.empty())
            measurements[measured++] = {type->measurements[i].name, static_cast<std::int64_t>(std::min(value, most))};
    std::array<telemetry::Metadata, 4> metadata;
    std::size_t details = 0;
    metadata[details++] = {"name", name_};
    if (what.of != nullptr) metadata[details++] = {"key", what.of->text};
    if (const auto word = type->result.word(what.result); !word.empty())
        metadata[details++] = {type->result.name, word};
    if (const auto word = type->detail.word(what.detail); !word.empty())
        metadata[details++] = {type->detail.name, word};
    const current_trace trace = trace_of_thread;
    const std::uint64_t who = writable_ ? ring_of_caller().who : shm::who_am_i();
    hooks::call(what.kind,
                {.name = type->name,
                 .primitive = name_,
                 .time = std::chrono::nanoseconds{static_cast<std::int64_t>(std::min(what.now, most))},
                 .worker = {.pid = static_cast<std::uint32_t>(who >> 32), .thread = static_cast<std::uint32_t>(who)},
                 .measurements = std::span{measurements}.first(measured),
                 .metadata = std::span{metadata}.first(details),
                 .key = what.of != nullptr ? std::optional{what.of->text} : std::nullopt,
                 .trace = trace.any() ? std::optional{unpack(trace)} : std::nullopt});
}

}  // namespace seki::primitives
