// The lock by which one sekid looks after a segment, and what may stand under its name.
#include <gmock/gmock.h>

#include "daemon/owner_lock.hpp"
#include "shm/segment_fixture.hpp"

namespace seki::daemon::test {
namespace {

using shm::test::read_file;
using shm::test::write_file;
using testing::HasSubstr;
namespace fs = std::filesystem;

class OwnerLock : public shm::test::SegmentTest {
protected:
    void SetUp() override {
        SegmentTest::SetUp();
        owner = path.native() + ".owner";
        ASSERT_TRUE(shm::segment::create_or_attach(path, shm::test::small));
    }
    void expect_refused(const std::string& because) const {
        const auto taken = owner_lock::take(path);
        ASSERT_FALSE(taken);
        EXPECT_THAT(taken.error().message, HasSubstr(because));
        EXPECT_THAT(taken.error().message, HasSubstr("a.seg.owner"));
    }
    fs::path owner;
};

// Fails when two hold it, the second is not told who does, or the file stays.
TEST_F(OwnerLock, OneHoldsItAndItsFileGoesWithIt) {
    {
        const auto first = owner_lock::take(path);
        ASSERT_TRUE(first) << first.error().message;
        EXPECT_EQ(read_file(owner), std::to_string(::getpid()) + "\n");
        const auto second = owner_lock::take(path);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, Errc::busy);
        EXPECT_THAT(second.error().message, HasSubstr(std::to_string(::getpid())));
    }
    EXPECT_FALSE(fs::exists(owner));
}

// Fails when what a killed sekid left keeps the next one from starting, or its longer content shines through.
TEST_F(OwnerLock, WhatADeadOneLeftIsTakenOver) {
    write_file(owner, std::string(100, '7') + "\n");
    const auto taken = owner_lock::take(path);
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(read_file(owner), std::to_string(::getpid()) + "\n");
}

// Fails when an outcome is told that is none, a shorter one has the end of the one before, or the address goes with it.
TEST_F(OwnerLock, WhatBecameOfAReloadIsToldWholeOrNotAtAll) {
    auto taken = owner_lock::take(path);
    ASSERT_TRUE(taken) << taken.error().message;
    taken->tell({1, 1, "before there is an address"});
    EXPECT_EQ(report::latest_reload(path), std::nullopt);
    taken->tell("unix:/there");
    EXPECT_EQ(report::latest_reload(path), std::nullopt);
    for (const report::reload_outcome& each :
         {report::reload_outcome{7, 1, "f:1:1: a\nf:2:2: b"}, {7, 2, ""}, {8, 1, "c"}}) {
        taken->tell(each);
        EXPECT_EQ(report::latest_reload(path), each);
        EXPECT_EQ(report::owner_address(path), "unix:/there");
    }
    const std::string whole = read_file(owner);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        write_file(owner, whole.substr(0, length));
        EXPECT_EQ(report::latest_reload(path), std::nullopt) << length;
    }
    for (const std::string line :
         {"reload 1 2\n", "reload 1 2 x\n", "reload 1 2 0 \n", "reload  1 2 0\n", "reload 1 2 99999999999999999999\n",
          "reload 1 2 18446744073709551615\n", "reload -1 2 0\n", "reloads 1 2 0\n"}) {
        write_file(owner, "1\nunix:/there\n" + line);
        EXPECT_EQ(report::latest_reload(path), std::nullopt) << line;
    }
}

// Fails when another file is emptied because somebody gave it this name, too.
TEST_F(OwnerLock, AFileOfTwoNamesIsLeftAlone) {
    const std::string before = read_file(path);
    fs::create_hard_link(path, owner);
    expect_refused("hard links");
    EXPECT_EQ(read_file(path), before);
}

// Fails when a link is followed, or something is opened that is no file.
TEST_F(OwnerLock, WhatIsNoFileIsRefused) {
    fs::create_symlink(path, owner);
    expect_refused("symbolic link");
    fs::remove(owner);
    ASSERT_EQ(::mkfifo(owner.c_str(), 0660), 0);
    expect_refused("is a pipe");
    fs::remove(owner);
    fs::create_directory(owner);
    expect_refused("is a folder");
}

// Fails when everybody may keep sekid from starting, by a lock of his own.
TEST_F(OwnerLock, AFileThatEverybodyMayWriteIsRefused) {
    write_file(owner, "");
    ASSERT_EQ(::chmod(owner.c_str(), 0666), 0);
    expect_refused("may be written by everybody");
}

}  // namespace
}  // namespace seki::daemon::test
