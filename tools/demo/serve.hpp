// The prefork HTTP server of the demo.
#pragma once

#include <string>

namespace seki::demo {

struct server_options {
    int port = 8080;
    int workers = 4;
    int backend = 8081;   // the port of what /pay calls
    std::string segment;  // a name or a path; empty: the default one
};

// Forks the workers and replaces each that dies, until SIGTERM or SIGINT. Answers the exit code of the program.
int serve(const server_options& options);

}  // namespace seki::demo
