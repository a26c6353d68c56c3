# Errors planted in the times of calls; seki_plant is in planted.cmake.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/latency_window.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(counts_by_a_store "Memory::cas_acq_rel(at, found, pack(next))" "(Memory::store_relaxed(at, pack(next)), true)")
seki_plant(overwrites_the_next_lap "law::add(unpack(found), slice)"
    "unpack(found).slice == slice ? law::add(unpack(found), slice) : algorithm::latency::tally{slice, 1}")
