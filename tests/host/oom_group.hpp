// A control group with little memory, below that of the test, where the kernel kills who uses it up. Only where control groups, of either version, let one be
// made: as root, with memory under control there.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace seki::test {

class oom_group {
public:
    oom_group() {
        for (const version& each : versions) {
            const std::filesystem::path above = nearest(each);
            if (above.empty()) continue;
            folder_ = above / ("seki-storm-" + std::to_string(::getpid()));
            std::error_code failed;
            if (!std::filesystem::create_directory(folder_, failed)) folder_.clear();
            (void)write(each.swapping, "0");  // is not there where nothing is swapped
            if (write(each.limit, "16777216")) return;
            remove();
        }
    }
    ~oom_group() { remove(); }
    oom_group(const oom_group&) = delete;
    oom_group& operator=(const oom_group&) = delete;

    [[nodiscard]] explicit operator bool() const { return !folder_.empty(); }
    // From now on, with what it takes from now on.
    [[nodiscard]] bool add(pid_t process) const { return write("cgroup.procs", std::to_string(process)); }

private:
    struct version {
        const char* root;
        const char* line;  // of the group of a process, before its path
        bool says_what_it_shares_out;
        const char* limit;
        const char* swapping;
    };
    static constexpr version versions[] = {
        {"/sys/fs/cgroup", "0::", true, "memory.max", "memory.swap.max"},
        {"/sys/fs/cgroup/memory", ":memory:", false, "memory.limit_in_bytes", "memory.swappiness"},
    };

    // The group of the test, or one above it; empty where none of them shares out memory.
    static std::filesystem::path nearest(const version& of) {
        std::ifstream all{"/proc/self/cgroup"};
        for (std::string line; std::getline(all, line);) {
            const auto found = line.find(of.line);
            if (found == std::string::npos) continue;
            const std::filesystem::path root = of.root;
            std::filesystem::path at = root / line.substr(found + std::string_view{of.line}.size() + 1);
            const auto suits = [&of](const std::filesystem::path& group) {
                return of.says_what_it_shares_out ? shares_out_memory(group)
                                                  : std::filesystem::exists(group / of.limit);
            };
            while (!suits(at) && at != root && at.has_relative_path()) at = at.parent_path();
            return suits(at) ? at : std::filesystem::path{};
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
