/* How half_open lets in exactly so many probes, host-wide, and ends. docs/design/breaker.md explains it, tests/protocol/verify runs it.

   Checked, whoever is stopped or dies wherever:
     - in each generation of half_open no more than PLACES probes are in flight or were ok, and none is let in after it was over;
     - a generation becomes closed only if PLACES of its probes were ok, and none that told otherwise;
     - when nothing more happens by itself, a caller and ok probes still bring the breaker to closed;
     - with pan -l: there is no cycle, so nobody waits for somebody else.

   A word is {state, generation}, a place {generation, standing, owner}. CALLERS come again and again: ask, are refused or let in,
   tell an outcome. Each may stop for good anywhere (DEATHS of them are dead: their places may be given back; the others
   are only stopped, and go on later, or never). Time is a move that may happen at any point: the end of wait_duration, or of
   max_half_open_duration. Each part of the protocol can be left out by a -D; CMakeLists.txt lists what spin then finds. */

#ifndef PLACES
#define PLACES 1
#endif
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef CALLS
#define CALLS 2              /* of each caller */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef LAST                 /* a transition to this generation ends the search */
#define LAST 6
#endif

#define CLOSED 0
#define OPEN 1
#define HALF 2
#define FREE 0
#define TAKEN 1
#define OK 2
#define NOBODY 255

byte state = OPEN, generation = 1;
byte place_generation[PLACES], standing[PLACES], owner[PLACES];
bool waited, dead[CALLERS];  /* waited: what the state waits for is over */
byte deaths;
byte flying[LAST + 1];       /* probes let in by generation, those that gave their places back aside */
byte oks[LAST + 1];
byte done;

#define IS_OVER (generation >= LAST)

/* A transition: the content must be what was seen. `waited` belongs to the state that it leaves. */
inline turn(seen_generation, to) {
  if
  :: generation == seen_generation && !IS_OVER ->
     assert(to != CLOSED || oks[generation] >= PLACES);
     generation++; state = to; waited = false
  :: else
  fi
}

/* A place, from the content that was seen. */
inline swap_place(i, seen_generation, seen_standing, seen_owner, new_standing, new_owner) {
  if
  :: place_generation[i] == seen_generation && standing[i] == seen_standing && owner[i] == seen_owner ->
     place_generation[i] = g; standing[i] = new_standing; owner[i] = new_owner; won = true
  :: else -> won = false
  fi
}

inline let_in() {
  flying[g]++;
  assert(flying[g] <= PLACES);
  assert(generation == g && state == HALF)
}

/* The second look at the word, after the place was taken: one step with being let in, for an admission is as old as this look. */
inline confirm() {
#ifdef NO_LOOK_AFTER
  let_in(); mine = i
#else
  if
  :: generation == g -> let_in(); mine = i
  :: else
  fi
#endif
}

