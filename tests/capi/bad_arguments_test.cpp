// Every function with what it does not accept: an error, with a sentence that names the function and the argument, and nothing done.
#include <climits>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "capi_fixture.hpp"

namespace seki::test {
namespace {

using testing::HasSubstr;
using testing::IsNull;

// A struct whose size no version had.
template <class Sized>
Sized of_size(Sized right, std::uint32_t size) {
    right.size = size;
    return right;
}

struct bad_call {
    std::string function;
    std::string argument;  // as the sentence names it
    std::function<seki_status()> call;
};

class BadArguments : public CapiTest {
protected:
    static seki_outcome never_called(void*) {
        ADD_FAILURE() << "it was called";
        return SEKI_OUTCOME_OK;
    }
    static void never_called_either(void*) { ADD_FAILURE() << "it was called"; }
    static void never_told(const seki_event*, void*) { ADD_FAILURE() << "it was told"; }

    void calls_of_all() {
        const char* const f = nullptr;
        add("seki_open", "segment", [=] { return seki_open(f, nullptr, nullptr); });
        for (const std::uint32_t size : {0U, 47U, 4096U, UINT_MAX}) {
            const auto options = of_size(open_options(), size);
            add("seki_open", "options->size", [=, this] { return seki_open(path().c_str(), &options, &no_segment); });
        }
        auto access = open_options();
        access.access = 3;
        add("seki_open", "options->access", [=, this] { return seki_open(path().c_str(), &access, &no_segment); });
        add("seki_resolve", "path", [] { return seki_resolve("shop", nullptr, 0); });
        add("seki_segment_maintain", "segment", [] { return seki_segment_maintain(nullptr); });
        add("seki_trace_set", "traceparent", [] { return seki_trace_set(nullptr); });
        add("seki_trace_save", "context", [] { return seki_trace_save(nullptr); });
        add("seki_trace_restore", "context", [] { return seki_trace_restore(nullptr); });
        seki_trace_context flags = SEKI_TRACE_CONTEXT_INIT;
        add("seki_trace_save", "context->size", [flags] {
            auto odd = of_size(flags, 1);
            return seki_trace_save(&odd);
        });
        flags.flags = 256;
        add("seki_trace_restore", "context->flags", [flags] { return seki_trace_restore(&flags); });
        add("seki_telemetry_attach", "pattern",
            [this] { return seki_telemetry_attach(nullptr, never_told, nullptr, nullptr, &no_subscription); });
        add("seki_telemetry_attach", "handler",
            [this] { return seki_telemetry_attach("*", nullptr, nullptr, nullptr, &no_subscription); });
        add("seki_telemetry_attach", "subscription",
            [] { return seki_telemetry_attach("*", never_told, nullptr, nullptr, nullptr); });
    }

