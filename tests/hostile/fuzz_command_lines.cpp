// Arbitrary words after "sekictl" and "sekid", a line each: done, or refused in sentences with one of the promised exit codes. Whatever segment is named, sekictl
// works on one that is made for this; what lasts or asks the network is not begun.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <seki/seki.hpp>

#include "daemon/command_line.hpp"
#include "must.hpp"
#include "passing_folder.hpp"
#include "program.hpp"

namespace {

using namespace seki;
using hostile::must;
namespace fs = std::filesystem;

// sekictl, and a segment whenever it is asked for one.
class workshop {
public:
    workshop() {
        // Nobody wants to read all that is answered to whatever is asked.
        must(std::freopen("/dev/null", "w", stdout) != nullptr, "/dev/null can be written to");
        CLI::App& all = program_.description();
        all.get_option("--segment")->transform([this](const std::string&) { return path_.string(); });
        // What is never given keeps them from being begun.
        for (const char* name : {"bench", "events", "top", "reload"})
            all.get_subcommand(name)->add_option("--never-given")->required();
        ::setenv("SEKI_SEGMENT", path_.c_str(), 1);
        must(run({"sekictl", "peek", "login", "alice", "--cost", "6"}) == 1 &&
                 run({"sekictl", "peek", "login", "alice"}) == 0,
             "no line is read as part of the one before");
    }
    workshop(const workshop&) = delete;
    workshop& operator=(const workshop&) = delete;

    int run(const std::vector<const char*>& words) {
        if (!fs::exists(path_)) make_segment();
        return program_.run(static_cast<int>(words.size()), words.data());
    }

private:
    void make_segment() const {
        const auto made = open(path_.string(), {.segment = {.max_workers = 4, .max_primitives = 16, .size = 1 << 19}});
        using namespace std::chrono_literals;
        must(made && made->limiter("login", {.limit = 5, .window = 1min, .max_keys = 64}) &&
                 made->breaker("payments", BreakerOptions{}) && made->bulkhead("database", BulkheadOptions{}),
             "a segment can be made");
    }

    hostile::passing_folder folder_;
    fs::path path_ = folder_.path() / "a";
    ctl::program program_;  // describes all of its commands, which takes longer than most of what they are told
};

void read_as_sekid(const std::vector<const char*>& words) {
    const auto read = daemon::read_command_line(static_cast<int>(words.size()), words.data());
    if (const int* const end = std::get_if<int>(&read)) must(*end == 0 || *end == 2, "sekid ends with 0 or 2");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4096) return 0;
    std::string text{reinterpret_cast<const char*>(data + 1), size - 1};
    std::vector<const char*> words{data[0] % 8 == 7 ? "sekid" : "sekictl"};
    for (std::size_t at = 0; at < text.size(); ++at) {
        words.push_back(&text[at]);
        at = std::min(text.find('\n', at), text.size());
        if (at < text.size()) text[at] = '\0';
    }
    words.push_back(nullptr);
    words.pop_back();
    if (data[0] % 8 == 7) {
        read_as_sekid(words);
        return 0;
    }
    static workshop here;
    const int end = here.run(words);
    must(end >= 0 && end <= 4, "sekictl ends with one of its exit codes");
    return 0;
}
