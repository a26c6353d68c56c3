// Telemetry events in sekid: from the rings of the workers to whoever listens.
//
// The loop drains every ring and puts each event into the queue of each subscriber that wants its kind: bounded, of one writer, the loop, and one
// reader, the thread that answers that subscriber. A full queue drops and counts; the loop waits for nobody. The mutex guards who there is, and
// what is remembered for those who come later.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/lockfree/spsc_queue.hpp>

#include "daemon/change_ledger.hpp"
#include "primitives/event_types.hpp"
#include "report/event.hpp"
#include "shm/event_ring.hpp"
#include "shm/segment.hpp"

namespace seki::daemon {

class event_hub {
public:
    static constexpr std::size_t most_subscribers = 8;  // each has a thread of the web's for as long as it likes
    static constexpr std::size_t remembered = 256;      // rare events, and as many changes of state beside them
    // Of who made a change and is stopped before it tells: that is longer than it takes anybody who is not.
    static constexpr std::chrono::nanoseconds long_enough = std::chrono::seconds{1};

    explicit event_hub(std::chrono::nanoseconds patience_with_changes = long_enough)
        : changes_{patience_with_changes} {}

    // What there is for a subscriber now.
    struct delivery {
        std::vector<report::event_facts> events;
        std::uint64_t missed = 0;  // since the last one: its queue was full
        bool over = false;         // sekid stops, and all that there was has been delivered
    };

    // What a subscriber is told of.
    struct wish {
        primitives::event_mask kinds = primitives::all_events;
        bool (*of_them)(const report::event_facts&) noexcept = nullptr;  // null: all of these kinds
        std::size_t room = 4096;
    };

    class subscriber {
    public:
        explicit subscriber(const wish& wanted) : wanted_{wanted}, queue_{wanted.room} {}

        // Waits until there is something, at most so long.
        [[nodiscard]] delivery wait(std::chrono::milliseconds patience);

    private:
        friend class event_hub;
        [[nodiscard]] bool wants(const report::event_facts& event) const noexcept {
            return (wanted_.kinds & primitives::mask_of(event.head.kind)) != 0 &&
                   (wanted_.of_them == nullptr || wanted_.of_them(event));
        }

        wish wanted_;
        boost::lockfree::spsc_queue<report::event_facts> queue_;
        std::mutex mutex_;
        std::condition_variable changed_;
        bool is_visitor_ = false;
        bool ready_ = false;
        bool over_ = false;
        std::uint64_t missed_ = 0;
    };

    struct subscription {
        std::shared_ptr<subscriber> to;             // null: most_subscribers listen already
        std::vector<report::event_facts> before{};  // the rare events that are remembered, of those wanted
    };
    // Any thread.
    [[nodiscard]] subscription subscribe(primitives::event_mask wanted);
    // One of sekid's own, which takes nobody's place; null when the hub is closed.
    [[nodiscard]] std::shared_ptr<subscriber> enlist(const wish& what);
    void unsubscribe(const std::shared_ptr<subscriber>& who);
    [[nodiscard]] std::vector<report::event_facts> remembered_of(primitives::event_mask wanted) const;
    [[nodiscard]] bool has_subscribers() const;
    // Two ticks and some, so that a loop that is late for once makes nobody deaf.
    [[nodiscard]] static std::chrono::nanoseconds listening_time(std::chrono::nanoseconds tick) noexcept {
        return 2 * tick + std::chrono::seconds{1};
    }
    // Tells workers whether somebody wants the events of ordinary calls: for so long, unless it is said again.
    void tell_workers(const shm::segment& where, std::chrono::nanoseconds for_so_long) const;

    // The loop.
    // Whether to drain more often than at each tick: somebody watches, or so much comes for sekid's own that a ring might be full by then. Asked once a tick.
    [[nodiscard]] bool is_in_a_hurry();
    void drain(const shm::segment& from);  // and tells of changes of breakers in the place of who died with them
    void forget() { names_.clear(), changes_.forget(); }  // a segment that is gone
    // Ends all subscriptions.
    void close();

private:
    [[nodiscard]] std::shared_ptr<const std::string> name_of(const shm::segment& where, std::uint64_t incarnation,
                                                             std::size_t entry);
    void collect(const shm::segment& from, std::size_t slot);
    void make_good(const shm::segment& from);
    void pass_on(const shm::segment& from);
    void remember(const report::event_facts& event);
    [[nodiscard]] std::uint64_t hand_out();

    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<subscriber>> subscribers_;
    std::size_t visitors_ = 0;  // of them: they came by subscribe()
    std::deque<report::event_facts> rare_;
    bool closed_ = false;

    // Of the loop alone.
    std::vector<shm::event_content> taken_;
    std::vector<report::event_facts> batch_;
    std::unordered_map<std::uint64_t, std::shared_ptr<const std::string>> names_;
    change_ledger changes_;
    std::uint64_t number_ = 0;
    std::size_t lately_ = 0;  // taken since the last tick
};

}  // namespace seki::daemon
