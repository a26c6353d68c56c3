#include "otlp/poster.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "otlp/gzip.hpp"

namespace seki::otlp {
namespace {

constexpr std::size_t longest_answer = 64 << 10;
constexpr std::chrono::seconds longest_wish{3600};  // of a collector that asks to be left alone

struct list_end {
    void operator()(curl_slist* all) const noexcept { ::curl_slist_free_all(all); }
};
using header_list = std::unique_ptr<curl_slist, list_end>;

struct easy_end {
    void operator()(CURL* one) const noexcept { ::curl_easy_cleanup(one); }
};
struct multi_end {
    void operator()(CURLM* all) const noexcept { ::curl_multi_cleanup(all); }
};

void add(header_list& to, const std::string& line) {
    curl_slist* const longer = ::curl_slist_append(to.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    (void)to.release();
    to.reset(longer);
}

// `Name;` is how libcurl writes a header without a value.
std::string line_of(const std::string& name, const std::string& value) {
    return value.empty() ? name + ";" : name + ": " + value;
}

struct transfer {
    std::unique_ptr<CURL, easy_end> easy;
    std::string body;
    header_list headers;
    std::string answer;
    std::array<char, CURL_ERROR_SIZE> error{};
    bool under_way = false;
};

// What is longer than any answer of a collector is cut, and read to its end all the same, so that the connection can be kept.
// Nothing is thrown through libcurl: a transfer that finds no memory ends without an answer.
std::size_t keep(char* data, std::size_t one, std::size_t count, void* into) noexcept try {
    auto& text = *static_cast<std::string*>(into);
    text.append(data, std::min(one * count, longest_answer - std::min(text.size(), longest_answer)));
    return one * count;
} catch (const std::bad_alloc&) {
    return CURL_WRITEFUNC_ERROR;
}

}  // namespace

struct poster::inside {
    std::string user_agent;
    config::otlp_options options;
    std::unique_ptr<CURLM, multi_end> multi;
    std::vector<ended> not_begun;
    std::array<transfer, signals> transfers;  // go first

    transfer& at(signal of) { return transfers[static_cast<std::size_t>(of)]; }

    void end(transfer& one) {
        if (std::exchange(one.under_way, false)) ::curl_multi_remove_handle(multi.get(), one.easy.get());
    }

    [[nodiscard]] static answer answer_of(transfer& one, CURLcode code) {
        answer made;
        if (code != CURLE_OK) {
            // Of these two it tells how many milliseconds they took: another cause each time for who compares.
            const bool varies = code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT;
            made.error = one.error[0] != '\0' && !varies ? one.error.data() : ::curl_easy_strerror(code);
            return made;
        }
        curl_off_t seconds = 0;
        ::curl_easy_getinfo(one.easy.get(), CURLINFO_RESPONSE_CODE, &made.status);
        ::curl_easy_getinfo(one.easy.get(), CURLINFO_RETRY_AFTER, &seconds);
        made.retry_after = std::chrono::seconds{std::clamp<curl_off_t>(seconds, 0, longest_wish.count())};
        made.body = std::move(one.answer);
        return made;
    }

    std::vector<ended> take() {
        std::vector<ended> all = std::exchange(not_begun, {});
        int left = 0;
        while (const CURLMsg* const told = ::curl_multi_info_read(multi.get(), &left)) {  // ends: one for each transfer
            if (told->msg != CURLMSG_DONE) continue;
            const CURLcode code = told->data.result;  // what `told` points to goes with the handle
            const auto one =
                std::ranges::find(transfers, told->easy_handle, [](const auto& t) { return t.easy.get(); });
            end(*one);
            all.push_back({static_cast<signal>(one - transfers.begin()), answer_of(*one, code)});
        }
        return all;
    }
};

poster::poster(std::string user_agent) : inside_{std::make_unique<inside>()} {
    ::curl_global_init(CURL_GLOBAL_DEFAULT);
    inside_->user_agent = std::move(user_agent);
    inside_->multi.reset(::curl_multi_init());
    if (inside_->multi == nullptr) throw std::bad_alloc{};
    for (transfer& each : inside_->transfers) {
        each.easy.reset(::curl_easy_init());
        if (each.easy == nullptr) throw std::bad_alloc{};
    }
}

poster::~poster() {
    for (transfer& each : inside_->transfers) inside_->end(each);
}

void poster::configure(const config::otlp_options& by) { inside_->options = by; }

void poster::begin(signal of, const std::string& body) {
    transfer& one = inside_->at(of);
    const config::otlp_options& by = inside_->options;
    const auto milliseconds = [](std::chrono::nanoseconds time) {
        return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
    };
    inside_->end(one);
    std::string smaller = by.gzip ? gzip(body) : std::string{};
    const bool is_smaller = !smaller.empty();
    one.body = is_smaller ? std::move(smaller) : body;
    one.answer.clear();
    one.error[0] = '\0';
    one.headers.reset();
    add(one.headers, "Content-Type: application/x-protobuf");
    add(one.headers, "Expect:");  // no asking beforehand whether a body may come
    if (is_smaller) add(one.headers, "Content-Encoding: gzip");
    for (const auto& [name, value] : by.headers) add(one.headers, line_of(name, value));

    CURL* const easy = one.easy.get();
    ::curl_easy_reset(easy);  // keeps its connection
    ::curl_easy_setopt(easy, CURLOPT_URL, (by.endpoint + "/v1/" + to_string(of)).c_str());
    ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // sekid stops though a name server does not answer
    ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(by.timeout));
    ::curl_easy_setopt(easy, CURLOPT_USERAGENT, inside_->user_agent.c_str());
    ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, one.headers.get());
    ::curl_easy_setopt(easy, CURLOPT_POST, 1L);
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(one.body.size()));
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDS, one.body.data());
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
    ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, &one.answer);
    ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, one.error.data());
    if (!by.ca_file.empty()) ::curl_easy_setopt(easy, CURLOPT_CAINFO, by.ca_file.c_str());
    const CURLMcode begun = ::curl_multi_add_handle(inside_->multi.get(), easy);
    one.under_way = begun == CURLM_OK;
    if (!one.under_way) inside_->not_begun.push_back({of, {.error = ::curl_multi_strerror(begun)}});
}

bool poster::is_under_way(signal of) const noexcept {
    return inside_->at(of).under_way ||
           std::ranges::find(inside_->not_begun, of, &ended::of) != inside_->not_begun.end();
}

void poster::abandon(signal of) { inside_->end(inside_->at(of)); }

std::vector<poster::ended> poster::wait(std::chrono::milliseconds at_most) {
    CURLM* const multi = inside_->multi.get();
    int running = 0;
    ::curl_multi_perform(multi, &running);
    std::vector<ended> all = inside_->take();
    if (!all.empty()) return all;
    ::curl_multi_poll(multi, nullptr, 0, static_cast<int>(at_most.count()), nullptr);
    ::curl_multi_perform(multi, &running);
    return inside_->take();
}

void poster::rest(std::chrono::milliseconds at_most) noexcept {
    int running = 0;
    ::curl_multi_poll(inside_->multi.get(), nullptr, 0, static_cast<int>(at_most.count()), nullptr);
    ::curl_multi_perform(inside_->multi.get(), &running);  // else what has come would end the next rest at once
}

void poster::wake() noexcept { ::curl_multi_wakeup(inside_->multi.get()); }

}  // namespace seki::otlp
