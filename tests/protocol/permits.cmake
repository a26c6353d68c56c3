# What tests/protocol/permits.pml promises, and the parts without which spin finds that it does not.
function(permit_test NAME EXPECTATION)
    list(TRANSFORM ARGN PREPEND -D OUTPUT_VARIABLE options)
    add_test(NAME protocol.permits_${NAME}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/verify ${EXPECTATION} ${CMAKE_CURRENT_SOURCE_DIR}/permits.pml ${options})
    set_tests_properties(protocol.permits_${NAME} PROPERTIES LABELS protocol TIMEOUT 300)
endfunction()

# Promises.
permit_test(no_more_are_held_than_max holds TRIERS=3 MAX=2 DEATHS=1 RECLAIMERS=1)
permit_test(also_while_max_moves holds CALLS=2 CAP=2 MAX=2 CHANGES=3)
permit_test(and_somebody_dies holds CAP=2 MAX=2 CHANGES=2 DEATHS=1)
permit_test(three_of_them holds LONG TRIERS=3 CAP=2 MAX=2 CHANGES=1)
permit_test(no_wake_up_is_lost holds TRIERS=0 WAITERS=3 NO_LIMIT)
permit_test(again_and_again holds TRIERS=0 WAITERS=2 CALLS=2 NO_LIMIT)
permit_test(nor_when_others_do_not_wait holds TRIERS=1 WAITERS=2 NO_LIMIT)
permit_test(when_one_dies_the_others_get_on holds TRIERS=0 WAITERS=3 DEATHS=1)
permit_test(also_when_two_die holds TRIERS=0 WAITERS=3 DEATHS=2)
permit_test(and_max_moves holds TRIERS=0 WAITERS=2 CAP=2 MAX=2 CHANGES=1 DEATHS=1)

# Parts. Each of these leaves one out, or does it wrongly.
permit_test(a_permit_is_taken_with_its_name breaks TAKE_BY_STORE)
permit_test(it_is_reclaimed_by_comparing breaks RECLAIM_BY_STORE TRIERS=3 DEATHS=1 RECLAIMERS=1)
permit_test(from_the_dead_alone breaks RECLAIMS_THE_LIVING RECLAIMERS=1)
permit_test(the_terms_are_looked_at_again breaks NO_SECOND_LOOK CAP=2 MAX=2 CHANGES=3)
permit_test(and_nothing_is_kept_above_max breaks KEEP_ABOVE_MAX CAP=2 MAX=2 CHANGES=3)
permit_test(what_is_out_above_max_is_remembered breaks NO_DRAIN CAP=2 MAX=2 CHANGES=1)
permit_test(until_it_is_seen_to_be_back_under_these_terms breaks NO_VERSION CALLS=2 CAP=2 MAX=2 CHANGES=3)
permit_test(and_counted_after_taking breaks NO_COUNT TRIERS=3 CAP=3 MAX=3 CHANGES=1)
permit_test(who_gives_back_takes_the_hint_away breaks HINT_STAYS)
permit_test(who_gives_the_hint_looks_again breaks NO_LOOK_AFTER_TELLING)
permit_test(a_waiter_arrives_before_it_looks breaks LOOK_BEFORE_ARRIVAL TRIERS=0 WAITERS=2 NO_LIMIT)
permit_test(the_bell_knows_of_new_arrivals breaks NO_ARRIVALS TRIERS=0 WAITERS=3 NO_LIMIT)
permit_test(a_death_takes_a_wake_up_along breaks TRIERS=0 WAITERS=2 CALLS=2 DEATHS=1 NO_LIMIT)
permit_test(a_waiter_asks_who_lives breaks NOBODY_ASKS TRIERS=0 WAITERS=2 CALLS=2 DEATHS=1)
# These two need about 1 GB, and are begun early because they take long.
set_tests_properties(protocol.permits_three_of_them protocol.permits_and_counted_after_taking PROPERTIES RESOURCE_LOCK memory COST 300)
