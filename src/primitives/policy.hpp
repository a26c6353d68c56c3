// A policy, bound to its place in one mapped segment: what its parts are called, and whether that is still so.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <utility>

#include <seki/policy.hpp>

#include "primitives/bound_place.hpp"
#include "primitives/registry.hpp"

namespace seki::primitives {

class policy : public bound_place {
public:
    using options_type = PolicyOptions;

    policy(std::shared_ptr<const shm::attachment> in, const shm::placement& at) : bound_place{std::move(in), at} {}

    // Another number once other options are in force.
    [[nodiscard]] std::uint64_t version() const noexcept { return shm::terms_version(*entry_); }
    // What it is made of. Where it is deleted, or its segment replaced, what was read may have been another's: so that is asked after it.
    [[nodiscard]] std::expected<PolicyOptions, Errc> options() const {
        PolicyOptions read = policies::options_of(attachment_->where(), place());
        if (const Errc why = standing(); why != Errc::none) return std::unexpected(why);
        return read;
    }
};

}  // namespace seki::primitives
