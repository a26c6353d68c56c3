// What is planted into the slots of processes and workers, and their counters and events.
#include "planted_violations.hpp"
#include "primitives/clock.hpp"

namespace seki::report {
namespace {

using layout::kind;
using shm::hardware;

constexpr std::uint64_t of_no_slot = layout::pack_worker_owner(4'000, 1);  // there are four
constexpr std::uint64_t of_time_to_come = layout::pack_worker_owner(0, 1ULL << 40);

void write(layout::word& at, std::uint64_t value) { hardware::store_release(at, value); }
std::uint64_t read(const layout::word& at) { return hardware::load_acquire(at); }

}  // namespace

std::vector<violation> violations_of_processes() {
    using enum invariant;
    return {
        {counts_owned,
         [](const planted_stage& on) {
             const std::uint32_t entry = on.at(kind::breaker, "calls").index;
             write(on.where().counters(0)[entry].incarnation, 1'000);
             return "worker slot 0, counters of entry " + std::to_string(entry);
         }},
        {counts_placed,
         [](const planted_stage& on) {
             const std::uint32_t entry = on.at(kind::breaker, "calls").index;
             write(on.where().counters(0)[entry].incarnation, on.at(kind::limiter, "login").incarnation);
             return "worker slot 0, counters of entry " + std::to_string(entry);
         }},
        {shared_counts_marked,
         [](const planted_stage& on) {
             write(on.where().counters(on.where().parts().max_workers)[15].incarnation, 5);
             return std::string{"shared counters of entry 15"};
         }},
        {process_staged,
         [](const planted_stage& on) {
             write(on.where().processes()[2].owner, 9ULL << 16 | 3);
             return std::string{"process slot 2"};
         }},
        {process_unnamed,
         [](const planted_stage& on) {
             write(on.where().processes()[2].owner, layout::pack(layout::process_state{.generation = 4, .who = 77}));
             return std::string{"process slot 2"};
         }},
        {process_described,
         [](const planted_stage& on) {
             write(on.where().processes()[0].pid, read(on.where().processes()[0].pid) + 1);
             return std::string{"process slot 0"};
         }},
        {process_attached,
         [](const planted_stage& on) {
             write(on.where().processes()[0].attached_ns,
                   primitives::read_clock(Clock::precise) + 3'600ULL * 1'000'000'000);
             return std::string{"process slot 0"};
         }},
        {worker_owned,
         [](const planted_stage& on) {
             write(on.where().worker(3).owner, of_no_slot);
             return std::string{"worker slot 3"};
         }},
        {worker_issued,
         [](const planted_stage& on) {
             write(on.where().worker(3).owner, of_time_to_come);
             return std::string{"worker slot 3"};
         }},
        {worker_used,
         [](const planted_stage& on) {
             write(on.where().worker(0).thread, 0);
             return std::string{"worker slot 0"};
         }},
        {hitter_possible,
         [](const planted_stage& on) {
             auto& hitter = on.where().worker(0).hitters[9];
             write(hitter.tag, 5);
             write(hitter.incarnation, on.at(kind::limiter, "login").incarnation);
             return std::string{"worker slot 0, busy key 9"};
         }},
        {ring_possible,
         [](const planted_stage& on) {
             auto& ring = on.where().worker(0).events;
             write(ring.pushed, read(ring.taken) + 1'000);
             return std::string{"worker slot 0, events"};
         }},
        {torn_counted,
         [](const planted_stage& on) {
             auto& ring = on.where().worker(0).events;
             write(ring.torn, read(ring.taken) + 1);
             return std::string{"worker slot 0, events"};
         }},
        {doubt_possible,
         [](const planted_stage& on) {
             write(on.where().worker(1).events.doubted, 3);
             return std::string{"worker slot 1, events"};
         }},
    };
}

}  // namespace seki::report
