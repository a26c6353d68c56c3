// Arbitrary sequences of calls of the C interface: with nulls, odd sizes, odd options and names, on a segment that is sound, and on one that is scribbled on
// between the calls. Each answers with a status that there is, and a sentence; nothing waits for long.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <seki/seki.h>
#include <seki/deadline.hpp>

#include "c_caller.hpp"
#include "must.hpp"
#include "passing_folder.hpp"

namespace {

using namespace seki;
using hostile::c_caller;
using hostile::must;
namespace fs = std::filesystem;

constexpr std::size_t segment_size = 64 * 4096;

// A segment in a file of its own, with one of each in it; mapped once more, to be scribbled on and put right.
class workshop {
public:
    workshop() {
        const std::string path = folder_.path() / "a";
        seki_open_options small = SEKI_OPEN_OPTIONS_INIT;
        small.max_workers = 2;
        small.max_primitives = 10;
        small.segment_size = segment_size;
        must(seki_open(path.c_str(), &small, &segment) == SEKI_OK, "a segment can be made");
        seki_limiter_options limit = SEKI_LIMITER_OPTIONS_INIT;
        limit.limit = 5;
        limit.window_ns = 60'000'000'000;
        limit.max_keys = 1;
        seki_breaker_options calls = SEKI_BREAKER_OPTIONS_INIT;
        seki_bulkhead_options permits = SEKI_BULKHEAD_OPTIONS_INIT;
        permits.max_concurrent = 3;
        permits.max_waiting = 2;
        seki_retry_options again = SEKI_RETRY_OPTIONS_INIT;
        must(seki_limiter_create(segment, "login", &limit, &limiter) == SEKI_OK &&
                 seki_breaker_create(segment, "payments", &calls, &breaker) == SEKI_OK &&
                 seki_bulkhead_create(segment, "database", &permits, &bulkhead) == SEKI_OK &&
                 seki_retry_create(segment, "call", &again, &retry) == SEKI_OK,
             "a limiter, a breaker, a bulkhead and a retry can be made");
        seki_decision decision = SEKI_DECISION_INIT;
        must(seki_limiter_check(limiter, "alice", 5, 1, &decision) == SEKI_OK, "they can be used");
        const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        void* const mapped = ::mmap(nullptr, segment_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        must(mapped != MAP_FAILED, "a segment can be mapped");
        ::close(file);
        bytes_ = {static_cast<std::byte*>(mapped), segment_size};
        right_.assign(bytes_.begin(), bytes_.end());
    }
    ~workshop() {
        put_right();
        seki_limiter_free(limiter);
        seki_breaker_free(breaker);
        seki_bulkhead_free(bulkhead);
        seki_retry_free(retry);
        seki_close(segment);
        ::munmap(bytes_.data(), bytes_.size());
    }
    workshop(const workshop&) = delete;
    workshop& operator=(const workshop&) = delete;

    void put_right() { std::memcpy(bytes_.data(), right_.data(), right_.size()); }
    void scribble(c_caller& from) {
        const std::size_t at = (from.byte() * std::size_t{4096} + from.byte() * std::size_t{16}) % bytes_.size();
        for (std::size_t i = 0; i <= from.byte() % 16; ++i)
            bytes_[(at + i) % bytes_.size()] = static_cast<std::byte>(from.byte());
    }

    seki_segment* segment = nullptr;
    seki_limiter* limiter = nullptr;
    seki_breaker* breaker = nullptr;
    seki_bulkhead* bulkhead = nullptr;
    seki_retry* retry = nullptr;

private:
    hostile::passing_folder folder_;
    std::span<std::byte> bytes_;
    std::vector<std::byte> right_;
};

seki_outcome next_outcome(void* of) { return static_cast<seki_outcome>(static_cast<c_caller*>(of)->byte() % 6); }
void do_nothing(void*) {}
void see_event(const seki_event* event, void* of) {
    *static_cast<std::uint64_t*>(of) += event->measurement_count + event->metadata_count + event->name.length;
}

// One caller, from his first call to his last.
class sequence {
public:
    sequence(workshop& on, c_caller& with) : on_{on}, with_{with} {}
    ~sequence() {
        for (seki_subscription* each : subscriptions_) seki_telemetry_detach(each);
        answered(permit_.held == 0 ? SEKI_OK : seki_permit_release(&permit_));
        answered(admission_.admitted == 0 ? SEKI_OK : seki_admission_tell(&admission_, SEKI_OUTCOME_OK));
        answered(loop_.begun == 0 ? SEKI_OK : seki_retry_succeeded(&loop_));
        if (deadline_.begun != 0) answered(seki_deadline_end(&deadline_));
        seki_trace_clear();
    }
    sequence(const sequence&) = delete;
    sequence& operator=(const sequence&) = delete;

