// A kernel that a test plays: the lock on one file, and who lives. Each question is one step of who asks. Its spin locks order who asks among each other, and nobody
// else; and who is told of a death sees all that the dead did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "shm/verdict.hpp"
#include "support/interleaving.hpp"
#include "support/stepped_memory.hpp"

namespace seki::test {

// A record lock as POSIX has it: of a process, not of a descriptor; gone when the process closes any descriptor of the file, or dies. A process is named after its first
// actor. Processes of more than one actor are not to die.
class played_lock {
public:
    explicit played_lock(interleaving& play) : play_{play} {}

    [[nodiscard]] bool take(std::size_t process) {
        step("locks");
        if (!is_free() && holder_ != process) return false;
        holder_ = process;
        holders_[process] = true;
        return true;
    }
    // As closing a descriptor of the file does.
    void drop(std::size_t process) {
        step("closes its lock file");
        if (holder_ == process) holder_ = nobody;
    }
    // By opening and closing the file.
    [[nodiscard]] shm::lock_state ask(std::size_t process) {
        step("asks for the lock");
        if (holder_ == process) holder_ = nobody;
        return is_free() ? shm::lock_state::nobody : shm::lock_state::held;
    }
    [[nodiscard]] bool runs(std::size_t process) {
        step("asks who runs");
        if (play_.died(process)) interleaving::hear_of_death(process);
        return !play_.died(process);
    }
    [[nodiscard]] bool held_by(std::size_t process) const { return holder_ == process; }

private:
    static constexpr std::size_t nobody = ~std::size_t{0};
    // Who dies with the lock drops it, and whoever locks or asks afterwards sees all that the dead did.
    void step(const char* what) {
        (void)interleaving::fetch_add(asked_, 1, {what, {asks_for::acq_rel, asks_for::acq_rel}});
        for (std::size_t each = 0; each < holders_.size(); ++each)
            if (holders_[each] && play_.died(each)) interleaving::hear_of_death(each);
    }
    [[nodiscard]] bool is_free() const { return holder_ == nobody || play_.died(holder_); }

    interleaving& play_;
    std::uint64_t asked_ = 0;
    std::size_t holder_ = nobody;
    std::array<bool, 4> holders_{};  // who ever had it
};

}  // namespace seki::test
