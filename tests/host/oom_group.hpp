// A control group with little memory, below that of the test, where the kernel kills who uses it up. Only where control groups (v2) let one be made: as root,
// with memory under control there.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace seki::test {

class oom_group {
public:
    oom_group() {
        const std::filesystem::path mine = own_group();
        if (mine.empty()) return;
        folder_ = mine / ("seki-storm-" + std::to_string(::getpid()));
        std::error_code failed;
        if (!std::filesystem::create_directory(folder_, failed)) folder_.clear();
        if (write("memory.max", "16777216") && write("memory.swap.max", "0")) return;
        remove();
    }
    ~oom_group() { remove(); }
    oom_group(const oom_group&) = delete;
    oom_group& operator=(const oom_group&) = delete;

    [[nodiscard]] explicit operator bool() const { return !folder_.empty(); }
    // From now on, with what it takes from now on.
    [[nodiscard]] bool add(pid_t process) const { return write("cgroup.procs", std::to_string(process)); }

private:
    // Empty where memory is not under the control of version 2.
    static std::filesystem::path own_group() {
        std::ifstream all{"/proc/self/cgroup"};
        for (std::string line; std::getline(all, line);) {
            if (!line.starts_with("0::")) continue;
            const std::filesystem::path path = "/sys/fs/cgroup" + line.substr(3);
            return std::filesystem::exists(path / "cgroup.procs") ? path : std::filesystem::path{};
        }
        return {};
    }
    [[nodiscard]] bool write(const char* file, const std::string& value) const {
        if (folder_.empty() || !std::filesystem::exists(folder_ / file)) return false;
        std::ofstream to{folder_ / file};
        to << value << std::flush;
        return static_cast<bool>(to);
    }
    void remove() {
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove(folder_, ignored);
        folder_.clear();
    }

    std::filesystem::path folder_;
};

}  // namespace seki::test
