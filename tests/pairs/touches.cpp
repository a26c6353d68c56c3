#include "touches.hpp"

#ifdef __x86_64__

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "plain_instructions.hpp"

// For a process that is a fork of this one to be sent to: a system call.
extern "C" void seki_test_call();
asm(".text\n.globl seki_test_call\n.type seki_test_call, @function\nseki_test_call: syscall\nint3\n");

namespace seki::test {
namespace {

constexpr std::uint64_t page_size = 4096, word = 8;

user_regs_struct registers_of(const stepped_process& one) {
    user_regs_struct all{};
    ::ptrace(PTRACE_GETREGS, one.pid(), nullptr, &all);
    return all;
}

std::uint64_t fault_of(const stepped_process& one) {
    siginfo_t what{};
    ::ptrace(PTRACE_GETSIGINFO, one.pid(), nullptr, &what);
    return reinterpret_cast<std::uint64_t>(what.si_addr);
}

system_call call_of(const stepped_process& one) {
    const user_regs_struct now = registers_of(one);
    return {one.pid(), now.rax, {now.rdi, now.rsi, now.rdx, now.r10, now.r8, now.r9}};
}

}  // namespace

touches::touches(stepped_process& of) : of_{&of} {
    find();
    let(false);
}

void touches::find() {
    mapped_.clear();
    std::ifstream maps{"/proc/" + std::to_string(of_->pid()) + "/maps"};
    for (std::string line; std::getline(maps, line);) {
        unsigned long long begin = 0, end = 0, offset = 0, inode = 0;
        char how[5] = "", name[16] = "";
        if (std::sscanf(line.c_str(), "%llx-%llx %4s %llx %*s %llu %15s", &begin, &end, how, &offset, &inode, name) < 5)
            continue;
        if (how[3] != 's' || how[0] != 'r') continue;
        const bool is_named = std::strncmp(name, "/dev/zero", sizeof "/dev/zero" - 1) != 0;
        mapped_.push_back(
            {begin, end - begin, PROT_READ | (how[1] == 'w' ? PROT_WRITE : 0U), is_named ? 0 : inode, offset});
    }
}

// Sends it to where it changes what it may do with its memory, and back.
void touches::protect(std::uint64_t begin, std::uint64_t length, std::uint64_t protection) {
    user_regs_struct before = registers_of(*of_), there = before;
    there.rip = reinterpret_cast<std::uint64_t>(&seki_test_call);
    there.rax = SYS_mprotect;
    there.orig_rax = ~0ULL;
    there.rdi = begin;
    there.rsi = length;
    there.rdx = protection;
    ::ptrace(PTRACE_SETREGS, of_->pid(), nullptr, &there);
    do {  // again where it is stopped by something else before
        if (!advance()) std::abort();
    } while (of_->stopped_by() != SIGTRAP);
    if (registers_of(*of_).rax != 0) std::abort();
    ::ptrace(PTRACE_SETREGS, of_->pid(), nullptr, &before);
}

bool touches::advance() {
    if (!of_->step(1)) return false;
    const int why = of_->stopped_by();
    if (why != SIGTRAP && why != SIGSEGV) stopped_by_ = why;
    return true;
}

void touches::let(bool it_touch) {
    for (const mapping& each : mapped_) protect(each.begin, each.length, it_touch ? each.protection : PROT_NONE);
}

const touches::mapping* touches::at(std::uint64_t address) const {
    const auto found =
        std::ranges::find_if(mapped_, [&](const mapping& each) { return address - each.begin < each.length; });
    return found == mapped_.end() ? nullptr : &*found;
}

void touches::note(std::uint64_t address, std::uint64_t bytes, bool writes) {
    const mapping* const there = at(address);
    if (there == nullptr) return;
    const std::uint64_t offset = there->offset + (address - there->begin);
    writes ? reached_.writes(there->memory, offset, bytes) : reached_.reads(there->memory, offset, bytes);
}

// A second fault in a page is that of a write.
bool touches::give(std::uint64_t address) {
    const mapping* const there = at(address);
    if (there == nullptr) return false;
    const std::uint64_t begin = address & ~(page_size - 1);
    const auto before = std::ranges::find(given_, begin, &page::begin);
    const bool writes = before != given_.end();
    if (writes && (before->may_write || (there->protection & PROT_WRITE) == 0)) return false;
    writes ? (void)(before->may_write = true) : given_.push_back({begin, false});

    const user_regs_struct now = registers_of(*of_);
    from_ = now.rip;
    const auto access = access_of(static_cast<std::uint64_t>(::ptrace(PTRACE_PEEKTEXT, of_->pid(), now.rip, nullptr)));
    note(address, access.bytes, writes);
    if (access.is_string) {
        note(now.rsi, access.bytes, false);
        note(now.rdi, access.bytes, access.moves);
    }
    protect(begin, page_size, writes ? PROT_READ | PROT_WRITE : PROT_READ);
    number_ += writes ? 0 : 1;
    return true;
}

void touches::take_back() {
    for (const page& each : given_) protect(each.begin, page_size, PROT_NONE);
    given_.clear();
}

bool touches::instruct() {
    do {
        if (!advance()) return false;
    } while (of_->stopped_by() == SIGSEGV && give(fault_of(*of_)));
    if (of_->stopped_by() == SIGSEGV) stopped_by_ = SIGSEGV;
    take_back();
    return true;
}

// Whether words of shared memory are among what it is about.
bool touches::note_call(const system_call& what, reach_of_call how) {
    const bool has_words =
        std::ranges::any_of(what.arguments, [this](std::uint64_t each) { return at(each) != nullptr; });
    if (how == reach_of_call::asks) reached_.asks();
    if (has_words && what.number == SYS_futex) {
        note(what.arguments[0], word, false);
    } else if (how == reach_of_call::anything || (has_words && how == reach_of_call::asks)) {
        reached_.is_anything();
    }
    return has_words;
}

bool touches::call() {
    const system_call what = call_of(*of_);
    from_ = of_->at();
    const reach_of_call how = reach_of(what);
    const bool has_words = note_call(what, how);
    ++number_;
    if (!has_words && (how == reach_of_call::own || how == reach_of_call::asks)) return advance();
    let(true);
    if (!advance()) return false;
    find();
    let(false);
    return true;
}

bool touches::go_on_a_bit() {
    if (!of_->go_on_to_call()) return false;
    const int why = of_->stopped_by();
    if (why == SIGTRAP) return !of_->is_before_a_call() || call();
    if (why == SIGSEGV) return give(fault_of(*of_)) && instruct();
    stopped_by_ = why;
    return true;
}

bool touches::go_on_unwatched() {
    let(true);
    reached_.is_anything();
    return stopped_by_ == 0 ? of_->go_on() : stopped_by_ == SIGSTOP;
}

bool touches::step() {
    number_ = 0;
    reached_ = {};
    if (of_->is_before_a_call()) return call();
    return instruct() && stopped_by_ != SIGSEGV;
}

bool touches::go_on(std::uint64_t most_watched) {
    number_ = 0;
    reached_ = {};
    while (stopped_by_ == 0) {  // bounded by the patience that the process has with itself
        if (!go_on_a_bit()) return false;
        if (number_ > most_watched) return go_on_unwatched();
    }
    return stopped_by_ == SIGSTOP;
}

bool touches::next() {
    number_ = 0;
    reached_ = {};
    while (stopped_by_ == 0 && number_ == 0)  // bounded likewise
        if (!go_on_a_bit()) return false;
    return number_ > 0;
}

}  // namespace seki::test

#else

namespace seki::test {

// Where that cannot be told, every instruction may touch anything.
touches::touches(stepped_process& of) : of_{&of} { reached_.is_anything(); }
bool touches::step() {
    number_ = 1;
    return of_->step(1);
}
bool touches::next() { return false; }
bool touches::go_on(std::uint64_t /*most_watched*/) { return of_->go_on(); }

}  // namespace seki::test

#endif
