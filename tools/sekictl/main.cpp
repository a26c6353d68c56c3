// sekictl: looks at a segment and operates it, with or without sekid running.
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "command.hpp"
#include "program.hpp"
#include "shm/refuse.hpp"

namespace seki::ctl {
namespace {

void cannot_print(int number) {
    std::fprintf(stderr, "sekictl: cannot write to standard output: %s: %s\n", shm::system_text(number),
                 shm::remedy_for(number));
}

// What was printed has to arrive. Of a reader who has seen enough and left there is nothing to say.
int delivered(int code) {
    if (std::fflush(stdout) == 0) return code;
    if (errno != EPIPE) cannot_print(errno);
    return code == 0 ? static_cast<int>(ending::refused) : code;
}

}  // namespace
}  // namespace seki::ctl

int main(int argc, char** argv) {
    using namespace seki::ctl;
    try {
        return delivered(program{}.run(argc, argv));
    } catch (const std::bad_alloc&) {
        std::fprintf(stderr, "sekictl: out of memory: %s\n", seki::shm::remedy_for(ENOMEM));
    } catch (const std::system_error& failed) {
        if (failed.code().value() != EPIPE) cannot_print(failed.code().value());  // by fmt::print()
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "sekictl: %s\n", failed.what());
    }
    return static_cast<int>(ending::refused);
}
