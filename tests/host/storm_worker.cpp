#include "storm_worker.hpp"

#include <cstring>

namespace seki::test {
namespace {

using ground = storm_ground;

// As a wild pointer does it: by a look where nothing is.
[[noreturn]] void crash() {
    void* const nothing = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)shm::hardware::load_relaxed(*static_cast<layout::word*>(nothing));
    std::abort();
}

// Until the kernel has none left to give.
[[noreturn]] void use_up_memory() {
    for (;;) std::memset(::operator new(1 << 20), 1, 1 << 20);
}

}  // namespace

storm_worker::storm_worker(const storm_ground& on, const storm_tools& tools, std::size_t which, std::uint64_t seed,
                           carelessness how)
    : on_{on}, tools_{tools}, which_{which}, random_{seed}, how_{how} {}

void storm_worker::run() {
    for (;;) {
        round_ = on_.here.read(ground::round);
        set_mine(ground::owner, tools_.segment.handle()->attachment()->me().owner);
        die_if_told();
        if ((round_ & ground::calm) != 0) {
            set_mine(ground::resting, round_);
            std::this_thread::sleep_for(300us);
            continue;
        }
        step();
        set_mine(ground::steps, mine(ground::steps) + 1);
        if (is_one_in(4)) nap(500us);
    }
}

void storm_worker::step() {
    switch (random_() % 8) {
        case 0:
        case 1:
        case 2: return spend();
        case 3:
            return how_ == carelessness::holds_in_a_counter     ? pass_counter()
                   : how_ == carelessness::looks_before_it_acts ? pass_by_a_look()
                                                                : pass_gate();
        case 4: return pass_adaptive();
        case 5: return pass_shedder();
        case 6: return call_patient();
        default: return call_rough();
    }
}

void storm_worker::spend() {
    const std::size_t limiter = random_() % storm_tools::limiter_count;
    const std::uint64_t key = random_() % storm_tools::keys;
    set_mine(ground::in_call, limiter + 1);
    const bool allowed = how_ == carelessness::spends_in_two_steps && limiter == 0
                             ? spend_in_two_steps(key)
                             : tools_.limiters[limiter].check(storm_tools::key_of(round_ >> 1, key)).allowed;
    const std::size_t told = ground::admitted + limiter;
    if (allowed) on_.here.add(ground::word_of(which_, told), 1);
    set_mine(ground::in_call, 0);
}

bool storm_worker::spend_in_two_steps(std::uint64_t key) const {
    const std::uint64_t left = on_.here.read(ground::plain_budget + key);
    if (left == 0) return false;
    std::this_thread::yield();
    on_.here.set(ground::plain_budget + key, left - 1);
    return true;
}

void storm_worker::pass_gate() {
    auto permit =
        is_one_in(2) ? tools_.gate.try_acquire() : tools_.gate.acquire(std::chrono::microseconds{random_() % 3000});
    if (!permit) return;
    if (how_ == carelessness::leaves_too_late) (void)permit->release();
    if (how_ == carelessness::gives_nothing_back && is_one_in(100)) return (void)new Permit{std::move(*permit)};
    stay(gate_);
    if (how_ == carelessness::leaves_too_late) return;
    const bool first = permit->release();
    given_back(first, permit->release());
}

void storm_worker::pass_counter() {
    if (!take_of_counter()) return;
    stay(gate_);
    on_.here.add(ground::counter, ~0ULL);
}

bool storm_worker::take_of_counter() {
    if (on_.here.add(ground::counter, 1) < storm_tools::gate_places) return true;
    on_.here.add(ground::counter, ~0ULL);
    return false;
}

// Looks into the ledger, where the dead do not stay: so this is its one error.
void storm_worker::pass_by_a_look() {
    if (gate_.book.together(gate_.life) >= storm_tools::gate_places) return;
    std::this_thread::yield();
    stay(gate_);
}

void storm_worker::pass_adaptive() {
    auto permit = is_one_in(2) ? tools_.adaptive.try_acquire() : tools_.adaptive.acquire(1ms);
    if (!permit) return;
    stay(adaptive_);
    const Outcome outcome = is_one_in(40) ? Outcome::error : Outcome::ok;
    const bool first = permit->release(outcome);
    given_back(first, permit->release());
}

void storm_worker::pass_shedder() {
    static constexpr std::array<std::uint64_t, 4> part{~0ULL, 4, 4, 3};  // of all places, in flight with each priority
    const auto priority = static_cast<unsigned>(random_() % part.size());
    const ledger::holds before = on_.shedder_book.look();
    auto request = tools_.shedder.admit(priority);
    if (!request) return;
    if (on_.shedder_book.still(before, shedder_.life) >= part[priority]) on_.here.add(ground::too_many, 1);
    stay(shedder_);
    const bool first = request->complete();
    given_back(first, request->complete());
}

// Which admission is a probe, nobody says: it is one when half_open, and no other state, was there all the time.
void storm_worker::call_patient() {
    using state = algorithm::breaker::state;
    if (how_ == carelessness::forces_it_open && is_one_in(20)) (void)tools_.patient.open();
    const auto before = patient_inside_.look();
    Admission admitted = tools_.patient.admit();
    if (!admitted) return;
    const auto after = patient_inside_.look();
    const std::uint32_t changes = after.generation - before.generation;
    if (after.state == state::half_open && (changes == 0 || (changes == 1 && before.state == state::open)))
        stay(probe_);
    const bool fails = after.state == state::closed && changes == 0 && is_one_in(30);
    admitted.tell(fails ? Outcome::error : Outcome::ok);
}

void storm_worker::call_rough() {
    Admission admitted = tools_.rough.admit();
    if (!admitted) return;
    on_.here.add(ground::let_in, 1);
    die_if_told();
    if (is_one_in(4)) nap(500us);
    admitted.tell(is_one_in(3) ? Outcome::error : Outcome::ok);
}

void storm_worker::stay(const place& in) {
    on_.here.add(ground::let_in, 1);
    in.book.enter(in.life, which_);
    if (in.book.together(in.life) > in.most) on_.here.add(ground::too_many, 1);
    die_if_told();
    if (is_one_in(3)) nap(1ms);
    in.book.leave(which_);
}

void storm_worker::given_back(bool first, bool again) const {
    if (!first || again) on_.here.add(ground::refused_release, 1);
}

void storm_worker::die_if_told() const {
    switch (static_cast<end_of_life>(mine(ground::order))) {
        case end_of_life::none: return;
        case end_of_life::bad_address: crash();
        case end_of_life::no_memory: use_up_memory();
    }
}

void storm_worker::nap(std::chrono::microseconds longest) {
    std::this_thread::sleep_for(std::chrono::microseconds{random_() % static_cast<std::uint64_t>(longest.count())});
}

}  // namespace seki::test
