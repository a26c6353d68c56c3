#include "daemon/dashboard.hpp"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/assets.hpp"

namespace seki::daemon {
namespace {

using httplib::Request;
using httplib::Response;

// Its own files and its own answers, nothing inline, and no text may become markup or script: whatever a primitive or a key is called, it stays a text.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

constexpr std::array<std::pair<std::string_view, const char*>, 4> types{{{".html", "text/html; charset=utf-8"},
                                                                         {".css", "text/css; charset=utf-8"},
                                                                         {".js", "text/javascript; charset=utf-8"},
                                                                         {".svg", "image/svg+xml"}}};

const char* type_of(std::string_view path) {
    const auto* found = std::ranges::find_if(types, [&](const auto& each) { return path.ends_with(each.first); });
    return found == types.end() ? "text/plain; charset=utf-8" : found->second;
}

// At these addresses and no others.
std::string address_of(std::string_view path) { return path == "index.html" ? "/" : "/dashboard/" + std::string{path}; }

}  // namespace

void serve_dashboard(httplib::Server& by) {
    for (const asset& each : assets()) {
        std::string address;
        for (const char c : address_of(each.path)) address += c == '.' ? std::string{"\\."} : std::string{c};
        by.Get(address, [each](const Request&, Response& response) {
            response.set_header("Content-Security-Policy", policy);
            response.set_header("Referrer-Policy", "no-referrer");
            response.set_content(each.text.data(), each.text.size(), type_of(each.path));
        });
    }
}

}  // namespace seki::daemon
