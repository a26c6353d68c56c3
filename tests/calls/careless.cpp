// A program that is careless in the way that it is told to be: what the harness must find.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

std::string mode, folder;

bool is(std::string_view what) { return mode == what; }

[[noreturn]] void fail(const char* doing) {
    const int number = errno;
    if (is("waits")) ::pause();
    if (is("crashes")) std::abort();
    if (is("says only the number"))
        std::fprintf(stderr, "careless: %s\n", strerrordesc_np(number));
    else if (is("says no remedy"))
        std::fprintf(stderr, "careless: cannot %s: %s\n", doing, strerrordesc_np(number));
    else if (!is("is silent"))
        std::fprintf(stderr, "careless: cannot %s: %s: try again\n", doing, strerrordesc_np(number));
    if (!is("leaves a file")) ::unlink((folder + "/made.new").c_str());
    ::_exit(is("ends oddly") ? 77 : 1);
}

}  // namespace

int main(int, char** words) {
    folder = words[1];
    mode = words[2];
    const std::string made = folder + "/made", unfinished = folder + "/made.new", lock = folder + "/lock";
    if (is("locks for ever") && ::close(::open(lock.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) != 0)
        fail("lock");
    ::unlink(unfinished.c_str());
    const int file = ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) fail("make it");
    const ssize_t written = ::write(file, "whole", 5);
    if (written != 5 && !is("forgets to look")) fail("write it");
    char back[6] = "";
    if (::pread(file, back, 5, 0) != 5 && !is("forgets to look")) fail("read it");
    ::close(file);
    if (::rename(unfinished.c_str(), made.c_str()) != 0) fail("put it in place");
    if (is("locks for ever")) ::unlink(lock.c_str());
    if (std::puts(back) < 0 || std::fflush(stdout) != 0) fail("say it");
    return 0;
}
