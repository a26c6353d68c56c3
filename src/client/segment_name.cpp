#include "client/segment_name.hpp"

#include <algorithm>

#include "primitives/quoted.hpp"
#include "shm/refuse.hpp"

namespace seki::client {

Result<void> check_segment_name(const std::filesystem::path& path) {
    const std::string file = path.filename();
    if (file == "..seg" || file == "...seg")
        return shm::refuse(Errc::invalid_argument,
                           "segment {}: that is a folder: a name such as \"shop\", or a path to a file",
                           primitives::quoted(file.substr(0, file.size() - 4)));
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::any_of(file, is_control))
        return shm::refuse(Errc::invalid_argument,
                           "segment {}: the name has a control character: use letters and digits",
                           primitives::quoted(file));
    return {};
}

}  // namespace seki::client
