// Everything of Seki's C++ interface.
#pragma once

#include <seki/bulkhead.hpp>
#include <seki/error.hpp>
#include <seki/limiter.hpp>
#include <seki/open.hpp>
#include <seki/telemetry.hpp>
