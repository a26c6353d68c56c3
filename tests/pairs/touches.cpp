#include "touches.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#ifdef __x86_64__

// For a process that is a fork of this one to be sent to: a system call.
extern "C" void seki_test_call();
asm(".text\n.globl seki_test_call\n.type seki_test_call, @function\nseki_test_call: syscall\nint3\n");

namespace seki::test {
namespace {

// Sends it there, and back.
void call(stepped_process& one, std::uint64_t number, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    user_regs_struct before{};
    ::ptrace(PTRACE_GETREGS, one.pid(), nullptr, &before);
    user_regs_struct there = before;
    there.rip = reinterpret_cast<std::uint64_t>(&seki_test_call);
    there.rax = number;
    there.orig_rax = ~0ULL;
    there.rdi = a;
    there.rsi = b;
    there.rdx = c;
    ::ptrace(PTRACE_SETREGS, one.pid(), nullptr, &there);
    if (!one.step(1)) std::abort();
    ::ptrace(PTRACE_GETREGS, one.pid(), nullptr, &there);
    if (there.rax != 0) std::abort();
    ::ptrace(PTRACE_SETREGS, one.pid(), nullptr, &before);
}

}  // namespace

touches::touches(stepped_process& of, const fs::path& segment) : of_{&of}, line_end_{segment.native()} {
    find();
    let(false);
}

void touches::find() {
    mapped_.clear();
    std::ifstream maps{"/proc/" + std::to_string(of_->pid()) + "/maps"};
    for (std::string line; std::getline(maps, line);) {
        unsigned long long begin = 0, end = 0;
        char how[5] = "";
        if (line.ends_with(line_end_) && std::sscanf(line.c_str(), "%llx-%llx %4s", &begin, &end, how) == 3)
            mapped_.push_back({begin, end - begin, PROT_READ | (how[1] == 'w' ? PROT_WRITE : 0U)});
    }
}

void touches::let(bool it_touch) {
    for (const mapping& each : mapped_)
        call(*of_, SYS_mprotect, each.begin, each.length, it_touch ? each.protection : PROT_NONE);
}

bool touches::step() {
    touched_ = of_->is_before_a_call();
    if (!touched_) {
        if (!of_->step(1)) return false;
        touched_ = of_->stopped_by() == SIGSEGV;
        if (!touched_) return true;
    }
    const bool calls = of_->is_before_a_call();
    let(true);
    if (!of_->step(1)) return false;
    if (calls) find();  // it may have been mapped, or unmapped
    let(false);
    return true;
}

}  // namespace seki::test

#else

namespace seki::test {

// Where that cannot be told, every instruction may.
touches::touches(stepped_process& of, const fs::path& segment) : of_{&of}, line_end_{segment.native()} {}
void touches::find() {}
void touches::let(bool /*it_touch*/) {}
bool touches::step() {
    touched_ = true;
    return of_->step(1);
}

}  // namespace seki::test

#endif
