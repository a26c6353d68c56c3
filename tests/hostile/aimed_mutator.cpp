// How libFuzzer changes an input of fuzz_attach: every other time by a scribble on one word that means something, nearly right; else as it changes any bytes, which
// mostly end where they mean nothing.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>

#include "scribbles.hpp"
#include "small_segment.hpp"
#include "targets.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t room);

namespace {

using namespace seki;

class archer {
public:
    archer() {
        aim_.add_all_that_leads_there(*on_.where());
        aim_.add_header(*on_.where());
    }

    [[nodiscard]] auto draw(std::mt19937_64& random) {
        const auto* const hit = reinterpret_cast<const std::byte*>(&aim_.scribble(random));
        const auto at = static_cast<std::size_t>(hit - on_.bytes().data());
        const auto drawn = hostile::scribble_of(on_.bytes(), at);
        hostile::scribble(on_.bytes(), hostile::scribble_of(hostile::good_segment(), at));
        return drawn;
    }

private:
    hostile::small_segment on_;
    hostile::targets aim_{*on_.where()};
};

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    static archer one;
    std::mt19937_64 random{seed};
    if (random() % 2 == 0 || size == 0 || !hostile::holds_scribbles(data[0])) return LLVMFuzzerMutate(data, size, room);
    if (random() % 8 == 0) {  // the same, for another visitor
        (void)LLVMFuzzerMutate(data, 1, 1);
        return size;
    }
    const auto drawn = one.draw(random);
    if (random() % 8 == 0) size = 1;  // alone
    if (size + drawn.size() > room) return LLVMFuzzerMutate(data, size, room);
    // First, where no half scribble before it takes it for its bytes.
    std::memmove(data + 1 + drawn.size(), data + 1, size - 1);
    std::memcpy(data + 1, drawn.data(), drawn.size());
    return size + drawn.size();
}
