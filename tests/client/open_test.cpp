// Opening segments and asking them for limiters.
#include <unistd.h>

#include <fstream>

#include <gmock/gmock.h>

#include "client_fixture.hpp"

namespace seki::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// $SEKI_SEGMENT as a test wants it, and as it was afterwards.
class ResolveTest : public testing::Test {
protected:
    ResolveTest() {
        if (const char* before = std::getenv("SEKI_SEGMENT")) before_ = before;
        ::unsetenv("SEKI_SEGMENT");
    }
    ~ResolveTest() override {
        if (before_.empty())
            ::unsetenv("SEKI_SEGMENT");
        else
            ::setenv("SEKI_SEGMENT", before_.c_str(), 1);
    }
    static std::string own_folder() { return "/dev/shm/seki-" + std::to_string(::geteuid()) + "/"; }

private:
    std::string before_;
};

// Fails if a path is taken for a name, or a name for a path.
TEST_F(ResolveTest, WhatHasASlashIsAPathAndABareNameIsAFileInTheFolder) {
    ::setenv("SEKI_SEGMENT", "/elsewhere/x.seg", 1);
    EXPECT_EQ(resolve("/tmp/a.seg"), "/tmp/a.seg");
    EXPECT_EQ(resolve("./a"), "./a");
    EXPECT_EQ(resolve("no-such-name-anywhere"), own_folder() + "no-such-name-anywhere.seg");
    EXPECT_EQ(resolve("no-such-name-anywhere.seg"), own_folder() + "no-such-name-anywhere.seg") << "twice .seg";
}

// Fails if the environment is not asked, or asked when a name was given.
TEST_F(ResolveTest, NoNameMeansTheEnvironmentAndThenTheDefault) {
    ::setenv("SEKI_SEGMENT", "/elsewhere/x.seg", 1);
    EXPECT_EQ(resolve(), "/elsewhere/x.seg");
    ::setenv("SEKI_SEGMENT", "no-such-name-anywhere", 1);
    EXPECT_EQ(resolve(), own_folder() + "no-such-name-anywhere.seg");
    ::setenv("SEKI_SEGMENT", "", 1);
    const bool shared = std::filesystem::exists("/run/seki/default.seg");
    EXPECT_EQ(resolve(), shared ? "/run/seki/default.seg" : own_folder() + "default.seg");
}

using OpenTest = ClientTest;

// Fails if attaching makes a segment, or looking at one can spend from it.
TEST_F(OpenTest, CreatesOrAttachesAsAsked) {
    const auto missing = open(path(), small(Access::attach));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_FALSE(std::filesystem::exists(path()));

    const Limiter made = must(opened().limiter("login", six_a_year()));
    EXPECT_TRUE(made.check("alice", 6).allowed);
    EXPECT_FALSE(opened(Access::attach).limiter("login")->check("alice").allowed);

    const Limiter seen = must(opened(Access::read_only).limiter("login"));
    EXPECT_EQ(seen.check("alice").error, Errc::read_only);
    EXPECT_THAT(seen.explain(Errc::read_only).message, AllOf(HasSubstr("limiter \"login\""), HasSubstr("peek")));
    EXPECT_FALSE(seen.peek("alice").allowed);
    EXPECT_TRUE(seen.peek("bob", 6).allowed);
    EXPECT_EQ(opened(Access::read_only).limiter("new", six_a_year()).error().code, Errc::read_only);
}

// Fails if the same name is two limiters, or a limiter is handed out whose options are not what was asked for.
TEST_F(OpenTest, TheSameOptionsShareALimiterAndOthersAreRefusedWithTheDifference) {
    const Segment one = opened(), two = opened();
    const Limiter made = must(one.limiter("login", six_a_year()));
    EXPECT_TRUE(made.check("alice", 6).allowed);
    EXPECT_FALSE(two.limiter("login", six_a_year())->check("alice").allowed);
    EXPECT_FALSE(two.limiter("login")->check("alice").allowed);

    LimiterOptions other = six_a_year();
    other.limit = 10;
    const auto refused = two.limiter("login", other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::different_options);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("limiter \"login\""), HasSubstr("limit is 6, not 10")));

    const auto missing = two.limiter("logout");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_THAT(missing.error().message, AllOf(HasSubstr("limiter \"logout\""), HasSubstr("it has login")));
}

