// A function on a stack of its own, that can be left in the middle and gone on with, or never gone on with.
//
// Fibers rather than threads: so that a million interleavings take seconds, and an actor that dies is simply not resumed. What stands on an abandoned stack is not
// destroyed; who may be abandoned keeps nothing there that owns something. A context is made once a fiber and not used again: switching contexts asks the kernel for
// the mask of signals each time, and a jump does not. The sanitizers do not follow jumps between stacks: there each switch is one of contexts, and they are told of it.
#pragma once

#include <ucontext.h>

#include <csetjmp>
#include <functional>
#include <memory>

namespace seki::test {

class fiber {
public:
    fiber();
    ~fiber();
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;

    // From the next resume() on, runs `body` from its beginning. What ran here before is abandoned.
    void reset(std::function<void()> body);

    // Runs until the body calls leave(), or ends: then true.
    bool resume();

    // From inside the body: back to who called resume().
    void leave();

private:
    static void enter(unsigned high, unsigned low);
    void run();
    void switch_to(ucontext_t& from, ucontext_t& to, bool into_body);
    void forget_stack();

    std::unique_ptr<char[]> stack_;
    std::function<void()> body_;
    ucontext_t caller_{}, self_{};
    bool ended_ = false;
    // Where it was left, where who resumed it stands, and where a body begins. `began_`: there is such a place.
    std::jmp_buf inside_{}, outside_{}, first_{};
    bool began_ = false, is_at_first_ = false;
    // For the sanitizers only.
    [[maybe_unused]] const void* caller_stack_ = nullptr;
    [[maybe_unused]] std::size_t caller_size_ = 0;
    [[maybe_unused]] void* caller_handle_ = nullptr;
    [[maybe_unused]] void* self_handle_ = nullptr;
};

}  // namespace seki::test
