# Errors planted in the event ring; seki_plant is in planted.cmake.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/event_ring.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(without_seal "return seal == layout::seal_of(number, into)" "return seal != 0")
seki_plant(seals_without_number "seal_of(number, " "seal_of(0, ")
seki_plant(publishes_first "        write(number.next, event);
        Memory::store_release(ring_->pushed, number.next + 1);" "        Memory::store_release(ring_->pushed, number.next + 1);
        write(number.next, event);")
seki_plant(claims_last "            if (!Memory::cas_acq_rel(ring_->pushed, number.pushed, number.next + 1)) continue;
            write(number.next, event);" "            write(number.next, event);
            if (!Memory::cas_acq_rel(ring_->pushed, number.pushed, number.next + 1)) continue;")
seki_plant(takes_by_store "if (end == taken || !Memory::cas_acq_rel(ring_->taken, expected, end)) return 0;"
    "if (end == taken) return 0;
        Memory::store_release(ring_->taken, end + 0 * expected);")
seki_plant(doubts_nothing "shared ? Memory::load_relaxed(ring_->doubted) : pushed" "shared ? pushed : pushed")
seki_plant(doubts_for_ever "else if (!is_behind(end - doubted))" "else if (shared || !is_behind(end - doubted))")
seki_plant(pushes_into_a_full_ring "if (number.next - number.taken >= Ring::capacity) return false;" "")
seki_plant(stays_behind "is_behind(pushed - taken) ? taken : pushed" "pushed")
