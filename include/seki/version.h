// Which version the header is of, and which the library that a program runs with.
#pragma once

#include <stdint.h>

#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEKI_VERSION_MAJOR 0
#define SEKI_VERSION_MINOR 1
#define SEKI_VERSION_PATCH 0
#define SEKI_VERSION_NUMBER (SEKI_VERSION_MAJOR * 10000 + SEKI_VERSION_MINOR * 100 + SEKI_VERSION_PATCH)

// Of the library: "0.1.0", and 100.
SEKI_C_API const char* seki_version(void) SEKI_NOTHROW;
SEKI_C_API uint32_t seki_version_number(void) SEKI_NOTHROW;

// Whether the library knows all that the header declares: seki_check_version(SEKI_VERSION_NUMBER). SEKI_ERROR_WRONG_VERSION when it is older than the
// header, or of another major version; a newer minor version is fine, and the patch does not matter.
//
// Programs work with a library that is older or newer, as far as both know the same: a missing function is told when the program starts, by the version of
// its symbol, and of a struct both sides touch only what both know. So an option that an older library does not know has no effect: who
// must not run without it asks this function first.
SEKI_C_API seki_status seki_check_version(uint32_t header_version) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
