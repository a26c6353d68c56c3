// Random numbers for what must not be in step with others: samples, and the jitter of retries.
#pragma once

#include <cstdint>

namespace seki::primitives {

// Of the calling thread, in this process: a child goes on with numbers of its own, so that forked workers do not all come back at the same moment.
[[nodiscard]] std::uint64_t next_random() noexcept;

}  // namespace seki::primitives
