// A folder with a segment that has one of each primitive, and what may be left of it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <seki/seki.hpp>

namespace seki::test {

class world {
public:
    world();
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
    [[nodiscard]] std::filesystem::path segment() const { return folder_ / "a.seg"; }
    // Makes the segment and everything in it, and works in it: whoever looks sees a process that holds a permit.
    void furnish();
    // Written beside the segment.
    void write(const std::string& name, const std::string& text) const;

    // What goes when it goes.
    std::shared_ptr<void> beside;

    // The names of what lies there, folders' contents too, numbers as #.
    [[nodiscard]] std::set<std::string> files() const;
    // What the doctor says; empty where there is nothing to say, or no segment. And why it cannot be looked at.
    [[nodiscard]] std::string illness() const;

private:
    std::filesystem::path folder_;
    std::optional<Segment> inside_;
    std::optional<Permit> held_;
};

// What it declares, as a configuration file says it.
[[nodiscard]] std::string declarations();

// Text that two runs have in common: numbers and their units as #, blanks as one.
[[nodiscard]] std::string without_numbers(const std::string& text);

}  // namespace seki::test
