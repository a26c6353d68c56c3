// What a process would leave if it died where it stands: the files of a folder, bit for bit, and what it said in memory that others share. Not its locks, and
// not what it has for itself: the kernel takes those with it; so it does a wake-up that was meant for it, which waiter_deaths_test.cpp tries by itself. So between two instructions that change nothing of this there is one death and not two.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace seki::test {

class leavings {
public:
    // As they are now.
    explicit leavings(std::filesystem::path folder);
    ~leavings();
    leavings(const leavings&) = delete;
    leavings& operator=(const leavings&) = delete;

    // Whether they are others than the last time. Files come, go and grow by system calls alone: they are looked for after one.
    [[nodiscard]] bool changed(bool after_a_call);

private:
    struct file_facts {
        std::filesystem::path path;
        ino_t inode;
        off_t size;
        mode_t mode;
        uid_t user;
        gid_t group;
        friend bool operator==(const file_facts&, const file_facts&) = default;
    };
    class seen_bytes;
    [[nodiscard]] std::vector<file_facts> listed() const;
    void look_at_all();

    std::filesystem::path folder_;
    std::vector<file_facts> files_{};
    std::vector<std::unique_ptr<seen_bytes>> bytes_{};
};

}  // namespace seki::test
