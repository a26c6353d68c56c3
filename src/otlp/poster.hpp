// Requests over HTTP, several at once, in one thread: libcurl.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/otlp.hpp"
#include "otlp/answer.hpp"

namespace seki::otlp {

// Each has a connection of its own, which is kept, and at most one request under way.
enum class signal : std::uint8_t { metrics, logs };
inline constexpr std::size_t signals = 2;
[[nodiscard]] constexpr const char* to_string(signal which) noexcept {
    return which == signal::metrics ? "metrics" : "logs";
}

class poster {
public:
    explicit poster(std::string user_agent);
    ~poster();
    poster(const poster&) = delete;
    poster& operator=(const poster&) = delete;

    // For the requests that begin after it.
    void configure(const config::otlp_options& by);

    // The body is copied, compressed if so configured.
    void begin(signal of, const std::string& body);
    // Its end was not told yet.
    [[nodiscard]] bool is_under_way(signal of) const noexcept;
    void abandon(signal of);  // an answer is not waited for any longer

    struct ended {
        signal of;
        otlp::answer answer;
    };
    // Until something has ended, wake() was called, or so long.
    [[nodiscard]] std::vector<ended> wait(std::chrono::milliseconds at_most);

    // The same, but what ends meanwhile is told by the next wait().
    void rest(std::chrono::milliseconds at_most) noexcept;

    void wake() noexcept;  // any thread

private:
    struct inside;
    std::unique_ptr<inside> inside_;
};

}  // namespace seki::otlp
