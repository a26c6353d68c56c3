// A sekid's whole life: it starts, answers a request, reads its configuration again, stops; and one of the system calls of all its threads fails, or is
// its last.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include <gtest/gtest.h>

#include "every_call.hpp"
#include "primitives/registry.hpp"
#include "sentence.hpp"
#include "shm/segment.hpp"

namespace seki::test {
namespace {

std::string configuration(const std::string& folder, int limit, int permits) {
    std::string text = declarations();
    const auto put = [&](const std::string& old, const std::string& now) {
        text.replace(text.find(old), old.size(), now);
    };
    put("limit = 100", "limit = " + std::to_string(limit));
    put("max_concurrent = 3", "max_concurrent = " + std::to_string(permits));
    return "[segment]\npath = \"" + folder +
           "/a.seg\"\nsize = \"1MiB\"\nmax_workers = 4\nmax_primitives = 16\n[sekid]\nlisten = \"unix:" + folder +
           "/http.sock\"\nlog = \"stderr\"\ntick = \"10s\"\n" + text;
}

// What is in force of that which the two configurations differ in.
std::string in_force(const world& where) {
    const auto copy = shm::segment::attach(where.segment(), shm::segment::access::copy);
    if (!copy) return copy.error().message;
    const auto login = primitives::limiters::find(**copy, "login");
    const auto reports = primitives::bulkheads::find(**copy, "reports");
    if (!login || !reports) return "not all of it";
    return std::to_string(primitives::limiters::options_of(**copy, *login).limit) + ", " +
           std::to_string(primitives::bulkheads::options_of(**copy, *reports).max_concurrent);
}

// A client that keeps nobody waiting: it goes on while sekid does.
class client {
public:
    explicit client(const world& where) : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        const std::string path = where.folder() / "http.sock";
        path.copy(to.sun_path, sizeof to.sun_path - 1);
        constexpr std::string_view request = "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
        is_over_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
                   ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0;
    }
    ~client() { ::close(socket_); }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    bool is_answered() {
        char some[512];
        for (ssize_t got = 1; !is_over_ && got > 0;) {
            got = ::recv(socket_, some, sizeof some, 0);
            if (got > 0) answer_.append(some, static_cast<std::size_t>(got));
            is_over_ = got == 0 || (got < 0 && errno != EAGAIN);
        }
        return is_over_;
    }
    [[nodiscard]] bool is_content() const { return answer_.find("200 OK") != answer_.npos; }

private:
    int socket_;
    bool is_over_ = false;
    std::string answer_;
};

// The first may fall victim to what befalls sekid.
std::string ask(traced_program& sekid, const world& where) {
    for (int attempt = 0; attempt < 2 && !sekid.ended(); ++attempt) {
        client caller{where};
        if (!sekid.run([&] { return caller.is_answered(); }, std::chrono::seconds{10}) && !caller.is_answered())
            return "it lets a client wait";
        if (caller.is_content() || sekid.ended()) return {};
    }
    // It may be about to end, and has closed its socket already.
    return sekid.run({}, std::chrono::seconds{10}) ? "" : "it answers nobody";
}

std::string reload(traced_program& sekid, const world& where) {
    const std::uint64_t waits = sekid.waits();
    sekid.signal(SIGHUP);
    if (!sekid.run([&] { return sekid.waits() > waits; })) return "it hangs while it reloads";
    if (const std::string now = in_force(where); now != "100, 3" && now != "50, 5")
        return "of its configuration this is in force: " + now;
    return {};
}

std::string life(traced_program& sekid, const world& where) {
    const bool adopts = std::filesystem::exists(where.segment());
    if (!sekid.run([&] { return sekid.waits() > 0; })) return "it hangs when it starts";
    if (adopts && sekid.what().error != ENOENT && sekid.err().find("adopted segment") == std::string::npos &&
        sekid.err().find("made segment") != std::string::npos)
        return "it makes a segment anew that is sound";
    sekid.relieve();
    if (sekid.ended()) return {};
    if (const std::string wrong = ask(sekid, where); !wrong.empty()) return wrong;
    where.write("sekid.toml", configuration(where.folder(), 50, 5));
    for (int time = 0; time < 2 && !sekid.ended(); ++time) {
        if (const std::string wrong = reload(sekid, where); !wrong.empty()) return wrong;
        sekid.relieve();
    }
    if (sekid.ended()) return {};
    if (const std::string now = in_force(where); now != "50, 5") return "what it reloads twice is not in force: " + now;
    const std::string said = sekid.err();
    const std::string mark = "nothing was reloaded";
    if (const std::size_t at = said.find(mark); at != said.npos)
        if (const std::string wrong = wrong_with(said.substr(at), mark, sekid.what().error); !wrong.empty())
            return "what it says of the reload " + wrong;
    sekid.signal(SIGTERM);
    return sekid.run() ? "" : "it does not stop";
}

subject sekid(std::function<void(world&)> prepare) {
    return {.program = "sekid",
            .what = {.words = {SEKID, "--config", "@/sekid.toml"}, .environment = {}},
            .prepare = std::move(prepare),
            .answers = false,
            .usual_stride = 61,
            .life = life};
}

void configure(world& here) { here.write("sekid.toml", configuration(here.folder(), 100, 3)); }

// Fails if sekid crashes, hangs, is silent, is ready and answers nobody, reloads a part, leaves something half made, or keeps the next one from its work.
TEST(SekidCalls, AreAllowedToFailWhereItMakesASegment) { expect_no_findings(every_call(sekid(configure))); }

TEST(SekidCalls, AreAllowedToFailWhereItAdoptsASegment) {
    expect_no_findings(every_call(sekid([](world& here) {
        here.furnish();
        configure(here);
    })));
}

TEST(SekidAllocations, AreAllowedToFail) { expect_no_findings(every_allocation(sekid(configure))); }

}  // namespace
}  // namespace seki::test
