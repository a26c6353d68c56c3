// A program that opens a segment with a configuration, as a worker does, and asks it.
#include <cstdio>
#include <new>
#include <string>

#include <seki/seki.hpp>

int main(int, char** words) try {
    const auto refused = [](const seki::Error& why) {
        std::fprintf(stderr, "opener: %s\n", why.message.c_str());
        return 1;
    };
    const std::string path = words[1];
    seki::OpenOptions options;
    options.config = words[2];
    const auto segment = seki::open(path, options);
    if (!segment) return refused(segment.error());
    const auto login = segment->limiter("login");
    if (!login) return refused(login.error());
    const seki::Decision decision = login->check("alice");
    if (decision.error != seki::Errc::none) return refused(login->explain(decision.error));
    if (std::puts(decision.allowed ? "allowed" : "denied") >= 0 && std::fflush(stdout) == 0) return 0;
    std::fputs("opener: cannot write to standard output: look whether it has room\n", stderr);
    return 1;
} catch (const std::bad_alloc&) {
    std::fputs("opener: out of memory: ask for less\n", stderr);  // of its own
    return 1;
}
