// The examples of README.md and docs/guide/cpp.md, one after the other in one function, among what their reader has. They compile: nothing runs them, for "shop" may be somebody's.
// Fails to compile when they do not, or are not found.
#include <chrono>
#include <expected>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <seki/seki.hpp>

namespace {

struct response {};
struct card_data {};
struct {
    static std::string_view header(std::string_view) { return {}; }
} const request{};
constexpr std::string_view ip = "203.0.113.7";
constexpr card_data card{};

response give_up(const std::string&) { return {}; }
response unavailable(const std::string&) { return {}; }
response too_many_requests(std::chrono::nanoseconds) { return {}; }
response try_again_in(std::chrono::nanoseconds) { return {}; }
std::expected<int, std::string> charge(const card_data&) { return 1; }
int query() { return 1; }
std::string render(int) { return {}; }
std::expected<int, std::string> search(const std::stop_token&) { return 1; }
bool ping() { return true; }
void respond(int, const std::string&) {}
void call_me_in(std::chrono::nanoseconds) {}
std::string cached_page() { return {}; }
void log(std::string_view, std::string_view, const std::optional<seki::telemetry::TraceContext>&) {}

[[maybe_unused]] response handle() {
    [[maybe_unused]] int rows = 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused"
#include "readme_code.inc"
#pragma GCC diagnostic pop
    (void)answer;  // of the second example
    (void)told;    // of the third
    return {};
}

}  // namespace
