# seki_plant(NAME text replacement ...): the structure of SEKI_PLANTED_IN, with a text replaced, as planted/NAME.hpp in namespace seki::shm::NAME.
# The build stops when the text is no longer there: then the error must be planted anew.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/key_table.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
function(seki_plant NAME)
    file(READ ${SEKI_PLANTED_IN} text)
    string(REPLACE "namespace seki::shm {" "namespace seki::shm::${NAME} {" text "${text}")
    math(EXPR last "${ARGC} - 2")
    foreach(i RANGE 1 ${last} 2)
        math(EXPR j "${i} + 1")
        string(FIND "${text}" "${ARGV${i}}" at)
        if(at EQUAL -1)
            message(FATAL_ERROR "${SEKI_PLANTED_IN} no longer says \"${ARGV${i}}\": plant ${NAME} anew")
        endif()
        string(REPLACE "${ARGV${i}}" "${ARGV${j}}" text "${text}")
    endforeach()
    file(CONFIGURE OUTPUT planted/${NAME}.hpp CONTENT "${text}" @ONLY)
endfunction()

seki_plant(without_look "if (still_busy(control, busy, by)) (void)" "if (true) (void)")
seki_plant(without_sequence ".sequence = now.sequence + 1" ".sequence = now.sequence")
seki_plant(helps_only_its_own "help(stripe, word, by)"
    "if (Memory::load_first_acquire(stripes_[stripe]) == tag) help(stripe, word, by)")
seki_plant(helps_anybody "if (!by.stands()) return;" "")
seki_plant(places_anywhere "by.stands();" "(by.stands() || true);")
seki_plant(sweeps_without_stamp "{by.stamp(), 0}) ? sweeping::cleared" "{stamp_, 0}) ? sweeping::cleared")
seki_plant(sweeps_by_the_tag "return Memory::cas_pair(slot, {tag, state}, {by.stamp(), 0})"
    "return Memory::cas_pair(slot, {tag, Memory::load_second_acquire(slot)}, {by.stamp(), 0})")
seki_plant(hindered_by_halves "!= stamp_ && Memory::load_second_acquire(control) == word" "!= stamp_ && word != ~word")
seki_plant(fresh_without_time "by.fresh() & ~layout::ticket_bit" "by.fresh() & 0")

set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/key_text.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(texts_anywhere "!stands()" "(stands() && false)")
seki_plant(texts_over_zeros "if (is_marked(seen[i])) swap" "swap" "const record none = empty()" "const record none{}")

set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/permits.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(without_second_look "if (may_keep(index))" "if (true)")
seki_plant(without_count "now.drain == now.max || count(now).held <= now.max" "true")
seki_plant(without_version "old.version + 1" "old.version")
seki_plant(without_drain "std::max(old.drain, max)" "max")
seki_plant(forgets_beyond_drain "&& all_free_from(t.drain)" "")
seki_plant(hint_that_stays "if (Memory::load_seq_cst(control_->full_as_of) != 0)" "if (false)")
seki_plant(asks_from_the_first_on "std::uint64_t i = Memory::load_relaxed(control_->ask_next)" "std::uint64_t i = 0")
seki_plant(release_by_store "Memory::cas_seq_cst(words_[index], owner, 0)"
    "(Memory::store_seq_cst(words_[index], 0), owner != 0)")

set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/permit_waiters.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(arrives_too_late
    "const std::uint32_t rings = arrive();
            if (const permit taken = attempt()) return {taken, waiting::taken};"
    "if (const permit taken = attempt()) return {taken, waiting::taken};
            const std::uint32_t rings = arrive();")
seki_plant(rings_in_silence "++now.rings;" "")
seki_plant(says_nobody_sleeps "(void)Memory::cas_seq_cst(bell_->state, rung, layout::pack(now));"
    "(void)rung, Memory::store_seq_cst(bell_->state, layout::pack(now));")
seki_plant(wakes_before_it_rings
    "if (Memory::cas_seq_cst(bell_->state, found, layout::pack(now))) break;
        }
        if (Kernel::wake(bell_->state, how_many) != 0) return;"
    "break;
        }
        if (Kernel::wake(bell_->state, how_many) != 0) return;")
seki_plant(sleeps_to_the_deadline "now + std::min(deadline_ns - now, longest_sleep_ns)" "deadline_ns")
