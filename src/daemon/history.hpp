// What became of every primitive in each second of the last quarter of an hour.
//
// A ring of rows for each primitive, one of times for all. Nothing here knows of clocks, threads or segments: who takes samples gives them
// (daemon/recorder.hpp). A count stands in its row as what was counted in that second, a level as it was at its end; what does not fit is cut to the
// greatest that does. Room: bytes_of_one for each primitive, and rows for no more of them than fit most_bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/sample.hpp"

namespace seki::daemon {

class history {
public:
    static constexpr std::size_t length = 900;
    static constexpr std::uint64_t most_bytes = 8 << 20;
    // Refusals that are further apart are not one refusing.
    static constexpr std::uint64_t together_ms = 10'000;

    using row = std::array<std::uint32_t, report::sample_columns>;

    // Of one segment: another generation is another segment, and what was before is forgotten. Times are milliseconds of the wall clock.
    void take(std::uint64_t generation, std::span<const report::sample> now, std::uint64_t unix_ms);
    void forget();

    struct refusals {
        std::uint64_t since_ms = 0;  // 0: it refused nobody of late
        std::uint64_t last_ms = 0;   // 0: nobody since sekid looks
    };
    struct past {
        refusals refused;
        std::uint64_t number = 0;          // of the latest sample
        std::vector<std::uint64_t> at_ms;  // when each row was taken, the earliest first
        std::vector<row> rows;
    };
    // Nothing: there is no such primitive.
    [[nodiscard]] std::optional<past> of(layout::kind kind, std::string_view name) const;

    struct latest {
        layout::kind kind = layout::kind::none;
        std::string name;
        refusals refused;
        std::optional<row> last{};  // nothing: there is none yet
    };
    struct moment {
        std::uint64_t number = 0;  // of the samples that were taken; 0: none was
        std::uint64_t at_ms = 0;
        std::vector<latest> all{};  // in the order of the directory
    };
    [[nodiscard]] moment now() const;

    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    struct track {
        std::uint64_t incarnation = 0;
        layout::kind kind = layout::kind::none;
        std::string name;
        std::uint64_t first = 0;                                   // the number of the sample that its first row is of
        std::array<std::uint64_t, report::sample_columns> seen{};  // in the latest sample
        refusals refused{};
        row last{};
        std::vector<row> rows{};  // `length` of them, or none where there was no room
    };

    [[nodiscard]] track open(const report::sample& of, bool has_room) const;
    void enter(track& into, const report::sample& now) noexcept;
    [[nodiscard]] refusals refusals_of(const track& one) const noexcept;

    std::uint64_t generation_ = 0;
    std::uint64_t number_ = 0;
    std::array<std::uint64_t, length> at_ms_{};
    std::vector<track> tracks_{};  // in the order of the directory

public:
    // With a name that is as long as any.
    static constexpr std::size_t bytes_of_one = length * sizeof(row) + sizeof(track) + layout::name_size;
    static constexpr std::size_t most_kept = most_bytes / bytes_of_one;
};

}  // namespace seki::daemon
