// Reads the server-sent events of a sekid.
#pragma once

#include <functional>
#include <string>

#include <seki/error.hpp>

#include "command.hpp"

namespace seki::ctl {

struct event_question {
    std::string address;  // as sekid_address says
    std::string match = "*";
    bool follow = false;     // go on when what is remembered has been told
    std::string cacert;      // as channel::open() wants it
    std::string netrc_file;  // as find_login() wants it
};

// Calls take(object) for each message, until sekid ends the answer or take() answers false.
[[nodiscard]] Result<void> read_events(const event_question& asked, const std::function<bool(const json&)>& take);

}  // namespace seki::ctl
