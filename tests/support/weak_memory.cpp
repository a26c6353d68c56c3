#include "support/weak_memory.hpp"

#include <algorithm>

namespace seki::test {

void weak_memory::begin(std::size_t actors) {
    numbers_.clear();
    words_used_ = kept_used_ = 0;
    if (views_.size() < actors) views_.resize(actors);
    for (view& each : views_) each.clear();
    of_all_.clear();
}

// A word that nobody has touched yet has one store, which all have seen; so has one that the test changed behind our back.
std::size_t weak_memory::number_of(const std::uint64_t& at) {
    const auto [found, is_new] = numbers_.try_emplace(&at, words_used_);
    if (is_new && ++words_used_ > words_.size()) words_.emplace_back();
    history& word = words_[found->second];
    if (is_new) word.stores.clear();
    if (is_new || word.stores.back().value != at)
        word.stores.push_back({at, is_new ? 0 : word.stores.back().at + step, true, -1});
    return found->second;
}

std::int32_t weak_memory::keep(const view& seen) {
    if (kept_used_ == kept_.size()) kept_.emplace_back();
    kept_[kept_used_] = seen;
    return static_cast<std::int32_t>(kept_used_++);
}

void weak_memory::raise(view& in, std::size_t word, stamp to) {
    if (in.size() <= word) in.resize(word + 1);
    in[word] = std::max(in[word], to);
}

void weak_memory::add(view& to, const view& from) {
    if (to.size() < from.size()) to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = std::max(to[i], from[i]);
}

unsigned weak_memory::readable(std::size_t actor, const std::uint64_t& at, bool in_one_order) {
    const std::size_t word = number_of(at);
    const auto& stores = words_[word].stores;
    stamp oldest = look_up(views_[actor], word);
    if (in_one_order) oldest = std::max(oldest, look_up(of_all_, word));
    unsigned count = 1;
    while (count < most_readable && count < stores.size() && stores[stores.size() - 1 - count].at >= oldest) ++count;
    return count;
}

std::uint64_t weak_memory::value(const std::uint64_t& at, unsigned back) {
    const auto& stores = of(at).stores;
    return stores[stores.size() - 1 - back].value;
}

void weak_memory::acquire(std::size_t actor, const message& from) {
    if (from.takes_along >= 0) add(views_[actor], kept_[static_cast<std::size_t>(from.takes_along)]);
}

std::uint64_t weak_memory::read(std::size_t actor, const std::uint64_t& at, unsigned back, order how) {
    const std::size_t word = number_of(at);
    const auto& stores = words_[word].stores;
    const message& from = stores[stores.size() - 1 - back];
    raise(views_[actor], word, from.at);
    if (how.acquires) acquire(actor, from);
    if (how.in_one_order) raise(of_all_, word, from.at);
    return from.value;
}

bool weak_memory::may_come_under(std::size_t actor, const std::uint64_t& at) {
    const std::size_t word = number_of(at);
    const auto& stores = words_[word].stores;
    if (stores.size() < 2 || stores.back().replaces) return false;
    const stamp below = stores[stores.size() - 2].at;
    return stores.back().at - below >= 2 && look_up(views_[actor], word) <= below;
}

void weak_memory::store(std::size_t actor, std::uint64_t& at, std::uint64_t value, order how, bool under) {
    if (!under) {
        put(actor, at, value, how, -1);
        return;
    }
    const std::size_t word = number_of(at);
    auto& stores = words_[word].stores;
    const stamp below = stores[stores.size() - 2].at;
    const stamp here = below + (stores.back().at - below) / 2;
    raise(views_[actor], word, here);
    stores.insert(stores.end() - 1, {value, here, false, how.releases ? keep(views_[actor]) : -1});
}

void weak_memory::put(std::size_t actor, std::uint64_t& at, std::uint64_t value, order how, std::int32_t inherited) {
    const std::size_t word = number_of(at);
    auto& stores = words_[word].stores;
    const stamp here = stores.back().at + step;
    raise(views_[actor], word, here);
    if (how.in_one_order) raise(of_all_, word, here);
    std::int32_t along = inherited;
    if (how.releases) {
        along = keep(views_[actor]);
        if (inherited >= 0) add(kept_[static_cast<std::size_t>(along)], kept_[static_cast<std::size_t>(inherited)]);
    }
    stores.push_back({value, here, false, along});
    at = value;
}

void weak_memory::replace(std::size_t actor, std::uint64_t& at, std::uint64_t value, order how) {
    (void)read(actor, at, 0, how);
    put(actor, at, value, how, of(at).stores.back().takes_along);
    of(at).stores.back().replaces = true;
}

void weak_memory::replace_pair(std::size_t actor, std::uint64_t& first, std::uint64_t& second,
                               std::array<std::uint64_t, 2> values, order how) {
    if (how.is_barrier) barrier(actor);
    (void)read(actor, first, 0, how);
    (void)read(actor, second, 0, how);
    // The view that the one takes along is to have the other in it.
    for (std::uint64_t* half : {&first, &second}) {
        const std::size_t word = number_of(*half);
        raise(views_[actor], word, words_[word].stores.back().at + step);
    }
    replace(actor, first, values[0], how);
    replace(actor, second, values[1], how);
    if (how.is_barrier) barrier(actor);
}

void weak_memory::barrier(std::size_t actor) {
    add(views_[actor], of_all_);
    add(of_all_, views_[actor]);
}

}  // namespace seki::test
