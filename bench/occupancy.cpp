// How full a key table gets with max_keys live keys while random keys come and go for ever, and whether it refuses any.
//     occupancy [inserts]     inserts for each size, beyond the first fill; default 100000000, which takes some minutes
//
// Exits 1 when an insert was refused, or a key takes more than 32 bytes, or 96 with its text.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "briefly.hpp"
#include "shm/directory.hpp"
#include "shm/key_table.hpp"

namespace {

namespace shm = seki::shm;
namespace layout = seki::layout;
using table = shm::key_table<>;

constexpr std::uint64_t gone = 0;  // the state of a key that is as good as new
constexpr std::uint64_t live = 1;
constexpr int looks = 10;  // at the buckets, spread over the run

struct inserter {
    std::uint64_t& stamps;
    static bool as_good_as_new(std::uint64_t state) { return state == gone; }
    static std::uint64_t fresh() { return gone; }
    std::uint64_t stamp() const { return ++stamps; }
    void evicted() const {}
    static bool stands() { return true; }
};

struct result {
    std::uint64_t inserts = 0;
    std::uint64_t refused = 0;
    std::array<std::uint64_t, layout::slots_per_bucket + 1> buckets_with{};  // so many live keys
};

void look(const table& keys, std::size_t buckets, result& so_far) {
    std::vector<unsigned> taken(buckets);
    keys.for_each([&](std::uint64_t, std::uint64_t state, std::size_t slot) {
        taken[slot / layout::slots_per_bucket] += state == live;
    });
    for (const unsigned count : taken) ++so_far.buckets_with[count];
}

result churn(std::uint64_t max_keys, std::uint64_t inserts, std::uint64_t seed) {
    std::vector<layout::bucket> buckets(shm::buckets_for(max_keys));
    std::vector<layout::pair> stripes(shm::stripes_for(max_keys));
    table keys{buckets, stripes, 1};
    keys.fill();
    std::mt19937_64 random{seed};
    std::uint64_t stamps = 1;
    result done;
    const auto add = [&] {
        const std::uint64_t tag = random() | layout::tag_bit;
        ++done.inserts;
        if (keys.insert(tag, inserter{stamps}) != table::insertion::there) ++done.refused;
        if (const auto at = keys.find(tag)) (void)table::exchange(at, tag, live);
        return tag;
    };
    std::vector<std::uint64_t> present(max_keys);
    for (auto& tag : present) tag = add();
    for (std::uint64_t i = 0; i < inserts; ++i) {
        std::uint64_t& tag = present[random() % max_keys];
        if (const auto at = keys.find(tag)) (void)table::exchange(at, tag, gone);
        tag = add();
        if (i % (inserts / looks + 1) == inserts / looks) look(keys, buckets.size(), done);
    }
    look(keys, buckets.size(), done);
    return done;
}

double bytes_per_key(std::uint64_t max_keys, bool texts) {
    const auto bytes = shm::table_bytes({.max_keys = max_keys,
                                         .buckets = shm::buckets_for(max_keys),
                                         .stripes = shm::stripes_for(max_keys),
                                         .key_texts = texts})
                           .total();
    return static_cast<double>(bytes) / static_cast<double>(max_keys);
}

void print(std::uint64_t max_keys, const result& done) {
    std::uint64_t all = 0;
    for (const std::uint64_t count : done.buckets_with) all += count;
    const double full = static_cast<double>(done.buckets_with.back()) / static_cast<double>(all);
    std::printf("%9llu keys  %11llu inserts  %llu refused (expected %.1g)  %.1f bytes a key, %.1f with texts\n",
                static_cast<unsigned long long>(max_keys), static_cast<unsigned long long>(done.inserts),
                static_cast<unsigned long long>(done.refused), full * full * static_cast<double>(done.inserts),
                bytes_per_key(max_keys, false), bytes_per_key(max_keys, true));
    std::printf("          share of the buckets with so many live keys of eight:\n         ");
    for (std::size_t i = 0; i < done.buckets_with.size(); ++i) std::printf(" %10zu", i);
    std::printf("\n         ");
    for (const std::uint64_t count : done.buckets_with)
        std::printf(" %10.3g", static_cast<double>(count) / static_cast<double>(all));
    std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t inserts =
        argc > 1 ? std::strtoull(argv[1], nullptr, 10) : seki::bench::unless_briefly<std::uint64_t>(100'000'000, 1000);
    bool met = true;
    for (const std::uint64_t max_keys : {65'536ULL, 1'000'000ULL}) {
        const result done = churn(max_keys, inserts, max_keys);
        print(max_keys, done);
        met = met && done.refused == 0 && bytes_per_key(max_keys, false) <= 32 && bytes_per_key(max_keys, true) <= 96;
    }
    return met ? 0 : 1;
}
