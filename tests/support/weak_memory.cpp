#include "support/weak_memory.hpp"

#include <algorithm>
#include <limits>

#include "support/fingerprint.hpp"

namespace seki::test {

void weak_memory::machine::begin(std::size_t actors) {
    if (of_actors.size() < actors) of_actors.resize(actors);
    for (view& each : of_actors) each.clear();
    of_all.clear();
    kept_used = 0;
}

weak_memory::kept_view weak_memory::machine::keep(const view& seen) {
    if (kept_used == kept.size()) kept.emplace_back();
    kept[kept_used] = seen;
    return static_cast<kept_view>(kept_used++);
}

void weak_memory::machine::barrier(std::size_t actor) {
    add(of_actors[actor], of_all);
    add(of_all, of_actors[actor]);
}

void weak_memory::begin(std::size_t actors, bool only_new) {
    std::ranges::fill(numbers_, no_word);
    words_used_ = 0;
    only_new_ = only_new;
    for (machine& each : machines_) each.begin(actors);
}

// In numbers_: of that word, or where its number goes.
std::size_t weak_memory::place_of(const std::uint64_t& at) const {
    const std::size_t mask = numbers_.size() - 1;
    std::size_t place = fold(0, reinterpret_cast<std::uintptr_t>(&at)) & mask;
    while (numbers_[place] != no_word && words_[numbers_[place]].of != &at) place = (place + 1) & mask;
    return place;
}

// A word that nobody has touched yet has one store, which all have seen. What the test changed behind our back comes on top, and leaves no room under it.
std::size_t weak_memory::number_of(const std::uint64_t& at) {
    std::size_t place = place_of(at);
    if (numbers_[place] == no_word) {
        if (2 * words_used_ == numbers_.size()) {
            numbers_.assign(2 * numbers_.size(), no_word);
            for (std::size_t word = 0; word < words_used_; ++word)
                numbers_[place_of(*words_[word].of)] = static_cast<std::uint32_t>(word);
            place = place_of(at);
        }
        numbers_[place] = static_cast<std::uint32_t>(words_used_);
        if (++words_used_ > words_.size()) words_.emplace_back();
        history& made = words_[numbers_[place]];
        made.of = &at;
        made.stores.clear();
        made.stores.push_back({.value = at, .at = 0, .replaces = true});
    } else if (auto& stores = words_[numbers_[place]].stores; stores.back().value != at) {
        stores.push_back({.value = at, .at = stores.back().at + 1, .replaces = true});
    }
    return numbers_[place];
}

void weak_memory::raise(view& in, std::size_t word, stamp to) {
    if (in.size() <= word) in.resize(word + 1);
    in[word] = std::max(in[word], to);
}

void weak_memory::add(view& to, const view& from) {
    if (to.size() < from.size()) to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i] = std::max(to[i], from[i]);
}

unsigned weak_memory::count_readable(const machine& by, std::size_t actor, std::size_t word, const history& of,
                                     const order& how) {
    stamp oldest = look_up(by.of_actors[actor], word);
    if (how.in_one_order) oldest = std::max(oldest, look_up(by.of_all, word));
    unsigned count = 1;
    while (count < most_readable && count < of.stores.size() && of.stores[of.stores.size() - 1 - count].at >= oldest)
        ++count;
    return count;
}

weak_memory::old_stores weak_memory::readable(std::size_t actor, const std::uint64_t& at, const ordered& how) {
    const std::size_t word = number_of(at);
    old_stores found;
    found.end = count_readable(machines_[now], actor, word, words_[word], how.now);
    if (only_new_) found.first = count_readable(machines_[as_shipped], actor, word, words_[word], how.as_shipped);
    return found;
}

std::uint64_t weak_memory::value(const std::uint64_t& at, unsigned back) {
    const auto& stores = of(at).stores;
    return stores[stores.size() - 1 - back].value;
}

std::uint64_t weak_memory::read(std::size_t actor, const std::uint64_t& at, unsigned back, const ordered& how) {
    const std::size_t word = number_of(at);
    const auto& stores = words_[word].stores;
    const message& from = stores[stores.size() - 1 - back];
    each_machine(how, [&](machine& by, const order& its, std::size_t which) {
        raise(by.of_actors[actor], word, from.at);
        if (const kept_view along = from.takes_along[which]; its.acquires && along >= 0)
            add(by.of_actors[actor], by.kept[static_cast<std::size_t>(along)]);
        if (its.in_one_order) raise(by.of_all, word, from.at);
    });
    return from.value;
}

bool weak_memory::may_come_under(std::size_t actor, const std::uint64_t& at, std::uint64_t value, const ordered& how) {
    const std::size_t word = number_of(at);
    const auto& stores = words_[word].stores;
    if (stores.size() < 2) return false;
    const message &latest = stores.back(), &below = stores[stores.size() - 2];
    if (latest.at - below.at < 2 || (latest.replaces && value != below.value)) return false;
    const auto may = [&](const machine& by, const order& its) {
        return look_up(by.of_actors[actor], word) <= below.at && !(latest.replaces && its.releases);
    };
    return may(machines_[now], how.now) && !(only_new_ && may(machines_[as_shipped], how.as_shipped));
}

void weak_memory::store(std::size_t actor, std::uint64_t& at, std::uint64_t value, const ordered& how, bool under) {
    if (!under) {
        put(actor, at, value, how, {-1, -1}, false);
        return;
    }
    const std::size_t word = number_of(at);
    auto& stores = words_[word].stores;
    const stamp below = stores[stores.size() - 2].at;
    message made{.value = value, .at = below + (stores.back().at - below) / 2, .replaces = false};
    each_machine(how, [&](machine& by, const order& its, std::size_t which) {
        raise(by.of_actors[actor], word, made.at);
        if (its.releases) made.takes_along[which] = by.keep(by.of_actors[actor]);
    });
    stores.insert(stores.end() - 1, made);
}

