# Errors planted in what a shedder has in shared memory; seki_plant is in planted.cmake.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/shedder_state.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(drops_without_a_swap
    "if (Memory::cas_pair(block_->codel, {found.first, found.second}, {next.first, next.second}))
                return judged.drop;"
    "Memory::store_pair_release(block_->codel, {next.first, next.second});
            return judged.drop;")
seki_plant(counts_once
    "if (Memory::cas_pair(block_->codel, {found.first, found.second}, {next.first, next.second}))
                return judged.drop;"
    "(void)Memory::cas_pair(block_->codel, {found.first, found.second}, {next.first, next.second});
            return judged.drop;")
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/permits.hpp)
seki_plant(counts_nobody
    "for (; wanted >= 4 && i >= 4 && all_free(i - 4); i -= 4) wanted -= 4;
        for (; wanted != 0 && i != 0; --i) wanted -= Memory::load_seq_cst(words_[i - 1]) == 0 ? 1U : 0U;"
    "for (; wanted != 0 && i != 0; --i) --wanted;")
seki_plant(closes_blindly "t.drain != 0 && count(t).held == 0" "t.drain != 0")
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/shedder_places.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(looks_not_beyond "if (beyond_.closed()) [[likely]]" "if (true)")