    void calls_of_limiters() {
        const auto right = limiter_options();
        administrative("seki_limiter", "limiter", right, seki_limiter_create, seki_limiter_get, seki_limiter_change,
                       seki_limiter_remove, &no_limiter);
        for (const auto& [member, name] : {std::pair{&seki_limiter_options::algorithm, "options->algorithm"},
                                           std::pair{&seki_limiter_options::on_full, "options->on_full"},
                                           std::pair{&seki_limiter_options::mode, "options->mode"},
                                           std::pair{&seki_limiter_options::clock, "options->clock"}})
            for (const std::int32_t value : {-1, 5, INT_MAX}) {
                auto wrong = right;
                wrong.*member = value;
                add("seki_limiter_create", name,
                    [=, this] { return seki_limiter_create(segment, "new", &wrong, &no_limiter); });
                add("seki_limiter_change", name, [=, this] { return seki_limiter_change(segment, "login", &wrong); });
            }
        auto flag = right;
        flag.store_keys = 2;
        add("seki_limiter_create", "options->store_keys",
            [=, this] { return seki_limiter_create(segment, "new", &flag, &no_limiter); });
        told("seki_limiter_get_options", "limiter", "options", limiter, right, seki_limiter_get_options);

        decision("seki_limiter_check",
                 [](auto of, auto key, auto length, auto d) { return seki_limiter_check(of, key, length, 1, d); });
        decision("seki_limiter_peek",
                 [](auto of, auto key, auto length, auto d) { return seki_limiter_peek(of, key, length, 1, d); });
        decision("seki_limiter_acquire",
                 [](auto of, auto key, auto length, auto d) { return seki_limiter_acquire(of, key, length, 1, 0, d); });
        decision("seki_limiter_check_receipt", [](auto of, auto key, auto length, auto d) {
            seki_receipt receipt = SEKI_RECEIPT_INIT;
            return seki_limiter_check_receipt(of, key, length, 1, &receipt, d);
        });
        add("seki_limiter_acquire", "timeout_ns",
            [this] { return seki_limiter_acquire(limiter, "alice", 5, 1, -1, &no_decision); });
        add("seki_limiter_check_receipt", "receipt",
            [this] { return seki_limiter_check_receipt(limiter, "alice", 5, 1, nullptr, &no_decision); });
        add("seki_limiter_check_receipt", "receipt->size", [this] {
            auto receipt = of_size<seki_receipt>(SEKI_RECEIPT_INIT, 8);
            return seki_limiter_check_receipt(limiter, "alice", 5, 1, &receipt, &no_decision);
        });
        add("seki_limiter_reset", "limiter", [] { return seki_limiter_reset(nullptr, "alice", 5); });
        add("seki_limiter_reset", "key", [this] { return seki_limiter_reset(limiter, nullptr, 5); });
        add("seki_limiter_refund", "limiter", [] { return seki_limiter_refund(nullptr, "alice", 5, 1); });
        add("seki_limiter_refund", "key", [this] { return seki_limiter_refund(limiter, nullptr, 5, 1); });
        static seki_receipt spent_nothing = SEKI_RECEIPT_INIT;
        add("seki_limiter_refund_receipt", "limiter",
            [] { return seki_limiter_refund_receipt(nullptr, &spent_nothing, 1); });
        add("seki_limiter_refund_receipt", "receipt is null",
            [this] { return seki_limiter_refund_receipt(limiter, nullptr, 1); });
        add("seki_limiter_refund_receipt", "nothing was spent with this receipt",
            [this] { return seki_limiter_refund_receipt(limiter, &spent_nothing, 1); });
    }

    void calls_with_demands() {
        const seki_demand right = SEKI_DEMAND(limiter, "alice", 5, 1);
        const seki_demand without_limiter = SEKI_DEMAND(nullptr, "alice", 5, 1);
        const seki_demand without_key = SEKI_DEMAND(limiter, nullptr, 5, 1);
        const auto sizeless = of_size(right, 0);
        const auto demands = [this](const std::string& argument, const seki_demand& second) {
            const seki_demand first = SEKI_DEMAND(limiter, "bob", 3, 1);
            add("seki_check_all", argument, [=, this] {
                const seki_demand both[] = {first, second};
                return seki_check_all(both, 2, &no_decision);
            });
        };
        add("seki_check_all", "demands", [this] { return seki_check_all(nullptr, 1, &no_decision); });
        add("seki_check_all", "decision", [=] { return seki_check_all(&right, 1, nullptr); });
        demands("demand->limiter", without_limiter);
        demands("key", without_key);
        demands("demand->size", sizeless);
        demands("demands[1].size is 48, and that of the first is 40", of_size(right, sizeof(seki_demand) + 8));

        const auto execute = [this](const std::string& argument, const seki_breaker* of, const seki_demand* demand,
                                    seki_function function) {
            add("seki_execute", argument, [=] { return seki_execute(of, demand, function, nullptr, nullptr); });
        };
        static seki_demand kept[4];
        std::ranges::copy(std::initializer_list<seki_demand>{right, without_limiter, without_key, sizeless}, kept);
        execute("breaker", nullptr, &kept[0], never_called);
        execute("demand is null", breaker, nullptr, never_called);
        execute("demand->limiter", breaker, &kept[1], never_called);
        execute("key", breaker, &kept[2], never_called);
        execute("demand->size", breaker, &kept[3], never_called);
        execute("function", breaker, &kept[0], nullptr);
    }

