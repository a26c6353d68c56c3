// What the parts of the C program share. Each part says what it promises, and how it can fail, at its functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seki/seki.h>

// Goes on after a failure; main() answers how many there were.
void check_that(bool holds, const char* what, const char* file, int line);
#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)

// Ends the program when the call did not go well, and says why.
void must(seki_status done, const char* what, int line);
#define MUST(call) must((call), #call, __LINE__)

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)

// A segment in a folder of its own, which is removed at the end.
const char* segment_path(void);
seki_segment* opened(void);

// Nothing of it comes back while a test runs.
seki_limiter_options six_an_hour(void);

void use_status_and_version(void);
void use_segment(void);
void use_limiters(void);
void use_breakers(void);
void use_bulkheads(void);
void use_execute(void);
void use_retries(void);
void use_deadlines(void);
void use_telemetry(void);
void use_processes(void);
