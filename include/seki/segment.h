// Opening a segment: the shared memory that limiters, breakers and bulkheads live in.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <seki/status.h>

#ifdef __cplusplus
extern "C" {
#endif

// An attached segment. Thread-safe, and valid in the child after fork().
typedef struct seki_segment seki_segment;

enum { SEKI_ACCESS_CREATE_OR_ATTACH = 0, SEKI_ACCESS_ATTACH = 1, SEKI_ACCESS_READ_ONLY = 2 };

// How a segment is opened, and made when it does not exist yet: an existing one is taken as it is.
typedef struct seki_open_options {
    uint32_t size;            // sizeof(seki_open_options)
    int32_t access;           // SEKI_ACCESS_*
    uint32_t mode;            // permissions of the file: 0660, 0640 or 0600
    uint32_t max_workers;     // threads that can be attached at once; 1 to 4096
    uint64_t max_primitives;  // limiters, breakers and bulkheads; 1 to 4096
    uint64_t segment_size;    // bytes, up to 1 TiB. 0: what the configured limiters need and 20 MiB for others
    const char* group;        // of the file. Null: that of the creating process
    const char* config;       // a configuration file whose [segment] and primitives apply. Null: none
} seki_open_options;
#define SEKI_OPEN_OPTIONS_INIT {sizeof(seki_open_options), SEKI_ACCESS_CREATE_OR_ATTACH, 0660, 512, 256, 0, 0, 0}

// Opens the segment of that name: a path (anything with a slash), a bare name, or null or "" for the default: $SEKI_SEGMENT, else
// /run/seki/default.seg when that exists, else /dev/shm/seki-$UID/default.seg. A bare name means that name in the same folders. Needs no daemon: creates
// the segment, or attaches to it. `options` may be null. Takes some 100 microseconds, and milliseconds to create one.
SEKI_C_API seki_status seki_open(const char* name, const seki_open_options* options,
                                 seki_segment** segment) SEKI_NOTHROW;

// Gives the handle back. The handles made by it work on. Null is nothing.
SEKI_C_API void seki_close(seki_segment* segment) SEKI_NOTHROW;

// Where its file is. Null for a null segment; valid until seki_close().
SEKI_C_API const char* seki_segment_path(const seki_segment* segment) SEKI_NOTHROW;

// The path that seki_open() would use for `name`, NUL-terminated, in the `room` bytes at `path`. SEKI_ERROR_NO_SPACE when that is too little; PATH_MAX is
// always enough.
SEKI_C_API seki_status seki_resolve(const char* name, char* path, size_t room) SEKI_NOTHROW;

// What sekid does many times a second, for who runs without one: tidies up after processes that died, gives back what they held, and
// clears some of the keys that are as good as new, with their texts. And it looks whether the file still is where it was: handles move over to the
// segment that stands there now. Where there is none, who finds that first makes it, if it may create. Else, and after `sekictl destroy`, all are answered
// SEKI_ERROR_SUPERSEDED until somebody opens it or starts sekid.
SEKI_C_API seki_status seki_segment_maintain(const seki_segment* segment) SEKI_NOTHROW;

#ifdef __cplusplus
}
#endif
