/* Permits: words that name their holders, a max that moves, a hint that all are out, and a bell for who waits.
   docs/design/permits.md explains it, tests/protocol/verify runs it.

   Checked, whoever is stopped or dies wherever:
     - when a permit is given, living processes hold no more with it than a max that was in force during the call allows;
     - nobody loses a permit that it holds while it lives;
     - at the end every permit is back, and if nobody died the hint does not say otherwise;
     - whoever sleeps gets on: woken, or at the latest by the time limit. Between two expiries of the limit somebody
       takes a permit, or dies. With NO_LIMIT no expiry is needed at all.

   Each part of the protocol can be left out or done wrongly by a -D; permits.cmake lists what spin then finds. */

#ifndef WAITERS
#define WAITERS 0            /* processes that wait for a permit */
#endif
#ifndef TRIERS
#define TRIERS 2             /* processes that do not wait */
#endif
#ifndef CALLS
#define CALLS 1              /* permits that each takes and gives back */
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef RECLAIMERS
#define RECLAIMERS 0         /* passes of maintenance */
#endif
#ifndef MAX
#define MAX 1
#endif
#ifndef CAP
#define CAP MAX
#endif
#ifndef CHANGES
#define CHANGES 0            /* of max, to anything from 1 to CAP */
#endif
#define TAKERS (WAITERS + TRIERS)

byte permit[CAP];            /* 0 or 1 + the holder */
byte version, drain = MAX, max = MAX;
bool hint;
byte arrivals, rings;        /* modulo 4 */
bool sleeping;

/* What the processes do not see. */
bool asleep[TAKERS], dead[TAKERS], holds[TAKERS];
byte allowed[TAKERS];        /* the largest max in force since the call began */
byte deaths;
bool progress = true;

#define DIE \
  if \
  :: deaths < DEATHS -> deaths++; progress = true; goto died \
  :: true \
  fi

/* owner -> 0. */
#ifdef RECLAIM_BY_STORE
#define RECLAIM(j) permit[j] = 0
#else
#define RECLAIM(j) \
  if \
  :: permit[j] == o -> permit[j] = 0 \
  :: else \
  fi
#endif

inline count_living() {
  n = 0; x = 0;
  do
  :: x < TAKERS -> n = n + holds[x]; x++
  :: else -> break
  od;
  x = 0
}

inline wake_one() {
  if
  :: asleep[0] -> asleep[0] = false
#if TAKERS > 1
  :: asleep[1] -> asleep[1] = false
#endif
#if TAKERS > 2
  :: asleep[2] -> asleep[2] = false
#endif
  :: else -> nobody = true
  fi
}

/* ------------------------------------------------------------------ who takes permits */

/* Every atomic block is one access to shared memory and what follows from it in the process's own. A jump from one atomic
   block to another would make one of the two: the `skip` at the labels lets others run in between. */
