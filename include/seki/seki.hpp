// Everything of Seki's C++ interface.
#pragma once

#include <seki/adaptive.hpp>
#include <seki/breaker.hpp>
#include <seki/bulkhead.hpp>
#include <seki/call.hpp>
#include <seki/deadline.hpp>
#include <seki/error.hpp>
#include <seki/execute.hpp>
#include <seki/hedge.hpp>
#include <seki/limiter.hpp>
#include <seki/open.hpp>
#include <seki/policy.hpp>
#include <seki/retry.hpp>
#include <seki/shedder.hpp>
#include <seki/telemetry.hpp>
