// Opening a segment: the shared memory that limiters and bulkheads live in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <seki/adaptive.hpp>
#include <seki/api.hpp>
#include <seki/breaker.hpp>
#include <seki/bulkhead.hpp>
#include <seki/error.hpp>
#include <seki/hedge.hpp>
#include <seki/limiter.hpp>
#include <seki/policy.hpp>
#include <seki/retry.hpp>
#include <seki/shedder.hpp>

namespace seki {

namespace client {
class segment_handle;
}

// How a segment is made when it does not exist yet. An existing one is taken as it is.
struct SegmentOptions {
    unsigned mode = 0660;                // permissions of the file: 0660, 0640 or 0600
    std::string group{};                 // its group; empty: that of the creating process
    std::uint32_t max_workers = 512;     // threads that can be attached at once; 1 to 4096
    std::uint32_t max_primitives = 256;  // 1 to 4096
    // Bytes, workers included, up to 1 TiB. 0: "auto", what the configured limiters need and 20 MiB for others; with the defaults that
    // leaves a third of the 64 MiB free that /dev/shm has in a Docker container.
    std::uint64_t size = 0;

    friend bool operator==(const SegmentOptions&, const SegmentOptions&) = default;
};

enum class Access : std::uint8_t { create_or_attach, attach, read_only };

struct OpenOptions {
    Access access = Access::create_or_attach;
    SegmentOptions segment{};        // used only when the segment is created
    std::filesystem::path config{};  // a configuration file whose [segment] and primitives apply; may be empty
};

// An attached segment. Cheap to copy, thread-safe, valid after fork(). Handles made by it keep it alive.
class SEKI_API Segment {
public:
    // The limiter of that name, made with `options` if there is none. A limiter that exists with other options is an error
    // (different_options) that names the difference.
    [[nodiscard]] Result<Limiter> limiter(std::string_view name, const LimiterOptions& options) const;

    // The limiter of that name, made by configuration or by another process; not_found otherwise.
    [[nodiscard]] Result<Limiter> limiter(std::string_view name) const;

    // Changes options of a limiter while it runs: limit, window, burst, on_full, mode, clock. Buckets survive; counts of windows
    // survive unless `window` changes, which starts them anew: each key may spend its limit once more. algorithm, max_keys
    // and store_keys cannot change.
    [[nodiscard]] Result<void> change(std::string_view name, const LimiterOptions& options) const;

    // Deletes a limiter. Its handles, everywhere, answer Errc::deleted from then on.
    [[nodiscard]] Result<void> remove_limiter(std::string_view name) const;

    // The bulkhead of that name, likewise.
    [[nodiscard]] Result<Bulkhead> bulkhead(std::string_view name, const BulkheadOptions& options) const;
    [[nodiscard]] Result<Bulkhead> bulkhead(std::string_view name) const;

    // Changes any option of a bulkhead while it runs. What is held is never taken away.
    [[nodiscard]] Result<void> change(std::string_view name, const BulkheadOptions& options) const;

    // Deletes a bulkhead. Its handles, everywhere, answer Errc::deleted from then on; permits that are held work on, and can be given back.
    [[nodiscard]] Result<void> remove_bulkhead(std::string_view name) const;

    // Likewise for breakers. All their options can change: window_size and half_open_requests as far as there was made room for at the creation. A
    // change of window_type, or of the length of a time window, starts the window anew. A `mode` is an order where it differs from the options as they
    // were, and none otherwise: what open(), close(), observe() and automatic() said of the breaker stays, for who changes a threshold means no more.
    [[nodiscard]] Result<Breaker> breaker(std::string_view name, const BreakerOptions& options) const;
    [[nodiscard]] Result<Breaker> breaker(std::string_view name) const;
    [[nodiscard]] Result<void> change(std::string_view name, const BreakerOptions& options) const;
    [[nodiscard]] Result<void> remove_breaker(std::string_view name) const;