void weak_memory::put(std::size_t actor, std::uint64_t& at, std::uint64_t value, const ordered& how,
                      std::array<kept_view, 2> inherited, bool replaces) {
    const std::size_t word = number_of(at);
    auto& stores = words_[word].stores;
    message made{.value = value, .at = stores.back().at + step, .replaces = replaces, .takes_along = inherited};
    each_machine(how, [&](machine& by, const order& its, std::size_t which) {
        raise(by.of_actors[actor], word, made.at);
        if (its.in_one_order) raise(by.of_all, word, made.at);
        if (!its.releases) return;
        const auto along = static_cast<std::size_t>(made.takes_along[which] = by.keep(by.of_actors[actor]));
        if (inherited[which] >= 0) add(by.kept[along], by.kept[static_cast<std::size_t>(inherited[which])]);
    });
    stores.push_back(made);
    at = value;
}

void weak_memory::replace(std::size_t actor, std::uint64_t& at, std::uint64_t value, const ordered& how) {
    (void)read(actor, at, 0, how);
    put(actor, at, value, how, of(at).stores.back().takes_along, true);
}

void weak_memory::replace_pair(std::size_t actor, std::uint64_t& first, std::uint64_t& second,
                               std::array<std::uint64_t, 2> values, const ordered& how) {
    const auto barrier_of_each = [&] {
        each_machine(how, [&](machine& by, const order& its, std::size_t) {
            if (its.is_barrier) by.barrier(actor);
        });
    };
    barrier_of_each();
    (void)read(actor, first, 0, how);
    (void)read(actor, second, 0, how);
    // What the one takes along is to have the other in it.
    for (const std::uint64_t* half : {&first, &second}) {
        const std::size_t word = number_of(*half);
        const stamp next = words_[word].stores.back().at + step;
        each_machine(how, [&](machine& by, const order&, std::size_t) { raise(by.of_actors[actor], word, next); });
    }
    replace(actor, first, values[0], how);
    replace(actor, second, values[1], how);
    barrier_of_each();
}

void weak_memory::barrier(std::size_t actor) {
    for (machine& each : machines_) each.barrier(actor);
}

void weak_memory::hear_of(std::size_t actor, std::size_t other) {
    for (machine& each : machines_) add(each.of_actors[actor], each.of_actors[other]);
}

weak_memory::stamp weak_memory::oldest_for(const machine& by, std::size_t word, std::uint32_t actors) const {
    stamp oldest = std::numeric_limits<stamp>::max();
    for (std::size_t actor = 0; actors >> actor != 0; ++actor)
        if ((actors >> actor & 1U) != 0) oldest = std::min(oldest, look_up(by.of_actors[actor], word));
    return oldest;
}

// What is seen of each word, by how many stores are newer: but for what all have seen, which makes no difference.
std::uint64_t weak_memory::fingerprint(const view& seen, std::size_t which) const {
    std::uint64_t sum = 0;
    for (std::size_t word = 0; word < seen.size() && word < words_used_; ++word) {
        if (seen[word] <= oldest_[which][word]) continue;
        const auto& stores = words_[word].stores;
        std::uint64_t newer = 0;
        while (newer < stores.size() && stores[stores.size() - 1 - newer].at > seen[word]) ++newer;
        sum += fold(reinterpret_cast<std::uintptr_t>(words_[word].of), newer);
    }
    return sum;
}

// Of the stores that somebody may still read, and whether one may come under the latest; 0 if all have seen that, and nothing comes with it.
std::uint64_t weak_memory::fingerprint(const history& of, std::size_t word) const {
    const std::size_t machines = only_new_ ? 2 : 1;
    const stamp oldest = only_new_ ? std::min(oldest_[now][word], oldest_[as_shipped][word]) : oldest_[now][word];
    std::uint64_t all = reinterpret_cast<std::uintptr_t>(of.of);
    bool matters = false;
    for (std::size_t back = 0; back < of.stores.size(); ++back) {
        const message& each = of.stores[of.stores.size() - 1 - back];
        if (back != 0 && each.at < oldest) break;
        all = fold(all, each.value);
        for (std::size_t which = 0; which < machines; ++which) {
            const kept_view along = each.takes_along[which];
            const std::uint64_t brings =
                along < 0 ? 0 : fingerprint(machines_[which].kept[static_cast<std::size_t>(along)], which);
            all = fold(all, brings);
            matters = matters || brings != 0;
        }
        if (back == 1) all = fold(all, 2 * (of.stores.back().at - each.at) + (of.stores.back().replaces ? 1 : 0));
        matters = matters || back != 0;
    }
    return matters ? all : 0;
}

std::uint64_t weak_memory::fingerprint(std::uint32_t going_on, std::uint32_t dead) {
    if (going_on == 0) return 0;
    std::uint64_t sum = 0;
    for (std::size_t which = 0; which < (only_new_ ? 2 : 1); ++which) {
        const machine& by = machines_[which];
        oldest_[which].resize(words_used_);
        for (std::size_t word = 0; word < words_used_; ++word) oldest_[which][word] = oldest_for(by, word, going_on);
        for (std::size_t actor = 0; (going_on | dead) >> actor != 0; ++actor)
            if (((going_on | dead) >> actor & 1U) != 0)
                sum += fold(2 * actor + which, fingerprint(by.of_actors[actor], which));
        sum += fold(2 * by.of_actors.size() + which, fingerprint(by.of_all, which));
    }
    for (std::size_t word = 0; word < words_used_; ++word) sum += fingerprint(words_[word], word);
    return sum;
}

}  // namespace seki::test
