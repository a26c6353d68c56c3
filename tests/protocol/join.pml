/* How processes come by a slot of the process list, and lose it. src/shm/liveness.hpp tells it, tests/protocol/verify runs it.

   Checked, whoever is stopped or dies wherever:
     - a process that lives is taken off the list by nobody but itself;
     - while it is on the list, its slot describes it and nobody else: by that it knows the file of its own lock, which it must not open.

   One slot: a word {generation, claimant, stage}, a description, a lock. JOINERS come VISITS times: claim, lock, describe, publish, ask about
   themselves, leave. Any of them may be stopped for good anywhere, and DEATHS of them die: the kernel drops their locks. Somebody who looks at
   the list frees a claim, or takes the dead off, LOOKS times. With CLOSES who is on the list may lose its lock, as by closefrom(), and others see
   that it lives; without, they are told by the lock alone. Each part of the protocol can be left out by a -D; join.cmake lists what spin
   then finds. */

#ifndef JOINERS
#define JOINERS 3
#endif
#ifndef VISITS
#define VISITS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef LOOKS
#define LOOKS 2
#endif
#ifndef CLAIMS               /* in a row */
#define CLAIMS 2
#endif

#define FREE 0
#define CLAIMED 1
#define LIVE 2
#define NOBODY 255

byte generation, claimant = NOBODY, stage = FREE;
byte described = NOBODY;
byte lock = NOBODY;
byte owner = NOBODY;         /* who is on the list and lives */
byte deaths;
bool dead[JOINERS];

/* A CAS of the word: the content must be what was seen. */
inline swap(was_generation, was_claimant, was, new_generation, new_claimant, becomes) {
  if
  :: generation == was_generation && claimant == was_claimant && stage == was ->
     generation = new_generation; claimant = new_claimant; stage = becomes; won = true
  :: else -> won = false
  fi
}

inline unlock() {
  if
  :: lock == me -> lock = NOBODY
  :: else
  fi
}

inline describe() {
  atomic { described = me; assert(owner == NOBODY || owner == me) }
}

proctype joiner(byte me) {
  byte visits, claims, mine;
  bool won, locked;
  {
    do
    :: visits < VISITS ->
       visits++; claims = 0; locked = false; won = false;
       do
       :: !won && claims < CLAIMS ->
          claims++;
          atomic {
            if
            :: stage == FREE -> mine = generation + 1; swap(generation, NOBODY, FREE, mine, me, CLAIMED)
            :: else -> break
            fi
          }
#ifdef DESCRIBE_BEFORE_LOCK
          describe();
#endif
#ifndef LOCK_AFTER_LIVE
          if
          :: locked
          :: atomic { !locked && lock == NOBODY -> lock = me }; locked = true
          :: atomic { !locked && lock != NOBODY -> swap(mine, me, CLAIMED, mine, NOBODY, FREE) }; won = false; break
          fi;
#endif
          won = false;
#ifndef NO_SECOND_LOOK
          if
          :: generation == mine && claimant == me && stage == CLAIMED
          :: else -> goto next
          fi;
#endif
#ifndef DESCRIBE_BEFORE_LOCK
          describe();
#endif
          atomic {
            swap(mine, me, CLAIMED, mine, me, LIVE);
            if
            :: won -> owner = me; assert(described == me)
            :: else
            fi
          }
next:     skip
       :: else -> break
       od;

       if
       :: won ->
#ifdef LOCK_AFTER_LIVE
          atomic { lock == NOBODY -> lock = me };
#endif
#ifdef CLOSES
          if
          :: unlock()
          :: skip
          fi;
#endif
          /* Asks about itself: closing the file drops the lock. */
          if
          :: described == me
          :: described != me -> unlock()
          fi;
#ifdef UNLOCK_BEFORE_WITHDRAWING
          unlock();
#endif
          atomic {
            swap(mine, me, LIVE, mine, me, CLAIMED);
            assert(won);
            owner = NOBODY
          };
          unlock();
          atomic { swap(mine, me, CLAIMED, mine, NOBODY, FREE) }
       :: else -> unlock()
       fi;
       d_step { claims = 0; mine = 0; won = false; locked = false }  /* so that fewer states differ */
    :: else -> break
    od
  } unless { dead[me] }
}

proctype killer() {
  byte who;
  do
  :: deaths < DEATHS ->
     atomic {
       select(who : 0 .. JOINERS - 1);
       dead[who] = true; deaths++;
       if
       :: lock == who -> lock = NOBODY
       :: else
       fi;
       if
       :: owner == who -> owner = NOBODY
       :: else
       fi
     }
  :: else -> break
  od
}

proctype looker() {
  byte looks, g, who, was;
  bool won;
  do
  :: looks < LOOKS ->
     looks++;
     atomic { g = generation; who = claimant; was = stage };
#ifndef NOBODY_ASKS
     if
     :: atomic { lock == NOBODY -> skip }
     :: else -> goto next
     fi;
#endif
     if
     :: was == CLAIMED -> atomic { swap(g, who, CLAIMED, g, NOBODY, FREE) }
     :: was == LIVE ->
#ifdef CLOSES
        if
        :: dead[who]
        :: else -> goto next
        fi;
#endif
        atomic {
#ifdef RETIRE_BY_STORE
          if
          :: stage == LIVE -> g = generation; who = claimant
          :: else
          fi;
#endif
          swap(g, who, LIVE, g, NOBODY, FREE);
          assert(!won || owner == NOBODY)
        }
     :: else
     fi;
next: atomic { g = 0; who = 0; was = 0; won = false }
  :: else -> break
  od
}

init {
  byte i;
  atomic {
    do
    :: i < JOINERS -> run joiner(i); i++
    :: else -> break
    od;
    run killer();
    run looker()
  }
}
