// What came of a request, and what the protocol says of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace seki::otlp {

struct answer {
    long status = 0;      // of HTTP; 0: none came
    std::string error{};  // why none came
    std::chrono::nanoseconds retry_after{0};
    std::string body{};
};

enum class verdict : std::uint8_t { taken, again, refused };

struct judgement {
    otlp::verdict verdict = verdict::again;
    std::uint64_t rejected = 0;  // of what was taken, items that were not
    std::string why{};           // for the log; empty when there is nothing to say
};

// Sent again is what the protocol says may be: 429, 502, 503, 504, and what was not answered.
[[nodiscard]] judgement judge(const answer& what);

}  // namespace seki::otlp
