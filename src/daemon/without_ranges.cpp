#include "daemon/without_ranges.hpp"

#include <strings.h>

#include <algorithm>
#include <string_view>

namespace seki::daemon {
namespace {

bool asks_for_parts(const std::string& line) {
    constexpr std::string_view name = "range:";
    return ::strncasecmp(line.c_str(), name.data(), name.size()) == 0;
}

}  // namespace

// Its length, which is what came where no more does; -1 where it breaks off.
ssize_t without_ranges::take_line() {
    line_.clear();
    next_ = 0;
    for (char one = 0; one != '\n'; line_ += one) {  // ends: a connection bounds what it reads
        const ssize_t got = whole_.read(&one, 1);
        if (got < 0) {
            line_.clear();
            return got;
        }
        if (got == 0) break;
    }
    return static_cast<ssize_t>(line_.size());
}

ssize_t without_ranges::read(char* to, std::size_t size) {
    while (next_ == line_.size()) {  // ends as that does
        if (const ssize_t got = take_line(); got <= 0) return got;
        if (asks_for_parts(line_)) next_ = line_.size();
    }
    const std::size_t given = std::min(size, line_.size() - next_);
    std::copy_n(line_.data() + next_, given, to);
    next_ += given;
    return static_cast<ssize_t>(given);
}

}  // namespace seki::daemon
