// What is sent at once.
#pragma once

#include <cstdint>
#include <string>

namespace seki::otlp {

struct request {
    std::string body{};       // as the protocol has it, before it is compressed
    std::uint64_t items = 0;  // data points, or log records
};

}  // namespace seki::otlp
