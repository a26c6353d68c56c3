// [otlp] of a configuration: whether, what and where sekid exports by OpenTelemetry's protocol (docs/design/otlp.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace seki::config {

struct otlp_options {
    using pairs = std::vector<std::pair<std::string, std::string>>;

    // "http://127.0.0.1:4318"; /v1/metrics and /v1/logs are below it. Empty: nothing is exported.
    std::string endpoint{};
    pairs headers{};        // of each request
    pairs resource{};       // attributes of sekid, beside those that it gives itself, or in their place
    std::string ca_file{};  // whom to trust over https; empty: whom the system trusts
    bool metrics = true;
    bool events = true;  // changes of state and refusals as log records; exemplars of the metrics
    bool keys = true;    // whether log records have the keys of limiters
    bool gzip = true;
    std::chrono::nanoseconds metrics_interval = std::chrono::seconds{15};
    std::chrono::nanoseconds events_interval = std::chrono::seconds{1};  // a batch that is full goes earlier
    std::uint32_t max_batch = 512;                                       // log records of a request
    std::uint32_t max_queue = 4096;                                      // log records that wait
    std::chrono::nanoseconds timeout = std::chrono::seconds{10};         // of a request
    std::chrono::nanoseconds base_delay = std::chrono::seconds{1};       // before the first retry; doubles, with jitter
    std::chrono::nanoseconds max_delay = std::chrono::seconds{30};
    std::chrono::nanoseconds retry_for = std::chrono::minutes{5};      // then a batch is dropped
    std::chrono::nanoseconds flush_timeout = std::chrono::seconds{1};  // of the last requests, when sekid stops

    friend bool operator==(const otlp_options&, const otlp_options&) = default;
};

}  // namespace seki::config