proctype caller(byte me) {
  byte calls, g, s, i, pg, ps, po, mine;
  bool won, all_ok, w;
  do
  :: calls == CALLS || IS_OVER -> break
  :: else ->
     calls++; mine = NOBODY;
     /* admit */
     atomic { g = generation; s = state; w = waited }
     if
     :: s == CLOSED -> goto told
     :: s == OPEN && !w -> goto told
     :: s == OPEN && w -> atomic { turn(g, HALF); g = generation; s = state }; if :: s != HALF -> goto told :: else fi
     :: s == HALF && w -> atomic { turn(g, OPEN) }; goto told
     :: s == HALF && !w
     fi;
     all_ok = true; i = 0;
     do
     :: i == PLACES -> break
     :: else ->
        atomic { pg = place_generation[i]; ps = standing[i]; po = owner[i] };
        if
        :: pg == g && ps == OK -> i++
        :: pg == g && ps == TAKEN -> all_ok = false; i++
        :: else ->
           all_ok = false;
#ifndef NO_LOOK_BEFORE
           if
           :: pg != g && generation != g -> goto told
           :: else
           fi;
#endif
           atomic { swap_place(i, pg, ps, po, TAKEN, me) };
           if
           :: won -> atomic { confirm() }; break
           :: else                          /* look at it again */
           fi
        fi
     od;
     if
     :: mine == NOBODY && i == PLACES && all_ok -> atomic { turn(g, CLOSED) }; goto told
     :: mine == NOBODY && i == PLACES && !all_ok ->
        /* inherit from the dead */
        i = 0;
        do
        :: i == PLACES -> break
        :: else ->
           atomic { pg = place_generation[i]; ps = standing[i]; po = owner[i] };
           if
#ifdef INHERITS_FROM_THE_LIVING
           :: pg == g && ps == TAKEN ->
#else
           :: pg == g && ps == TAKEN && dead[po] ->
#endif
              atomic { swap_place(i, pg, ps, po, TAKEN, me); if :: won && dead[po] -> flying[g]-- :: else fi };
              if
              :: won -> atomic { confirm() }; break
              :: else -> i++
              fi
           :: else -> i++
           fi
        od
     :: else
     fi;
     if
     :: mine == NOBODY -> goto told
     :: else
     fi;
     /* in the call: comes back with one of three outcomes, or never */
     if
     :: atomic { deaths < DEATHS -> deaths++; dead[me] = true }; goto died
     :: true ->                             /* ok */
        atomic {
          pg = g; swap_place(mine, g, TAKEN, me, OK, 0);
          if :: won -> oks[g]++ :: else fi
        };
        if
        :: !won -> goto told
        :: else
        fi;
        all_ok = true; i = 0;
        do
        :: i == PLACES -> break
        :: else ->
#ifdef CLOSES_ON_ONE
           all_ok = true;
#else
           all_ok = all_ok && place_generation[i] == g && standing[i] == OK;
#endif
           i++
        od;
        if
        :: all_ok -> atomic { turn(g, CLOSED) }
        :: else
        fi
     :: true ->                             /* bad */
#ifdef JUDGES_ANY_GENERATION
        atomic { if :: state == HALF -> turn(generation, OPEN); assert(generation == g + 1 || IS_OVER) :: else fi }
#else
        if
        :: place_generation[mine] == g && standing[mine] == TAKEN && owner[mine] == me -> atomic { turn(g, OPEN) }
        :: else
        fi
#endif
     :: true ->                             /* nothing to tell: gives its place back */
        atomic { swap_place(mine, g, TAKEN, me, FREE, 0); if :: won -> flying[g]-- :: else fi }
     fi;
told: atomic { g = 0; s = 0; i = 0; pg = 0; ps = 0; po = 0; mine = 0; won = false; all_ok = false; w = false }
  od;
died: done++
}

/* Once in each state. */
proctype time() {
  do
  :: IS_OVER -> break
  :: done == CALLERS -> break
  :: atomic { state != CLOSED && !waited && !IS_OVER -> waited = true }
  od
}

/* When all have ended or died, somebody comes to whom all goes well, and it closes. */
proctype later() {
  byte i, turns;
  done == CALLERS;
  do
  :: state == CLOSED || IS_OVER -> break
  :: else ->
     atomic {
       turns++; assert(turns < 4);
       if
       :: state == OPEN -> generation++; state = HALF
       :: state == HALF ->
          i = 0;
          do
          :: i == PLACES -> break
          :: else ->
             if
             :: place_generation[i] == generation && standing[i] == TAKEN && !dead[owner[i]] -> break
             :: else -> i++
             fi
          od;
          if
          :: i == PLACES -> generation++; state = CLOSED
          :: else -> generation++; state = OPEN  /* max_half_open_duration */
          fi
       fi
     }
  od
}

init {
  byte i;
  atomic {
    for (i : 0 .. CALLERS - 1) { run caller(i) }
    run time(); run later()
  }
}
