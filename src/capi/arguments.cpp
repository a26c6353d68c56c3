#include "capi/arguments.hpp"

namespace seki::capi {

bool refuse_null(const char* function, const char* argument) noexcept {
    refuse(function, "{} is null: give one", argument);
    return true;
}

bool refuse_size(const char* function, const char* argument, std::uint32_t size, std::uint32_t least,
                 std::size_t right) noexcept {
    refuse(
        function,
        "{}->size is {}, which no version had: {} to {}. Begin with SEKI_..._INIT, which sets it: {} in this version",
        argument, size, least, absurd_size - 1, right);
    return true;
}

bool refuse_number(const char* function, const char* argument, std::int64_t value, std::int64_t least,
                   std::int64_t most) noexcept {
    if (most == INT64_MAX)
        refuse(function, "{} is {}: {} or more", argument, value, least);
    else
        refuse(function, "{} is {}: {} to {}", argument, value, least, most);
    return true;
}

}  // namespace seki::capi
