// A second copy of the library in one process: this file and the objects of shm/ as a shared object, loaded by liveness_test.
#include "shm/counters.hpp"
#include "shm/workers.hpp"

namespace {
std::unique_ptr<seki::shm::attachment> attached;
}

extern "C" {
[[gnu::visibility("default")]] std::uint64_t second_copy_join(const char* path) {
    auto where = seki::shm::segment::attach(path, seki::shm::segment::access::read_write);
    if (!where) return 0;
    attached = std::make_unique<seki::shm::attachment>(*where);
    return attached->me().owner;
}
[[gnu::visibility("default")]] std::uint32_t second_copy_reap() {
    const auto report = seki::shm::reap(attached->where());
    return report.processes + report.lost_locks;
}
[[gnu::visibility("default")]] void second_copy_leave() { attached.reset(); }
}
