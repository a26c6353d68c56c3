// Opening files that others may have put there.
//
// A name is looked up once, as a folder that is held open and a name in it. What is opened is looked at through its descriptor: a regular
// file with one name, which belongs to somebody trusted (below), and which not everybody may write. No symlink is followed.
// `/dev/shm/seki-UID` must in addition belong to UID and be writable by nobody else: in /dev/shm a name belongs to who comes first.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>

#include <seki/error.hpp>

#include "shm/descriptor.hpp"

namespace seki::shm {

// A segment's folder and its name in it. The files beside it have the same name and a suffix.
struct place {
    descriptor folder;  // O_PATH
    uid_t folder_owner = 0;
    std::optional<gid_t> sharers =
        std::nullopt;  // the group that shares the folder: it is setgid, and nobody else may write it
    std::string name;
    std::filesystem::path path;  // as the caller wrote it, for messages
    // The same from the root on and without links to its folder, for later: the process may change its folder by then, and somebody the links.
    std::filesystem::path anywhere;

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

// Who is trusted with a file: root, because it can do anything anyway; ourselves; the owner of the folder, who could put another file there; and where a
// group shares the folder, whoever made the file for that group, so that it does not matter which of its members came first.
struct file_owner {
    uid_t user;
    gid_t group;
};
[[nodiscard]] constexpr bool is_trusted_owner(file_owner file, uid_t us, uid_t folder,
                                              std::optional<gid_t> sharers) noexcept {
    return file.user == 0 || file.user == us || file.user == folder || file.group == sharers;
}
[[nodiscard]] bool is_trusted(const place& where, const struct stat& facts) noexcept;

// Refuses a file that is mounted itself, and not a folder with it in, unless it is mounted where it lies: what lies beside it here does not lie beside it
// for others.
[[nodiscard]] Result<void> not_mounted_alone(const place& where, const opened_file& opened);
// Refuses a file that is mounted itself, wherever: the name of a mount is not given to another file.
[[nodiscard]] Result<void> may_be_replaced(const place& where, const opened_file& opened);

// What ls -l would say: `owner root, group seki, mode 0660`.
[[nodiscard]] std::string describe(const struct stat& facts);

[[nodiscard]] std::string group_name(gid_t group);

// What to do for who lacks a permission that those bits give the group: `join group seki, or run as user root`; the group is of no help where it has not all of them.
[[nodiscard]] std::string who_may(const struct stat& facts, mode_t of_group);

}  // namespace seki::shm