proctype taker(byte k; bool waits) {
  byte i, j, c, above, left, m, d, v, o, seen, a, r, n, x;
  byte calls = CALLS;
  bool second, ask, nobody, must_ask;

call: skip;
  atomic { allowed[k] = max; second = false;
    if
    :: waits -> goto arrive
    :: else
    fi;
    DIE;
#ifdef NO_HINT
    goto look
#else
    if
    :: hint -> goto refused
    :: else -> goto look
    fi
#endif
  };

arrive: skip;
#ifdef LOOK_BEFORE_ARRIVAL
  goto look;
arrive_late: skip;
#endif
  atomic { DIE; arrivals = (arrivals + 1) % 4; sleeping = true; seen = rings; second = false;
#ifdef LOOK_BEFORE_ARRIVAL
    goto sleep
#endif
  };

look: skip;
  atomic { DIE; v = version; m = max; d = drain; i = 0; j = 0; c = 0; above = 0;
    left = m;
    if
    :: i = 0
    :: m > 1 -> i = m - 1                /* where it had its last one */
    fi;
    if
    :: d > m
    :: else -> goto scan
    fi
  };
count: skip;
  atomic { DIE; c = c + (permit[j] != 0); above = above + (j >= m && permit[j] != 0); j++;
    if
    :: j < d -> goto count
    :: else
    fi;
    j = 0;
    if
    :: above == 0 -> goto drained
    :: above > 0 && c >= m -> c = 0; above = 0; left = 0; i = 0; goto none
    :: else -> c = 0; above = 0; goto scan
    fi
  };
drained: skip;
  atomic { DIE; c = 0;
    if
#ifdef NO_VERSION
    :: max == m && drain == d -> drain = m
#else
    :: version == v && max == m && drain == d -> drain = m
#endif
    :: else
    fi;
    goto look
  };

scan: skip;
  atomic { DIE;
    if
    :: left == 0 -> i = 0; goto none
    :: else
    fi;
    if
#ifdef TAKE_BY_STORE
    :: permit[i] == 0 -> goto store
#else
    :: permit[i] == 0 -> permit[i] = k + 1
#endif
    :: else -> i = (i + 1) % m; left--; goto scan
    fi;
    left = 0;
#ifdef NO_SECOND_LOOK
    if
    :: d == m -> goto keep
    :: else -> goto check
    fi
#else
    goto check
#endif
  };
#ifdef TAKE_BY_STORE
store: skip;
  atomic { DIE; permit[i] = k + 1 };
#endif
check: skip;
  atomic { DIE; m = max; d = drain; v = 0; c = 0; j = 0;
    if
#ifdef KEEP_ABOVE_MAX
    :: i >= m && d == m -> goto keep
    :: i >= m && d > m -> goto count_again
#else
    :: i >= m -> goto undo
#endif
#ifdef NO_COUNT
    :: i < m -> goto keep
#else
    :: i < m && d == m -> goto keep
    :: i < m && d > m -> goto count_again
#endif
    fi
  };
count_again: skip;
  atomic { DIE; c = c + (permit[j] != 0); j++;
    if
    :: j < d -> goto count_again
    :: j >= d && c > m -> goto undo
    :: else -> goto keep
    fi
  };
undo: skip;
  atomic { DIE; assert(permit[i] == k + 1); permit[i] = 0; m = 0; d = 0; c = 0; j = 0; i = 0 };
  atomic { DIE; hint = false; goto look };

keep: skip;
  if
  :: second -> atomic { DIE; hint = false }
  :: else
  fi;
  atomic { holds[k] = true; progress = true; m = 0; d = 0; c = 0; j = 0; v = 0; second = false; must_ask = false;
    count_living();
    assert(n <= allowed[k]);
    n = 0; allowed[k] = 0; seen = 0
  };
  atomic { DIE; holds[k] = false; assert(permit[i] == k + 1); permit[i] = 0; i = 0 };
#ifndef HINT_STAYS
  atomic { DIE; hint = false };
#endif
#if WAITERS > 0
  atomic { DIE;
    if
    :: !sleeping -> goto next
    :: else -> rings = (rings + 1) % 4; r = rings; a = arrivals
    fi
  };
  atomic { DIE; nobody = false; wake_one();
    if
    :: nobody -> nobody = false
    :: else -> a = 0; r = 0; goto next
    fi
  };
  atomic { DIE;
    if
#ifdef NO_ARRIVALS
    :: rings == r -> sleeping = false
#else
    :: rings == r && arrivals == a -> sleeping = false
#endif
    :: else
    fi;
    a = 0; r = 0
  };
#endif
  goto next;

none: skip;
  if
  :: second -> goto refused
  :: !second && must_ask -> ask = true
  :: !second && !must_ask && deaths > 0 -> ask = true
  :: !second && !must_ask -> ask = false
  fi;
  must_ask = false;
#ifdef NOBODY_ASKS
  ask = false;
#endif
  if
  :: ask -> ask = false; goto reclaim
  :: else -> goto tell
  fi;
reclaim: skip;
  atomic { DIE; o = permit[j];
    if
    :: o != 0 && dead[o - 1]
    :: else -> goto reclaimed
    fi
  };
  atomic { DIE; RECLAIM(j); o = 0 };
  atomic { DIE; hint = false };
reclaimed: skip;
  atomic { o = 0; j++;
    if
    :: j < CAP -> goto reclaim
    :: else -> j = 0
    fi
  };
tell: skip;
#ifdef NO_LOOK_AFTER_TELLING
  atomic { DIE; hint = true; goto refused };
#else
  atomic { DIE; hint = true; second = true; goto look };
#endif

refused: skip;
  second = false;
  if
  :: waits
#ifdef LOOK_BEFORE_ARRIVAL
     ; goto arrive_late
#endif
  :: else -> goto next
  fi;
sleep: skip;
  atomic { m = 0; d = 0; v = 0;
    if
    :: rings != seen -> goto arrive
    :: else -> asleep[k] = true
    fi
  };
  if
  :: atomic { !asleep[k] -> goto arrive }
  :: atomic { timeout ->
#ifdef NO_LIMIT
     assert(false);
#endif
     assert(progress); progress = false; asleep[k] = false; must_ask = true; goto arrive }
  :: atomic { asleep[k] && deaths < DEATHS -> deaths++; progress = true; goto died }
  fi;

next: skip;
  atomic { calls--; m = 0; d = 0; v = 0; i = 0; allowed[k] = 0;
    if
    :: calls > 0 -> goto call
    :: else -> goto stop
    fi
  };
died:
  atomic { dead[k] = true; holds[k] = false; asleep[k] = false };
stop:
  atomic { left = 0; i = 0; j = 0; c = 0; above = 0; m = 0; d = 0; v = 0; o = 0; seen = 0; a = 0; r = 0; n = 0; calls = 0;
           second = false; ask = false; must_ask = false; nobody = false; allowed[k] = 0 }
}

