# What tests/protocol/join.pml promises, and the parts without which spin finds that it does not.
function(join_test NAME EXPECTATION)
    list(TRANSFORM ARGN PREPEND -D OUTPUT_VARIABLE options)
    add_test(NAME protocol.join_${NAME}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/verify ${EXPECTATION} ${CMAKE_CURRENT_SOURCE_DIR}/join.pml ${options})
    set_tests_properties(protocol.join_${NAME} PROPERTIES LABELS protocol TIMEOUT 300)
endfunction()

# Promises.
join_test(the_living_stay_on_the_list holds CLAIMS=1)
join_test(who_comes_again_does holds JOINERS=2 VISITS=2)
join_test(also_when_it_lost_its_lock holds CLOSES CLAIMS=1)
join_test(nobody_waits nowait JOINERS=2)

# Parts. Each of these leaves one out, or does it wrongly.
join_test(who_has_the_lock_describes_itself breaks DESCRIBE_BEFORE_LOCK)
join_test(and_looks_at_its_claim_before breaks NO_SECOND_LOOK CLOSES)
join_test(the_lock_comes_before_the_name breaks LOCK_AFTER_LIVE)
join_test(and_goes_after_it breaks UNLOCK_BEFORE_WITHDRAWING)
join_test(the_kernel_is_asked breaks NOBODY_ASKS)
join_test(the_dead_are_named_when_they_go breaks RETIRE_BY_STORE)
# Two that need 1 to 1.3 GB, and are begun early because they take long.
set_tests_properties(protocol.join_the_living_stay_on_the_list protocol.join_also_when_it_lost_its_lock
                     PROPERTIES RESOURCE_LOCK memory COST 300)
