// A process that goes as many instructions into an operation as it is told, and is then killed there, or stands still while others work.
// By ptrace: the code that runs is the code that ships, and no instruction is too small to die after.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <new>

namespace seki::test {

class stepped_process {
public:
    // What the process does: it gets ready first, unobserved, and answers the operation that is stepped through.
    using preparation = std::function<std::function<void()>()>;

    // Forks. The child is ready, and stands before its operation.
    explicit stepped_process(const preparation& prepare);
    // The same, where it may be that it cannot get ready: is_there() tells.
    stepped_process(const preparation& prepare, std::nothrow_t);
    ~stepped_process() { kill(); }
    stepped_process(const stepped_process&) = delete;
    stepped_process& operator=(const stepped_process&) = delete;

    static constexpr std::uint64_t to_the_end = ~std::uint64_t{0};

    // Goes on by that many instructions (a system call is one). False: the operation came to its end, and so did the process.
    bool step(std::uint64_t instructions);
    // One more, and while it is under way `meanwhile`: a system call may be waiting for just that.
    bool step_during(const std::function<void()>& meanwhile);
    // For `meanwhile`: waits until it has stopped again, or sleeps in the kernel; whether it sleeps.
    [[nodiscard]] bool sleeps() const;
    [[nodiscard]] bool is_there() const noexcept { return pid_ != 0; }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    // The address of its next instruction, and whether that is a system call; 0 and true where that is not to be had.
    [[nodiscard]] std::uint64_t at() const;
    [[nodiscard]] bool is_before_a_call() const;
    // Goes on until it stands before that instruction, and has passed it so often since it was called: as fast as it runs. False: it never came there, or is a
    // second or more on its way, as who went another way and waits there for something that comes only afterwards; it then stands where it was.
    bool run_to(std::uint64_t address, std::uint64_t passes);
    // Goes on until it stops by itself. False: it came to an end, or was stopped by something else (stopped_by()).
    bool go_on();
    // The same, and before each system call, too: it then stands there as after a step. False: it came to an end.
    bool go_on_to_call();
    [[nodiscard]] int stopped_by() const noexcept { return stopped_by_; }
    // Lets it go on to the end; whether it got there in good order.
    bool finish();
    void kill() noexcept;

private:
    // The signal that it is finished with: one of its own making, such as a fault, which else would come again and again.
    [[nodiscard]] void* due() const noexcept;
    // Whether it still is there, after it stopped or ended.
    enum class patience : std::uint8_t { for_ever, to_the_bell };
    bool wait(patience with = patience::for_ever) noexcept;

    pid_t pid_ = 0;       // 0: gone
    int stopped_by_ = 0;  // the latest signal
    bool well_ = false;
};

}  // namespace seki::test
