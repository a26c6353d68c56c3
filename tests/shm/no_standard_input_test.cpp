// Who closed its standard input gets descriptor 0 for the next file that it opens: that is a descriptor as any other.
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "segment_fixture.hpp"
#include "shm/administration.hpp"
#include "shm/liveness.hpp"

namespace seki::shm::test {
namespace {

bool is_open(int file) { return ::fcntl(file, F_GETFD) >= 0; }

struct NoStandardInput : SegmentTest {
    // What a child without standard input says that went wrong, which must have left 0 as free as it was.
    template <class Work>
    [[nodiscard]] static std::string without_input(Work work) {
        return in_child([&]() -> std::string {
            ::close(0);
            const std::string said = work();
            return said.empty() && is_open(0) ? "0 was left open" : said;
        });
    }
};

// Fails when 0 is taken for no descriptor where a segment is made, attached to, or removed; or is not closed.
TEST_F(NoStandardInput, MakesAttachesAndRemovesASegment) {
    EXPECT_EQ(without_input([&]() -> std::string {
                  for (int round = 0; round < 2; ++round)
                      if (const auto made = segment::create_or_attach(path, small); !made) return made.error().message;
                  const auto destroyed = segment::destroy(path);
                  return destroyed ? "" : destroyed.error().message;
              }),
              "");
    EXPECT_TRUE(fs::is_empty(folder));
}

// Fails when a lock file that was opened as 0 is not locked, not shared with the group of the segment, or not given back.
TEST_F(NoStandardInput, AdministersASegment) {
    ASSERT_TRUE(segment::create_or_attach(path, small));
    EXPECT_EQ(without_input([&]() -> std::string {
                  const auto held = administration::lock(path);
                  if (!held) return held.error().message;
                  if (administration::lock(path, std::chrono::milliseconds{0})) return "two have the lock";
                  held->share_with(0640, ::getegid());
                  if (fs::status(administration_lock_path(path)).permissions() != fs::perms{0640}) return "not shared";
                  return "";
              }),
              "");
    EXPECT_TRUE(administration::lock(path, std::chrono::milliseconds{0}));
}

// Fails when a lock of a member becomes its standard input, which the program may open anew; or when who looks whether it lives keeps a file open.
TEST_F(NoStandardInput, JoinsAndIsFoundLiving) {
    const auto there = segment::create_or_attach(path, small);
    ASSERT_TRUE(there);
    EXPECT_EQ(without_input([&]() -> std::string {
                  const auto own = segment::attach(path, segment::access::read_write);
                  if (!own) return own.error().message;
                  auto member = membership::join(**own, [](process_owner) {});
                  if (!member) return member.error().message;
                  if (is_open(0)) return "its lock is its standard input";
                  if (is_live(**own, member->self()) != verdict::live) return "it does not live";
                  const std::string seen = in_child([&]() -> std::string {
                      const auto others = segment::attach(path, segment::access::read_only);
                      if (!others) return others.error().message;
                      return is_live(**others, member->self()) == verdict::live ? "" : "nobody sees that it lives";
                  });
                  member->leave(**own);
                  return seen;
              }),
              "");
}

}  // namespace
}  // namespace seki::shm::test
