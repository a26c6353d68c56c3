// What sekid says, on its way to who may not read it: a pipe to a pager, a journal that stands still.
//
// Whoever logs here gives back what the dead held, and answers for the living: it must not stand still with its reader. It waits for room once, and briefly, and from then
// on not at all until there is room again. What found none is counted, and told of by what comes next.
#pragma once

#include <cstdint>
#include <mutex>

#include <spdlog/sinks/base_sink.h>

namespace seki::daemon {

class brief_sink : public spdlog::sinks::base_sink<std::mutex> {
protected:
    // Never waits. False: there is no room now. True also of what nobody can ever read.
    [[nodiscard]] virtual bool put(const spdlog::details::log_msg& said) = 0;
    // A descriptor that can be written to when there is room.
    [[nodiscard]] virtual int outlet() const noexcept = 0;

private:
    void sink_it_(const spdlog::details::log_msg& said) final;
    void flush_() final {}

    [[nodiscard]] bool put_after_a_gap(const spdlog::details::log_msg& said);
    [[nodiscard]] bool has_room_soon() const noexcept;

    std::uint64_t missing_ = 0;
};

}  // namespace seki::daemon
