// sekid's lines on standard error, for as long as they are read there.
#pragma once

#include <unistd.h>

#include <spdlog/sinks/sink.h>

namespace seki::daemon {

// Each message at once, by its thread, whole: what is behind a line that found room for a part of it comes after its rest. `to` is open for as long as
// the sink is, and is left as it was: other processes that write there may want to wait.
[[nodiscard]] spdlog::sink_ptr standard_error_sink(int to = STDERR_FILENO);

}  // namespace seki::daemon
