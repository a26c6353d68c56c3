// Scribbles on the segment at a path, whichever stands there, as fast as it can, until it is killed: live_scribbler PATH SEED. Each turn aims at other words; some turns
// at the header as well, and some at any byte.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "shm/segment.hpp"
#include "targets.hpp"

namespace {

using namespace seki;

// Bytes wherever they fall, but for the first page.
void scribble_anywhere(const shm::segment& where, std::mt19937_64& random) {
    const layout::geometry parts = where.parts();
    auto* const first = reinterpret_cast<std::byte*>(&where.header());
    for (int i = 0; i < 1000; ++i)
        first[layout::page + random() % (parts.size - layout::page)] = static_cast<std::byte>(random());
}

void scribble(const shm::segment& where, std::mt19937_64& random, std::uint64_t turn) {
    hostile::targets aim{where};
    if (turn % 2 == 0) aim.add_all_that_leads_there(where);
    if (turn % 512 == 511) aim.add_header(where);
    for (int i = 0; i < 10'000; ++i) aim.scribble(random);
    if (turn % 8 == 7) scribble_anywhere(where, random);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    std::mt19937_64 random{std::strtoull(arguments[2], nullptr, 0)};
    for (std::uint64_t turn = 0, begun = 0;; ++turn) {  // ends with the process
        if (const auto where = shm::segment::attach(arguments[1], shm::segment::access::read_write)) {
            scribble(**where, random, turn);
            if (begun++ % 100 == 0) std::printf("%llu turns\n", static_cast<unsigned long long>(begun));
            std::fflush(stdout);
        } else {
            ::usleep(1000);  // until a sekid has made it anew
        }
    }
}
