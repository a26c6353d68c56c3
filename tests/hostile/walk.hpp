// Everything that libseki, sekid and sekictl read from a segment, and everything a worker does to one, in one call: what no content may crash or hang.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "primitives/adaptive.hpp"
#include "primitives/breaker.hpp"
#include "primitives/bulkhead.hpp"
#include "primitives/hedge.hpp"
#include "primitives/limiter.hpp"
#include "primitives/policy.hpp"
#include "primitives/retry.hpp"
#include "primitives/shedder.hpp"
#include "shm/segment.hpp"

namespace seki::hostile {

// Looks at every part, as sekid and sekictl do. Only reads.
void walk(const shm::segment& where);
// Parts of that: the state of everything, as sekid tells it, and what else sekictl looks at: invariants, options, keys.
void tell(const shm::segment& where);
void look(const shm::segment& where);

// Takes the events of all rings, and describes all records as if they were events: whoever can write one can also seal it. But not those that stand in `known`, too,
// the bytes of a segment that was read before.
void read_events(const shm::segment& where, std::span<const std::byte> known = {});

// A process that has handles of everything that can be found, or of what is of one kind. What was found is checked; what stands there later may be anything.
class worker {
public:
    explicit worker(const std::shared_ptr<shm::segment>& in, layout::kind only = layout::kind::none);
    ~worker();  // as who went on to a successor, if the segment says that there is one
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    // Uses each of them in every way, as workers, operators and sekid do.
    void use();

private:
    void use(const primitives::limiter& limiter) const;
    void use(const primitives::breaker& breaker);
    void use(const primitives::bulkhead& bulkhead) const;
    void use(const primitives::adaptive& adaptive) const;
    void use(const primitives::shedder& shedder) const;
    void use(const primitives::retry& retry) const;
    void use(const primitives::hedge& hedge) const;
    void use(const primitives::policy& policy) const;
    void operate() const;

    template <class Primitive, class Options>
    [[nodiscard]] std::vector<Primitive> handles() const;
    // Options that were in force, as an operator would change them: `change` gets them.
    template <class Options, class Change>
    void change_all(Change change) const;

    std::shared_ptr<shm::segment> where_;
    layout::kind only_;
    std::shared_ptr<const shm::attachment> attached_;
    std::vector<primitives::limiter> limiters_;
    std::vector<primitives::breaker> breakers_;
    std::vector<primitives::bulkhead> bulkheads_;
    std::vector<primitives::adaptive> adaptives_;
    std::vector<primitives::shedder> shedders_;
    std::vector<primitives::retry> retries_;
    std::vector<primitives::hedge> hedges_;
    std::vector<primitives::policy> policies_;
    std::uint64_t time_;  // goes on by seconds, so that what waits is not waited for
};

// Mends as `sekictl doctor --repair` does; ends the process where that leaves something to mend.
void mend(const shm::segment& where);

}  // namespace seki::hostile
