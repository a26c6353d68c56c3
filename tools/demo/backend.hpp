// The backend of the demo: what the workers call, and what can be told to fail.
#pragma once

namespace seki::demo {

struct backend_options {
    int port = 8081;
};

// Answers GET /work; POST /fail and /heal say how. GET /seen tells how often it was called: "ok N failed N". Until SIGTERM or SIGINT.
int serve_backend(const backend_options& options);

}  // namespace seki::demo
