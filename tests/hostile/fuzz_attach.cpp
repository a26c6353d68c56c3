// Arbitrary bytes, taken for a segment: refused, or used without a crash, a hang or a step outside of them.
//
// The first byte says how much help the rest gets on its way inside:
//   0   none: the rest is the segment
//   1   the identity, the boot and the clock are made right
//   2   the geometry too
//   3   the rest is a list of scribbles {page, place in 16 bytes, how many bytes less one, the bytes} on a good segment with one of every kind in it
//   4   likewise, and who uses it had its handles before
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "small_segment.hpp"
#include "walk.hpp"

namespace {

using namespace seki;
using hostile::good_segment;
using hostile::make_right;
using hostile::segment_name;
using hostile::small_size;

void scribble(std::span<std::byte> on, std::span<const std::uint8_t> list) {
    while (list.size() > 3) {
        const std::size_t at = (list[0] * layout::page + list[1] * std::size_t{16}) % on.size();
        const std::size_t length = std::min({std::size_t{list[2]} + 1, list.size() - 3, on.size() - at});
        std::memcpy(&on[at], &list[3], length);
        list = list.subspan(3 + length);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const unsigned help = data[0] % 5;
    const std::span<const std::uint8_t> rest{data + 1, size - 1};
    const bool is_good = help >= 3;
    const std::size_t wanted =
        help == 0 ? rest.size() : std::max<std::size_t>(rest.size(), help == 1 ? layout::page : small_size);
    const std::size_t room = is_good ? small_size : (wanted + layout::page - 1) / layout::page * layout::page;
    if (room == 0) return 0;

    const hostile::memory bytes = hostile::pages(room);
    const std::span<std::byte> all{bytes.get(), room};
    if (is_good) {
        std::memcpy(bytes.get(), good_segment().data(), room);
    } else {
        std::memset(bytes.get(), 0, room);
        std::memcpy(bytes.get(), rest.data(), rest.size());
    }
    if (help == 3) scribble(all, rest);
    if (help != 0) make_right(*reinterpret_cast<layout::header*>(bytes.get()), room, help == 2);

    const auto where = shm::segment::adopt_memory(all, segment_name());
    if (!where) return 0;
    {
        hostile::worker worker{*where};
        if (help == 4) scribble(all, rest);
        hostile::walk(**where);
        hostile::read_events(**where);
        worker.use();
    }
    hostile::mend(**where);
    hostile::worker{*where}.use();
    hostile::walk(**where);
    return 0;
}