    void call_next();

private:
    void answered(seki_status status) {
        must(status >= SEKI_OK && status <= SEKI_ERROR_INTERRUPTED, "a function answers a status that there is");
        must(seki_status_name(status) != nullptr && seki_status_message(status) != nullptr,
             "it has a name and a sentence");
        if (status != SEKI_OK) must(seki_last_error_message()[0] != '\0', "an error has a sentence");
    }
    template <class Handle>
    const Handle* some(const Handle* usual) {
        return with_.byte() == 255 ? nullptr : usual;
    }
    const seki_segment* segment() { return some<seki_segment>(on_.segment); }
    const seki_limiter* limiter() { return some<seki_limiter>(on_.limiter); }
    const seki_breaker* breaker() { return some<seki_breaker>(on_.breaker); }
    const seki_bulkhead* bulkhead() { return some<seki_bulkhead>(on_.bulkhead); }
    const seki_retry* retry() { return some<seki_retry>(on_.retry); }

    void make();
    void change();
    void limit();
    void protect();
    void hold();
    void try_again();
    void limit_time();
    void tell();

    workshop& on_;
    c_caller& with_;
    seki_receipt receipt_ = SEKI_RECEIPT_INIT;
    seki_permit permit_ = SEKI_PERMIT_INIT;
    seki_admission admission_ = SEKI_ADMISSION_INIT;
    seki_retry_loop loop_ = SEKI_RETRY_LOOP_INIT;
    seki_deadline deadline_ = SEKI_DEADLINE_INIT;
    std::vector<seki_subscription*> subscriptions_;
    std::uint64_t seen_ = 0;

