// Terms of a breaker that nobody changes, as shm/breaker.hpp asks for them.
#pragma once

#include "algorithm/breaker.hpp"

namespace seki::test {

[[nodiscard]] inline auto unchanging(const algorithm::breaker::terms& law) noexcept {
    return [&law] { return law; };
}

}  // namespace seki::test
