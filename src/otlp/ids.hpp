// The bytes of a trace's and a span's number, the highest first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace seki::otlp {

[[nodiscard]] inline std::string bytes_of(std::uint64_t number) {
    std::string bytes(sizeof number, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(number >> (56 - 8 * i) & 0xffU);
    return bytes;
}

[[nodiscard]] inline std::string bytes_of(const std::array<std::uint64_t, 2>& trace) {
    return bytes_of(trace[0]) + bytes_of(trace[1]);
}

}  // namespace seki::otlp
