/* unload LIBRARY SEGMENT: takes a permit of the bulkhead "database" with a library that it unloads then, as a host of plugins does. Says 1 when it has the permit, and stays until
   its standard input ends. */
#include <dlfcn.h>
#include <stdint.h>
#include <unistd.h>

#include <seki/seki.h>

static void* found(void* library, const char* name) {
    void* const symbol = dlsym(library, name);
    if (symbol == NULL) _exit(3);
    return symbol;
}

int main(int count, char** words) {
    seki_status (*open)(const char*, const seki_open_options*, seki_segment**);
    seki_status (*get)(const seki_segment*, const char*, seki_bulkhead**);
    seki_status (*acquire)(const seki_bulkhead*, seki_permit*);
    seki_segment* segment = NULL;
    seki_bulkhead* database = NULL;
    seki_permit permit = SEKI_PERMIT_INIT;
    void* const library = count == 3 ? dlopen(words[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) return 2;
    *(void**)&open = found(library, "seki_open");
    *(void**)&get = found(library, "seki_bulkhead_get");
    *(void**)&acquire = found(library, "seki_bulkhead_try_acquire");

    uint64_t told = open(words[2], NULL, &segment) == SEKI_OK && get(segment, "database", &database) == SEKI_OK &&
                    acquire(database, &permit) == SEKI_OK;
    if (dlclose(library) != 0) return 4;
    if (write(STDOUT_FILENO, &told, sizeof told) != sizeof told) return 5;
    while (read(STDIN_FILENO, &told, sizeof told) > 0) continue;
    return 0;
}
