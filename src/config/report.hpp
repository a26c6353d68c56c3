// The mistakes found in one file, so that they can all be told at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <seki/error.hpp>

namespace seki::config {

struct place {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
};

class report {
public:
    explicit report(std::string_view file) : file_{file} {}

    void add(place where, std::string message) { found_.push_back({where, std::move(message)}); }
    [[nodiscard]] bool empty() const noexcept { return found_.empty(); }

    // One line each, in the order of the file; beyond max_reported they are only counted.
    [[nodiscard]] Error error() const;

private:
    struct mistake {
        place where;
        std::string message;
    };
    std::string file_;
    std::vector<mistake> found_;
};

}  // namespace seki::config
