#include "config/plan.hpp"

#include <utility>

#include "primitives/every_family.hpp"
#include "primitives/registry.hpp"
#include "shm/directory.hpp"
#include "shm/refuse.hpp"

namespace seki::config {

template <class Options>
Result<void> plan::consider(const shm::segment& where, const std::string& name, const Options& wanted,
                            differing treated) {
    using of_kind = primitives::registry<Options>;
    const auto found = shm::directory{where}.find(primitives::family<Options>::kind, name);
    if (!found) {
        missing_.push_back(
            {.word = of_kind::word(),
             .name = name,
             .make = [&where, name, wanted](
                         const shm::administration& held) { return of_kind::find_or_make(held, where, name, wanted); },
             .undo = [&where](const shm::administration& held,
                              const shm::placement& made) { of_kind::remove(held, where, made); }});
        return {};
    }
    if (treated == differing::refused) {
        const auto agreed = of_kind::agree(where, *found, wanted);
        return agreed ? Result<void>{} : std::unexpected(agreed.error());
    }
    std::string in_words = of_kind::change_in_words(of_kind::options_of(where, *found), wanted);
    if (in_words.empty()) return {};
    if (auto fine = of_kind::may_change(where, *found, wanted); !fine) return fine;
    changes_.push_back({.word = of_kind::word(),
                        .name = name,
                        .in_words = std::move(in_words),
                        .change = [&where, name, wanted](const shm::administration& held) {
                            return of_kind::change(held, where, name, wanted);
                        }});
    return {};
}

Result<plan> plan::draw(const shm::segment& where, const declared_primitives& all, differing treated) {
    plan drawn;
    Error mistakes;
    primitives::every_options::each([&]<class Options>() {
        for (const auto& [name, wanted] : std::get<declared<Options>>(all)) {
            const auto fine = drawn.consider(where, name, wanted, treated);
            if (fine) continue;
            mistakes.code = fine.error().code;
            mistakes.message += (mistakes.message.empty() ? "" : "\n") + fine.error().message;
        }
    });
    if (mistakes.code != Errc::none) return std::unexpected(std::move(mistakes));
    return drawn;
}

Result<void> plan::make_missing(const shm::administration& held) const {
    std::vector<shm::placement> made;
    made.reserve(missing_.size());  // so that what is made is sure to be noted
    for (const missing_one& each : missing_) {
        auto done = shm::contained([&] { return each.make(held); });
        if (done) {
            made.push_back(std::move(*done));
            continue;
        }
        for (std::size_t i = made.size(); i > 0; --i) missing_[i - 1].undo(held, made[i - 1]);
        return std::unexpected(std::move(done.error()));
    }
    return {};
}

Result<void> plan::do_it(const shm::administration& held) const {
    if (auto done = make_missing(held); !done) return done;
    // Each was found possible under the same lock.
    for (const changed_one& each : changes_)
        if (auto done = each.change(held); !done) return done;
    return {};
}

Result<plan> plan::carry_out(const shm::segment& where, const declared_primitives& all, differing treated) {
    auto drawn = draw(where, all, treated);
    if (!drawn || (drawn->missing_.empty() && drawn->changes_.empty())) return drawn;
    const auto lock = [&] {
        const auto by = [&](const auto& first) { return primitives::administer(where, first.word, first.name); };
        return drawn->missing_.empty() ? by(drawn->changes_.front()) : by(drawn->missing_.front());
    }();
    if (!lock) return std::unexpected(lock.error());
    drawn = draw(where, all, treated);  // somebody else may have been faster
    if (!drawn) return drawn;
    if (const auto done = drawn->do_it(*lock); !done) return std::unexpected(done.error());
    return drawn;
}

}  // namespace seki::config
