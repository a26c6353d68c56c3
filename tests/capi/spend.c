// Spends so much of a key, and says how much is left: what another language looks at then.
//     spend SEGMENT LIMITER KEY COST
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seki/seki.h>

int main(int argc, char** argv) {
    seki_segment* segment = NULL;
    seki_limiter* limiter = NULL;
    seki_decision d = SEKI_DECISION_INIT;
    if (argc != 5) return 2;
    if (seki_open(argv[1], NULL, &segment) != SEKI_OK || seki_limiter_get(segment, argv[2], &limiter) != SEKI_OK ||
        seki_limiter_check(limiter, argv[3], strlen(argv[3]), atoi(argv[4]), &d) != SEKI_OK) {
        fprintf(stderr, "%s\n", seki_last_error_message());
        return 3;
    }
    printf("%s, %llu left\n", d.allowed ? "allowed" : "denied", (unsigned long long)d.remaining);
    seki_limiter_free(limiter);
    seki_close(segment);
    return d.allowed ? 0 : 1;
}
