// Loaded before a program (LD_PRELOAD): from its main() on, the so-manieth allocation fails, and is told to a file that the program inherited.
//
// SEKI_FAILING_ALLOCATION=N FD: the N-th; what is written to the file is N.
#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

namespace {

std::uint64_t until_failure = 0;  // 0: none is about to fail
int told_to = -1;

bool fails() noexcept {
    // Of threads that come at once one is the so-manieth.
    if (__atomic_load_n(&until_failure, __ATOMIC_RELAXED) == 0 ||
        __atomic_sub_fetch(&until_failure, 1, __ATOMIC_RELAXED) != 0)
        return false;
    const char failed = '1';
    (void)!::pwrite(told_to, &failed, 1, 0);
    errno = ENOMEM;
    return true;
}

using main_function = int(int, char**, char**);
main_function* real_main = nullptr;

int main_with_failures(int count, char** words, char** environment) {
    unsigned long long nth = 0;
    if (const char* const wanted = std::getenv("SEKI_FAILING_ALLOCATION"); wanted != nullptr)
        (void)std::sscanf(wanted, "%llu %d", &nth, &told_to);
    __atomic_store_n(&until_failure, nth, __ATOMIC_RELAXED);
    return real_main(count, words, environment);
}

}  // namespace

void* malloc(std::size_t size) { return fails() ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) { return fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* old, std::size_t size) { return fails() ? nullptr : __libc_realloc(old, size); }
void* memalign(std::size_t alignment, std::size_t size) { return fails() ? nullptr : __libc_memalign(alignment, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** to, std::size_t alignment, std::size_t size) {
    void* const made = memalign(alignment, size);
    if (made == nullptr) return ENOMEM;
    *to = made;
    return 0;
}

int __libc_start_main(main_function* program, int count, char** words, void (*begin)(), void (*end)(), void (*loader)(),
                      void* stack) {
    using start = int(main_function*, int, char**, void (*)(), void (*)(), void (*)(), void*);
    real_main = program;
    return reinterpret_cast<start*>(::dlsym(RTLD_NEXT, "__libc_start_main"))(main_with_failures, count, words, begin,
                                                                             end, loader, stack);
}
}