    void calls_of_breakers() {
        const seki_breaker_options right = SEKI_BREAKER_OPTIONS_INIT;
        administrative("seki_breaker", "breaker", right, seki_breaker_create, seki_breaker_get, seki_breaker_change,
                       seki_breaker_remove, &no_breaker);
        for (const std::int32_t value : {-1, 4, INT_MAX}) {
            auto mode = right, type = right;
            mode.mode = type.window_type = value;
            add("seki_breaker_create", "options->mode",
                [=, this] { return seki_breaker_create(segment, "new", &mode, &no_breaker); });
            add("seki_breaker_create", "options->window_type",
                [=, this] { return seki_breaker_create(segment, "new", &type, &no_breaker); });
            add("seki_breaker_force", "mode", [=, this] { return seki_breaker_force(breaker, value); });
        }
        told("seki_breaker_get_options", "breaker", "options", breaker, right, seki_breaker_get_options);
        told("seki_breaker_get_status", "breaker", "status", breaker, seki_breaker_status SEKI_BREAKER_STATUS_INIT,
             seki_breaker_get_status);
        add("seki_breaker_call", "breaker", [] { return seki_breaker_call(nullptr, never_called, nullptr, nullptr); });
        add("seki_breaker_call", "function", [this] { return seki_breaker_call(breaker, nullptr, nullptr, nullptr); });
        add("seki_breaker_force", "breaker", [] { return seki_breaker_force(nullptr, SEKI_BREAKER_AUTOMATIC); });
        add("seki_breaker_reset", "breaker", [] { return seki_breaker_reset(nullptr); });
        add("seki_breaker_admit", "admission", [this] { return seki_breaker_admit(breaker, nullptr); });
        add("seki_breaker_admit", "breaker", [] {
            seki_admission admission = SEKI_ADMISSION_INIT;
            return seki_breaker_admit(nullptr, &admission);
        });
        add("seki_breaker_admit", "admission->size", [this] {
            auto admission = of_size<seki_admission>(SEKI_ADMISSION_INIT, 0);
            return seki_breaker_admit(breaker, &admission);
        });
        add("seki_admission_tell", "admission", [] { return seki_admission_tell(nullptr, SEKI_OUTCOME_OK); });
        add("seki_admission_tell_took", "admission",
            [] { return seki_admission_tell_took(nullptr, SEKI_OUTCOME_OK, 1); });
        add("seki_admission_tell_took", "took_ns", [] {
            seki_admission admission = SEKI_ADMISSION_INIT;
            return seki_admission_tell_took(&admission, SEKI_OUTCOME_OK, -1);
        });
        add("seki_admission_tell_took", "told already", [] {
            seki_admission admission = SEKI_ADMISSION_INIT;
            return seki_admission_tell_took(&admission, SEKI_OUTCOME_OK, 1);
        });
        add("seki_admission_tell", "told already", [] {
            seki_admission admission = SEKI_ADMISSION_INIT;
            return seki_admission_tell(&admission, SEKI_OUTCOME_OK);
        });
    }

