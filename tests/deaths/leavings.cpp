#include "leavings.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "in_common.hpp"

namespace seki::test {

// And what they were.
class leavings::seen_bytes {
public:
    explicit seen_bytes(std::span<const std::byte> now) : now_{now}, seen_(now.begin(), now.end()) {}
    explicit seen_bytes(const file_facts& of) : seen_bytes{mapped(of)} { is_mapped_ = true; }
    ~seen_bytes() {
        if (is_mapped_) ::munmap(const_cast<std::byte*>(now_.data()), now_.size());
    }
    seen_bytes(const seen_bytes&) = delete;
    seen_bytes& operator=(const seen_bytes&) = delete;

    [[nodiscard]] bool changed() {
        if (std::memcmp(now_.data(), seen_.data(), now_.size()) == 0) return false;
        std::memcpy(seen_.data(), now_.data(), now_.size());
        return true;
    }

private:
    static std::span<const std::byte> mapped(const file_facts& of) {
        const int file = ::open(of.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        const auto size = static_cast<std::size_t>(of.size);
        void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
        ::close(file);
        if (memory == MAP_FAILED) std::abort();
        return {static_cast<const std::byte*>(memory), size};
    }

    std::span<const std::byte> now_;
    std::vector<std::byte> seen_;
    bool is_mapped_ = false;
};

leavings::leavings(std::filesystem::path folder) : folder_{std::move(folder)}, files_{listed()} { look_at_all(); }
leavings::~leavings() = default;

std::vector<leavings::file_facts> leavings::listed() const {
    std::vector<file_facts> all;
    for (const auto& each : std::filesystem::recursive_directory_iterator{folder_}) {
        struct stat facts{};
        if (::lstat(each.path().c_str(), &facts) != 0) std::abort();
        const off_t size = S_ISREG(facts.st_mode) ? facts.st_size : 0;
        all.push_back({each.path(), facts.st_ino, size, facts.st_mode, facts.st_uid, facts.st_gid});
    }
    std::ranges::sort(all, {}, &file_facts::path);
    return all;
}

void leavings::look_at_all() {
    bytes_.clear();
    for (const file_facts& each : files_)
        if (each.size > 0) bytes_.push_back(std::make_unique<seen_bytes>(each));
    for (const auto& said : all_in_common()) bytes_.push_back(std::make_unique<seen_bytes>(said));
}

bool leavings::changed(bool after_a_call) {
    if (after_a_call) {
        std::vector<file_facts> now = listed();
        if (now != files_) {
            files_ = std::move(now);
            look_at_all();
            return true;
        }
    }
    bool any = false;
    for (const auto& each : bytes_) any |= each->changed();
    return any;
}

}  // namespace seki::test
