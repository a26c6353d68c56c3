#include "report/examine_policy.hpp"

#include <fmt/format.h>

#include "primitives/name.hpp"
#include "primitives/policy_family.hpp"
#include "primitives/registry.hpp"
#include "report/examine_terms.hpp"
#include "report/text.hpp"
#include "shm/policy_piece.hpp"

namespace seki::report {
namespace {

// Whether options that are accepted could have given these terms, with the names that they refer to.
bool is_sane(const shm::policy_names& names, const shm::wide_terms& terms) {
    const std::uint64_t set = terms[layout::policy_names];
    shm::wide_terms expected =
        primitives::family<PolicyOptions>::terms_of(primitives::family<PolicyOptions>::options_of(terms, {}));
    expected[layout::policy_names] = set;
    if (terms != expected || set >= layout::policy_name_sets) return false;
    PolicyOptions written;
    for (const auto& each : primitives::policy_members) written.*each.name = names.read(set, each.part);
    return primitives::mistakes(written).empty();
}

}  // namespace

void examine_policy(examination& into, const shm::placement& at) {
    const shm::policy_names names{into.where(), at};
    const std::uint64_t version = shm::terms_version(shm::directory{into.where()}.entry(at.index));
    into.judge_by(version);
    examine_terms(into, at, [&](const auto& values) { return is_sane(names, values); });
    into.judge_by(0);
}

}  // namespace seki::report