    void calls_of_bulkheads() {
        const seki_bulkhead_options right = SEKI_BULKHEAD_OPTIONS_INIT;
        administrative("seki_bulkhead", "bulkhead", right, seki_bulkhead_create, seki_bulkhead_get,
                       seki_bulkhead_change, seki_bulkhead_remove, &no_bulkhead);
        told("seki_bulkhead_get_options", "bulkhead", "options", bulkhead, right, seki_bulkhead_get_options);
        told("seki_bulkhead_get_status", "bulkhead", "status", bulkhead, seki_bulkhead_status SEKI_BULKHEAD_STATUS_INIT,
             seki_bulkhead_get_status);
        const auto acquire = [](auto* of, auto* permit) { return seki_bulkhead_acquire(of, 0, permit); };
        told("seki_bulkhead_acquire", "bulkhead", "permit", bulkhead, seki_permit SEKI_PERMIT_INIT, acquire);
        told("seki_bulkhead_try_acquire", "bulkhead", "permit", bulkhead, seki_permit SEKI_PERMIT_INIT,
             seki_bulkhead_try_acquire);
        add("seki_bulkhead_acquire", "timeout_ns", [this] {
            seki_permit permit = SEKI_PERMIT_INIT;
            return seki_bulkhead_acquire(bulkhead, -2, &permit);
        });
        add("seki_bulkhead_try_acquire", "the permit is held", [this] {
            seki_permit permit = SEKI_PERMIT_INIT;
            permit.held = 1;
            return seki_bulkhead_try_acquire(bulkhead, &permit);
        });
        add("seki_permit_release", "permit", [] { return seki_permit_release(nullptr); });
        add("seki_permit_release", "not held", [] {
            seki_permit permit = SEKI_PERMIT_INIT;
            return seki_permit_release(&permit);
        });
        add("seki_bulkhead_call", "bulkhead", [] { return seki_bulkhead_call(nullptr, never_called_either, nullptr); });
        add("seki_bulkhead_call", "function", [this] { return seki_bulkhead_call(bulkhead, nullptr, nullptr); });
    }

    void calls_of_retries() {
        const seki_retry_options right = SEKI_RETRY_OPTIONS_INIT;
        administrative("seki_retry", "retry", right, seki_retry_create, seki_retry_get, seki_retry_change,
                       seki_retry_remove, &no_retry);
        for (const std::int32_t value : {-1, 4, INT_MAX}) {
            auto backoff = right, jitter = right;
            backoff.backoff = jitter.jitter = value;
            add("seki_retry_create", "options->backoff",
                [=, this] { return seki_retry_create(segment, "new", &backoff, &no_retry); });
            add("seki_retry_create", "options->jitter",
                [=, this] { return seki_retry_create(segment, "new", &jitter, &no_retry); });
        }
        told("seki_retry_get_options", "retry", "options", retry, right, seki_retry_get_options);
        told("seki_retry_get_status", "retry", "status", retry, seki_retry_status SEKI_RETRY_STATUS_INIT,
             seki_retry_get_status);
        told("seki_retry_begin", "retry", "loop", retry, seki_retry_loop SEKI_RETRY_LOOP_INIT, seki_retry_begin);
        add("seki_retry_call", "retry", [] { return seki_retry_call(nullptr, never_called, nullptr); });
        add("seki_retry_call", "function", [this] { return seki_retry_call(retry, nullptr, nullptr); });
        static seki_retry_loop none = SEKI_RETRY_LOOP_INIT;
        static seki_retry_step step = SEKI_RETRY_STEP_INIT;
        add("seki_retry_begin", "the loop is begun", [this] {
            seki_retry_loop begun = SEKI_RETRY_LOOP_INIT;
            begun.begun = 1;
            return seki_retry_begin(retry, &begun);
        });
        add("seki_retry_succeeded", "loop is null", [] { return seki_retry_succeeded(nullptr); });
        add("seki_retry_succeeded", "not begun", [] { return seki_retry_succeeded(&none); });
        add("seki_retry_failed", "loop is null", [] { return seki_retry_failed(nullptr, 0, &step); });
        add("seki_retry_failed", "not begun", [] { return seki_retry_failed(&none, 0, &step); });
        for (const auto& [argument, at_least] : {std::pair{"step is null", 0}, std::pair{"at_least_ns", -1}})
            add("seki_retry_failed", argument, [=, this] {
                seki_retry_loop begun = SEKI_RETRY_LOOP_INIT;
                must(seki_retry_begin(retry, &begun));
                const seki_status said = seki_retry_failed(&begun, at_least, at_least == 0 ? nullptr : &step);
                const std::string sentence = seki_last_error_message();
                must(seki_retry_succeeded(&begun));
                EXPECT_EQ(seki_last_error_message(), sentence);
                return said;
            });
    }

