#include "primitives/deadline.hpp"

namespace seki::primitives {

thread_local constinit std::uint64_t deadline_of_thread = no_deadline;

}  // namespace seki::primitives