// Fails if a program that is started again after an operator's change no longer finds its limiter.
TEST_F(OpenTest, TheOriginalOptionsAreStillAcceptedAfterALiveChange) {
    const Segment segment = opened();
    const Limiter made = must(segment.limiter("login", six_a_year()));
    LimiterOptions changed = six_a_year();
    changed.limit = 12;
    changed.mode = Mode::shadow;
    ASSERT_TRUE(segment.change("login", changed));
    for (const LimiterOptions& asked : {six_a_year(), changed}) {
        const auto found = opened().limiter("login", asked);
        ASSERT_TRUE(found) << found.error().message;
        EXPECT_EQ(*found->options(), changed);
    }
    EXPECT_EQ(*made.options(), changed);
    LimiterOptions third = six_a_year();
    third.limit = 7;
    EXPECT_THAT(opened().limiter("login", third).error().message, HasSubstr("limit is 12, not 7"));
    EXPECT_EQ(segment.change("logout", changed).error().code, Errc::not_found);
}

// Fails if such a name gets into a directory that people and metrics read.
TEST_F(OpenTest, BadNamesAndOptionsAreRefusedInASentence) {
    const Segment segment = opened();
    for (const std::string& name : {std::string{}, std::string(64, 'x'), std::string{"a b"}, std::string{"a\nb"},
                                    std::string{"a\0b", 3}, std::string{"\xff"}}) {
        const auto refused = segment.limiter(name, six_a_year());
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument);
        EXPECT_EQ(segment.limiter(name).error().code, Errc::invalid_argument);
    }
    EXPECT_TRUE(segment.limiter(std::string(63, 'x'), six_a_year()));
    const auto zero = segment.limiter("login", {.limit = 0, .window = 1s});
    ASSERT_FALSE(zero);
    EXPECT_EQ(zero.error().code, Errc::invalid_argument);
    EXPECT_THAT(zero.error().message, HasSubstr("limiter \"login\": limit 0 is too small: 1 to 10000000 per window"));
}

// Fails if such a name makes a file that nobody would look for.
TEST_F(OpenTest, BadNamesOfSegmentsAreRefusedInASentence) {
    for (const auto& [name, what] : {std::pair{std::string{"."}, "segment \".\": that is a folder"},
                                     {std::string{".."}, "segment \"..\": that is a folder"},
                                     {std::string{"a\nb"}, "segment \"a\\nb.seg\": the name has a control character"},
                                     {folder().native() + "/a\x7f", "the name has a control character"}}) {
        const auto refused = open(name, small());
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, Errc::invalid_argument);
        EXPECT_THAT(refused.error().message, HasSubstr(what));
        EXPECT_FALSE(std::filesystem::exists(resolve(name)));
    }
}

// Fails if a handle outlives its limiter in silence, or meets its successor.
TEST_F(OpenTest, HandlesOfADeletedLimiterSaySo) {
    const Segment segment = opened();
    const Limiter old = must(segment.limiter("login", six_a_year()));
    ASSERT_TRUE(segment.remove_limiter("login"));
    ASSERT_TRUE(segment.limiter("login", six_a_year()));
    const Decision decision = old.check("alice");
    EXPECT_FALSE(decision.allowed);
    EXPECT_EQ(decision.error, Errc::deleted);
    EXPECT_EQ(old.options().error().code, Errc::deleted);
    EXPECT_THAT(old.explain(decision.error).message, AllOf(HasSubstr("limiter \"login\""), HasSubstr("deleted")));
    EXPECT_EQ(segment.remove_limiter("logout").error().code, Errc::not_found);
}

// Fails if a handle depends on the segment object that it came from.
TEST_F(OpenTest, AHandleOutlivesTheSegmentItCameFrom) {
    std::optional<Limiter> kept;
    {
        const Segment segment = opened();
        kept = must(segment.limiter("login", six_a_year()));
    }
    const Limiter copy = *kept;
    kept.reset();
    EXPECT_EQ(copy.check("alice").remaining, 5U);
    EXPECT_EQ(copy.name(), "login");
}

// Fails if a configuration file is not applied to the segment and its limiters, or a bad one makes a segment.
TEST_F(OpenTest, AConfigurationFileMakesTheSegmentAndItsLimiters) {
    const std::filesystem::path file = folder() / "seki.toml";
    std::ofstream{file}
        << "[segment]\npath = \"" << path() << "\"\nmax_workers = 3\nmax_primitives = 5\nsize = \"1MiB\"\n"
        << "[limiter.login]\nalgorithm = \"fixed_window\"\nlimit = 5\nwindow = \"1h\"\nmax_keys = 100\n";
    OpenOptions options;
    options.config = file;
    const auto segment = open({}, options);
    ASSERT_TRUE(segment) << segment.error().message;
    EXPECT_EQ(segment->path(), path());
    EXPECT_EQ(segment->handle()->where().parts().max_workers, 3U);
    const auto login = segment->limiter("login");
    ASSERT_TRUE(login) << login.error().message;
    EXPECT_EQ(*login->options(),
              (LimiterOptions{.algorithm = Algorithm::fixed_window, .limit = 5, .window = 1h, .max_keys = 100}));
    EXPECT_TRUE(open({}, options));

    std::ofstream{file} << "[limiter.login]\nlimt = 5\n";
    const std::string other = folder() / "b.seg";
    const auto refused = open(other, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("seki.toml:2:1"), HasSubstr("limt")));
    EXPECT_FALSE(std::filesystem::exists(other));
}

