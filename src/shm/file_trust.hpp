// Opening files that others may have put there.
//
// A name is looked up once, as a folder that is held open and a name in it. What is opened is looked at through its descriptor: a regular
// file with one name, which belongs to root, to us or to the owner of the folder, and which not everybody may write. No symlink is followed.
// `/dev/shm/seki-UID` must in addition belong to UID and be writable by nobody else: in /dev/shm a name belongs to who comes first.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <seki/error.hpp>

#include "shm/descriptor.hpp"

namespace seki::shm {

// A segment's folder and its name in it. The files beside it have the same name and a suffix.
struct place {
    descriptor folder;  // O_PATH
    uid_t folder_owner = 0;
    std::string name;
    std::filesystem::path path;  // as the caller wrote it, for messages

    [[nodiscard]] std::string lock_name() const { return name + ".lock"; }
    [[nodiscard]] std::string live_name() const { return name + ".live"; }
    [[nodiscard]] std::string new_name() const { return name + ".new"; }
    [[nodiscard]] std::string owner_name() const { return name + ".owner"; }
};

enum class purpose : bool { use, create };

// purpose::create makes a missing folder directly in /dev/shm.
[[nodiscard]] Result<place> locate(const std::filesystem::path& path, purpose why);

struct opened_file {
    descriptor file;
    struct stat facts{};
};

// Opens `name` in the folder with `flags` (O_RDONLY, O_RDWR; never O_CREAT) if it can be trusted. not_found when there is none.
[[nodiscard]] Result<opened_file> open_trusted(const place& where, const std::string& name, int flags);

// Root, because it can do anything anyway; ourselves; and the owner of the folder, who could put another file there.
[[nodiscard]] constexpr bool is_trusted_owner(uid_t file, uid_t us, uid_t folder) noexcept {
    return file == 0 || file == us || file == folder;
}

// What ls -l would say: `owner root, group seki, mode 0660`.
[[nodiscard]] std::string describe(const struct stat& facts);

[[nodiscard]] std::string group_name(gid_t group);

}  // namespace seki::shm
