// What a configuration file says: the segment, the daemon, and the primitives.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <seki/error.hpp>
#include <seki/open.hpp>

#include "config/otlp.hpp"
#include "primitives/family.hpp"

namespace seki::config {

enum class log_target : std::uint8_t { journal, standard_error };

struct daemon_options {
    std::string listen = "127.0.0.1:9435";  // or "unix:/run/seki/http.sock"; port 0 lets the system choose
    std::chrono::nanoseconds tick = std::chrono::milliseconds{50};
    log_target log = log_target::journal;
    // Files of sekid's HTTP; empty: none. Relative ones are so to where sekid runs.
    std::string basic_auth_file;
    std::string tls_cert;  // this and the key together
    std::string tls_key;
    // event_sample: of the ordinary successes, the part that is told of while somebody listens; 0 to 1. Not given: no allowed checks, all others.
    double sample_of_allowed_checks = 0;
    double sample_of_others = 1;
};

// Names with their options, in the order of the file.
template <class Options>
using declared = std::vector<std::pair<std::string, Options>>;
using declared_primitives = primitives::every_options::tuple_of<declared>;

struct configuration {
    std::filesystem::path segment_path;  // empty: where resolve() says; may be a bare name
    SegmentOptions segment;
    bool size_is_ours = false;  // "auto": make_room() chose segment.size
    daemon_options daemon;
    otlp_options otlp;
    declared_primitives primitives;
    // Where keys of [segment], [sekid] and [otlp] stand: "[sekid] listen" is at "seki.toml:7:10".
    std::map<std::string, std::string, std::less<>> places;

    // What is wrong with the value of a key, found where it was used, with its place as load() would have told it. One that no file has has no place.
    [[nodiscard]] Error at(std::string_view key, Error why) const {
        if (const auto found = places.find(key); found != places.end()) why.message.insert(0, found->second + ": ");
        return why;
    }

    template <class Options>
    [[nodiscard]] declared<Options>& of() noexcept {
        return std::get<declared<Options>>(primitives);
    }
    template <class Options>
    [[nodiscard]] const declared<Options>& of() const noexcept {
        return std::get<declared<Options>>(primitives);
    }
};

inline constexpr std::size_t max_file_size = 1 << 20;
inline constexpr std::size_t max_reported = 20;

// Reads and checks all of a file. The message of an error has a line for each mistake, in the order of the
// file, at most max_reported:
//     seki.toml:7:9: limiter "login": limit 0 is too small: 1 to 10000000 per window
[[nodiscard]] Result<configuration> load(const std::filesystem::path& path);

// The same for a text that is here already. `file` is what messages call it.
[[nodiscard]] Result<configuration> parse(std::string_view text, std::string_view file);

}  // namespace seki::config
