// The load on the demo: clients that ask as fast as they are answered, and count who answered what.
#pragma once

#include <chrono>
#include <string>

namespace seki::demo {

struct load_options {
    int port = 8080;
    int clients = 16;
    std::string path = "/login";
    std::chrono::milliseconds lasting{3000};
};

// Prints a line for every half second, let through and refused by each worker and together, then the totals as
// "total allowed N refused N failed N". Answers the exit code of the program.
int load(const load_options& options);

}  // namespace seki::demo
