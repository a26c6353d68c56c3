// A program that unloads the library: what it held stays held while it lives, and comes back when it dies.
#include <unistd.h>

#include "client/client_fixture.hpp"
#include "shm/processes.hpp"

namespace seki::test {
namespace {

using Unloaded = ClientTest;

// Fails if unloading frees the name under which the permit is held, or crashes; or nobody can tell that the program died afterwards.
TEST_F(Unloaded, APermitIsHeldAsLongAsItsProcessLives) {
    const Segment segment = opened();
    const Bulkhead database = must(segment.bulkhead("database", {.max_concurrent = 1}));
    child program{[&](const line& parent) {
        ::dup2(parent.in(), STDIN_FILENO);
        ::dup2(parent.out(), STDOUT_FILENO);
        ::execl(SEKI_UNLOAD, SEKI_UNLOAD, SEKI_LIBRARY, path().c_str(), nullptr);
        return false;
    }};
    ASSERT_EQ(program.talk().hear(), 1U);
    ASSERT_TRUE(segment.maintain());
    EXPECT_EQ(database.try_acquire().error().code, Errc::bulkhead_full);
    program.die();
    EXPECT_TRUE(database.acquire(1min));
}

}  // namespace
}  // namespace seki::test
