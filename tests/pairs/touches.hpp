// What another process touches of what it shares with others, instruction by instruction or as it runs: the words of shared memory that it reads or writes,
// and whether it asks the kernel for something. All else is its own affair: whoever stops it before such an instruction and whoever stops it after see the
// same, and leave it to do the same.
//
// All shared memory is taken away from it. An instruction that cannot do without faults, gets the page to read, and when it faults there again to write too:
// so who only reads is told from who writes. A fault tells where an access begins. How long it is, is known of the plain instructions of whole numbers,
// which are at most a word (or two, and then at an even place); all others are taken to be 64 bytes long, as no register is longer, and to be one access.
// A string instruction is stepped through, round by round, and has two. (Of those that gather from several places, which are three, no compiler makes use
// here.)
//
// Memories have numbers: 0 is all that has a name in the file system, whatever the name; the others, which have none, have that of their inode.
#pragma once

#include <cstdint>
#include <vector>

#include "reach.hpp"
#include "stepped_process.hpp"
#include "system_calls.hpp"

namespace seki::test {

class touches {
public:
    explicit touches(stepped_process& of);

    // One instruction. False: the process came to its end.
    [[nodiscard]] bool step();
    // Goes on until it stops by itself; after so many touches unwatched, and then it may have reached anything. False: it came to an end, or was stopped by
    // something else.
    [[nodiscard]] bool go_on(std::uint64_t most_watched);
    // Goes on until it has touched something, once. False: it stopped by itself, or came to an end.
    [[nodiscard]] bool next();

    // In the latest step, or in all that it went on.
    [[nodiscard]] bool touched() const noexcept { return number_ > 0; }
    [[nodiscard]] const reach& reached() const noexcept { return reached_; }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    // The address of the instruction that touched something last.
    [[nodiscard]] std::uint64_t from() const noexcept { return from_; }

private:
    struct mapping {
        std::uint64_t begin, length, protection, memory, offset;
    };
    void find();
    void let(bool it_touch);
    void protect(std::uint64_t begin, std::uint64_t length, std::uint64_t protection);
    [[nodiscard]] const mapping* at(std::uint64_t address) const;
    void note(std::uint64_t address, std::uint64_t bytes, bool writes);

    // One instruction; and with what it cannot do without. False: it came to its end.
    [[nodiscard]] bool advance();
    [[nodiscard]] bool instruct();
    [[nodiscard]] bool give(std::uint64_t address);
    void take_back();
    [[nodiscard]] bool call();
    [[nodiscard]] bool go_on_a_bit();
    [[nodiscard]] bool go_on_unwatched();
    [[nodiscard]] bool note_call(const system_call& what, reach_of_call how);

    struct page {
        std::uint64_t begin;
        bool may_write;
    };
    stepped_process* of_;
    std::vector<mapping> mapped_{};
    std::vector<page> given_{};  // for this instruction
    reach reached_{};
    std::uint64_t number_ = 0, from_ = 0;
    int stopped_by_ = 0;  // something of its own
};

}  // namespace seki::test
