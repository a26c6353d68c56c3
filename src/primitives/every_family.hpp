// The families of all kinds, for who goes through `every_options`.
#pragma once

#include "primitives/adaptive_family.hpp"
#include "primitives/breaker_family.hpp"
#include "primitives/bulkhead_family.hpp"
#include "primitives/family.hpp"
#include "primitives/hedge_family.hpp"
#include "primitives/limiter_family.hpp"
#include "primitives/policy_family.hpp"
#include "primitives/retry_family.hpp"
#include "primitives/shedder_family.hpp"
