// Making, changing and editing by a name: what is refused leaves everything as it was.
#include "limiter_fixture.hpp"
#include "primitives/breaker_family.hpp"
#include "primitives/breaker_upkeep.hpp"
#include "primitives/hedge.hpp"
#include "shm/administration.hpp"

namespace seki::test {
namespace {

struct Registry : LimiterTest {
    using editor = primitives::limiters::editor;
    static Result<LimiterOptions> raised(LimiterOptions options) {
        options.limit += 1;
        return options;
    }
    // Refused with that, and nothing is another afterwards.
    void expect_no_edit(const shm::segment& in, std::string_view name, const editor& edit, Errc why) const {
        const std::string before{memory()};
        const auto edited = primitives::limiters::edit(in, name, edit);
        ASSERT_FALSE(edited);
        EXPECT_EQ(edited.error().code, why) << edited.error().message;
        EXPECT_TRUE(memory() == before);
    }
};

// Fails if an edit that cannot be made changes something, or does not say why.
TEST_F(Registry, AnEditThatIsRefusedChangesNothing) {
    const auto limiter = make({.limit = 5, .window = 60s, .max_keys = 16});
    ASSERT_TRUE(primitives::limiters::edit(where(), "it", raised));
    EXPECT_EQ(limiter.options().limit, 6U);
    expect_no_edit(where(), "another", raised, Errc::not_found);
    expect_no_edit(
        where(), "it", [](LimiterOptions) { return std::unexpected(Error{Errc::interrupted, "not now"}); },
        Errc::interrupted);
    expect_no_edit(
        where(), "it",
        [](LimiterOptions options) -> Result<LimiterOptions> {
            options.limit = 0;
            return options;
        },
        Errc::invalid_argument);
    const auto read = shm::segment::attach(path(), shm::segment::access::read_only);
    ASSERT_TRUE(read);
    expect_no_edit(**read, "it", raised, Errc::read_only);
}

// Fails if who holds the lock makes what nobody else may.
TEST_F(Registry, OptionsAreLookedAtUnderTheLockToo) {
    const auto lock = shm::administration::lock(where());
    ASSERT_TRUE(lock);
    const auto made = primitives::limiters::find_or_make(*lock, where(), "it", {.limit = 0});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::invalid_argument);
    EXPECT_TRUE(shm::directory{where()}.list().empty());
}

// Fails if the window of a deleted breaker is brought into agreement with anything: its memory may be another's.
TEST_F(Registry, NothingIsSettledInADeletedBreaker) {
    const auto place = primitives::breakers::find_or_make(where(), "payments", {});
    ASSERT_TRUE(place) << place.error().message;
    shm::publish_terms(shm::directory{where()}.entry(place->index),
                       primitives::family<BreakerOptions>::terms_of({.window_size = 7}));
    ASSERT_FALSE(primitives::family<BreakerOptions>::settled(where(), *place));
    shm::directory{where()}.remove(place->index);
    const std::string before{memory()};
    primitives::settle_change(where(), *place);
    EXPECT_TRUE(memory() == before);
}

// Fails if who looks after breakers waits for an administrator, or settles while that one is at work.
TEST_F(Registry, WhileSomebodyAdministersNothingIsSettled) {
    const auto place = primitives::breakers::find_or_make(where(), "payments", {});
    ASSERT_TRUE(place) << place.error().message;
    shm::publish_terms(shm::directory{where()}.entry(place->index),
                       primitives::family<BreakerOptions>::terms_of({.window_size = 7}));
    {
        const auto lock = shm::administration::lock(where());
        ASSERT_TRUE(lock);
        primitives::settle_changes(where(), shm::roster{where()});
        primitives::settle_change(where(), *place);
        EXPECT_FALSE(primitives::family<BreakerOptions>::settled(where(), *place));
    }
    primitives::settle_changes(where(), shm::roster{where()});
    EXPECT_TRUE(primitives::family<BreakerOptions>::settled(where(), *place));
}

// Fails if a hedge that was deleted between two attempts grants the next, and counts it in what may be another's memory.
TEST_F(Registry, ADeletedHedgeAddsNoAttempt) {
    const auto place = primitives::hedges::find_or_make(where(), "search", {});
    ASSERT_TRUE(place) << place.error().message;
    const primitives::hedge hedge{in(), *place};
    in()->join();
    ASSERT_TRUE(primitives::hedges::remove(where(), "search"));
    const std::string before = memory_of_others();
    EXPECT_FALSE(hedge.may_add());
    EXPECT_TRUE(memory_of_others() == before);
}

}  // namespace
}  // namespace seki::test
