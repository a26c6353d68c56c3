#include "daemon/process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "daemon/metric_family.hpp"
#include "shm/folder_size.hpp"

namespace seki::daemon {
namespace {

using prometheus::MetricType;

// Of /proc/self/stat, from the field after the command's name, which may hold anything, on: numbers 20 to 24 of proc(5).
struct stat_fields {
    std::int64_t threads = 0;
    std::uint64_t start_ticks = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t resident_pages = 0;
};

bool read(stat_fields& into) {
    std::ifstream file{"/proc/self/stat"};
    std::string text;
    std::getline(file, text, '\0');  // all of it; where it cannot be read, nothing is thrown
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return false;
    std::istringstream fields{text.substr(name_end + 1)};
    std::string passed_over;
    for (int field = 3; field < 20; ++field) fields >> passed_over;
    fields >> into.threads >> passed_over >> into.start_ticks >> into.virtual_bytes >> into.resident_pages;
    return !fields.fail();
}

double seconds(const timespec& of) { return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_nsec) / 1e9; }

double read_seconds(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return seconds(now);
}

}  // namespace

std::vector<prometheus::MetricFamily> process_metrics() {
    std::vector<prometheus::MetricFamily> all{single("process_cpu_seconds_total", "Processor time of sekid.",
                                                     MetricType::Counter, read_seconds(CLOCK_PROCESS_CPUTIME_ID))};
    if (stat_fields stat; read(stat)) {
        const double up = static_cast<double>(stat.start_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
        all.push_back(single("process_start_time_seconds", "When sekid started, since the epoch.", MetricType::Gauge,
                             read_seconds(CLOCK_REALTIME) - read_seconds(CLOCK_BOOTTIME) + up));
        all.push_back(single("process_threads", "Threads of sekid.", MetricType::Gauge, stat.threads));
        all.push_back(single("process_virtual_memory_bytes", "Address space of sekid, the segment included.",
                             MetricType::Gauge, stat.virtual_bytes));
        all.push_back(single("process_resident_memory_bytes",
                             "Memory of sekid, what it touched of the segment included.", MetricType::Gauge,
                             stat.resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))));
    }
    if (const auto descriptors = shm::count_entries("/proc/self/fd"))
        all.push_back(single("process_open_fds", "Descriptors that sekid has open.", MetricType::Gauge, *descriptors));
    if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        all.push_back(
            single("process_max_fds", "Descriptors that sekid may have open.", MetricType::Gauge, limit.rlim_cur));
    return all;
}

}  // namespace seki::daemon
