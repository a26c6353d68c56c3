# Errors planted in the window of an adaptive limit; seki_plant is in planted.cmake.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/adaptive_window.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(ends_without_a_swap
    "if (Memory::cas_pair(block_->window, found, {layout::pack(next_after(window, seen, by)), 0}))
                return follow(seen, law, set_max);"
    "Memory::store_pair_release(block_->window, {layout::pack(next_after(window, seen, by)), 0});
            return follow(seen, law, set_max);")
seki_plant(adds_without_a_swap
    "if (Memory::cas_pair(block_->window, found, {layout::pack(window), latencies})) return {};
                continue;"
    "Memory::store_pair_release(block_->window, {layout::pack(window), latencies});
                return {};")
seki_plant(looks_too_early "set_max([&] {
            const std::uint64_t limit = Memory::load_first_acquire(block_->limit);
            return allowed = algorithm::adaptive_limit::allowed(unpack({limit, 0}), law());
        });"
    "allowed = algorithm::adaptive_limit::allowed(at(), law());
        set_max([&] { return allowed; });")
seki_plant(moves_by_the_first_terms "change made;" "change made;
        const terms before_all = law();" "const terms by = law();
            const position before" "const terms by = before_all;
            const position before")
seki_plant(moves_the_limit_once "if (!Memory::cas_pair(block_->limit, found, {next.first, next.second})) continue;"
    "(void)Memory::cas_pair(block_->limit, found, {next.first, next.second});")
