// A process that goes as many instructions into an operation as it is told, and is then killed there, or stands still while others work.
// By ptrace: the code that runs is the code that ships, and no instruction is too small to die after.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>

namespace seki::test {

class stepped_process {
public:
    // What the process does: it gets ready first, unobserved, and answers the operation that is stepped through.
    using preparation = std::function<std::function<void()>()>;

    // Forks. The child is ready, and stands before its operation.
    explicit stepped_process(const preparation& prepare);
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
    // Lets it go on to the end; whether it got there in good order.
    bool finish();
    void kill() noexcept;

private:
    // Whether it still is there, after it stopped or ended.
    bool wait() noexcept;

    pid_t pid_ = 0;  // 0: gone
    bool well_ = false;
};

}  // namespace seki::test
