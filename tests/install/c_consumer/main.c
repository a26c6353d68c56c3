// The same as a program of C: two pass, the third does not.
#include <stdio.h>

#include <seki/seki.h>

int main(int argc, char** argv) {
    seki_segment* segment = NULL;
    seki_limiter* logins = NULL;
    seki_limiter_options two_an_hour = SEKI_LIMITER_OPTIONS_INIT;
    int passed = 0;
    if (argc != 2) return 2;
    remove(argv[1]);

    two_an_hour.limit = 2;
    two_an_hour.window_ns = 3600000000000;
    if (seki_check_version(SEKI_VERSION_NUMBER) != SEKI_OK || seki_open(argv[1], NULL, &segment) != SEKI_OK ||
        seki_limiter_create(segment, "logins", &two_an_hour, &logins) != SEKI_OK)
        return fprintf(stderr, "%s\n", seki_last_error_message()), 1;

    for (int i = 0; i < 3; ++i) {
        seki_decision d = SEKI_DECISION_INIT;
        seki_limiter_check(logins, "192.0.2.1", 9, 1, &d);
        passed += d.allowed ? 1 : 0;
    }
    printf("%d of 3 passed\n", passed);
    seki_limiter_free(logins);
    seki_close(segment);
    remove(argv[1]);
    return passed == 2 ? 0 : 1;
}
