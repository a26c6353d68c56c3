#include "reach.hpp"

#include <algorithm>

namespace seki::test {
namespace {

constexpr std::uint64_t word = 8;
constexpr unsigned bits_of_an_offset = 40;

template <class Do>
void each_word(std::uint64_t memory, std::uint64_t offset, std::uint64_t bytes, Do act) {
    for (std::uint64_t at = offset / word; at * word < offset + bytes; ++at) act((memory << bits_of_an_offset) | at);
}

}  // namespace

void reach::reads(std::uint64_t memory, std::uint64_t offset, std::uint64_t bytes) {
    each_word(memory, offset, bytes, [this](std::uint64_t at) { words_.try_emplace(at, false); });
}
void reach::writes(std::uint64_t memory, std::uint64_t offset, std::uint64_t bytes) {
    each_word(memory, offset, bytes, [this](std::uint64_t at) { words_[at] = true; });
}

bool reach::meets(const reach& other) const {
    if (anything_ || other.anything_ || (asks_ && other.asks_)) return true;
    return words_.size() < other.words_.size() ? meets_a_word_of(other) : other.meets_a_word_of(*this);
}

bool reach::meets_a_word_of(const reach& more) const {
    return std::ranges::any_of(words_, [&](const auto& mine) {
        const auto found = more.words_.find(mine.first);
        return found != more.words_.end() && (mine.second || found->second);
    });
}

void reach::forget_what_is_written() {
    for (auto& each : words_) each.second = false;
}

}  // namespace seki::test
