// A program that opens a segment with a configuration, as a worker does, and asks it.
#include <cstdio>

#include <seki/seki.hpp>

int main(int, char** words) {
    const auto refused = [](const seki::Error& why) {
        std::fprintf(stderr, "opener: %s\n", why.message.c_str());
        return 1;
    };
    seki::OpenOptions options;
    options.config = words[2];
    const auto segment = seki::open(words[1], options);
    if (!segment) return refused(segment.error());
    const auto login = segment->limiter("login");
    if (!login) return refused(login.error());
    const seki::Decision decision = login->check("alice");
    if (decision.error != seki::Errc::none) return refused(login->explain(decision.error));
    if (std::puts(decision.allowed ? "allowed" : "denied") >= 0 && std::fflush(stdout) == 0) return 0;
    std::fputs("opener: cannot write to standard output: look whether it has room\n", stderr);
    return 1;
}
