#include "shm/file_trust.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <memory>
#include <optional>
#include <string_view>

#include "shm/refuse.hpp"

namespace seki::shm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view private_prefix = "seki-";
constexpr std::string_view longest_suffix = ".owner";  // of the names beside a segment's
constexpr std::size_t longest_name = NAME_MAX - longest_suffix.size();

std::string user_name(uid_t user) {
    std::array<char, 4096> buffer;
    struct passwd entry{};
    struct passwd* found = nullptr;
    if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return found->pw_name;
    return std::to_string(user);
}

// The UID of a folder /dev/shm/seki-UID.
std::optional<uid_t> private_to(const fs::path& folder) {
    const std::string name = folder.filename().native();
    if (folder.parent_path() != "/dev/shm" || !name.starts_with(private_prefix)) return std::nullopt;
    uid_t user = 0;
    const char* first = name.data() + private_prefix.size();
    const char* last = name.data() + name.size();
    const auto [end, error] = std::from_chars(first, last, user);
    if (error != std::errc{} || end != last) return std::nullopt;
    return user;
}

Result<void> make_folder(const fs::path& folder) {
    if (folder.parent_path() != "/dev/shm") return {};
    if (const auto user = private_to(folder); user && *user != ::geteuid())
        return refuse(Errc::no_permission,
                      "folder \"{}\" is for user {}, and you are {}: run as that user, or choose another path",
                      folder.native(), user_name(*user), user_name(::geteuid()));
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return refuse(errno == ENOSPC ? Errc::no_space : Errc::system, "cannot make folder \"{}\": {}", folder.native(),
                  system_advice(errno));
}

Result<void> check_private_folder(const fs::path& folder, const struct stat& facts, uid_t user) {
    if (!S_ISDIR(facts.st_mode))
        return refuse(Errc::no_permission,
                      "\"{}\" is not a folder but something that somebody else put in its place: remove it, or choose "
                      "another path",
                      folder.native());
    if (facts.st_uid != user)
        return refuse(Errc::no_permission,
                      "folder \"{}\" should belong to user {} but has {}: somebody else made it; remove it, or choose "
                      "another path",
                      folder.native(), user_name(user), describe(facts));
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return refuse(Errc::no_permission, "folder \"{}\" may be written by others ({}): chmod 0700 it",
                      folder.native(), describe(facts));
    return {};
}

// From the root on and without links, if that is the folder that was opened; else as near to it as can be had.
fs::path without_links(const fs::path& folder, const struct stat& opened) {
    std::error_code why;
    const fs::path found = fs::canonical(folder, why);
    struct stat facts{};
    if (!why && ::stat(found.c_str(), &facts) == 0 && facts.st_dev == opened.st_dev && facts.st_ino == opened.st_ino)
        return found;
    const fs::path written = fs::absolute(folder, why);
    return why ? folder : written;
}

Error no_folder(const fs::path& folder, int number) {
    if (number == ENOENT)
        return {Errc::not_found,
                fmt::format("folder \"{}\" does not exist: make it, or choose another path", folder.native())};
    if (number == EACCES)
        return {Errc::no_permission,
                fmt::format("no permission to enter folder \"{}\": ask its owner, or choose another path",
                            folder.native())};
    return {Errc::system, fmt::format("folder \"{}\": {}", folder.native(), system_advice(number))};
}

// What is in the folder is for others.
std::unexpected<Error> not_entered(const place& where, const fs::path& path, int number) {
    struct stat facts{};
    const fs::path folder = path.parent_path();
    if (number != EACCES || ::fstat(where.folder.get(), &facts) != 0) return std::unexpected(no_folder(folder, number));
    return refuse(Errc::no_permission,
                  "no permission to open \"{}\", for folder \"{}\" has {}: {}, or choose another path", path.native(),
                  folder.native(), describe(facts), who_may(facts, S_IXGRP));
}

