#include "capi/sentence.hpp"

#include <string>
#include <utility>

namespace seki::capi {
namespace {

// Text that seki_last_error_message() answers: a literal, or what `kept` holds.
thread_local constinit const char* last = "";
thread_local constinit bool thread_ended = false;

struct sentence {
    std::string text;
    // What runs later in a thread that ends may fail too.
    ~sentence() {
        thread_ended = true;
        last = "";
    }
};

std::string& kept_by_this_thread() {
    static thread_local sentence kept;
    return kept.text;
}

}  // namespace

seki_status fail(Error error) noexcept try {
    if (thread_ended || error.message.empty()) return fail_quickly(error.code);
    std::string& kept = kept_by_this_thread();
    kept = std::move(error.message);
    last = kept.c_str();
    return status_of(error.code);
} catch (...) {  // no memory
    return fail_quickly(error.code);
}

seki_status fail_quickly(Errc code, const char* sentence) noexcept {
    last = sentence;
    return status_of(code);
}

seki_status fail_quickly(Errc code) noexcept { return fail_quickly(code, seki_status_message(status_of(code))); }

const char* last_sentence() noexcept { return last; }

}  // namespace seki::capi
