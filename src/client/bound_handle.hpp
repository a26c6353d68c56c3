// What stands behind the handle of a primitive (seki::Limiter and its like) in the calling process: the primitive in the segment that is in use
// now, found or made again when the segment is replaced.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <seki/error.hpp>

#include "client/replaceable.hpp"
#include "client/segment_handle.hpp"
#include "primitives/registry.hpp"
#include "shm/liveness.hpp"
#include "shm/uncancelled.hpp"
#include "shm/workers.hpp"

namespace seki::client {

// What any handle says once there is nothing behind it: deleted, or superseded.
[[nodiscard]] constexpr std::string_view why_it_is_gone(Errc why) noexcept {
    return why == Errc::deleted ? "it was deleted: ask the segment for it again, or stop using it"
                                : "its segment was destroyed or replaced, and there is no other yet that this process "
                                  "can use: start sekid, or open the segment again";
}

// Primitive: primitives::limiter and its like, made of (attachment, placement).
template <class Primitive>
class bound_handle {
public:
    using options_type = typename Primitive::options_type;

    // `options` are set when code made the primitive: in a segment that replaces this one it is made again.
    bound_handle(std::shared_ptr<segment_handle> segment, std::string name, std::optional<options_type> options)
        : segment_{std::move(segment)}, name_{std::move(name)}, options_{std::move(options)} {}

    // Finds or makes the primitive in that attachment.
    [[nodiscard]] Result<void> bind(const std::shared_ptr<const shm::attachment>& in) {
        return bind_at(
            in, options_ ? of_kind::find_or_make(in->where(), name_, *options_) : of_kind::find(in->where(), name_));
    }

    // Calls `operation(primitive)`; when it answers superseded, moves over to the successor and calls it again.
    template <class Operation>
    auto with(Operation operation) noexcept {
        const Primitive* bound = bound_.current();
        auto result = operation(*bound);
        if (error_of(result) == Errc::superseded) [[unlikely]]
            if (const Primitive* next = move_over(); next != nullptr) result = operation(*next);
        return result;
    }

    // For who only looks: the primitive that stands, or the answer why there is none. One that `why` is set for is not to be looked at.
    struct standing {
        const Primitive* primitive = nullptr;
        Errc why = Errc::none;
    };
    [[nodiscard]] standing find_standing() noexcept {
        const Primitive* asked = nullptr;
        const Errc why = with([&asked](const Primitive& bound) { return asked = &bound, bound.standing(); });
        return {asked, why};
    }

    // Why this process, which needs a slot of the segment to hold anything, has none.
    [[nodiscard]] std::string why_no_slot() const { return shm::why_no_slot(segment_->where()).message; }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const Primitive& bound() const noexcept { return *bound_.current(); }

private:
    using of_kind = primitives::registry<options_type>;

    [[nodiscard]] Result<void> bind_at(const std::shared_ptr<const shm::attachment>& in,
                                       const Result<shm::placement>& place) {
        if (!place) return std::unexpected(place.error());
        bound_.publish(bound_.current(), in, *place);
        return {};
    }

    // In a segment that replaces the one in use. Who made the primitive there before, as sekid does, may have given it the options that it had been changed to
    // meanwhile: those hold for the host, and a worker that insisted on the ones it began with would be left without.
    [[nodiscard]] Result<void> bind_again(const std::shared_ptr<const shm::attachment>& in) {
        auto bound = bind(in);
        if (!bound && bound.error().code == Errc::different_options)
            return bind_at(in, of_kind::find(in->where(), name_));
        return bound;
    }

    template <class Answer>
    static Errc error_of(const Answer& answer) noexcept {
        if constexpr (requires { answer.error.code; })
            return answer.error.code;
        else if constexpr (requires { Errc{answer.error}; })
            return answer.error;
        else
            return answer;
    }

    // Null: there is no successor, or none can be used, for want of memory too: then superseded stays the answer, and a later call tries again.
    [[nodiscard]] const Primitive* move_over() noexcept try {
        const shm::uncancelled while_it_moves;
        const Primitive* const old = bound_.current();
        const auto next = segment_->successor_of(old->attachment());
        if (!next || &next->where() == &old->attachment().where() || !bind_again(next)) return nullptr;
        return bound_.current();
    } catch (...) {
        return nullptr;
    }

    std::shared_ptr<segment_handle> segment_;
    std::string name_;
    std::optional<options_type> options_;
    replaceable<Primitive> bound_;
};

template <class Primitive>
Result<std::shared_ptr<bound_handle<Primitive>>> segment_handle::bind(
    std::string_view name, const std::optional<typename Primitive::options_type>& options) {
    auto handle = std::make_shared<bound_handle<Primitive>>(shared_from_this(), std::string{name}, options);
    const auto in = in_use();
    if (!in) return std::unexpected(in.error());
    if (const auto bound = handle->bind(*in); !bound) return std::unexpected(bound.error());
    return handle;
}

}  // namespace seki::client
