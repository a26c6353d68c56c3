// seki-demo: a prefork HTTP server whose workers share their limits, and a load for it. tools/quickstart runs both.
#include <CLI/CLI.hpp>

#include "backend.hpp"
#include "load.hpp"
#include "serve.hpp"

int main(int argc, char** argv) {
    CLI::App program{"A prefork HTTP server whose workers share what protects them, a backend and a load for it",
                     "seki-demo"};
    program.require_subcommand(1);

    seki::demo::server_options server;
    auto* const serve = program.add_subcommand("serve", "answer /login, /api, /pay and /report on 127.0.0.1");
    serve->add_option("--port", server.port, "TCP port")->check(CLI::Range(1, 65535))->capture_default_str();
    serve->add_option("--workers", server.workers, "processes")->check(CLI::Range(1, 9))->capture_default_str();
    serve->add_option("--segment", server.segment, "name or path of the segment");

    serve->add_option("--backend", server.backend, "TCP port of what /pay calls")
        ->check(CLI::Range(1, 65535))
        ->capture_default_str();

    seki::demo::backend_options behind;
    auto* const backend = program.add_subcommand("backend", "be what /pay calls, and fail when told to");
    backend->add_option("--port", behind.port, "TCP port")->check(CLI::Range(1, 65535))->capture_default_str();

    seki::demo::load_options clients;
    int milliseconds = 3000;
    auto* const load = program.add_subcommand("load", "ask as fast as it is answered, and count");
    load->add_option("--port", clients.port, "TCP port")->check(CLI::Range(1, 65535))->capture_default_str();
    load->add_option("--clients", clients.clients, "connections at a time")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    load->add_option("--path", clients.path, "what to ask for")->capture_default_str();
    load->add_option("--for", milliseconds, "milliseconds")->check(CLI::Range(1, 60000))->capture_default_str();

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        return program.exit(wrong) == 0 ? 0 : 2;
    }
    clients.lasting = std::chrono::milliseconds{milliseconds};
    if (backend->parsed()) return seki::demo::serve_backend(behind);
    return serve->parsed() ? seki::demo::serve(server) : seki::demo::load(clients);
}
