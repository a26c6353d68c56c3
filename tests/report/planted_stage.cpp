#include "planted_stage.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "primitives/limiter_table.hpp"
#include "shm/bulkhead_piece.hpp"

namespace seki::report {
namespace {

using namespace std::chrono_literals;
using shm::hardware;

LimiterOptions login() { return {.limit = 5, .window = 1h, .max_keys = 64}; }
LimiterOptions pages() { return {.algorithm = Algorithm::sliding_window, .limit = 5, .window = 1h, .max_keys = 64}; }
BreakerOptions calls() { return {.window_size = 30}; }
BulkheadOptions database() { return {.max_concurrent = 3, .max_waiting = 4}; }
AdaptiveOptions limit() { return {.algorithm = AdaptiveLaw::aimd, .max_limit = 9, .initial_limit = 5, .window = 40}; }
ShedderOptions door() { return {.max_in_flight = 10}; }
RetryOptions again() { return {.base_delay = 0ns, .max_delay = 0ns, .ratio = 0, .min_per_second = 3}; }
HedgeOptions search() { return {.delay = 1h, .ratio = 0, .min_per_second = 3}; }
PolicyOptions order() { return {.bulkhead = "database", .breaker = "calls"}; }

}  // namespace

planted_stage::planted_stage() {
    std::string folder = "/dev/shm/seki-planted-XXXXXX";
    path_ = std::filesystem::path{::mkdtemp(folder.data())} / "test.seg";
    OpenOptions small;
    small.segment.max_workers = 4;
    small.segment.max_primitives = 16;
    small.segment.size = 1 << 20;
    opened_.emplace(*open(path_.native(), small));
    (void)opened_->limiter("pages", pages());
    const Limiter limiter = *opened_->limiter("login", login());
    for (int key = 0; key < 20; ++key) (void)limiter.check(std::to_string(key));
    for (int round = 0; round < 30; ++round) (void)what_fails();
    where_ = *shm::segment::attach(path_, shm::segment::access::read_write);
}

planted_stage::~planted_stage() {
    opened_.reset();
    where_.reset();
    std::filesystem::remove_all(path_.parent_path());
}

std::string planted_stage::what_fails() const {
    std::string failed;
    const auto see = [&](bool works, const char* what) {
        if (!works) failed += fmt::format("{} ", what);
    };
    static int fresh = 0;
    const std::string key = fmt::format("fresh{}", ++fresh);
    const auto limiter = opened_->limiter("login", login());
    see(limiter && limiter->check(key).allowed && limiter->reset(key) == Errc::none, "limiter");
    const auto breaker = opened_->breaker("calls", calls());
    see(breaker && breaker->call([] {}), "breaker");
    const auto bulkhead = opened_->bulkhead("database", database());
    see(bulkhead && bulkhead->try_acquire(), "bulkhead");
    const auto adaptive = opened_->adaptive("limit", limit());
    see(adaptive && adaptive->call([] {}), "adaptive");
    const auto shedder = opened_->shedder("door", door());
    see(shedder && shedder->admit(3), "shedder");
    const auto retry = opened_->retry("again", again());
    see(retry && retry->status(), "retry");
    const auto hedge = opened_->hedge("search", search());
    see(hedge && hedge->call([] {}), "hedge");
    const auto policy = opened_->policy("order", order());
    see(policy && execute(*policy, [] {}), "policy");
    return failed;
}

std::string planted_stage::entry_place(layout::kind kind, std::string_view name) const {
    return fmt::format("directory entry {}", at(kind, name).index);
}

shm::key_table<> planted_stage::keys() const {
    return primitives::tables_of(*where_, at(layout::kind::limiter, "login")).keys;
}

std::string planted_stage::slot_place(std::size_t index) const {
    return fmt::format("limiter \"login\", slot {}", index);
}

std::size_t planted_stage::slot_of_a_key() const {
    for (std::size_t i = 0; i < keys().slot_count(); ++i)
        if ((hardware::load_first_acquire(keys().slot(i)) & layout::tag_bit) != 0) return i;
    std::abort();
}

std::uint64_t planted_stage::a_key() const { return hardware::load_first_acquire(keys().slot(slot_of_a_key())); }

std::size_t planted_stage::empty_slot(bool of_the_key) const {
    for (std::size_t i = 0; i < keys().slot_count(); ++i)
        if ((hardware::load_first_acquire(keys().slot(i)) & layout::tag_bit) == 0 &&
            keys().belongs(a_key(), i) == of_the_key)
            return i;
    std::abort();
}

layout::permit_control& planted_stage::permits() const {
    const shm::placement of = at(layout::kind::bulkhead, "database");
    const std::uint64_t before =
        sizeof(layout::permit_bell) + shm::permits<>::bytes_for(shm::unpack_bulkhead_shape(of.shape).waiting);
    return *reinterpret_cast<layout::permit_control*>(where_->arena(of.arena_offset, of.arena_size).data() + before);
}

}  // namespace seki::report
