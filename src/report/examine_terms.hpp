// The doctor's look at the terms of a primitive, in force and of its creation, for every kind.
#pragma once

#include <cstddef>

#include <fmt/format.h>

#include "primitives/family.hpp"
#include "primitives/registry.hpp"
#include "report/examination.hpp"
#include "shm/directory.hpp"
#include "shm/memory.hpp"

namespace seki::report {

// Whether options that are accepted compile to these terms.
template <class Options>
[[nodiscard]] bool is_compiled(const shm::wide_terms& values, const shm::placement& at) {
    const Options options = primitives::family<Options>::options_of(values, at.shape);
    return primitives::registry<Options>::validate(at.name, options).has_value() &&
           primitives::family<Options>::terms_of(options) == values;
}

// `sane(values)` says whether options that are accepted could have given them.
template <class Sane>
void examine_terms(examination& into, const shm::placement& at, Sane sane) {
    auto& entry = shm::directory{into.where()}.entry(at.index);
    const auto now = shm::read_wide_terms(entry);
    const auto made_with = shm::read_creation_terms<layout::terms_in_block>(entry);
    const bool sane_now = sane(now.values);
    const bool sane_then = sane(made_with);
    const auto place = fmt::format("{} \"{}\"", shm::to_string(at.kind), at.name);
    if (!shm::in_force(entry, now.version)) return;
    if (!sane_now && !sane_then)
        into.add(invariant::terms_sane, place,
                 "neither its terms nor those of its creation are what any options give; repair deletes it",
                 into.removal(at.index));
    else if (!sane_now)
        into.add(invariant::terms_sane, place,
                 "its terms are not what any options give; repair goes back to those of its creation",
                 [&entry, made_with] { shm::publish_terms(entry, made_with); });
    else if (!sane_then)
        into.add(invariant::terms_sane, place,
                 "the terms of its creation are not what any options give; repair writes those that are in force",
                 [&entry, values = now.values] {
                     for (std::size_t i = 0; i < values.size(); ++i)
                         shm::hardware::store_release(entry.made_with.values[i], values[i]);
                 });
}

}  // namespace seki::report
