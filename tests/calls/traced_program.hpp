// A program that runs under ptrace from its main() on: its system calls are counted, in the order in which they come whichever thread makes them, and
// at one of them something befalls it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "misfortunes.hpp"

namespace seki::test {

struct command {
    std::vector<std::string> words;        // the program's path is the first
    std::vector<std::string> environment;  // "NAME=VALUE", before what there is
};

struct ordeal {
    std::uint64_t nth = 0;  // the call it is about: the first is 1; 0: none
    std::size_t which = 0;  // of its misfortunes
    bool dies = false;      // instead: SIGKILL at that call, which is not made
};

class traced_program {
public:
    explicit traced_program(const command& what);
    ~traced_program();
    traced_program(const traced_program&) = delete;
    traced_program& operator=(const traced_program&) = delete;

    // From now on this is what befalls it; the count starts anew.
    void prepare(ordeal what);
    // Goes on until it has ended, or `enough`, which is asked at each call, or for so long. False: neither came about.
    bool run(const std::function<bool()>& enough = {}, std::chrono::milliseconds patience = std::chrono::seconds{30});
    void signal(int number) const noexcept;
    // What befalls it is over, if it lasted until now.
    void relieve() noexcept { relieved_ = true; }

    [[nodiscard]] pid_t id() const noexcept { return pid_; }
    [[nodiscard]] bool ended() const noexcept { return threads_.empty(); }
    // How often its first thread began to wait for something to happen; counted where run() is asked whether it is enough.
    [[nodiscard]] std::uint64_t waits() const noexcept { return waits_; }
    // As waitpid() says it.
    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] int exit_code() const noexcept;  // -1: it did not exit
    [[nodiscard]] std::string out() const { return text_of(out_); }
    [[nodiscard]] std::string err() const { return text_of(err_); }

    // How many calls there were since prepare(), and what is known of the one it is about: whether it came, what could befall it, what did.
    [[nodiscard]] std::uint64_t calls() const noexcept { return count_; }
    [[nodiscard]] bool came() const noexcept { return came_; }
    [[nodiscard]] std::size_t misfortunes() const noexcept { return misfortunes_; }
    [[nodiscard]] bool befell() const noexcept { return befell_; }
    [[nodiscard]] const misfortune& what() const noexcept { return what_; }
    [[nodiscard]] const system_call& call() const noexcept { return call_; }
    // "call 12: openat "/etc/passwd": EMFILE".
    [[nodiscard]] std::string told() const;

private:
    struct thread {
        bool in_call = false;
        bool is_befallen = false;  // what is done to it at the call's beginning has to be put right at its end
    };
    static std::string text_of(int file);
    void start(const command& what);
    void go_to_main(const std::string& program);
    void handle(pid_t who, int status);
    void go_on(pid_t who, int signal) const;
    void handle_call(pid_t who, thread& its);
    void befall(pid_t who, thread& its);
    void inflict(pid_t who, thread& its) const;
    [[nodiscard]] bool is_like_it(const system_call& other) const noexcept;
    void put_right(pid_t who) const;
    [[nodiscard]] std::string string_at(std::uint64_t address) const;

    pid_t pid_ = 0;
    int out_ = -1, err_ = -1;
    std::map<pid_t, thread> threads_;
    int status_ = 0;
    bool stands_ = true;  // before main()
    ordeal ordeal_;
    std::uint64_t waits_ = 0;
    bool is_asked_ = false;  // at each call whether it is enough
    std::uint64_t count_ = 0;
    bool came_ = false, befell_ = false, relieved_ = false;
    std::size_t misfortunes_ = 0;
    misfortune what_;
    system_call call_;
    std::string about_;  // the path that the call names, if it names one
};

}  // namespace seki::test
