# Errors planted in the retry budget; seki_plant is in planted.cmake.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/retry_budget.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(begins_without_a_swap "if (Memory::cas_pair(block_->budget, found, pack(at))) return granted;"
    "Memory::store_pair_release(block_->budget, pack(at));
            return granted;")
seki_plant(reads_the_clock_first "int windows = 0;" "const std::uint64_t now_ms = clock();
        int windows = 0;" "            const std::uint64_t now_ms = clock();
            // One" "            // One")
seki_plant(adds_up_first "const pair_value found = load();" "const std::uint64_t before_all = calls();
            const pair_value found = load();" "now_ms, counted)" "now_ms, (void(counted), before_all))")
seki_plant(reads_the_terms_first "int windows = 0;" "const terms by = law();
        int windows = 0;" "begin(law(), at" "begin(by, at")
seki_plant(takes_whatever_stands "if (!stands()) return false;" "(void)stands();")
seki_plant(counts_calls_again "return {at.calls, layout::pack" "return {0 * at.calls, layout::pack")
