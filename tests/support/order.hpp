// What an access to shared memory asks for, besides its value: support/weak_memory.hpp says what comes of it.
#pragma once

namespace seki::test {

struct order {
    bool acquires = false;
    bool releases = false;
    bool in_one_order = false;  // seq_cst
    bool is_barrier = false;
};

// An order as the code says it, and as it is: the same, unless somebody weakened it to see what comes of it.
struct ordered {
    order now{};
    order as_shipped{};
};

}  // namespace seki::test
