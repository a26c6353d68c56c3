// What the hot paths may not do: ask for memory. A program of its own, because it replaces operator new, as the sanitizers do.
#include <seki/bulkhead.hpp>
#include <seki/limiter.hpp>

#include <cstdlib>
#include <new>
#include <string>

#include "client_fixture.hpp"
#include "shm/memory.hpp"

// Every allocation of this program goes by here. Not inlined: g++ would see half of a pair, and warn of it.
namespace {
constinit seki::layout::word allocations;
}
[[gnu::noinline]] void* operator new(std::size_t size) {
    seki::shm::hardware::fetch_add_relaxed(allocations, 1);
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace seki::test {
namespace {

class Allocations : public ClientTest {
protected:
    // How often a hundred calls ask for memory, once the thread has its slot.
    static std::uint64_t of(auto&& call) {
        call();
        const std::uint64_t before = shm::hardware::load_relaxed(allocations);
        for (int i = 0; i < 100; ++i) call();
        return shm::hardware::load_relaxed(allocations) - before;
    }
};

// Fails if the count does not count: the tests below would pass whatever the calls do.
TEST_F(Allocations, AreCounted) {
    EXPECT_EQ(of([] { (void)std::string(1000, 'x'); }), 100U);
}

// Fails if a check, let through or refused, allocates.
TEST_F(Allocations, AreNoneInACheck) {
    const Segment segment = opened();
    const Limiter api = must(segment.limiter("api", {.limit = 50, .window = 1h, .max_keys = 64}));
    EXPECT_EQ(of([&] { (void)api.check("alice"); }), 0U);
    EXPECT_FALSE(api.check("alice").allowed);
}

// Fails if acquiring, being refused, or giving back allocates.
TEST_F(Allocations, AreNoneInTryAcquire) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    EXPECT_EQ(of([&] {
                  const auto permit = database.try_acquire();
                  const auto refused = database.try_acquire();
                  const auto waited = database.acquire(0s);
                  if (!permit || refused || waited) std::abort();
              }),
              0U);
}

}  // namespace
}  // namespace seki::test
