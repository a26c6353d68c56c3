// What the C interface adds to the C++ interface: both of libseki.so, in the same run.
//
//     bench/c_abi [--benchmark_filter=REGEX]
//
// Prints a table with the bar for each ratio; exits 1 when one is missed.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include <seki/seki.h>

#include <seki/seki.hpp>

#include "table.hpp"

namespace {

using namespace seki;
using namespace std::chrono_literals;

constexpr std::string_view hot_key = "203.0.113.7 login";

std::string segment_path() { return fmt::format("/dev/shm/seki-bench-{}/c_abi.seg", getpid()); }

template <class T>
T must(Result<T> made) {
    if (made) return *std::move(made);
    fmt::print(stderr, "{}\n", made.error().message);
    std::exit(2);
}

void must(seki_status done) {
    if (done == SEKI_OK) return;
    fmt::print(stderr, "{}\n", seki_last_error_message());
    std::exit(2);
}

const Segment& segment() {
    static const Segment opened = must(open(segment_path()));
    return opened;
}

const seki_segment* c_segment() {
    static const seki_segment* const opened = [] {
        seki_segment* made = nullptr;
        must(seki_open(segment_path().c_str(), nullptr, &made));
        return made;
    }();
    return opened;
}

// What both interfaces find, made by the first of them.
constexpr LimiterOptions generous{.limit = 10'000'000, .window = 1s, .burst = 10'000'000};
constexpr LimiterOptions stingy{.limit = 1, .window = 24h};

Limiter limiter(const char* name, LimiterOptions options) { return must(segment().limiter(name, options)); }

const seki_limiter* c_limiter(const char* name, LimiterOptions options) {
    (void)limiter(name, options);
    seki_limiter* found = nullptr;
    must(seki_limiter_get(c_segment(), name, &found));
    return found;
}

void check_cpp(benchmark::State& state) {
    const auto api = limiter("check", generous);
    for (auto _ : state) benchmark::DoNotOptimize(api.check(hot_key));
}

void check_c(benchmark::State& state) {
    const seki_limiter* const api = c_limiter("check", generous);
    seki_decision decision = SEKI_DECISION_INIT;
    for (auto _ : state) {
        seki_limiter_check(api, hot_key.data(), hot_key.size(), 1, &decision);
        benchmark::DoNotOptimize(decision);
    }
}

void deny_cpp(benchmark::State& state) {
    const auto api = limiter("deny", stingy);
    for (auto _ : state) benchmark::DoNotOptimize(api.check(hot_key));
}

void deny_c(benchmark::State& state) {
    const seki_limiter* const api = c_limiter("deny", stingy);
    seki_decision decision = SEKI_DECISION_INIT;
    for (auto _ : state) {
        seki_limiter_check(api, hot_key.data(), hot_key.size(), 1, &decision);
        benchmark::DoNotOptimize(decision);
    }
}

void permit_cpp(benchmark::State& state) {
    const auto api = must(segment().bulkhead("permit", {}));
    for (auto _ : state) {
        auto permit = api.try_acquire();
        benchmark::DoNotOptimize(permit);
    }
}

void permit_c(benchmark::State& state) {
    (void)must(segment().bulkhead("permit", {}));
    seki_bulkhead* api = nullptr;
    must(seki_bulkhead_get(c_segment(), "permit", &api));
    seki_permit permit = SEKI_PERMIT_INIT;
    for (auto _ : state) {
        seki_bulkhead_try_acquire(api, &permit);
        benchmark::DoNotOptimize(permit);
        seki_permit_release(&permit);
    }
    seki_bulkhead_free(api);
}

void call_cpp(benchmark::State& state) {
    const auto api = must(segment().breaker("call", {}));
    for (auto _ : state) {
        const auto called = api.call([] {});
        benchmark::DoNotOptimize(called.has_value());
    }
}

void call_c(benchmark::State& state) {
    (void)must(segment().breaker("call", {}));
    seki_breaker* api = nullptr;
    must(seki_breaker_get(c_segment(), "call", &api));
    for (auto _ : state) {
        const seki_status called =
            seki_breaker_call(api, [](void*) -> seki_outcome { return SEKI_OUTCOME_OK; }, nullptr, nullptr);
        benchmark::DoNotOptimize(called);
    }
    seki_breaker_free(api);
}

void admit_cpp(benchmark::State& state) {
    const auto api = must(segment().breaker("call", {}));
    for (auto _ : state) {
        Admission admission = api.admit();
        benchmark::DoNotOptimize(admission);
        admission.ok();
    }
}

void admit_c(benchmark::State& state) {
    (void)must(segment().breaker("call", {}));
    seki_breaker* api = nullptr;
    must(seki_breaker_get(c_segment(), "call", &api));
    seki_admission admission = SEKI_ADMISSION_INIT;
    for (auto _ : state) {
        seki_breaker_admit(api, &admission);
        benchmark::DoNotOptimize(admission);
        seki_admission_tell(&admission, SEKI_OUTCOME_OK);
    }
    seki_breaker_free(api);
}

void add(const char* name, void (*run)(benchmark::State&)) { bench::declare(name, run); }

const std::vector<bench::row> rows{
    {"check through C, to the C++ check", "check, C", "check, C++", 1.15},
    {"denial through C, to that of C++", "denial, C", "denial, C++", 1.15},
    {"acquire and release through C, to those of C++", "permit, C", "permit, C++", 1.3},
    {"call of a breaker through C, to that of C++", "call, C", "call, C++", 1.3},
    {"admit and tell through C, to those of C++", "admit, C", "admit, C++", 1.3},
};

}  // namespace

int main(int argc, char** argv) {
    add("check, C++", check_cpp);
    add("check, C", check_c);
    add("denial, C++", deny_cpp);
    add("denial, C", deny_c);
    add("permit, C++", permit_cpp);
    add("permit, C", permit_c);
    add("call, C++", call_cpp);
    add("call, C", call_c);
    add("admit, C++", admit_cpp);
    add("admit, C", admit_c);
    return bench::run(argc, argv, rows, [] {
        std::error_code ignored;
        std::filesystem::remove_all(std::filesystem::path{segment_path()}.parent_path(), ignored);
    });
}