// Fails if "auto" is another size here than in sekid: then what the file declares does not fit.
TEST_F(OpenTest, AnAutomaticSizeHasRoomForWhatTheFileDeclares) {
    const std::filesystem::path file = folder() / "seki.toml";
    std::ofstream{file} << "[segment]\npath = \"" << path() << "\"\nmax_workers = 3\nmax_primitives = 5\n"
                        << "[limiter.login]\nlimit = 5\nwindow = \"1h\"\nmax_keys = 400000\n";
    OpenOptions options;
    options.config = file;
    const auto segment = open({}, options);
    ASSERT_TRUE(segment) << segment.error().message;
    EXPECT_TRUE(segment->limiter("another", {.limit = 5, .window = 1h}));
}

// Fails if a bare name in a file is another segment here than in sekid: the workers would have limits of their own.
TEST_F(OpenTest, ABareNameInAFileMeansWhatItMeansEverywhere) {
    const std::string name = "seki-open-test-" + std::to_string(::getpid());
    const std::filesystem::path file = folder() / "seki.toml";
    std::ofstream{file} << "[segment]\npath = \"" << name
                        << "\"\nmax_workers = 2\nmax_primitives = 2\nsize = \"1MiB\"\n";
    OpenOptions options;
    options.config = file;
    const auto segment = open({}, options);
    ASSERT_TRUE(segment) << segment.error().message;
    EXPECT_EQ(segment->path(), resolve(name));
    EXPECT_FALSE(std::filesystem::exists(name));
    ASSERT_TRUE(shm::segment::destroy(segment->path()));
}

// Fails if a file of which not everything can be made leaves a part of it in the segment.
TEST_F(OpenTest, AFileIsDeclaredAsAWholeOrNotAtAll) {
    const Segment small = opened();
    const std::filesystem::path file = folder() / "seki.toml";
    std::ofstream{file} << "[segment]\npath = \"" << path() << "\"\n"
                        << "[limiter.first]\nlimit = 5\nwindow = \"1h\"\nmax_keys = 100\n"
                        << "[bulkhead.second]\n"
                        << "[limiter.third]\nlimit = 5\nwindow = \"1h\"\nmax_keys = 400000\n";
    OpenOptions options;
    options.config = file;
    const auto refused = open({}, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_space);
    EXPECT_THAT(refused.error().message, HasSubstr("limiter \"third\""));
    EXPECT_TRUE(shm::directory{small.handle()->where()}.list().empty());

    // What differs stands in the way before anything is made.
    ASSERT_TRUE(small.limiter("third", six_a_year()));
    EXPECT_EQ(open({}, options).error().code, Errc::different_options);
    EXPECT_EQ(shm::directory{small.handle()->where()}.list().size(), 1U);
}

// Fails if who may only look cannot open by a file what is all there, or makes something.
TEST_F(OpenTest, WhoOnlyReadsFindsWhatTheFileDeclares) {
    const std::filesystem::path file = folder() / "seki.toml";
    std::ofstream{file} << "[segment]\npath = \"" << path() << "\"\n[limiter.login]\nlimit = 5\nwindow = \"1h\"\n";
    OpenOptions options;
    options.config = file;
    ASSERT_TRUE(open({}, options));
    options.access = Access::read_only;
    const auto seen = open({}, options);
    ASSERT_TRUE(seen) << seen.error().message;
    std::ofstream{file, std::ios::app} << "[limiter.logout]\nlimit = 5\nwindow = \"1h\"\n";
    EXPECT_EQ(open({}, options).error().code, Errc::read_only);
    EXPECT_FALSE(seen->limiter("logout"));
}

// Fails if maintain() leaves keys in memory that nobody needs: without a sekid nobody else takes them away.
TEST_F(OpenTest, MaintainingClearsExpiredKeys) {
    const Segment segment = opened();
    const Limiter api = must(segment.limiter("api", {.limit = 1000, .window = 1s, .max_keys = 64}));
    EXPECT_TRUE(api.check("alice-who-left").allowed);
    const shm::segment& where = segment.handle()->where();
    const std::string_view memory{reinterpret_cast<const char*>(&where.header()), where.parts().size};
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (memory.find("alice-who-left") != std::string_view::npos && std::chrono::steady_clock::now() < deadline)
        ASSERT_TRUE(segment.maintain());
    EXPECT_EQ(memory.find("alice-who-left"), std::string_view::npos);
}

}  // namespace
}  // namespace seki::test
