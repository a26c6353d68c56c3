// What there is at which address, who gets it, and what an answer looks like: all of sekid's HTTP but the connections and the threads (daemon/web.hpp).
#pragma once

#include <httplib.h>

#include <string>

#include "daemon/access.hpp"
#include "daemon/event_hub.hpp"
#include "daemon/guarded_segment.hpp"
#include "daemon/recorder.hpp"
#include "otlp/ledger.hpp"

namespace seki::daemon {

// The library opens TCP sockets only, says little about why it could not, and ends at the first client that is gone before it was accepted. It answers; how clients come
// is up to us.
class pages : public httplib::Server {
public:
    // All of it outlives the pages.
    struct sources {
        const board& from;
        event_hub& hub;
        const otlp::ledger& exported;
        recorder& recording;
        const gate& users;
    };
    // `own`: what it listens on, as HOST:PORT, where it is for this host's own programs alone unless there are users; else empty.
    pages(const sources& of, std::string own, int listening_socket);

    // Reads a request and answers it. Any number of threads.
    void attend(httplib::Stream& client);
};

}  // namespace seki::daemon
