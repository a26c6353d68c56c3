#include "primitives/hedge_family.hpp"

#include <algorithm>

#include "primitives/clock.hpp"
#include "primitives/hedge_terms.hpp"
#include "shm/hedge_piece.hpp"

namespace seki::primitives {
namespace {

shm::terms first_line(const shm::wide_terms& terms) noexcept {
    shm::terms first{};
    std::copy_n(terms.begin(), first.size(), first.begin());
    return first;
}

}  // namespace

std::uint64_t family<HedgeOptions>::arena_bytes(const HedgeOptions& /*options*/,
                                                std::uint64_t /*max_workers*/) noexcept {
    return sizeof(layout::hedge_block);
}

shm::wide_terms family<HedgeOptions>::terms_of(const HedgeOptions& options) noexcept {
    return shm::widen(pack(options));
}

HedgeOptions family<HedgeOptions>::options_of(const shm::wide_terms& terms, const shm::shape& /*shape*/) noexcept {
    return to_options(unpack_hedge(first_line(terms)));
}

void family<HedgeOptions>::fill(const shm::segment& where, const shm::placement& made,
                                const HedgeOptions& options) noexcept {
    shm::hedge_budget_of(where, made).fill(unpack_hedge(pack(options)).budget, clock_ms());
    shm::latencies_of(where, made).fill();
}

void family<HedgeOptions>::change(const shm::segment& where, const shm::placement& at,
                                  const HedgeOptions& wanted) noexcept {
    shm::publish_terms(shm::directory{where}.entry(at.index), terms_of(wanted));
}

}  // namespace seki::primitives
