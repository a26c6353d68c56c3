#include <seki/error.hpp>

namespace seki {

std::string_view to_string(Errc code) noexcept {
    switch (code) {
        case Errc::none: return "none";
        case Errc::invalid_argument: return "invalid_argument";
        case Errc::not_found: return "not_found";
        case Errc::different_options: return "different_options";
        case Errc::deleted: return "deleted";
        case Errc::no_permission: return "no_permission";
        case Errc::no_space: return "no_space";
        case Errc::not_a_segment: return "not_a_segment";
        case Errc::wrong_version: return "wrong_version";
        case Errc::wrong_host: return "wrong_host";
        case Errc::damaged: return "damaged";
        case Errc::superseded: return "superseded";
        case Errc::busy: return "busy";
        case Errc::read_only: return "read_only";
        case Errc::bulkhead_full: return "bulkhead_full";
        case Errc::timeout: return "timeout";
        case Errc::system: return "system";
        case Errc::rate_limited: return "rate_limited";
        case Errc::circuit_open: return "circuit_open";
        case Errc::call_failed: return "call_failed";
        case Errc::deadline_exceeded: return "deadline_exceeded";
        case Errc::budget_spent: return "budget_spent";
        case Errc::load_shed: return "load_shed";
        case Errc::interrupted: return "interrupted";
    }
    return "unknown";
}

}  // namespace seki
