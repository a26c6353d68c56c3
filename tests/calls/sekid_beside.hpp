// A sekid that runs in a world, and is none of what is looked at.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "world.hpp"

namespace seki::test {

class sekid_beside {
public:
    // Ready.
    sekid_beside(const char* program, const world& where) {
        where.write("beside.toml", "[segment]\npath = \"" + where.segment().native() + "\"\n[sekid]\nlisten = \"unix:" +
                                       where.folder().native() + "/http.sock\"\nlog = \"stderr\"\n" + declarations());
        const std::string configuration = where.folder() / "beside.toml";
        std::array<int, 2> said{};
        if (::pipe(said.data()) != 0) std::abort();
        pid_ = ::fork();
        if (pid_ < 0) std::abort();
        if (pid_ == 0) {
            ::dup2(said[1], STDERR_FILENO);
            ::close(said[0]);
            ::execl(program, program, "--config", configuration.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(said[1]);
        std::string all;
        std::array<char, 4096> some{};
        for (ssize_t got = 1; got > 0 && all.find(" ready: ") == all.npos;) {
            got = ::read(said[0], some.data(), some.size());
            if (got > 0) all.append(some.data(), static_cast<std::size_t>(got));
        }
        // It goes on saying things, which nobody has to read: to a pipe without a reader it says them in vain.
        ::close(said[0]);
        if (all.find(" ready: ") == all.npos) std::abort();
    }
    ~sekid_beside() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    sekid_beside(const sekid_beside&) = delete;
    sekid_beside& operator=(const sekid_beside&) = delete;

private:
    pid_t pid_ = 0;
};

}  // namespace seki::test