    c_caller::given<seki_limiter_options> limiter_options_;
    c_caller::given<seki_breaker_options> breaker_options_;
    c_caller::given<seki_bulkhead_options> bulkhead_options_;
    c_caller::given<seki_retry_options> retry_options_;
    c_caller::given<seki_open_options> open_options_;
    c_caller::given<seki_decision> decision_;
    c_caller::given<seki_breaker_status> breaker_status_;
    c_caller::given<seki_bulkhead_status> bulkhead_status_;
    c_caller::given<seki_retry_status> retry_status_;
    c_caller::given<seki_retry_step> step_;
    c_caller::given<seki_trace_context> trace_;
    c_caller::given<seki_demand> demand_;
};

// Handles of what has any name and any options, looked at and given back.
void sequence::make() {
    const std::string name = with_.text();
    switch (with_.byte() % 5) {
        case 0: {
            seki_limiter* made = nullptr;
            seki_limiter_options usual = SEKI_LIMITER_OPTIONS_INIT;
            usual.limit = 5, usual.window_ns = 1'000'000'000, usual.max_keys = 1;
            answered(seki_limiter_create(segment(), name.c_str(), limiter_options_.draw(with_, usual, true), &made));
            if (made != nullptr) (void)seki_limiter_name(made);
            seki_limiter_free(made);
            break;
        }
        case 1: {
            seki_breaker* made = nullptr;
            answered(seki_breaker_create(segment(), name.c_str(),
                                         breaker_options_.draw(with_, SEKI_BREAKER_OPTIONS_INIT, true), &made));
            seki_breaker_free(made);
            break;
        }
        case 2: {
            seki_bulkhead* made = nullptr;
            answered(seki_bulkhead_create(segment(), name.c_str(),
                                          bulkhead_options_.draw(with_, SEKI_BULKHEAD_OPTIONS_INIT, true), &made));
            seki_bulkhead_free(made);
            break;
        }
        case 3: {
            seki_retry* made = nullptr;
            answered(seki_retry_create(segment(), name.c_str(),
                                       retry_options_.draw(with_, SEKI_RETRY_OPTIONS_INIT, true), &made));
            seki_retry_free(made);
            break;
        }
        default: {
            seki_segment* made = nullptr;
            seki_open_options usual = SEKI_OPEN_OPTIONS_INIT;
            usual.access = SEKI_ACCESS_ATTACH;
            seki_open_options* const options = open_options_.draw(with_, usual, false);
            if (options == nullptr) return;  // that makes one
            answered(seki_open(seki_segment_path(on_.segment), options, &made));
            seki_close(made);
            std::array<char, 64> path;
            answered(seki_resolve(name.c_str(), path.data(), with_.byte() % path.size()));
        }
    }
}

void sequence::change() {
    static constexpr std::array names{"login", "payments", "database", "call", "none", ""};
    const char* const name = names[with_.byte() % names.size()];
    seki_limiter_options limit = SEKI_LIMITER_OPTIONS_INIT;
    limit.limit = 7, limit.window_ns = 1'000'000'000, limit.max_keys = 1;
    switch (with_.byte() % 12) {
        case 0: return answered(seki_limiter_change(segment(), name, limiter_options_.draw(with_, limit, true)));
        case 1:
            return answered(
                seki_breaker_change(segment(), name, breaker_options_.draw(with_, SEKI_BREAKER_OPTIONS_INIT, true)));
        case 2:
            return answered(
                seki_bulkhead_change(segment(), name, bulkhead_options_.draw(with_, SEKI_BULKHEAD_OPTIONS_INIT, true)));
        case 3:
            return answered(
                seki_retry_change(segment(), name, retry_options_.draw(with_, SEKI_RETRY_OPTIONS_INIT, true)));
        case 4: return answered(seki_limiter_remove(segment(), name));
        case 5: return answered(seki_breaker_remove(segment(), name));
        case 6: return answered(seki_bulkhead_remove(segment(), name));
        case 7: return answered(seki_retry_remove(segment(), name));
        case 8:
            return answered(
                seki_limiter_get_options(limiter(), limiter_options_.draw(with_, SEKI_LIMITER_OPTIONS_INIT, true)));
        case 9:
            return answered(
                seki_breaker_get_options(breaker(), breaker_options_.draw(with_, SEKI_BREAKER_OPTIONS_INIT, true)));
        case 10:
            return answered(
                seki_bulkhead_get_options(bulkhead(), bulkhead_options_.draw(with_, SEKI_BULKHEAD_OPTIONS_INIT, true)));
        default:
            return answered(seki_retry_get_options(retry(), retry_options_.draw(with_, SEKI_RETRY_OPTIONS_INIT, true)));
    }
}

void sequence::limit() {
    const std::string text = with_.text();
    const void* const key = with_.byte() == 255 ? nullptr : text.data();
    seki_decision* const decision = decision_.draw(with_, SEKI_DECISION_INIT, true);
    switch (with_.byte() % 9) {
        case 0: return answered(seki_limiter_check(limiter(), key, text.size(), with_.number(), decision));
        case 1:
            return answered(
                seki_limiter_check_receipt(limiter(), key, text.size(), with_.number(), &receipt_, decision));
        case 2: return answered(seki_limiter_peek(limiter(), key, text.size(), with_.number(), decision));
        case 3:
            return answered(
                seki_limiter_acquire(limiter(), key, text.size(), with_.number(), with_.number(), decision));
        case 4: return answered(seki_limiter_reset(limiter(), key, text.size()));
        case 5: return answered(seki_limiter_refund(limiter(), key, text.size(), with_.number()));
        case 6: return answered(seki_limiter_refund_receipt(limiter(), &receipt_, with_.number()));
        case 7: {
            const seki_demand usual = SEKI_DEMAND(on_.limiter, key, text.size(), with_.number());
            const seki_demand* const demand = demand_.draw(with_, usual, false);
            return answered(seki_check_all(demand, demand != nullptr ? 1 : with_.byte() % 2, decision));
        }
        default: {
            std::array<seki_demand, 3> all;
            for (seki_demand& each : all) each = SEKI_DEMAND(limiter(), key, text.size(), with_.number());
            return answered(seki_check_all(all.data(), with_.byte() % 4, decision));
        }
    }
}

void sequence::protect() {
    std::int64_t later = 0;
    std::int64_t* const retry_after = with_.byte() == 255 ? nullptr : &later;
    switch (with_.byte() % 9) {
        case 0:
        case 1:
            return answered(
                seki_breaker_call(breaker(), with_.byte() == 255 ? nullptr : next_outcome, &with_, retry_after));
        case 2:
            if (admission_.admitted != 0) return;  // it would be lost
            return answered(seki_breaker_admit(breaker(), &admission_));
        case 3: return answered(seki_admission_tell(&admission_, with_.byte() % 6));
        case 4: return answered(seki_admission_tell_took(&admission_, with_.byte() % 6, with_.number()));
        case 5:
            return answered(
                seki_breaker_get_status(breaker(), breaker_status_.draw(with_, SEKI_BREAKER_STATUS_INIT, true)));
        case 6: return answered(seki_breaker_force(breaker(), with_.byte() % 6));
        case 7: return answered(seki_breaker_reset(breaker()));
        default: {
            const seki_demand usual = SEKI_DEMAND(on_.limiter, "alice", 5, with_.number());
            return answered(
                seki_execute(breaker(), demand_.draw(with_, usual, false), next_outcome, &with_, retry_after));
        }
    }
}

void sequence::hold() {
    switch (with_.byte() % 5) {
        case 0:
            if (permit_.held != 0) return;  // it would be lost
            return answered(seki_bulkhead_try_acquire(bulkhead(), &permit_));
        case 1:
            if (permit_.held != 0) return;
            return answered(seki_bulkhead_acquire(bulkhead(), with_.number(), &permit_));
        case 2: return answered(seki_permit_release(with_.byte() == 255 ? nullptr : &permit_));
        case 3: return answered(seki_bulkhead_call(bulkhead(), with_.byte() == 255 ? nullptr : do_nothing, nullptr));
        default:
            return answered(
                seki_bulkhead_get_status(bulkhead(), bulkhead_status_.draw(with_, SEKI_BULKHEAD_STATUS_INIT, true)));
    }
}

void sequence::try_again() {
    switch (with_.byte() % 5) {
        case 0: return answered(seki_retry_call(retry(), with_.byte() == 255 ? nullptr : next_outcome, &with_));
        case 1:
            if (loop_.begun != 0) return;
            return answered(seki_retry_begin(retry(), &loop_));
        case 2:
            return answered(seki_retry_failed(&loop_, with_.number(), step_.draw(with_, SEKI_RETRY_STEP_INIT, true)));
        case 3: return answered(seki_retry_succeeded(&loop_));
        default:
            return answered(seki_retry_get_status(retry(), retry_status_.draw(with_, SEKI_RETRY_STATUS_INIT, true)));
    }
}

void sequence::limit_time() {
    const std::string text = with_.text();
    std::int64_t in = 0;
    std::array<char, SEKI_DEADLINE_TEXT> said;
    switch (with_.byte() % 9) {
        case 0:
        case 1:
            if (deadline_.begun != 0) return;
            return answered(with_.byte() % 2 == 0 ? seki_deadline_begin(with_.number(), &deadline_)
                                                  : seki_deadline_begin_at(with_.number(), &deadline_));
        case 2: return answered(seki_deadline_end(&deadline_));
        case 3: return answered(seki_deadline_run(with_.number(), next_outcome, &with_));
        case 4: return answered(seki_deadline_parse_remaining(text.data(), text.size(), &in));
        case 5: return answered(seki_deadline_parse_grpc_timeout(text.data(), text.size(), &in));
        case 6:
            return answered(
                seki_deadline_format_remaining(with_.number(), said.data(), with_.byte() % (said.size() + 1)));
        case 7:
            return answered(
                seki_deadline_format_grpc_timeout(with_.number(), said.data(), with_.byte() % (said.size() + 1)));
        default: return answered(seki_deadline_check());
    }
}

void sequence::tell() {
    const std::string text = with_.text();
    switch (with_.byte() % 5) {
        case 0: {
            seki_subscription* made = nullptr;
            if (subscriptions_.size() < 4)
                answered(seki_telemetry_attach(text.c_str(), with_.byte() == 255 ? nullptr : see_event, &seen_, nullptr,
                                               &made));
            if (made != nullptr) subscriptions_.push_back(made);
            return;
        }
        case 1: return answered(seki_trace_set(text.c_str()));
        case 2: return answered(seki_trace_save(trace_.draw(with_, SEKI_TRACE_CONTEXT_INIT, true)));
        case 3: return answered(seki_trace_restore(trace_.draw(with_, SEKI_TRACE_CONTEXT_INIT, true)));
        default: {
            const auto why = static_cast<seki_status>(with_.number());
            must(seki_limiter_explain(limiter(), why) != nullptr && seki_breaker_explain(breaker(), why) != nullptr &&
                     seki_bulkhead_explain(bulkhead(), why) != nullptr && seki_retry_explain(retry(), why) != nullptr,
                 "there is a sentence for everything");
            return answered(seki_check_version(static_cast<std::uint32_t>(with_.number())));
        }
    }
}

void sequence::call_next() {
    switch (with_.byte() % 12) {
        case 0: return make();
        case 1: return change();
        case 2:
        case 3: return limit();
        case 4: return protect();
        case 5: return hold();
        case 6: return try_again();
        case 7: return limit_time();
        case 8: return tell();
        case 9: return answered(seki_segment_maintain(segment()));
        default: return on_.scribble(with_);
    }
}

}  // namespace

// A permit that cannot be given back, for somebody scribbled on it, leaves its share of the handle (seki_permit_release()): that is no leak to be found here.
extern "C" int __lsan_is_turned_off() { return 1; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static workshop here;
    here.put_right();
    c_caller caller{{data, size}};
    const Deadline soon{std::chrono::microseconds{200}};
    sequence calls{here, caller};
    for (int i = 0; i < 100 && caller.has_more(); ++i) calls.call_next();
    return 0;
}
