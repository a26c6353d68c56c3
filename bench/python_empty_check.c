// An empty C function of the signature of seki_limiter_check(). Linked into a second copy of the Python extension, where it stands in for the
// library's: what is left is what a call from Python costs, its arguments taken apart and its decision made.
#include <seki/seki.h>

seki_status seki_limiter_check(const seki_limiter* limiter, const void* key, size_t key_length, int64_t cost,
                               seki_decision* decision) {
    (void)limiter, (void)key, (void)key_length, (void)cost, (void)decision;
    return SEKI_OK;
}
