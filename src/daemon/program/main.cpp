// sekid: the command line, and what is said when it does not start.
#include <malloc.h>
#include <pthread.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "config/configuration.hpp"
#include "daemon/command_line.hpp"
#include "daemon/journal.hpp"
#include "daemon/log.hpp"
#include "daemon/settings.hpp"
#include "daemon/supervisor.hpp"
#include "shm/refuse.hpp"

namespace {

using namespace seki;

constexpr int refused = 1;

int check(const std::string& file) {
    const auto loaded = config::load(file);
    const auto wrong = [](const Error& why) {
        fmt::print(stderr, "{}\n", why.message);
        return refused;
    };
    if (!loaded) return wrong(loaded.error());
    if (const auto fine = daemon::check_on_this_host(*loaded); !fine) return wrong(fine.error());
    fmt::print("{}: fine\n", file);
    return 0;
}

// To standard error, where whoever started it looks, and under systemd the journal too.
int give_up(const Error& why) {
    fmt::print(stderr, "sekid: {}\n", why.message);
    return refused;
}

int serve(const daemon::command_line& given) {
    const auto settings = daemon::load_settings(given);
    if (!settings) return give_up(settings.error());
    daemon::log_to(settings->daemon.log);
    const daemon::log_fields about{{"SEKI_SEGMENT", settings->segment_path.native()}};
    const auto started = daemon::supervisor::start(given, *settings);
    if (!started) return give_up(started.error());
    if (const auto ended = (*started)->run(); !ended) return give_up(ended.error());
    return 0;
}

// What a thread may take is ours to say: by what `ulimit -s` is where sekid is started, it could be too little, or as good as none.
void bound_stacks() {
    constexpr std::size_t size = 8 << 20;
    pthread_attr_t usual;
    if (::pthread_getattr_default_np(&usual) != 0) return;
    if (::pthread_attr_setstacksize(&usual, size) == 0) ::pthread_setattr_default_np(&usual);
    ::pthread_attr_destroy(&usual);
}

}  // namespace

int main(int argc, char** argv) try {
    // Else each thread that answers a client keeps the memory of its longest answer.
    ::mallopt(M_ARENA_MAX, 2);  // NOLINT(concurrency-mt-unsafe): there is one thread
    bound_stacks();
    const auto given = daemon::read_command_line(argc, argv);
    if (const int* status = std::get_if<int>(&given)) return *status;
    const auto& command = std::get<daemon::command_line>(given);
    return command.check ? check(*command.check) : serve(command);
} catch (const std::bad_alloc&) {
    std::fprintf(stderr, "sekid: out of memory: %s\n", shm::remedy_for(ENOMEM));
    return refused;
} catch (const std::exception& thrown) {
    std::fprintf(stderr, "sekid: failed: %s\n", thrown.what());
    return refused;
}
