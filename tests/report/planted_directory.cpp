// What is planted into the header and the directory.
#include "planted_violations.hpp"
#include "primitives/clock.hpp"

namespace seki::report {
namespace {

using layout::kind;
using shm::hardware;

constexpr std::uint64_t hour = 3'600ULL * 1'000'000'000;
std::uint64_t now() { return primitives::read_clock(Clock::precise); }

void write(layout::word& at, std::uint64_t value) { hardware::store_release(at, value); }
std::uint64_t read(const layout::word& at) { return hardware::load_acquire(at); }
layout::word& in_force(const planted_stage& on, std::string_view limiter, std::size_t which) {
    auto& entry = on.entry(kind::limiter, limiter);
    return entry.terms[read(entry.terms_version) & 1].values[which];
}

}  // namespace

std::vector<violation> violations_of_the_directory() {
    using enum invariant;
    return {
        {entry_fits,
         [](const planted_stage& on) {
             const std::string place = on.entry_place(kind::limiter, "login");
             write(on.entry(kind::limiter, "login").shape[layout::limiter_shape_buckets], 1ULL << 60);
             return place;
         }},
        {entry_known,
         [](const planted_stage& on) {
             const std::string place = on.entry_place(kind::limiter, "login");
             write(on.entry(kind::limiter, "login").kind, 77);
             return place;
         }},
        {name_valid,
         [](const planted_stage& on) {
             const std::string place = on.entry_place(kind::limiter, "login");
             write(on.entry(kind::limiter, "login").name[0], 0x1b);
             return place;
         }},
        {name_unique,
         [](const planted_stage& on) {
             // The later of the two is the one that is said to stand twice.
             const std::string place = on.entry_place(kind::limiter, "login");
             auto& entry = on.entry(kind::limiter, "login");
             for (std::size_t i = 0; i < entry.name.size(); ++i)
                 write(entry.name[i], read(on.entry(kind::limiter, "pages").name[i]));
             return place;
         }},
        {incarnation_issued,
         [](const planted_stage& on) {
             write(on.header().next_incarnation, ~0ULL);
             return std::string{"header"};
         }},
        {incarnation_unique,
         [](const planted_stage& on) {
             const std::string place = on.entry_place(kind::limiter, "login");
             write(on.entry(kind::limiter, "login").incarnation, read(on.entry(kind::limiter, "pages").incarnation));
             return place;
         }},
        {arena_disjoint,
         [](const planted_stage& on) {
             const std::string place = on.entry_place(kind::limiter, "login");
             write(on.entry(kind::limiter, "login").arena_offset, read(on.entry(kind::limiter, "pages").arena_offset));
             return place;
         }},
        {terms_sane,
         [](const planted_stage& on) {
             write(in_force(on, "login", layout::term_emission), 1);
             return std::string{"limiter \"login\""};
         }},
        {header_stands,
         [](const planted_stage& on) {
             write(on.header().id.layout_hash, 7);
             return std::string{"header"};
         }},
        {listening_possible,
         [](const planted_stage& on) {
             write(on.header().id.listening, now() + 2 * hour);
             return std::string{"header"};
         }},
        {heartbeat_past,
         [](const planted_stage& on) {
             write(on.header().heartbeat_ns, now() + hour);
             return std::string{"header"};
         }},
        {owner_possible,
         [](const planted_stage& on) {
             write(on.header().owner_pid, 1ULL << 40);
             return std::string{"header"};
         }},
        {reserved_untouched,
         [](const planted_stage& on) {
             write(on.where().worker(2).reserved[3], 7);
             return std::string{"worker slot 2"};
         }},
        {name_padded,
         [](const planted_stage& on) {
             write(on.entry(kind::limiter, "login").name[5], 'x');
             return std::string{"limiter \"login\""};
         }},
        {terms_counted,
         [](const planted_stage& on) {
             auto& version = on.entry(kind::limiter, "login").terms_version;
             write(version, read(version) | 1ULL << 60);
             return std::string{"limiter \"login\""};
         }},
        {shape_given,
         [](const planted_stage& on) {
             write(on.entry(kind::breaker, "calls").shape[layout::breaker_shape_probes], 19);
             return on.entry_place(kind::breaker, "calls");
         }},
        {terms_agree,
         [](const planted_stage& on) {
             auto& entry = on.entry(kind::limiter, "pages");
             auto values = shm::read_wide_terms(entry).values;
             --values[layout::term_count_bits];
             shm::publish_terms(entry, values);
             return std::string{"limiter \"pages\""};
         }},
    };
}

}  // namespace seki::report
