# seki_plant(NAME text replacement ...): the key table that ships, with a text replaced, as planted/NAME.hpp in namespace seki::shm::NAME.
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
            message(FATAL_ERROR "key_table.hpp no longer says \"${ARGV${i}}\": plant ${NAME} anew")
        endif()
        string(REPLACE "${ARGV${i}}" "${ARGV${j}}" text "${text}")
    endforeach()
    file(CONFIGURE OUTPUT planted/${NAME}.hpp CONTENT "${text}" @ONLY)
endfunction()

seki_plant(without_look "if (Memory::load_second_acquire(control) == busy.second)" "if (true)")
seki_plant(without_sequence ".sequence = now.sequence + 1" ".sequence = now.sequence")
seki_plant(helps_only_its_own "help(stripe, word, by)"
    "if (Memory::load_first_acquire(stripes_[stripe]) == tag) help(stripe, word, by)")
seki_plant(fresh_without_time "by.fresh() & ~layout::ticket_bit" "by.fresh() & 0")