const char* kind_of(mode_t mode) noexcept {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

// What can be told from the outside, before and after opening.
Result<void> judge(const place& where, const fs::path& path, const struct stat& facts) {
    if (S_ISLNK(facts.st_mode))
        return refuse(Errc::no_permission, "\"{}\" is a symbolic link, and Seki follows none: name the file itself",
                      path.native());
    if (!S_ISREG(facts.st_mode))
        return refuse(Errc::not_a_segment, "\"{}\" is {}, not a segment: choose another path", path.native(),
                      kind_of(facts.st_mode));
    if (facts.st_nlink > 1)
        return refuse(Errc::no_permission,
                      "\"{}\" has {} names (hard links), and a segment has one: choose another path", path.native(),
                      facts.st_nlink);
    if (!is_trusted(where, facts))
        return refuse(
            Errc::no_permission,
            "\"{}\" belongs to user {}, but only a file of root, of {} or of the folder's owner {} is trusted: "
            "create it as one of them, or let a group share the folder (chgrp, chmod 2770)",
            path.native(), user_name(facts.st_uid), user_name(::geteuid()), user_name(where.folder_owner));
    if ((facts.st_mode & S_IWOTH) != 0)
        return refuse(Errc::no_permission, "\"{}\" may be written by everybody ({}): chmod o-w it", path.native(),
                      describe(facts));
    return {};
}

bool is_mounted_alone(const opened_file& opened) noexcept {
    struct statx facts{};
    return ::statx(opened.file.get(), "", AT_EMPTY_PATH, 0, &facts) == 0 &&
           (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Whether the one name of a file that is mounted at `where` is that one all the same, as of a file that is mounted on itself: a folder lists the inodes of its own
// files, whatever is mounted on them. Where it does not, as a stacked file system may, it is none.
bool is_named_there(const place& where, const opened_file& opened) noexcept {
    struct stat around{};
    if (::fstat(where.folder.get(), &around) != 0 || around.st_dev != opened.facts.st_dev) return false;
    const int folder = ::openat(where.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return false;
    const std::unique_ptr<DIR, int (*)(DIR*)> list{::fdopendir(folder), &::closedir};
    if (!list) return ::close(folder), false;
    while (const dirent* each = ::readdir(list.get()))  // ends with the folder
        if (where.name == each->d_name) return each->d_ino == opened.facts.st_ino;
    return false;
}

std::unexpected<Error> not_there(const fs::path& path) {
    return refuse(Errc::not_found, "there is no \"{}\": start sekid, or open it with permission to create",
                  path.native());
}

std::unexpected<Error> not_opened(const fs::path& path, const struct stat& facts, int flags, int number) {
    if (number == ENOENT) return not_there(path);
    const bool only_reading = (flags & O_ACCMODE) == O_RDONLY;
    const char* doing = only_reading ? "reading" : "reading and writing";
    if (number == EACCES || number == EPERM)
        return refuse(Errc::no_permission, "no permission to open \"{}\" for {} ({}): {}", path.native(), doing,
                      describe(facts), who_may(facts, only_reading ? S_IRGRP : S_IRGRP | S_IWGRP));
    return refuse(Errc::system, "cannot open \"{}\" for {}: {}", path.native(), doing, system_advice(number));
}

}  // namespace

bool is_trusted(const place& where, const struct stat& facts) noexcept {
    return is_trusted_owner({facts.st_uid, facts.st_gid}, ::geteuid(), where.folder_owner, where.sharers);
}

Result<void> not_mounted_alone(const place& where, const opened_file& opened) {
    if (!is_mounted_alone(opened) || is_named_there(where, opened)) return {};
    return refuse(
        Errc::wrong_host,
        "segment \"{}\" is mounted here without the files beside it, by which processes tell who lives and who "
        "changes it: mount its folder, and not the file alone",
        where.path.native());
}

Result<void> may_be_replaced(const place& where, const opened_file& opened) {
    if (!is_mounted_alone(opened)) return {};
    return refuse(
        Errc::wrong_host,
        "segment \"{}\" is mounted here as a file, which can be neither replaced nor removed from here: mount its "
        "folder, and not the file alone",
        where.path.native());
}

std::string group_name(gid_t group) {
    std::array<char, 4096> buffer;
    struct group entry{};
    struct group* found = nullptr;
    if (::getgrgid_r(group, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return found->gr_name;
    return std::to_string(group);
}

std::string describe(const struct stat& facts) {
    return fmt::format("owner {}, group {}, mode {:04o}", user_name(facts.st_uid), group_name(facts.st_gid),
                       facts.st_mode & 07777);
}

std::string who_may(const struct stat& facts, mode_t of_group) {
    const std::string as_owner = fmt::format("run as user {}", user_name(facts.st_uid));
    if ((facts.st_mode & of_group) != of_group) return "its group may not either: " + as_owner;
    return fmt::format("join group {}, or {}", group_name(facts.st_gid), as_owner);
}

Result<place> locate(const fs::path& path, purpose why) {
    const std::string name = path.filename().native();
    if (name.empty() || name == "." || name == ".." || path.native().find('\0') != std::string::npos)
        return refuse(Errc::invalid_argument, "\"{}\" does not name a file: give a path such as /run/seki/default.seg",
                      path.c_str());
    if (name.size() > longest_name)
        return refuse(Errc::invalid_argument,
                      "the name of the segment has {} bytes: 1 to {}, for the files beside it have longer ones",
                      name.size(), longest_name);

    const fs::path folder = path.has_parent_path() ? path.parent_path().lexically_normal() : fs::path{"."};
    const bool in_shared_memory = folder.parent_path() == "/dev/shm";
    if (why == purpose::create)
        if (Result<void> made = make_folder(folder); !made) return std::unexpected(made.error());

    place where{.folder = descriptor{::open(folder.c_str(), O_PATH | O_CLOEXEC | (in_shared_memory ? O_NOFOLLOW : 0))},
                .name = name,
                .path = path,
                .anywhere = {}};
    struct stat facts{};
    if (!where.folder || ::fstat(where.folder.get(), &facts) != 0) return std::unexpected(no_folder(folder, errno));
    if (const auto user = private_to(folder))
        if (Result<void> fine = check_private_folder(folder, facts, *user); !fine) return std::unexpected(fine.error());
    if (!S_ISDIR(facts.st_mode)) return std::unexpected(no_folder(folder, ENOTDIR));
    where.folder_owner = facts.st_uid;
    where.anywhere = without_links(folder, facts) / name;
    if ((facts.st_mode & S_ISGID) != 0 && (facts.st_mode & S_IWOTH) == 0) where.sharers = facts.st_gid;
    return where;
}

Result<opened_file> open_trusted(const place& where, const std::string& name, int flags) {
    const fs::path path = where.path.parent_path() / name;
    // Looked at before it is opened, because opening a device or a pipe can do something.
    opened_file opened;
    if (::fstatat(where.folder.get(), name.c_str(), &opened.facts, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return not_there(path);
        return not_entered(where, path, errno);
    }
    if (Result<void> fine = judge(where, path, opened.facts); !fine) return std::unexpected(fine.error());

    constexpr int always = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    opened.file = descriptor{::openat(where.folder.get(), name.c_str(), flags | always)};
    if (!opened.file) return not_opened(path, opened.facts, flags, errno);
    if (::fstat(opened.file.get(), &opened.facts) != 0)
        return refuse(Errc::system, "cannot look at \"{}\": {}", path.native(), system_advice(errno));
    if (Result<void> fine = judge(where, path, opened.facts); !fine) return std::unexpected(fine.error());
    return opened;
}

}  // namespace seki::shm