/* ------------------------------------------------------------------ maintenance, and changes of max */

inline wake_all() {
  atomic {
    if
    :: sleeping -> rings = (rings + 1) % 4; x = 0;
       do
       :: x < TAKERS -> asleep[x] = false; x++
       :: else -> break
       od;
       x = 0
    :: else
    fi
  }
}

proctype reclaimer() {
  byte j, o, x;
next: skip;
  atomic { DIE; o = permit[j];
    if
#ifdef RECLAIMS_THE_LIVING
    :: o != 0
#else
    :: o != 0 && dead[o - 1]
#endif
    :: else -> goto one_more
    fi
  };
  atomic { DIE; RECLAIM(j); o = 0 };
  atomic { DIE; hint = false };
#if WAITERS > 0
  wake_all();
#endif
one_more: skip;
  atomic { o = 0; j++;
    if
    :: j < CAP -> goto next
    :: else
    fi
  };
died: atomic { j = 0; o = 0 }
}

proctype setter() {
  byte n = CHANGES, to, x;
change: skip;
  atomic { DIE;
    select(to : 1 .. CAP);
    version++;
#ifndef NO_DRAIN
    drain = (to > drain -> to : drain);
#else
    drain = to;
#endif
    max = to;
    do
    :: x < TAKERS -> allowed[x] = (max > allowed[x] -> max : allowed[x]); x++
    :: else -> break
    od;
    x = 0; to = 0
  };
  atomic { DIE; hint = false };
#if WAITERS > 0
  wake_all();
#endif
  atomic { n--;
    if
    :: n > 0 -> goto change
    :: else
    fi
  };
died: atomic { n = 0; to = 0 }
}

init {
  byte i = 0;
  atomic {
    do
    :: i < WAITERS -> run taker(i, true); i++
    :: i >= WAITERS && i < TAKERS -> run taker(i, false); i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < RECLAIMERS -> run reclaimer(); i++
    :: else -> break
    od;
    if
    :: CHANGES > 0 -> run setter()
    :: else
    fi;
    i = 0
  };
  atomic {
    _nr_pr == 1 ->
    assert(!hint || deaths > 0);
    do
    :: i < CAP ->
       if
       :: permit[i] != 0 -> assert(dead[permit[i] - 1])
       :: else
       fi;
       i++
    :: else -> break
    od
  }
}
