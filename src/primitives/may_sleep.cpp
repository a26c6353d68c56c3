#include "primitives/may_sleep.hpp"

namespace seki::primitives {

thread_local constinit sleep_asked sleep_asked_of_thread{};

}  // namespace seki::primitives
