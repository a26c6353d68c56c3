// One number that changes when any size or offset of the format does, so that two builds that differ refuse each other
// even when somebody forgot to raise the version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "layout/adaptive.hpp"
#include "layout/breaker.hpp"
#include "layout/bulkhead.hpp"
#include "layout/directory.hpp"
#include "layout/event.hpp"
#include "layout/header.hpp"
#include "layout/hedge.hpp"
#include "layout/histogram.hpp"
#include "layout/key_table.hpp"
#include "layout/permits.hpp"
#include "layout/policy.hpp"
#include "layout/retry.hpp"
#include "layout/shedder.hpp"
#include "layout/worker.hpp"

namespace seki::layout {

constexpr std::uint64_t fold(std::initializer_list<std::uint64_t> numbers) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a, 64 bit
    for (std::uint64_t number : numbers)
        for (int byte = 0; byte < 8; ++byte) hash = (hash ^ (number >> (8 * byte) & 0xff)) * 0x100000001b3ULL;
    return hash;
}

inline constexpr std::uint64_t layout_hash = fold({
    version,
    sizeof(header),
    offsetof(header, parts),
    offsetof(header, boot_id),
    offsetof(header, generation),
    offsetof(header, seed),
    offsetof(header, next_incarnation),
    offsetof(header, reload_requests),
    offsetof(header, events_missed),
    offsetof(header, event_sample),
    offsetof(header, changes_lost),
    offsetof(header, changes_made_good),
    offsetof(identity, listening),
    sizeof(geometry),
    sizeof(directory_entry),
    offsetof(directory_entry, kind),
    offsetof(directory_entry, arena_offset),
    offsetof(directory_entry, shape),
    offsetof(directory_entry, name),
    offsetof(directory_entry, made_with),
    offsetof(directory_entry, terms),
    name_size,
    shape_words,
    terms_in_block,
    static_cast<std::uint64_t>(last_kind),
    limiter_shape_key_texts,
    limiter_shape_max_keys,
    limiter_shape_buckets,
    limiter_shape_stripes,
    term_modes,
    term_limit,
    term_window,
    term_burst,
    term_emission,
    term_horizon,
    term_shift,
    term_count_bits,
    sizeof(bucket),
    sizeof(key_text),
    text_whole,
    text_mark,
    candidates,
    sizeof(process_slot),
    offsetof(process_slot, command),
    offsetof(process_slot, image),
    sizeof(worker_slot),
    offsetof(worker_slot, nonce),
    offsetof(worker_slot, hitters),
    offsetof(worker_slot, events),
    sizeof(counter_block),
    all_counters,
    sizeof(hitter),
    hitters_per_worker,
    breaker_shape_ring,
    breaker_shape_probes,
    breaker_window,
    breaker_slow_call_duration,
    breaker_wait_duration,
    breaker_mode,
    sizeof(breaker_block),
    offsetof(breaker_block, settled),
    offsetof(breaker_block, told),
    offsetof(breaker_block, window_end),
    offsetof(breaker_block, slices),
    offsetof(breaker_block, transitions),
    outcomes_in_block,
    outcome_slices,
    pack_place(0, place::taken),
    pack(transition_count{.generation = 1, .count = 2}),
    breaker_states,
    bulkhead_shape_permits,
    bulkhead_shape_waiting,
    bulkhead_max_concurrent,
    bulkhead_max_waiting,
    bulkhead_max_wait,
    adaptive_percents,
    adaptive_min_limit,
    adaptive_probe_interval,
    sizeof(adaptive_block),
    offsetof(adaptive_block, limit),
    pack(adaptive_window{.number = 1, .target = 2, .calls = 3, .drops = 4}),
    shedder_target,
    shedder_interval,
    count_admitted,
    count_shed,
    sizeof(shedder_block),
    bulkhead_doubts,
    bulkhead_near,
    sizeof(permit_control),
    sizeof(permit_bell),
    max_permits,
    sizeof(histogram_block),
    offsetof(histogram_block, counts),
    duration_buckets,
    sizeof(event_ring),
    event_ring::capacity,
    event_text,
    event_trace_high,
    event_words,
    static_cast<std::uint64_t>(last_event_kind),
    retry_modes,
    retry_max_attempts,
    retry_base_delay,
    retry_max_delay,
    retry_ratio,
    retry_min_per_second,
    count_retry_calls,
    count_retry_recovered,
    sizeof(retry_block),
    pack(budget_window{1, 0}),
    hedge_percentile,
    hedge_min_per_second,
    count_hedge_denied,
    latency_buckets,
    sizeof(hedge_block),
    offsetof(latency_block, tallies),
    policy_deadline,
    policy_names,
    sizeof(policy_block),
    sizeof(policy_name_set),
});

}  // namespace seki::layout
