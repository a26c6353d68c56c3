#include <seki/waiting.h>

#include "primitives/may_sleep.hpp"

void seki_before_sleep(seki_may_sleep ask, void* context) noexcept {
    seki::primitives::sleep_asked_of_thread = {.ask = ask, .context = context};
}
