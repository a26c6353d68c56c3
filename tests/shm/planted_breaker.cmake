# seki_plant_breaker(NAME text replacement ...): the windows, the counts of transitions and the breaker that ship, with a text replaced, as planted/NAME.hpp in namespace
# seki::shm::NAME. The build stops when the text is no longer there: then the error must be planted anew.
set(SEKI_BREAKER_SOURCES outcome_window transition_counts breaker)
list(TRANSFORM SEKI_BREAKER_SOURCES REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/src/shm/\\1.hpp")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_BREAKER_SOURCES})
function(seki_plant_breaker NAME)
    set(text "")
    foreach(source IN LISTS SEKI_BREAKER_SOURCES)
        file(READ ${source} part)
        string(APPEND text "${part}")
    endforeach()
    string(REGEX REPLACE "#include \"shm/(outcome_window|transition_counts).hpp\"\n" "" text "${text}")
    string(REPLACE "namespace seki::shm {" "namespace seki::shm::${NAME} {" text "${text}")
    math(EXPR last "${ARGC} - 2")
    foreach(i RANGE 1 ${last} 2)
        math(EXPR j "${i} + 1")
        string(FIND "${text}" "${ARGV${i}}" at)
        if(at EQUAL -1)
            message(FATAL_ERROR "the breaker no longer says \"${ARGV${i}}\": plant ${NAME} anew")
        endif()
        string(REPLACE "${ARGV${i}}" "${ARGV${j}}" text "${text}")
    endforeach()
    file(CONFIGURE OUTPUT planted/${NAME}.hpp CONTENT "${text}" @ONLY)
endfunction()

seki_plant_breaker(without_look_before "if (!of_this && !is_current(generation))" "if (!of_this && !is_current(generation) && false)")
seki_plant_breaker(without_look_after "return is_current(generation) ? found_place{" "return true || is_current(generation) ? found_place{")
seki_plant_breaker(forgets_nobody "return owner == 0 ||" "return false &&")
seki_plant_breaker(closes_on_one_ok "all_ok = all_ok && standing == layout::place::ok" "all_ok = all_ok || standing == layout::place::ok"
    "std::ranges::all_of" "std::ranges::any_of")
seki_plant_breaker(tells_losers_too "if (!Memory::cas_pair(block_->state, seen, {first, second})) return false"
    "(void)Memory::cas_pair(block_->state, seen, {first, second})")
seki_plant_breaker(keeps_without_look "if (read_halves<Memory>(*end_) != seen) return false" "if (read_halves<Memory>(*end_) != seen && false) return false")
seki_plant_breaker(judges_bad_ones_alone "|| end.number + 1 == breaker_law::least_calls(law)" "")
seki_plant_breaker(takes_late_ones "if (!is_current()) return recorded::late" "if (!is_current() && false) return recorded::late")
seki_plant_breaker(writes_before_it_opens "if (trips && opens) {" "if (false) {")
seki_plant_breaker(counts_its_own_alone "if (step.transition) counts().count(seen.first)" "")
seki_plant_breaker(counts_what_is_over "counted.generation == generation || !is_current(generation)" "counted.generation == generation")
seki_plant_breaker(sums_without_look "if (is_current(generation)) break" "break")
seki_plant_breaker(asks_whatever_stands "if (!by.stands()) return {};" "")
seki_plant_breaker(moves_whatever_stands "if (!by.stands()) return happening::nothing;" "")
seki_plant_breaker(goes_by_the_first_terms "for (int round = 0; round < max_rounds; ++round) {
            const layout::pair_value seen = read();
            terms law = law_now();" "terms law = law_now();
        for (int round = 0; round < max_rounds; ++round) {
            const layout::pair_value seen = read();")
seki_plant_breaker(probes_by_the_terms_of_before "if (step.transition) law = law_now();" "")
seki_plant_breaker(believes_whatever_stands "return at_once && by.stands() ? at_once" "return at_once ? at_once")
seki_plant_breaker(reads_terms_after_the_look "terms law = law_now();
            if (!by.stands()) return {};" "if (!by.stands()) return {};
            terms law = law_now();")
seki_plant_breaker(begins_alike "stamp * 0x9e37'79b1U" "stamp * 0")
