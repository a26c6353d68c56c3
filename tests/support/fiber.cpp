#include "support/fiber.hpp"

#include <cstdint>
#include <utility>

#include "support/sanitizers.hpp"

#ifdef SEKI_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SEKI_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#ifdef SEKI_ASAN
// Frames of abandoned fibers would never be given back to the fake stack on which this check puts them.
extern "C" const char* __asan_default_options() { return "detect_stack_use_after_return=0"; }
#endif

namespace seki::test {
namespace {

constexpr std::size_t stack_size = std::size_t{256} << 10;
constexpr bool jumps = !sanitized;

}  // namespace

fiber::fiber() : stack_{std::make_unique_for_overwrite<char[]>(stack_size)} {}

fiber::~fiber() { forget_stack(); }

void fiber::forget_stack() {
#ifdef SEKI_ASAN
    __asan_unpoison_memory_region(stack_.get(), stack_size);
#endif
#ifdef SEKI_TSAN
    if (self_handle_ != nullptr) __tsan_destroy_fiber(self_handle_);
    self_handle_ = nullptr;
#endif
}

void fiber::reset(std::function<void()> body) {
    forget_stack();
    body_ = std::move(body);
    ended_ = false;
    is_at_first_ = true;
    if (jumps && began_) return;
#ifdef SEKI_TSAN
    self_handle_ = __tsan_create_fiber(0);
#endif
    getcontext(&self_);
    self_.uc_stack.ss_sp = stack_.get();
    self_.uc_stack.ss_size = stack_size;
    self_.uc_link = nullptr;
    // makecontext passes ints: a pointer goes in two halves.
    const auto address = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&self_, reinterpret_cast<void (*)()>(&fiber::enter), 2, static_cast<unsigned>(address >> 32),
                static_cast<unsigned>(address));
}

void fiber::enter(unsigned high, unsigned low) { reinterpret_cast<fiber*>(std::uintptr_t{high} << 32 | low)->run(); }

void fiber::run() {
#ifdef SEKI_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &caller_stack_, &caller_size_);
#endif
    // Who is abandoned in a body leaves this frame as it is.
    if (jumps) {
        began_ = true;
        (void)_setjmp(first_);
    }
    body_();
    ended_ = true;
    leave();
}

void fiber::switch_to(ucontext_t& from, ucontext_t& to, bool into_body) {
#ifdef SEKI_ASAN
    void* fake = nullptr;
    if (into_body)
        __sanitizer_start_switch_fiber(&fake, stack_.get(), stack_size);
    else
        __sanitizer_start_switch_fiber(&fake, caller_stack_, caller_size_);
#endif
#ifdef SEKI_TSAN
    __tsan_switch_to_fiber(into_body ? self_handle_ : caller_handle_, 0);
#endif
    (void)into_body;
    swapcontext(&from, &to);
#ifdef SEKI_ASAN
    __sanitizer_finish_switch_fiber(fake, into_body ? nullptr : &caller_stack_, into_body ? nullptr : &caller_size_);
#endif
}

bool fiber::resume() {
#ifdef SEKI_TSAN
    caller_handle_ = __tsan_get_current_fiber();
#endif
    if (!jumps) {
        switch_to(caller_, self_, true);
    } else if (_setjmp(outside_) == 0) {
        const bool begins = is_at_first_;
        is_at_first_ = false;
        if (!began_) setcontext(&self_);
        _longjmp(begins ? first_ : inside_, 1);
    }
    return ended_;
}

void fiber::leave() {
    if (!jumps) {
        switch_to(self_, caller_, false);
    } else if (_setjmp(inside_) == 0) {
        _longjmp(outside_, 1);
    }
}

}  // namespace seki::test
