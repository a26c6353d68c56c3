#include "primitives/retry_family.hpp"

#include <algorithm>

#include "primitives/clock.hpp"
#include "primitives/retry_terms.hpp"
#include "shm/retry_piece.hpp"

namespace seki::primitives {
namespace {

shm::terms first_line(const shm::wide_terms& terms) noexcept {
    shm::terms first{};
    std::copy_n(terms.begin(), first.size(), first.begin());
    return first;
}

}  // namespace

std::uint64_t family<RetryOptions>::arena_bytes(const RetryOptions& /*options*/,
                                                std::uint64_t /*max_workers*/) noexcept {
    return sizeof(layout::retry_block);
}

shm::wide_terms family<RetryOptions>::terms_of(const RetryOptions& options) noexcept {
    return shm::widen(pack(options));
}

RetryOptions family<RetryOptions>::options_of(const shm::wide_terms& terms, const shm::shape& /*shape*/) noexcept {
    return to_options(unpack_retry(first_line(terms)));
}

void family<RetryOptions>::fill(const shm::segment& where, const shm::placement& made,
                                const RetryOptions& options) noexcept {
    shm::budget_of(where, made).fill(unpack_retry(pack(options)).budget, clock_ms());
}

void family<RetryOptions>::change(const shm::segment& where, const shm::placement& at,
                                  const RetryOptions& wanted) noexcept {
    shm::publish_terms(shm::directory{where}.entry(at.index), terms_of(wanted));
}

}  // namespace seki::primitives
