#include "backend.hpp"

#include <cstdint>
#include <mutex>

#include <fmt/format.h>
#include <httplib.h>

namespace seki::demo {

int serve_backend(const backend_options& options) {
    std::mutex mutex;  // of what follows
    bool fails = false;
    std::uint64_t ok = 0, failed = 0;
    httplib::Server server;
    server.Get("/work", [&](const httplib::Request&, httplib::Response& response) {
        const std::lock_guard held{mutex};
        if (fails) {
            ++failed;
            response.status = 500;
        } else {
            ++ok;
            response.set_content("done\n", "text/plain");
        }
    });
    server.Post("/fail", [&](const httplib::Request&, httplib::Response&) {
        const std::lock_guard held{mutex};
        fails = true;
    });
    server.Post("/heal", [&](const httplib::Request&, httplib::Response&) {
        const std::lock_guard held{mutex};
        fails = false;
    });
    server.Get("/seen", [&](const httplib::Request&, httplib::Response& response) {
        const std::lock_guard held{mutex};
        response.set_content(fmt::format("ok {} failed {}\n", ok, failed), "text/plain");
    });
    if (server.listen("127.0.0.1", options.port)) return 0;
    fmt::print(stderr, "seki-demo: cannot listen on 127.0.0.1:{}: choose another --port\n", options.port);
    return 1;
}

}  // namespace seki::demo
