// How many permits are held at once, counted without asking the bulkhead, by means that no death can falsify.
//
// Who holds a permit writes a record: {life | number of the hold}, used once and never again. A life is a process; while it lasts, the process holds
// a record lock on the byte of that number in a file, which the kernel drops with it. together() reads all records, and then counts those whose life
// still lasts and that still stand: each of them stood at the one instant between the two looks. So it counts too little when somebody came or
// left meanwhile, and never too much.
//
// A dying process's descriptors are closed in their order. The ledger is made before the segment is opened, so its descriptor is the lower one, and
// a life is over before anybody may take back what it held. A child of a fork has its parent's descriptor, and none of its locks.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "shm/memory.hpp"

namespace seki::test {

class ledger {
public:
    static constexpr std::size_t records = 64;

    ledger() {
        std::array<char, 32> name{"/dev/shm/seki-ledger-XXXXXX"};
        file_ = ::mkstemp(name.data());
        ::unlink(name.data());
        void* const memory = ::mmap(nullptr, sizeof(common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (file_ < 0 || memory == MAP_FAILED) std::abort();
        all_ = static_cast<common*>(memory);
    }
    ~ledger() {
        ::munmap(all_, sizeof(common));
        ::close(file_);
    }
    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;

    // Begins the calling process's life. One for each process.
    [[nodiscard]] std::uint64_t begin_life() const {
        const std::uint64_t life = shm::hardware::fetch_add_relaxed(all_->lives, 1) + 1;
        struct flock lock = byte_of(life, F_WRLCK);
        if (::fcntl(file_, F_SETLK, &lock) != 0) std::abort();
        return life;
    }

    // After a permit was taken. A record is one life's at a time, or of lives that are over.
    void enter(std::uint64_t life, std::size_t record) const {
        const std::uint64_t hold = shm::hardware::fetch_add_relaxed(all_->holds, 1);
        shm::hardware::store_seq_cst(all_->record[record], life << life_shift | (hold & hold_mask));
    }
    // Before it is given back.
    void leave(std::size_t record) const { shm::hardware::store_seq_cst(all_->record[record], 0); }

    // How many holds there were at one instant of this call. `life`: of who asks, for the kernel does not tell a process of its own locks.
    [[nodiscard]] std::uint64_t together(std::uint64_t life) const { return still(look(), life); }

    // The holds that there are, and later how many of them there still are: those were held all the time between.
    using holds = std::array<std::uint64_t, records>;
    [[nodiscard]] holds look() const {
        holds seen{};
        for (std::size_t i = 0; i < records; ++i) seen[i] = shm::hardware::load_seq_cst(all_->record[i]);
        return seen;
    }
    [[nodiscard]] std::uint64_t still(const holds& seen, std::uint64_t life) const {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < records; ++i) {
            const std::uint64_t whose = seen[i] >> life_shift;
            if (seen[i] == 0 || !(whose == life || is_locked(byte_of(whose, F_WRLCK)))) continue;
            count += shm::hardware::load_seq_cst(all_->record[i]) == seen[i] ? 1U : 0U;
        }
        return count;
    }

    // Whether any other process lives.
    [[nodiscard]] bool anybody() const { return is_locked(byte_of(0, F_WRLCK, 0)); }

private:
    static constexpr unsigned life_shift = 40;
    static constexpr std::uint64_t hold_mask = (1ULL << life_shift) - 1;
    struct common {
        layout::word lives, holds;
        std::array<layout::word, records> record;
    };

    static struct flock byte_of(std::uint64_t life, short type, off_t bytes = 1) {
        struct flock lock{};
        lock.l_type = type;
        lock.l_whence = SEEK_SET;
        lock.l_start = static_cast<off_t>(life);
        lock.l_len = bytes;
        return lock;
    }
    [[nodiscard]] bool is_locked(struct flock lock) const {
        if (::fcntl(file_, F_GETLK, &lock) != 0) std::abort();
        return lock.l_type != F_UNLCK;
    }

    int file_ = -1;
    common* all_ = nullptr;
};

// Of a thread of a fleet: the life of its process, and a record of its own.
struct page {
    std::uint64_t life;
    std::size_t record;

    // In each thread once; `which` is its process.
    static page of(const ledger& book, std::size_t which, int threads) {
        static const std::uint64_t life = book.begin_life();
        static layout::word begun;
        const auto thread = static_cast<std::size_t>(shm::hardware::fetch_add_relaxed(begun, 1));
        return {life, which * static_cast<std::size_t>(threads) + thread};
    }
};

}  // namespace seki::test