    // And for adaptive limits. All their options can change; the limit stays where it is, within its bounds.
    [[nodiscard]] Result<Adaptive> adaptive(std::string_view name, const AdaptiveOptions& options) const;
    [[nodiscard]] Result<Adaptive> adaptive(std::string_view name) const;
    [[nodiscard]] Result<void> change(std::string_view name, const AdaptiveOptions& options) const;
    [[nodiscard]] Result<void> remove_adaptive(std::string_view name) const;

    // And for shedders. All their options can change.
    [[nodiscard]] Result<Shedder> shedder(std::string_view name, const ShedderOptions& options) const;
    [[nodiscard]] Result<Shedder> shedder(std::string_view name) const;
    [[nodiscard]] Result<void> change(std::string_view name, const ShedderOptions& options) const;
    [[nodiscard]] Result<void> remove_shedder(std::string_view name) const;

    // And for retries. All their options can change; a budget that changes does so with its next window, a second later at most.
    [[nodiscard]] Result<Retry> retry(std::string_view name, const RetryOptions& options) const;
    [[nodiscard]] Result<Retry> retry(std::string_view name) const;
    [[nodiscard]] Result<void> change(std::string_view name, const RetryOptions& options) const;
    [[nodiscard]] Result<void> remove_retry(std::string_view name) const;

    // And for hedges. All their options can change; a percentile does within a tenth of a second.
    [[nodiscard]] Result<Hedge> hedge(std::string_view name, const HedgeOptions& options) const;
    [[nodiscard]] Result<Hedge> hedge(std::string_view name) const;
    [[nodiscard]] Result<void> change(std::string_view name, const HedgeOptions& options) const;
    [[nodiscard]] Result<void> remove_hedge(std::string_view name) const;

    // And for policies, whose parts are found by their names: not_found names one that there is not. All their options can change, and their handles,
    // everywhere, go by the new ones with the next call. A part that was deleted refuses until there is another of its name.
    [[nodiscard]] Result<Policy> policy(std::string_view name, const PolicyOptions& options) const;
    [[nodiscard]] Result<Policy> policy(std::string_view name) const;
    [[nodiscard]] Result<void> change(std::string_view name, const PolicyOptions& options) const;
    [[nodiscard]] Result<void> remove_policy(std::string_view name) const;

    // What sekid does many times a second, for who runs without one: tidies up after processes that died, gives back what they held, and
    // clears some of the keys that are as good as new, with their texts. Of many processes it asks for some, and for the others the next time: a call takes a
    // fraction of a millisecond. And it looks whether the file still is where it was: who works on in one that was
    // removed shares no limit with who starts later. Then handles move over to the segment that stands there now. Where there is none, who finds
    // that first makes it, if it may create. Else, and after `sekictl destroy`, all are answered Errc::superseded until somebody opens it or starts sekid.
    [[nodiscard]] Result<void> maintain() const;

    // Of the segment in use now, from the root on and without links in its folder, whatever it was opened by.
    [[nodiscard]] const std::filesystem::path& path() const noexcept;

    // For the tools of this project, which look deeper than users need to.
    [[nodiscard]] const std::shared_ptr<client::segment_handle>& handle() const noexcept { return handle_; }

private:
    friend Result<Segment> open(std::string_view, const OpenOptions&);
    explicit Segment(std::shared_ptr<client::segment_handle> handle) noexcept : handle_{std::move(handle)} {}
    [[nodiscard]] Result<Policy> composed(std::string_view name, const std::optional<PolicyOptions>& options) const;

    std::shared_ptr<client::segment_handle> handle_;
};

// `name` is a path (anything with a slash), a bare name, or empty for the default: $SEKI_SEGMENT, else
// /run/seki/default.seg when that exists, else /dev/shm/seki-$UID/default.seg. A bare name, with `.seg` or without, means that name in the
// same folders. Who may not look into /run/seki is sent there, and refused with a sentence, rather than given limits of his own. Needs no daemon: creates the segment, or attaches to it.
[[nodiscard]] SEKI_API Result<Segment> open(std::string_view name = {}, const OpenOptions& options = {});

// The path that open() would use for `name`.
[[nodiscard]] SEKI_API std::filesystem::path resolve(std::string_view name = {});

}  // namespace seki
