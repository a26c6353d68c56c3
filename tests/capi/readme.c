/* The C of README.md as it stands there, in a function, among what its reader has. It compiles: nothing runs it, for "shop" may be somebody's. Fails to
   compile when it does not, or is not found. */
#include <string.h>

#include <seki/seki.h>

int give_up(const char* why);
int unavailable(const char* why);
int too_many_requests(int64_t retry_after_ns);
int handle(const char* ip);

int handle(const char* ip) {
#include "readme_code.inc"
    return too_many_requests(logins != NULL ? d.delay_ns : 0);
}
