#include "primitives/random.hpp"

#include "shm/process_token.hpp"

namespace seki::primitives {
namespace {

struct generator {
    std::uint64_t state = 0;
    std::uint64_t token = 0;  // of the process that it belongs to
};
thread_local constinit generator mine{};

// The finaliser of splitmix64 (Steele, Lea and Flood): seeds that are nearly the same give states that have nothing in common.
std::uint64_t mix(std::uint64_t seed) noexcept {
    seed = (seed ^ seed >> 30) * 0xbf58'476d'1ce4'e5b9ULL;
    seed = (seed ^ seed >> 27) * 0x94d0'49bb'1331'11ebULL;
    return seed ^ seed >> 31;
}

}  // namespace

// xorshift64* (Marsaglia; Vigna), started by what tells threads and processes apart.
std::uint64_t next_random() noexcept {
    const std::uint64_t token = shm::own_process_token();
    if (mine.token != token) [[unlikely]]
        mine = {mix(token ^ mix(reinterpret_cast<std::uintptr_t>(&mine))) | 1, token};
    mine.state ^= mine.state >> 12;
    mine.state ^= mine.state << 25;
    mine.state ^= mine.state >> 27;
    return mine.state * 0x2545'f491'4f6c'dd1dULL;
}

}  // namespace seki::primitives
