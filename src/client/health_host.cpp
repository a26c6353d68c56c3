// The checks of the host: what the kernel tells of pressure, and open files.
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "client/health_checks.hpp"
#include "client/health_text.hpp"
#include "shm/folder_size.hpp"

namespace seki::client {
namespace {

namespace fs = std::filesystem;

HealthFinding judge_percent(double percent, const HealthLimits& by, std::string detail) {
    const HealthStatus status = percent >= by.unhealthy  ? HealthStatus::unhealthy
                                : percent >= by.degraded ? HealthStatus::degraded
                                                         : HealthStatus::healthy;
    return {status, std::move(detail)};
}

HealthFinding not_understood(const fs::path& file) {
    return {HealthStatus::degraded, fmt::format("{} cannot be understood", file.native())};
}

// What a file holds, of which the first 64 KiB do; or why there is none.
struct content {
    std::string text{};
    int error = 0;
};

content read(const fs::path& file) {
    constexpr std::size_t most = 64 << 10;
    errno = 0;
    std::ifstream in{file, std::ios::binary};
    if (!in) return {.error = errno != 0 ? errno : EIO};
    content made;
    made.text.resize(most);
    in.read(made.text.data(), static_cast<std::streamsize>(most));
    if (in.bad()) return {.error = errno != 0 ? errno : EIO};
    made.text.resize(static_cast<std::size_t>(in.gcount()));
    // A kernel whose pressure is switched off has the files, and refuses to read them.
    if (made.text.empty()) made.error = errno;
    return made;
}

// The own control group's folder, where that is cgroup v2; empty otherwise.
fs::path own_group(const fs::path& root) {
    const std::string text = read(root / "proc/self/cgroup").text;
    const std::string path = unified_group(text);
    return path.empty() || path == "/" ? fs::path{} : root / "sys/fs/cgroup" / path.substr(1);
}

// `what`: memory, cpu or io.
HealthFinding judge_pressure(const fs::path& root, std::string_view what, const HealthLimits& by) {
    const fs::path file = root / "proc/pressure" / what;
    const content host = read(file);
    if (host.error == ENOENT || host.error == EOPNOTSUPP)
        return {HealthStatus::healthy, "not known: this kernel tells of no pressure"};
    if (host.error != 0)
        return {HealthStatus::degraded,
                fmt::format("{}: {}", file.native(), std::generic_category().message(host.error))};
    const std::optional<double> all = some_avg10(host.text);
    if (!all) return not_understood(file);
    double most = *all;
    std::string_view whose = "of the host";
    if (const fs::path group = own_group(root); !group.empty()) {
        const fs::path own = group / fmt::format("{}.pressure", what);
        if (const content its = read(own); its.error == 0) {
            const std::optional<double> found = some_avg10(its.text);
            if (!found) return not_understood(own);
            if (*found > most) most = *found, whose = "of the control group";
        }
    }
    return judge_percent(most, by, fmt::format("some tasks {} waited {:.2f} % of the last 10 s", whose, most));
}

HealthFinding judge_files(const fs::path& root, const HealthLimits& by) {
    const fs::path file = root / "proc/self/limits";
    const content limits = read(file);
    if (limits.error != 0)
        return {HealthStatus::degraded,
                fmt::format("{}: {}", file.native(), std::generic_category().message(limits.error))};
    const std::optional<std::uint64_t> most = open_files_limit(limits.text);
    if (!most) return not_understood(file);
    const fs::path folder = root / "proc/self/fd";
    const auto open = shm::count_entries(folder.c_str());
    if (!open)
        return {HealthStatus::degraded,
                fmt::format("{}: {}", folder.native(), std::generic_category().message(open.error()))};
    const double percent = *most == 0 ? 100 : 100 * static_cast<double>(*open) / static_cast<double>(*most);
    return judge_percent(percent, by, fmt::format("{} of {} files are open", *open, *most));
}

}  // namespace

std::vector<host_check> host_checks(const HostLimits& limits) {
    const auto pressure = [root = limits.root](std::string_view what, const HealthLimits& by) {
        return host_check{what, [root, what, by] { return judge_pressure(root, what, by); }};
    };
    return {pressure("memory", limits.memory),
            pressure("cpu", limits.cpu),
            pressure("io", limits.io),
            {"files", [root = limits.root, by = limits.files] { return judge_files(root, by); }}};
}

}  // namespace seki::client