    void calls_of_deadlines() {
        for (const std::string function : {"seki_deadline_begin", "seki_deadline_begin_at"}) {
            const auto begin = function == "seki_deadline_begin" ? seki_deadline_begin : seki_deadline_begin_at;
            add(function, "deadline is null", [=] { return begin(0, nullptr); });
            add(function, "deadline->size", [=] {
                auto odd = of_size<seki_deadline>(SEKI_DEADLINE_INIT, 8);
                return begin(0, &odd);
            });
            add(function, "the deadline is begun", [=] {
                seki_deadline begun = SEKI_DEADLINE_INIT;
                begun.begun = 1;
                return begin(0, &begun);
            });
        }
        add("seki_deadline_end", "deadline is null", [] { return seki_deadline_end(nullptr); });
        add("seki_deadline_end", "not begun", [] {
            seki_deadline none = SEKI_DEADLINE_INIT;
            return seki_deadline_end(&none);
        });
        add("seki_deadline_run", "function", [] { return seki_deadline_run(1, nullptr, nullptr); });
        static std::int64_t in = 0;
        static char text[SEKI_DEADLINE_TEXT];
        add("seki_deadline_parse_remaining", "value", [] { return seki_deadline_parse_remaining(nullptr, 1, &in); });
        add("seki_deadline_parse_remaining", "in_ns", [] { return seki_deadline_parse_remaining("1", 1, nullptr); });
        add("seki_deadline_parse_grpc_timeout", "value",
            [] { return seki_deadline_parse_grpc_timeout(nullptr, 1, &in); });
        add("seki_deadline_parse_grpc_timeout", "in_ns",
            [] { return seki_deadline_parse_grpc_timeout("1S", 2, nullptr); });
        add("seki_deadline_format_remaining", "text", [] { return seki_deadline_format_remaining(1, nullptr, 16); });
        add("seki_deadline_format_remaining", "size 15", [] { return seki_deadline_format_remaining(1, text, 15); });
        add("seki_deadline_format_grpc_timeout", "text",
            [] { return seki_deadline_format_grpc_timeout(1, nullptr, 16); });
        add("seki_deadline_format_grpc_timeout", "size 0",
            [] { return seki_deadline_format_grpc_timeout(1, text, 0); });
    }

    void add(std::string function, std::string argument, std::function<seki_status()> call) {
        all.push_back({std::move(function), std::move(argument), std::move(call)});
    }

    // What is alike for limiters, breakers and bulkheads.
    template <class Options, class Handle>
    void administrative(const std::string& prefix, const std::string& handle, const Options& right,
                        seki_status (*create)(const seki_segment*, const char*, const Options*, Handle**),
                        seki_status (*get)(const seki_segment*, const char*, Handle**),
                        seki_status (*change)(const seki_segment*, const char*, const Options*),
                        seki_status (*remove)(const seki_segment*, const char*), Handle** to) {
        add(prefix + "_create", "segment", [=] { return create(nullptr, "new", &right, to); });
        add(prefix + "_create", "name", [=, this] { return create(segment, nullptr, &right, to); });
        add(prefix + "_create", "options", [=, this] { return create(segment, "new", nullptr, to); });
        add(prefix + "_create", handle, [=, this] { return create(segment, "new", &right, nullptr); });
        add(prefix + "_get", "segment", [=] { return get(nullptr, "new", to); });
        add(prefix + "_get", "name", [=, this] { return get(segment, nullptr, to); });
        add(prefix + "_get", handle, [=, this] { return get(segment, "new", nullptr); });
        add(prefix + "_change", "segment", [=] { return change(nullptr, "new", &right); });
        add(prefix + "_change", "name", [=, this] { return change(segment, nullptr, &right); });
        add(prefix + "_change", "options", [=, this] { return change(segment, "new", nullptr); });
        add(prefix + "_remove", "segment", [=] { return remove(nullptr, "new"); });
        add(prefix + "_remove", "name", [=, this] { return remove(segment, nullptr); });
        for (const std::uint32_t size : {0U, static_cast<std::uint32_t>(sizeof(Options)) - 1, 4096U, UINT_MAX}) {
            const Options wrong = of_size(right, size);
            add(prefix + "_create", "options->size", [=, this] { return create(segment, "new", &wrong, to); });
            add(prefix + "_change", "options->size", [=, this] { return change(segment, "new", &wrong); });
        }
    }

