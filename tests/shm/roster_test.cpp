// The list that is kept between looks is the directory's at each look, and an entry that stays is not copied again.
// Fails when what is deleted, made, or made in the place of another is not seen, or when a look copies everything.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "shm/directory_fixture.hpp"
#include "shm/roster.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

class Roster : public DirectoryTest {
protected:
    using known = std::pair<std::uint64_t, std::string>;

    static std::vector<known> incarnations_of(std::span<const shm::placement> all) {
        std::vector<known> found;
        for (const shm::placement& each : all) found.emplace_back(each.incarnation, each.name);
        return found;
    }
    void expect_as_the_directory() {
        standing.look(*where);
        for (const auto kind : {layout::kind::limiter, layout::kind::bulkhead, layout::kind::policy})
            EXPECT_EQ(incarnations_of(standing.of(kind)), incarnations_of(primitives().list(kind)));
    }

    shm::roster standing;
};

TEST_F(Roster, IsTheDirectoryAtEachLook) {
    std::mt19937_64 dice{seed_or(1)};
    std::vector<std::uint32_t> there;
    for (int i = 0; i < 2000; ++i) {
        for (auto changes = dice() % 3; changes != 0; --changes) {
            if (dice() % 2 == 0 && !there.empty()) {
                const auto which = dice() % there.size();
                primitives().remove(there[which]);
                there.erase(there.begin() + static_cast<std::ptrdiff_t>(which));
                continue;
            }
            const std::string name = std::to_string(i) + "." + std::to_string(changes);
            const auto wanted = dice() % 3 == 0 ? policy(name) : dice() % 2 == 0 ? bulkhead(name, 10) : limiter(name);
            if (const auto made = primitives().create(wanted, no_fill)) there.push_back(made->index);
        }
        expect_as_the_directory();
    }
}

TEST_F(Roster, LeavesAloneWhatStayed) {
    const auto made = primitives().create(limiter("api"), no_fill);
    ASSERT_TRUE(made) << made.error().message;
    expect_as_the_directory();
    layout::word& kind = primitives().entry(made->index).kind;
    shm::hardware::store_relaxed(kind, ~0ULL);  // nobody does, and it would no longer be listed
    standing.look(*where);
    ASSERT_EQ(standing.of(layout::kind::limiter).size(), 1U);
    EXPECT_EQ(standing.of(layout::kind::limiter).front().name, "api");
}

}  // namespace
}  // namespace seki::test
