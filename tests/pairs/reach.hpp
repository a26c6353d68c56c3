// What somebody reads and writes of what processes share, word by word, and whether he asks the kernel.
//
// Two deeds that do not meet may be done in either order: neither finds what the other has written, and what there is afterwards is the same. Words are
// eight bytes. Files are not told apart, and what the kernel is asked about names, locks and processes always meets what another asks it: that may
// only add orders that need not have been tried.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace seki::test {

class reach {
public:
    // So many bytes from there on, of a memory that has a number (touches.hpp).
    void reads(std::uint64_t memory, std::uint64_t offset, std::uint64_t bytes);
    void writes(std::uint64_t memory, std::uint64_t offset, std::uint64_t bytes);
    void asks() noexcept { asks_ = true; }
    // Nobody knows what it does: it meets everybody.
    void is_anything() noexcept { anything_ = true; }

    [[nodiscard]] bool meets(const reach& other) const;

    // A planted error: what was written counts as read.
    void forget_what_is_written();

private:
    [[nodiscard]] bool meets_a_word_of(const reach& more) const;

    std::unordered_map<std::uint64_t, bool> words_{};  // and whether it is written
    bool asks_ = false, anything_ = false;
};

}  // namespace seki::test
