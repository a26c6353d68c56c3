#include "daemon/host_field.hpp"

#include <algorithm>

namespace seki::daemon {
namespace {

std::string_view without_port(std::string_view authority) noexcept {
    return authority.substr(0, authority.find_last_of(':'));
}

bool same(std::string_view one, std::string_view other) noexcept {
    constexpr auto lower = [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    };
    return std::ranges::equal(one, other, {}, lower, lower);
}

bool ends_with(std::string_view name, std::string_view end) noexcept {
    return name.size() >= end.size() && same(name.substr(name.size() - end.size()), end);
}

}  // namespace

bool is_for_this_host(std::string_view field, std::string_view own) noexcept {
    if (field.starts_with('[')) return true;  // an IPv6 address
    const std::string_view name = without_port(field);
    if (name.find('.') == std::string_view::npos) return true;
    // No name in the DNS ends with a number.
    const std::string_view last = name.substr(name.find_last_of('.') + 1);
    if (!last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos) return true;
    return ends_with(name, ".localhost") || same(name, without_port(own));
}

}  // namespace seki::daemon
