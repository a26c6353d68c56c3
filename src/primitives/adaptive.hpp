// An adaptive limit: a bulkhead whose max is moved by what the calls come to, bound to its place in one mapped segment.
//
// The path of a release, in its order: the permit goes back (shm/permits.hpp); the call is added to the window under way (shm/adaptive_window.hpp); and
// who ended the window counts what is in flight, applies the law, and sets the max of the permits.
//
// A death before the permit went back is a bulkhead's. After it: shm/adaptive_window.hpp, at 4.
#pragma once

#include <cstdint>
#include <memory>

#include <seki/adaptive.hpp>

#include "primitives/adaptive_terms.hpp"
#include "primitives/bulkhead.hpp"
#include "primitives/clock.hpp"
#include "shm/adaptive_window.hpp"

namespace seki::primitives {

// Immutable after binding, so any number of threads may use it.
class adaptive {
public:
    using options_type = AdaptiveOptions;
    using patience = bulkhead::patience;

    // `at` was found in the directory of `in`'s segment.
    adaptive(std::shared_ptr<const shm::attachment> in, const shm::placement& at);

    struct answer {
        Errc error = Errc::none;
        shm::permit held{};
        const adaptive* from = nullptr;  // where it is given back
    };
    [[nodiscard]] answer take(patience& with) const noexcept {
        const bulkhead::answer given = gate_.take(with);
        return {given.error, given.held, this};
    }
    [[nodiscard]] answer take_again(patience& with) const noexcept {
        const bulkhead::answer given = gate_.take_again(with);
        return {given.error, given.held, this};
    }

    // What a call came to, that was let in at started_ns. False, and nothing done, when somebody else is the permit's owner by now.
    bool give_back(shm::permit& held, Outcome outcome, std::uint64_t started_ns) const noexcept;

    [[nodiscard]] Errc standing() const noexcept { return gate_.standing(); }
    [[nodiscard]] AdaptiveStatus status() const noexcept;
    [[nodiscard]] AdaptiveOptions options() const noexcept;

    [[nodiscard]] const shm::attachment& attachment() const noexcept { return gate_.attachment(); }
    [[nodiscard]] const shm::placement& place() const noexcept { return gate_.place(); }
    [[nodiscard]] const shm::permit_pool<>& permits() const noexcept { return gate_.permits(); }

private:
    bulkhead gate_;
    const layout::directory_entry* entry_;
    shm::adaptive_window<> window_;
};

}  // namespace seki::primitives
