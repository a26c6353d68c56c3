#include "primitives/hooks.hpp"

#include <ctime>

#include <memory>

#include "shm/process_token.hpp"

namespace seki::primitives::hooks {
namespace {

using shm::hardware;

constexpr std::uint64_t phase_mask = 3;
constexpr std::uint64_t free_place = 0, is_attached = 1, is_detached = 2, claimed = 3;
constexpr unsigned kinds_at = 2;
constexpr std::uint64_t one_call = 1ULL << (kinds_at + kind_bits);

thread_local constinit bool calling = false;

constinit shm::word newest;  // the list
constinit shm::word thrown;

// Milliseconds matter to nobody here: handlers are detached when something ends.
void pause() noexcept {
    const timespec moment{.tv_sec = 0, .tv_nsec = 50'000};
    nanosleep(&moment, nullptr);
}

}  // namespace

constinit shm::word wanted;

struct place {
    shm::word use;
    telemetry::Handler handler;
    std::uint64_t token = 0;  // of the process that attached it
    place* older = nullptr;
};

namespace {

place* first() noexcept { return reinterpret_cast<place*>(hardware::load_acquire(newest)); }

event_mask kinds_of(std::uint64_t use) noexcept {
    return (use & phase_mask) == is_attached ? use >> kinds_at & kinds_mask : 0;
}

// False: it is not attached, or wants no such event.
bool enter(place& at, layout::event_kind kind) noexcept {
    std::uint64_t use = hardware::load_relaxed(at.use);
    do {  // ends by the progress of the others
        if ((kinds_of(use) & mask_of(kind)) == 0) return false;
    } while (!hardware::cas_acq_rel(at.use, use, use + one_call));
    return true;
}

// Of a detached place that nobody is in, one caller destroys the handler.
void destroy_if_unused(place& at) noexcept {
    std::uint64_t use = is_detached;
    if (!hardware::cas_acq_rel(at.use, use, claimed)) return;
    at.handler = nullptr;
    hardware::store_release(at.use, free_place);
}

void leave(place& at) noexcept {
    std::uint64_t use = hardware::load_relaxed(at.use);
    while (!hardware::cas_acq_rel(at.use, use, use - one_call)) {  // ends by the progress of the others
    }
    if (use - one_call == is_detached) destroy_if_unused(at);
}

void tell(place& at, layout::event_kind kind, const telemetry::Event& event) noexcept {
    if (!enter(at, kind)) return;
    try {
        at.handler(event);
    } catch (...) {
        hardware::fetch_add_relaxed(thrown, 1);
    }
    leave(at);
}

void renew_wanted() noexcept {
    std::uint64_t before = hardware::load_acquire(wanted);
    std::uint64_t renewed = 0;
    do {  // ends by the progress of the others
        renewed = (before & ~kinds_mask) + kinds_mask + 1;
        for (place* each = first(); each != nullptr; each = each->older)
            renewed |= kinds_of(hardware::load_relaxed(each->use));
    } while (!hardware::cas_acq_rel(wanted, before, renewed));
}

// A place in phase claimed.
place* find_place() {
    for (place* each = first(); each != nullptr; each = each->older) {
        std::uint64_t use = free_place;
        if (hardware::load_relaxed(each->use) == free_place && hardware::cas_acq_rel(each->use, use, claimed))
            return each;
    }
    auto* const made = new place;  // for good: a thread may be reading it at any time
    hardware::store_relaxed(made->use, claimed);
    std::uint64_t expected = hardware::load_relaxed(newest);
    do {
        made->older = reinterpret_cast<place*>(expected);
    } while (!hardware::cas_acq_rel(newest, expected, reinterpret_cast<std::uint64_t>(made)));
    return made;
}

}  // namespace

bool inside() noexcept { return calling; }

place* attach(event_mask kinds, telemetry::Handler handler) {
    place* const at = find_place();
    at->handler = std::move(handler);
    at->token = shm::claim_process_token();
    hardware::store_release(at->use, (kinds & kinds_mask) << kinds_at | is_attached);  // pairs with enter()
    renew_wanted();
    return at;
}

void detach(place* from) noexcept {
    if (from == nullptr) return;
    // Looked at first: once detached, the last call under way may give the place to another attachment.
    const bool may_wait = !calling && from->token == shm::process_token();
    std::uint64_t use = hardware::load_relaxed(from->use);
    while (!hardware::cas_acq_rel(from->use, use,
                                  (use & ~(one_call - 1)) | is_detached)) {  // ends by the others' progress
    }
    renew_wanted();
    destroy_if_unused(*from);
    // Ends when the handlers under way return: that is what the caller asked for.
    while (may_wait && (hardware::load_acquire(from->use) & phase_mask) == is_detached) pause();
}

void call(layout::event_kind kind, const telemetry::Event& event) noexcept {
    if (calling) return;
    calling = true;
    for (place* each = first(); each != nullptr; each = each->older) tell(*each, kind, event);
    calling = false;
}

std::uint64_t failures() noexcept { return hardware::load_relaxed(thrown); }

}  // namespace seki::primitives::hooks
