// A folder in memory that goes when the process ends; but not when it ends for an error, so it is made in TMPDIR where whoever expects one says so.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "must.hpp"

namespace seki::hostile {

class passing_folder {
public:
    passing_folder() {
        const char* const wanted = std::getenv("TMPDIR");
        std::string pattern = std::string{wanted != nullptr ? wanted : "/dev/shm"} + "/seki-hostile-XXXXXX";
        must(::mkdtemp(pattern.data()) != nullptr, "there is room for a folder");
        path_ = pattern;
    }
    ~passing_folder() { std::filesystem::remove_all(path_); }
    passing_folder(const passing_folder&) = delete;
    passing_folder& operator=(const passing_folder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace seki::hostile
