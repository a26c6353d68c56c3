// What the code of this process made by name, and with which options: whoever finds it by name alone does not know, and yet a policy wants its parts
// to be there in the segment that replaces this one. Any number of threads may use it. Grows by an entry whenever something is made with other
// options than the last time.
#pragma once

#include <string>
#include <string_view>

#include "client/replaceable.hpp"

namespace seki::client {

template <class Options>
class made_by_code {
public:
    // Ends by the progress of others: an entry is lost to that of another thread.
    void remember(std::string_view name, const Options& options) {
        for (;;) {
            entry* const newest = all_.current();
            if (const Options* const known = find(name); known != nullptr && *known == options) return;
            all_.publish(newest, std::string{name}, options);
        }
    }
    // With what it was made the last time; null: not here.
    [[nodiscard]] const Options* find(std::string_view name) const noexcept {
        const entry* const found = all_.find([name](const entry& each) { return each.name == name; });
        return found != nullptr ? &found->options : nullptr;
    }

private:
    struct entry {
        std::string name;
        Options options;
    };
    replaceable<entry> all_;
};

}  // namespace seki::client
