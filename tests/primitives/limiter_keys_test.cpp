// Which keys a limiter keeps, what it does when it has no room, and what stands in memory of their texts.
#include "limiter_fixture.hpp"
#include "shm/hitters.hpp"

namespace seki::test {
namespace {

using LimiterKeys = EveryLimiterTest;
INSTANTIATE_TEST_SUITE_P(, LimiterKeys, testing::ValuesIn(every_algorithm), name_of_algorithm);

// The smallest table has 24 slots.
constexpr int crowd = 200;

std::string key_number(int i) { return "key number " + std::to_string(i); }

// Fails if a full table denies, or is not told of in the counters, or a key that has its place loses it.
TEST_P(LimiterKeys, AFullTableLetsNewKeysThroughAndCountsThem) {
    LimiterOptions options = six_a_minute();
    options.max_keys = 1;
    const auto limiter = make(options);
    std::vector<bool> kept;
    std::uint64_t refused_a_place = 0;
    for (int i = 0; i < crowd; ++i) {
        const Decision decision = check(limiter, key_number(i), 6);
        ASSERT_TRUE(decision.allowed);
        kept.push_back(static_cast<bool>(limiter.table().find(limiter.hash()(key_number(i)))));
        if (!kept.back()) ++refused_a_place;
    }
    EXPECT_GE(refused_a_place, static_cast<std::uint64_t>(crowd) - limiter.table().slot_count());
    EXPECT_LT(refused_a_place, static_cast<std::uint64_t>(crowd) - 1);
    const auto counts = counted(limiter);
    EXPECT_EQ(counts[layout::count_full], refused_a_place);
    EXPECT_EQ(counts[layout::count_evicted], 0U);
    EXPECT_EQ(counts[layout::count_allow], static_cast<std::uint64_t>(crowd));
    for (int i = 0; i < crowd; ++i) {
        EXPECT_EQ(check(limiter, key_number(i)).allowed, !kept[static_cast<std::size_t>(i)]) << i;
    }
}

// Fails if a new key passes a full table that denies, without a time to come again; or a peek foretells otherwise.
TEST_P(LimiterKeys, AFullTableDeniesNewKeysWhenAskedTo) {
    LimiterOptions options = six_a_minute();
    options.max_keys = 1;
    options.on_full = OnFull::deny;
    const auto limiter = make(options);
    std::uint64_t admitted = 0;
    for (int i = 0; i < crowd; ++i) {
        const Decision foretold = peek(limiter, key_number(i), 6);
        const Decision decision = check(limiter, key_number(i), 6);
        EXPECT_EQ(foretold.allowed, decision.allowed) << i;
        EXPECT_EQ(foretold.retry_after, decision.retry_after) << i;
        admitted += decision.allowed ? 1U : 0U;
        if (!decision.allowed) {
            EXPECT_GT(decision.retry_after, 0ns);
            EXPECT_EQ(decision.limit, 6U);
        }
    }
    EXPECT_LE(admitted, limiter.table().slot_count());
    const auto counts = counted(limiter);
    EXPECT_EQ(counts[layout::count_full], crowd - admitted);
    EXPECT_EQ(counts[layout::count_deny], crowd - admitted);
    EXPECT_EQ(counts[layout::count_allow], admitted);
}

// Fails if a limiter that only looks on denies for want of room, or does not say that it would have.
TEST_P(LimiterKeys, AFullTableThatIsOnlyToldOfSaysWhomItWouldHaveDenied) {
    for (const OnFull on_full : {OnFull::deny, OnFull::allow}) {
        LimiterOptions options = six_a_minute();
        options.max_keys = 1;
        options.mode = Mode::shadow;
        options.on_full = on_full;
        const auto limiter = make(options);
        std::uint64_t denied = 0;
        for (int i = 0; i < crowd; ++i) {
            const Decision decision = check(limiter, key_number(i), 6);
            EXPECT_TRUE(decision.allowed) << i;
            denied += decision.shadow ? 1U : 0U;
        }
        const auto counts = counted(limiter);
        EXPECT_GT(counts[layout::count_full], 0U);
        EXPECT_EQ(denied, on_full == OnFull::deny ? counts[layout::count_full] : 0U);
        EXPECT_EQ(counts[layout::count_shadow], denied);
        ASSERT_TRUE(primitives::limiters::remove(where(), "it"));
    }
}

// Fails if another share of the decisions is looked at than what the estimates go by.
TEST_P(LimiterKeys, HowBusyAKeyIsIsEstimatedFromASample) {
    const auto limiter = make(six_a_minute());
    constexpr std::uint64_t checks = 6'400;
    for (std::uint64_t i = 0; i < checks; ++i) (void)check(limiter, "alice");
    const auto busy = shm::busiest(where(), limiter.place().incarnation);
    ASSERT_EQ(busy.size(), 1U);
    EXPECT_EQ(busy.front().tag, limiter.hash()("alice"));
    EXPECT_GT(busy.front().allowed + busy.front().denied, checks / 2);
    EXPECT_LT(busy.front().allowed + busy.front().denied, checks * 2);
}

// Fails if a full table writes for a new key that it denies: that is a denial as any other.
TEST_P(LimiterKeys, ADenialForWantOfRoomStoresNothingEither) {
    LimiterOptions options = six_a_minute();
    options.max_keys = 1;
    options.on_full = OnFull::deny;
    const auto limiter = make(options);
    for (int i = 0; i < crowd; ++i) (void)check(limiter, key_number(i), 6);
    const std::string before = memory_of_others();
    for (int i = 0; i < crowd; ++i) EXPECT_FALSE(check(limiter, key_number(i), 6).allowed);
    EXPECT_TRUE(memory_of_others() == before);
}

// Fails if a key that may still be needed is evicted, or one that is as good as new keeps its place from a new one.
TEST_P(LimiterKeys, OnlyKeysAsGoodAsNewMakeRoom) {
    LimiterOptions options = six_a_minute();
    options.max_keys = 1;
    options.on_full = OnFull::deny;
    const auto limiter = make(options);
    for (int i = 0; i < crowd; ++i) (void)check(limiter, key_number(i), 6);
    const auto slots = limiter.table().slot_count();
    const Decision state = peek(limiter, key_number(0), 0);
    ASSERT_GT(state.reset_after, 0ns);
    pass(state.reset_after - 1ns);
    (void)check(limiter, "newcomer", 1);
    EXPECT_EQ(counted(limiter)[layout::count_evicted], 0U);
    pass(1ns);
    for (int i = 1000; i < 1000 + crowd; ++i) (void)check(limiter, key_number(i), 6);
    const auto counts = counted(limiter);
    EXPECT_GT(counts[layout::count_evicted], 0U);
    EXPECT_LE(counts[layout::count_evicted], slots);
    EXPECT_EQ(peek(limiter, key_number(0), 0).remaining, 6U);
}

// Fails if a key that is as good as new by the precise clock, and not yet by the coarse one, makes room: should the limiter's clock become the coarse one, the
// key would come back with a time at which it was spent, and spend once more. Or if a look foretells otherwise.
TEST_P(LimiterKeys, WhoIsNewByThePreciseClockAloneKeepsItsPlace) {
    LimiterOptions options = six_a_minute();
    options.max_keys = 1;
    options.on_full = OnFull::deny;
    const auto limiter = make(options);
    std::vector<std::string> spent;
    for (int i = 0; i < crowd; ++i)
        if (check(limiter, key_number(i), 6).allowed) spent.push_back(key_number(i));
    pass(peek(limiter, spent.front(), 0).reset_after);
    const auto clock = [this](Clock which) { return which == Clock::precise ? now : now - 4'000'000; };
    for (int i = 1000; i < 1000 + crowd; ++i) {
        const Decision foretold = limiter.decide({.key = key_number(i), .spend = false}, clock);
        EXPECT_EQ(limiter.decide({.key = key_number(i)}, clock).allowed, foretold.allowed) << i;
    }
    EXPECT_EQ(counted(limiter)[layout::count_evicted], 0U);
    options.clock = Clock::coarse;
    ASSERT_TRUE(primitives::limiters::change(where(), "it", options));
    for (const std::string& key : spent) EXPECT_FALSE(limiter.decide({.key = key, .cost = 6}, clock).allowed) << key;
}

// Fails if a limiter is published with texts that nobody may write, or leaves out one.
TEST_P(LimiterKeys, EachSlotIsMadeReadyForAText) {
    const auto limiter = make(six_a_minute());
    for (std::size_t slot = 0; slot < limiter.table().slot_count(); ++slot)
        EXPECT_FALSE(limiter.texts().lacks_mark(limiter.texts().look(slot))) << slot;
}

// Fails if some length of text is cut, shown wrong, or missing.
TEST_P(LimiterKeys, TextsOfShortKeysAreWholeAndOfLongOnesTellTheirBeginning) {
    const auto limiter = make(six_a_minute());
    for (std::size_t length = 0; length <= 40; ++length) {
        const std::string key = std::string(length, static_cast<char>('A' + length)).substr(0, length);
        ASSERT_TRUE(check(limiter, key).allowed);
        const auto tag = limiter.hash()(key);
        const auto at = limiter.table().find(tag);
        ASSERT_TRUE(at);
        const auto text = limiter.texts().read(limiter.table().index_of(at), tag, limiter.hash());
        ASSERT_TRUE(text) << length;
        EXPECT_EQ(text->whole, length <= layout::text_whole);
        EXPECT_EQ(text->key, text->whole ? key : key.substr(0, layout::text_prefix));
    }
}

// Fails if a key stays a fingerprint because who inserted it died before it wrote the text: the next samples of it have to.
TEST_P(LimiterKeys, ATextThatWasLostIsWrittenAgainBySampledAdmissions) {
    LimiterOptions options = six_a_minute();
    options.limit = 1000;
    const auto limiter = make(options);
    const std::string_view key = "alice@example.org";
    ASSERT_TRUE(check(limiter, key).allowed);
    const auto tag = limiter.hash()(key);
    const auto slot = limiter.table().index_of(limiter.table().find(tag));
    limiter.texts().write(slot, limiter.hash()("another"), "another", [] { return true; });
    ASSERT_FALSE(limiter.texts().read(slot, tag, limiter.hash()));
    // Sixty-two decisions at most lie between two samples, and a thread's first only finds its place.
    for (int i = 0; i < 3 * 63; ++i) ASSERT_TRUE(check(limiter, key).allowed);
    const auto text = limiter.texts().read(slot, tag, limiter.hash());
    ASSERT_TRUE(text);
    EXPECT_EQ(text->key, key);
}

// Fails if a limiter that is to keep no text leaves some anywhere in the segment; the other one shows that the search finds them.
TEST_P(LimiterKeys, WithoutStoreKeysNoTextOfAKeyIsInMemory) {
    constexpr std::string_view secret = "alice@example.org", longer = "someone.with.a.very.long.name@example.org";
    for (const bool store : {false, true}) {
        LimiterOptions options = six_a_minute();
        options.store_keys = store;
        const auto limiter = make(options, store ? "stored" : "secret");
        EXPECT_EQ(limiter.texts().kept(), store);
        for (int i = 0; i < 100; ++i) {
            (void)check(limiter, secret);
            (void)check(limiter, longer);
        }
        EXPECT_EQ(memory().find(secret.substr(0, 8)) != std::string_view::npos, store);
        EXPECT_EQ(memory().find(longer.substr(0, 8)) != std::string_view::npos, store);
    }
}

}  // namespace
}  // namespace seki::test
