// A program as a user would write it, built against the installed library: two pass, the third does not.
#include <seki/seki.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>

int main(int argc, char** argv) {
    using namespace std::chrono_literals;
    if (argc != 2) return 2;
    const std::filesystem::path path = argv[1];
    std::filesystem::remove(path);

    const auto segment = seki::open(path.string());
    if (!segment) return std::fprintf(stderr, "%s\n", segment.error().message.c_str()), 1;
    const auto logins = segment->limiter("logins", {.limit = 2, .window = 1h});
    if (!logins) return std::fprintf(stderr, "%s\n", logins.error().message.c_str()), 1;

    int passed = 0;
    for (int i = 0; i < 3; ++i) passed += logins->check("192.0.2.1").allowed ? 1 : 0;
    std::printf("%d of 3 passed\n", passed);
    std::filesystem::remove(path);
    return passed == 2 ? 0 : 1;
}