    // A function that fills a struct of the caller's.
    template <class Handle, class Told, class Ask>
    void told(const std::string& function, const std::string& handle, const std::string& argument, const Handle* of,
              const Told& right, Ask ask) {
        add(function, handle, [=] {
            Told to = right;
            return ask(static_cast<const Handle*>(nullptr), &to);
        });
        add(function, argument + " is null", [=] { return ask(of, static_cast<Told*>(nullptr)); });
        for (const std::uint32_t size : {0U, static_cast<std::uint32_t>(sizeof(Told)) - 1, 4096U, UINT_MAX})
            add(function, argument + "->size", [=] {
                Told to = of_size(right, size);
                return ask(of, &to);
            });
    }

    template <class Ask>
    void decision(const std::string& function, Ask ask) {
        told(function, "limiter", "decision", limiter, seki_decision SEKI_DECISION_INIT,
             [=](const seki_limiter* of, seki_decision* d) { return ask(of, "alice", std::size_t{5}, d); });
        add(function, "key", [=, this] { return ask(limiter, nullptr, std::size_t{5}, &no_decision); });
    }

    std::vector<bad_call> all;
    seki_segment* no_segment = nullptr;
    seki_limiter* no_limiter = nullptr;
    seki_breaker* no_breaker = nullptr;
    seki_bulkhead* no_bulkhead = nullptr;
    seki_retry* no_retry = nullptr;
    seki_subscription* no_subscription = nullptr;
    seki_decision no_decision = SEKI_DECISION_INIT;
};

// Fails if one of these ends the process, does something, or says no without saying to what.
TEST_F(BadArguments, AreErrorsThatNameFunctionAndArgumentAndDoNothing) {
    calls_of_all();
    calls_of_limiters();
    calls_with_demands();
    calls_of_breakers();
    calls_of_bulkheads();
    calls_of_retries();
    calls_of_deadlines();
    for (const bad_call& each : all) {
        no_decision.allowed = 1;
        EXPECT_EQ(each.call(), SEKI_ERROR_INVALID_ARGUMENT) << each.function << ": " << each.argument;
        EXPECT_THAT(seki_last_error_message(), HasSubstr(each.function + "(): ")) << each.argument;
        EXPECT_THAT(seki_last_error_message(), HasSubstr(each.argument));
    }
    EXPECT_THAT(no_segment, IsNull());
    EXPECT_THAT(no_limiter, IsNull());
    EXPECT_THAT(no_breaker, IsNull());
    EXPECT_THAT(no_bulkhead, IsNull());
    EXPECT_THAT(no_retry, IsNull());
    EXPECT_THAT(no_subscription, IsNull());
    EXPECT_EQ(left(), 6U);
    seki_bulkhead_status permits = SEKI_BULKHEAD_STATUS_INIT;
    must(seki_bulkhead_get_status(bulkhead, &permits));
    EXPECT_EQ(permits.acquired, 0U);
    seki_breaker_status calls = SEKI_BREAKER_STATUS_INIT;
    must(seki_breaker_get_status(breaker, &calls));
    EXPECT_EQ(calls.calls, 0U);

    // Fails if a function that answers a status is not in the table above.
    std::set<std::string> tried{"seki_check_version", "seki_deadline_check"};  // versions_test.cpp; it takes nothing
    for (const bad_call& each : all) tried.insert(each.function);
    std::ifstream list{SEKI_ABI_LIST};
    std::size_t known = 0;
    for (std::string line; std::getline(list, line);) {
        const auto begin = line.find(" seki_status seki_");
        if (!line.starts_with("function") || begin == std::string::npos) continue;
        const std::string name = line.substr(begin + 13, line.find('(') - begin - 13);
        EXPECT_TRUE(tried.contains(name)) << name << " is not tried";
        ++known;
    }
    EXPECT_GT(known, 40U);
}

}  // namespace
}  // namespace seki::test
