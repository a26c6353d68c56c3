#include "shm/group.hpp"

#include <grp.h>

#include <cerrno>
#include <vector>

#include "shm/refuse.hpp"

namespace seki::shm {

Result<std::optional<gid_t>> group_of(const std::string& name) {
    if (name.empty()) return std::nullopt;
    std::vector<char> buffer(1 << 16);  // a group with thousands of members
    struct group entry{};
    struct group* found = nullptr;
    const int number = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) return std::optional{found->gr_gid};
    if (number != 0 && number != ENOENT && number != ESRCH)
        return refuse(Errc::system, "segment: cannot look up group \"{}\": {}", name, system_advice(number));
    return refuse(Errc::invalid_argument,
                  "segment: there is no group \"{}\": make it (groupadd --system {}), or leave `group` empty", name,
                  name);
}

}  // namespace seki::shm
