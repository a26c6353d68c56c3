// Arbitrary bytes, taken for a segment: refused, or used without a crash, a hang or a step outside of them.
//
// The first byte says how much help the rest gets on its way inside, and who then comes (below):
//   0   none: the rest is the segment
//   1   the identity, the boot and the clock are made right
//   2   the geometry too
//   3   the rest is a list of scribbles (scribbles.hpp) on a good segment with one of every kind in it; then as 1
//   4   likewise, and who uses it had its handles before
//   5   likewise, and nothing is made right again
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "scribbles.hpp"
#include "shm/workers.hpp"
#include "small_segment.hpp"
#include "walk.hpp"

namespace {

using namespace seki;
using hostile::good_segment;
using hostile::make_right;
using hostile::scribble;
using hostile::segment_name;
using hostile::small_size;

using list = std::span<const std::uint8_t>;

// Where good segments are copied to: to make that anew takes longer than many a visit.
std::byte* kept() {
    static const hostile::memory bytes = hostile::pages(small_size);
    return bytes.get();
}

// Who comes. Everybody takes many times as long as one alone, who is enough to find most of what there is to be found, and comes seldom.
enum visitor : unsigned { everybody, teller, looker, listener, doctor, first_user };

unsigned visitor_of(std::uint8_t first) {
    constexpr unsigned alone = first_user - teller + static_cast<unsigned>(layout::last_kind);
    const unsigned drawn = first / hostile::helps;
    return drawn == 0 ? everybody : teller + (drawn - 1) % alone;
}

// What a user only uses; none: all.
layout::kind kind_of(unsigned who) {
    return who < first_user ? layout::kind::none : static_cast<layout::kind>(who - first_user + 1);
}

// `later` is scribbled when who uses it has its handles.
void visit(const std::shared_ptr<shm::segment>& where, unsigned who, std::span<std::byte> all, list later) {
    const auto comes = [who](visitor which) { return who == everybody || who == which; };
    const bool uses = who == everybody || who >= first_user;
    std::optional<hostile::worker> worker;
    if (uses) worker.emplace(where, kind_of(who));
    scribble(all, later);
    if (comes(teller)) hostile::tell(*where);
    if (comes(looker)) hostile::look(*where);
    if (comes(listener))
        hostile::read_events(*where, all.data() == kept() ? good_segment() : std::span<const std::byte>{});
    if (uses) worker->use();
    worker.reset();
    if (who == teller || who == looker || who == listener) return;
    if (who != doctor) {  // as sekid, who is not always there
        (void)where->put_header_back();
        (void)shm::reap(*where);
    }
    hostile::mend(*where);
    if (uses) hostile::worker{where, kind_of(who)}.use();
    if (who == everybody) hostile::walk(*where);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const unsigned help = hostile::help_of(data[0]);
    const unsigned who = visitor_of(data[0]);
    const list rest{data + 1, size - 1};
    const bool is_good = hostile::holds_scribbles(data[0]);
    const std::size_t least = help == 0 ? 0 : help == 1 ? layout::page : small_size;
    const std::size_t whole = (std::max(rest.size(), least) + layout::page - 1) / layout::page * layout::page;
    const std::size_t room = is_good ? small_size : help == 0 ? rest.size() : whole;
    if (room == 0) return 0;

    const hostile::memory made = is_good ? nullptr : hostile::pages(room);
    const std::span<std::byte> all{is_good ? kept() : made.get(), room};
    if (is_good) {
        std::memcpy(all.data(), good_segment().data(), room);
    } else {
        std::memset(all.data(), 0, room);
        std::memcpy(all.data(), rest.data(), rest.size());
    }
    if (help == 3 || help == 5) scribble(all, rest);
    if (help != 0 && help != 5) make_right(*reinterpret_cast<layout::header*>(all.data()), room, help == 2);

    const auto where = shm::segment::adopt_memory(all, segment_name());
    if (!where) return 0;
    visit(*where, who, all, help == 4 ? rest : list{});
    return 0;
}
