#include "primitives/policy_family.hpp"

#include <algorithm>

#include "shm/policy_piece.hpp"

namespace seki::primitives {
namespace {

void write_names(const shm::segment& where, const shm::placement& at, std::uint64_t set,
                 const PolicyOptions& options) noexcept {
    const shm::policy_names names{where, at};
    for (const policy_member& each : policy_members) names.write(set, each.part, options.*each.name);
}

}  // namespace

std::uint64_t family<PolicyOptions>::arena_bytes(const PolicyOptions& /*options*/,
                                                 std::uint64_t /*max_workers*/) noexcept {
    return sizeof(layout::policy_block);
}

shm::wide_terms family<PolicyOptions>::terms_of(const PolicyOptions& options) noexcept {
    shm::wide_terms terms{};
    terms[layout::policy_deadline] = static_cast<std::uint64_t>(std::max<std::int64_t>(options.deadline.count(), 0));
    return terms;
}

PolicyOptions family<PolicyOptions>::options_of(const shm::wide_terms& terms, const shm::shape& /*shape*/) noexcept {
    constexpr auto longest = static_cast<std::uint64_t>(longest_policy_deadline.count());
    return {.deadline = std::chrono::nanoseconds{
                static_cast<std::chrono::nanoseconds::rep>(std::min(terms[layout::policy_deadline], longest))}};
}

// A name that could not have been given is none: somebody scribbled.
void family<PolicyOptions>::read_texts(const shm::segment& where, const shm::placement& at,
                                       const shm::wide_terms& terms, PolicyOptions& into) {
    const shm::policy_names names{where, at};
    for (const policy_member& each : policy_members)
        into.*each.name = names.read(terms[layout::policy_names], each.part);
    for (const option_mistake& wrong : primitives::mistakes(into))
        for (const policy_member& each : policy_members)
            if (wrong.option == shm::to_string(each.kind)) (into.*each.name).clear();
}

void family<PolicyOptions>::fill(const shm::segment& where, const shm::placement& made,
                                 const PolicyOptions& options) noexcept {
    write_names(where, made, 0, options);
}

void family<PolicyOptions>::change(const shm::segment& where, const shm::placement& at,
                                   const PolicyOptions& wanted) noexcept {
    layout::directory_entry& entry = shm::directory{where}.entry(at.index);
    shm::wide_terms terms = terms_of(wanted);
    terms[layout::policy_names] =
        shm::policy_names::other_than(shm::read_wide_terms(entry).values[layout::policy_names],
                                      shm::read_creation_terms<layout::terms_in_block>(entry)[layout::policy_names]);
    write_names(where, at, terms[layout::policy_names], wanted);
    shm::publish_terms(entry, terms);
}

}  // namespace seki::primitives
