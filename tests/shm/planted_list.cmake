# Errors planted in the list of processes; seki_plant is in planted.cmake.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/process_list.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(describes_itself_blindly "if (state_of<Memory>(*slot_) != claimed) continue;" "")
seki_plant(takes_off_whoever_is_there "return is_live(found, generation) && move" "return found.stage == stage::live && generation != 0 && move")
seki_plant(asks_about_itself "if (owner.may_be(me)) return verdict::live;" "")
seki_plant(believes_the_lock_alone "return visible || lock ==" "return lock ==")
seki_plant(unlocks_before_it_withdraws "const state leaving{" "drop_lock();
        const state leaving{")
seki_plant(asks_about_its_own_claim "|| found.who == my_brief" "|| (found.who == my_brief && false)")
seki_plant(locks_once "has_lock = mine.take_lock();" "has_lock = has_lock || mine.take_lock();")
seki_plant(drops_anothers_lock "if (state_of<Memory>(*slot_).who != mine.brief()) mine" "mine")
seki_plant(gives_way_with_the_lock "bool has_lock = false;" "constexpr bool has_lock = false;" "has_lock = mine.take_lock();
            if (!has_lock) {" "if (!mine.take_lock()) {")
seki_plant(judges_by_a_successor "if (!is_live(named, generation)) return verdict::gone;" "")

# Errors planted in who has a worker slot.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/worker_slots.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(takes_by_a_store "Memory::cas_acq_rel(slot.owner, expected, owner)"
    "(Memory::store_release(slot.owner, owner + expected), true)")
seki_plant(gives_back_by_a_store "Memory::cas_acq_rel(slot.owner, owner, 0)" "(Memory::store_release(slot.owner, 0), true)")
seki_plant(frees_whose_process_slot_is_free "if (found != layout::owner_generation(owner)) give_back" "if (!found) give_back")
seki_plant(frees_whatever_has_a_name "if (found != layout::owner_generation(owner)) give_back"
    "if (found != owner) give_back")
seki_plant(gives_back_what_is_anothers "give_back<Memory>(slot_at(i), owner);
    }

    // One" "give_back<Memory>(slot_at(i), owner != 0 ? Memory::load_acquire(slot_at(i).owner) : 0);
    }

    // One")

# Errors planted in an entry of the directory.
set(SEKI_PLANTED_IN ${PROJECT_SOURCE_DIR}/src/shm/directory_entry.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SEKI_PLANTED_IN})
seki_plant(publishes_before_it_fills "        fill(made);
        Memory::store_release(entry_->incarnation, made.incarnation);" "        Memory::store_release(entry_->incarnation, made.incarnation);
        fill(made);")
seki_plant(finds_without_a_second_look "if (!stands(incarnation)) return std::nullopt;" "")
seki_plant(uses_a_number_twice "Memory::fetch_add_relaxed(next_incarnation, 1) + 1" "Memory::load_relaxed(next_incarnation) + 1")
seki_plant(keeps_half_a_piece "Memory::store_release(entry_->kind, static_cast<std::uint64_t>(layout::kind::none));"
    "Memory::store_release(entry_->kind, static_cast<std::uint64_t>(made.kind));")
seki_plant(keeps_what_was_anothers "for (word& each : piece) Memory::store_release(each, 0);" "(void)piece;")
seki_plant(clears_from_the_end "for (word& each : piece) Memory::store_release(each, 0);"
    "for (std::size_t i = piece.size(); i-- != 0;) Memory::store_release(piece[i], 0);")
seki_plant(makes_before_it_withdraws "void withdraw() const noexcept { Memory::store_release(entry_->incarnation, 0); }"
    "void withdraw() const noexcept {}")
