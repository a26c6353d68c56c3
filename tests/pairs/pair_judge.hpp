// Whether what came of two at once comes of an order of them, too; and what may come besides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pair_stage.hpp"

namespace seki::test {

// The first lines that differ.
[[nodiscard]] std::string difference(const outcome& got, const outcome& wanted);

class pair_judge {
public:
    pair_judge(pair_stage& on, const act& first, const act& second);

    // Whether the second can get ready in the world of the first.
    [[nodiscard]] bool is_possible() const noexcept { return !orders_.empty(); }
    // What is wrong with what came of it when the first was stopped there; nothing.
    [[nodiscard]] std::string wrong_with(const outcome& got, std::uint64_t instruction, const trail& way);

private:
    [[nodiscard]] bool is_in_order(const outcome& got) const;

    pair_stage* on_;
    act first_, second_;
    std::vector<order> orders_;
    bool has_all_ = false;  // and not only those of the one after the other, which will do nearly always
};

}  // namespace seki::test
