// A program of C alone, compiled by the C compiler as C99 and linked by it with libseki.so: it uses every function of <seki/seki.h>.
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static int failures = 0;
static char folder[] = "/dev/shm/seki-capi-XXXXXX";
static char path[64];

void check_that(bool holds, const char* what, const char* file, int line) {
    if (holds) return;
    ++failures;
    fprintf(stderr, "%s:%d: not so: %s (the last error: %s)\n", file, line, what, seki_last_error_message());
}

void must(seki_status done, const char* what, int line) {
    if (done == SEKI_OK) return;
    fprintf(stderr, "line %d: %s: %s: %s\n", line, what, seki_status_name(done), seki_last_error_message());
    exit(2);
}

const char* segment_path(void) { return path; }

seki_segment* opened(void) {
    seki_open_options options = SEKI_OPEN_OPTIONS_INIT;
    seki_segment* segment = NULL;
    options.max_workers = 8;
    options.max_primitives = 32;
    options.segment_size = 4 << 20;
    MUST(seki_open(path, &options, &segment));
    return segment;
}

seki_limiter_options six_an_hour(void) {
    seki_limiter_options options = SEKI_LIMITER_OPTIONS_INIT;
    options.limit = 6;
    options.window_ns = HOUR;
    options.max_keys = 64;
    return options;
}

static void remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) fprintf(stderr, "%s is still there\n", folder);
}

static void write_to(const char* file, const char* text) {
    FILE* to = fopen(file, "w");
    if (to == NULL || fputs(text, to) < 0 || fclose(to) != 0) exit(2);
}

// Fails if a version, a status or its sentence is missing.
void use_status_and_version(void) {
    CHECK(seki_check_version(SEKI_VERSION_NUMBER) == SEKI_OK);
    CHECK(seki_version_number() == SEKI_VERSION_NUMBER);
    CHECK(strcmp(seki_version(), "0.1.0") == 0);
    CHECK(strcmp(seki_status_name(SEKI_ERROR_NOT_FOUND), "not_found") == 0);
    for (seki_status each = SEKI_OK; each <= SEKI_ERROR_INTERRUPTED; ++each)
        CHECK(strlen(seki_status_name(each)) > 0 && strlen(seki_status_message(each)) > 0);
    CHECK(strcmp(seki_status_name(-1), "unknown") == 0 && strcmp(seki_status_name(99), "unknown") == 0);
    CHECK(strlen(seki_status_message(-1)) > 0 && strlen(seki_status_message(INT32_MAX)) > 0);
}

// Fails if a segment is not made, found or refused as it was asked for.
void use_segment(void) {
    seki_open_options options = SEKI_OPEN_OPTIONS_INIT;
    seki_segment* segment = NULL;
    options.access = SEKI_ACCESS_ATTACH;
    CHECK(seki_open("/dev/shm/no-such-folder/a.seg", &options, &segment) == SEKI_ERROR_NOT_FOUND);
    CHECK(segment == NULL);
    CHECK(strstr(seki_last_error_message(), "/dev/shm/no-such-folder") != NULL);

    seki_segment* made = opened();
    MUST(seki_open(path, &options, &segment));
    CHECK(strcmp(seki_segment_path(segment), path) == 0);
    CHECK(seki_segment_maintain(segment) == SEKI_OK);
    char found[4096];
    CHECK(seki_resolve(path, found, sizeof found) == SEKI_OK && strcmp(found, path) == 0);
    CHECK(seki_resolve(path, found, strlen(path)) == SEKI_ERROR_NO_SPACE);
    CHECK(seki_resolve("shop", found, sizeof found) == SEKI_OK && strstr(found, "shop.seg") != NULL);
    seki_close(segment);
    seki_close(made);
}

// Fails if a configuration file is not read, or a mistake in it not told.
static void use_configuration(void) {
    char file[80];
    seki_open_options options = SEKI_OPEN_OPTIONS_INIT;
    seki_segment* segment = NULL;
    seki_limiter* limiter = NULL;
    seki_limiter_options seen = SEKI_LIMITER_OPTIONS_INIT;
    snprintf(file, sizeof file, "%s/seki.toml", folder);
    options.config = file;
    write_to(file, "[limiter.configured]\nlimit = 5\nwindow = \"1m\"\nmax_keys = 16\n");
    MUST(seki_open(path, &options, &segment));
    MUST(seki_limiter_get(segment, "configured", &limiter));
    MUST(seki_limiter_get_options(limiter, &seen));
    CHECK(seen.limit == 5 && seen.window_ns == 60 * SECOND && seen.max_keys == 16);
    seki_limiter_free(limiter);
    seki_close(segment);
    write_to(file, "[limiter.configured]\nlimits = 5\n");
    CHECK(seki_open(path, &options, &segment) == SEKI_ERROR_INVALID_ARGUMENT && segment == NULL);
    CHECK(strstr(seki_last_error_message(), "seki.toml:2:1") != NULL);
    options.config = NULL;
    options.group = "no-such-group";
    CHECK(seki_open("/dev/shm/seki-capi-no-such-group.seg", &options, &segment) != SEKI_OK && segment == NULL);
    CHECK(strstr(seki_last_error_message(), "no-such-group") != NULL);
}

int main(void) {
    if (mkdtemp(folder) == NULL) return 2;
    atexit(remove_folder);
    snprintf(path, sizeof path, "%s/a.seg", folder);
    CHECK(strcmp(seki_last_error_message(), "") == 0);
    use_status_and_version();
    use_segment();
    use_configuration();
    use_limiters();
    use_breakers();
    use_bulkheads();
    use_execute();
    use_retries();
    use_deadlines();
    use_telemetry();
    use_processes();
    if (failures > 0) fprintf(stderr, "%d failures\n", failures);
    return failures > 0;
}
