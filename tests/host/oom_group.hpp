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
        const std::filesystem::path above = nearest_with_memory();
        if (above.empty()) return;
        folder_ = above / ("seki-storm-" + std::to_string(::getpid()));
        std::error_code failed;
        if (!std::filesystem::create_directory(folder_, failed)) folder_.clear();
        if (!write("memory.max", "16777216")) remove();
        (void)write("memory.swap.max", "0");  // is not there where nothing is swapped
    }
    ~oom_group() { remove(); }
    oom_group(const oom_group&) = delete;
    oom_group& operator=(const oom_group&) = delete;

    [[nodiscard]] explicit operator bool() const { return !folder_.empty(); }
    // From now on, with what it takes from now on.
    [[nodiscard]] bool add(pid_t process) const { return write("cgroup.procs", std::to_string(process)); }

private:
    // Of the group of the test and those above it; empty where none of them shares out memory.
    static std::filesystem::path nearest_with_memory() {
        const std::filesystem::path root = "/sys/fs/cgroup";
        std::ifstream all{"/proc/self/cgroup"};
        for (std::string line; std::getline(all, line);) {
            if (!line.starts_with("0::/")) continue;
            std::filesystem::path at = root / line.substr(4);
            while (!shares_out_memory(at) && at != root && at.has_relative_path()) at = at.parent_path();
            return shares_out_memory(at) ? at : std::filesystem::path{};
        }
        return {};
    }
    static bool shares_out_memory(const std::filesystem::path& group) {
        std::ifstream of{group / "cgroup.subtree_control"};
        for (std::string controller; of >> controller;)
            if (controller == "memory") return true;
        return false;
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
