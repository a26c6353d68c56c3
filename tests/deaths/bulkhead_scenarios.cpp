#include "bulkhead_scenarios.hpp"

#include <cstdlib>

namespace seki::test {
namespace {

// Of three that were held, one is left above a maximum of two.
void hold_one_above(neighbour& by) {
    by.take(3);
    if (!by.segment.change("it", so_many(2))) std::abort();
    by.held.erase(by.held.begin(), by.held.begin() + 2);
}
// None is: who comes next ends the draining.
void hold_none_above(neighbour& by) {
    hold_one_above(by);
    by.held.clear();
}

void nobody_there(const fs::path& folder) { (void)opened(folder); }
void deleted_while_held(const fs::path& folder) {
    with_dead_holding(2)(folder);
    if (!opened(folder).remove_bulkhead("it")) std::abort();
}

// An administrator published that there are four, and died before there were.
void raised_by_a_dead(const fs::path& folder) {
    with_dead_holding(0)(folder);
    const Segment segment = opened(folder);
    const shm::directory directory{segment.handle()->where()};
    const auto at = *directory.find(layout::kind::bulkhead, "it");
    shm::publish_terms(directory.entry(at.index), primitives::family<BulkheadOptions>::terms_of(so_many(permits + 1)));
}

auto make_it(const Segment& in) { return in.bulkhead("it", so_many(permits)); }
auto delete_it(const Segment& in) { return in.remove_bulkhead("it"); }
auto tidy_up(const Segment& in) { return in.maintain(); }

bool give_back(Permit& held) { return held.release(); }
bool call(const Bulkhead& it) { return it.call(between).has_value(); }
bool wait_a_little(const Bulkhead& it) { return keep(it.acquire(1ms)); }
bool just_look(const Bulkhead& it) {
    const auto now = it.status();
    return now && now->in_use == 2;
}

operation take_for_the_first_time(const fs::path& folder, answer& told) {
    return [segment = opened(folder), &told] {
        const auto it = segment.bulkhead("it");
        between();
        told.tell(it && try_to_take(*it));
    };
}

}  // namespace

std::vector<bulkhead_scenario> works_of_workers() {
    const auto free = with_dead_holding(0);
    return {
        {"taking_a_free_one", free, hold(0), with_bulkhead(try_to_take), true},
        {"taking_the_last", free, hold(2), with_bulkhead(try_to_take), true},
        {"asking_when_full", free, hold(3), with_bulkhead(try_to_take), true},
        {"taking_from_the_dead", with_dead_holding(3), hold(0), with_bulkhead(try_to_take), true},
        {"taking_for_the_first_time", free, hold(1), take_for_the_first_time, true},
        {"taking_while_it_drains", free, hold_one_above, with_bulkhead(try_to_take), true, {2}},
        {"taking_when_it_has_drained", free, hold_none_above, with_bulkhead(try_to_take), true, {2}},
        {"giving_back", free, hold(2), with_permit(give_back)},
        {"giving_back_above_the_maximum",
         free,
         [](neighbour& by) {
             by.take(2);
             if (!by.segment.change("it", so_many(1))) std::abort();
         },
         with_permit(give_back),
         false,
         {1}},
        {"calling", free, hold(2), with_bulkhead(call)},
        {"waiting_in_vain", free, hold(3), with_bulkhead(wait_a_little), true},
        {"looking", free, hold(2), with_bulkhead(just_look)},
        {"tidying_up", with_dead_holding(2), hold(1), in_the_segment(tidy_up)},
    };
}

std::vector<bulkhead_scenario> works_on_bulkheads() {
    const auto free = with_dead_holding(0);
    return {
        {"raising_the_maximum", free, hold(2), resizing_to(5), false, {3, 5}},
        {"lowering_the_maximum", free, hold(1), resizing_to(1), false, {3, 1}},
        {"lowering_it_below_what_is_held", free, hold(3), resizing_to(2), false, {3, 2}},
        {"raising_it_while_it_drains", free, hold_one_above, resizing_to(4), false, {2, 4}},
        {"raising_it_further_than_a_dead_did", raised_by_a_dead, hold(1), resizing_to(5), false, {3, 4, 5}},
        {"making_it", nobody_there, {}, in_the_segment(make_it), false, {3}, false, true},
        {"making_it_where_another_was", deleted_while_held, {}, in_the_segment(make_it), false, {3}, false, true},
        {"deleting_it", free, hold(2), in_the_segment(delete_it), false, {3}, true, false},
    };
}

}  // namespace seki::test
