/* How a key gets a slot of the key table: a small transaction in a stripe word that anybody can finish. Nobody waits.
   docs/design/key-table-insert.md explains it, tests/protocol/verify runs it.

   Checked, whoever is stopped or dies wherever:
     - a key never has two committed slots;
     - when nothing expires, a limit of one admits once;
     - with pan -l: there is no cycle at all, so nobody waits for somebody else.

   A slot is {tag, state}, a stripe {owner, word}. Contents of slots recur as they do in the real table: the state of a
   key is NEW or LIVE, nothing else. Only two kinds of content never recur: an empty's stamp and a ticket.

   Each part of the protocol can be left out or done wrongly by a -D; CMakeLists.txt lists what spin then finds. */

/* Who runs: a process of key T with FIRST checks; USERS more of key T and RIVALS of key X with one check each; PASSES
   (and RIVAL_PASSES, of X) that find the stripe busy, do what they then think right, and are never seen again. A process
   keeps nothing from one look at the stripe to the next. So a process that is stopped and goes on later is such a pass,
   and whatever it does afterwards is some other process. */
#ifndef USERS
#define USERS 2
#endif
#ifndef FIRST
#define FIRST 2
#endif
#ifndef PASSES
#define PASSES 0
#endif
#ifndef RIVAL_PASSES
#define RIVAL_PASSES 0
#endif
#ifndef RIVALS
#define RIVALS 0
#endif
#ifndef MOVES
#define MOVES 3              /* of time, the sweeper and keys that are not modelled as processes */
#endif

#ifndef LAST_SEQ
#define LAST_SEQ 10          /* so many transactions are an error, they would go on for ever; with CUT the search ends there */
#endif
#ifndef LAST_STAMP
#define LAST_STAMP 8         /* with CUT: so many emptyings end the search too */
#endif

#define SLOTS 2
#define NONE  SLOTS

#define NOBODY 0             /* owner of an idle stripe */
#define T 1
#define X 2
#define OTHER 3              /* keys whose insertion is not modelled: they come in one step */
#ifdef SHARED_STRIPE
#define STRIPE(key) 0
#else
#define STRIPE(key) ((key) == X)
#endif

/* A slot is a key {tag, NEW or LIVE}, tentative {tag, ticket}, or empty {stamp, 0}. NEW and LIVE come again and again.
   One load of a ticket names its transaction, one load of a stamp its emptying. */
#define NEW  0
#define LIVE 2
#ifdef TICKET_WITHOUT_STRIPE
#define TICKET(stripe, seq) (32 + (seq))
#define STRIPE_OF(t, s) ((t) != T)
#define IS_OURS(t, s)   ((s) == TICKET(me, SEQ(w)) && (t) == o)
#else
#define TICKET(stripe, seq) (32 + 16 * (stripe) + (seq))
#define STRIPE_OF(t, s) ((s) >= 48)
#define IS_OURS(t, s)   ((s) == TICKET(me, SEQ(w)))
#endif
#define SEQ_OF(s) ((s) % 16)
#define IS_TICKET(s) ((s) >= 32)
#ifdef STAMP_IN_STATE
#define STAMP(n)        0
#define STAMP_STATE(n)  (n)
#define IS_EMPTY(t)     ((t) == 0)
#define STATE_READ(s)   (s)
#else
#define STAMP(n)        (64 + (n))
#define STAMP_STATE(n)  0
#define IS_EMPTY(t)     ((t) >= 64)
#define STATE_READ(s)   0
#endif
#define IS_KEY(t, s) (!IS_EMPTY(t) && !IS_TICKET(s))

/* The second word of a stripe. */
#define IDLE 0
#define PREPARING 1
#define COMMITTING 2
#define WORD(seq, slot, phase) ((seq) * 8 + (slot) * 4 + (phase))
#define PHASE(w) ((w) % 4)
#define SLOT(w)  (((w) / 4) % 2)
#define SEQ(w)   ((w) / 8)
#ifdef NO_SEQ
#define NEXT(seq) (seq)
#else
#define NEXT(seq) ((seq) + 1)
#endif

byte tag[SLOTS], state[SLOTS];
byte owner[2], word[2];
byte stamps[SLOTS];          /* how many stamps the slot has used */
byte admitted;
byte begun;                  /* a bit for each process */

#define COMMITTED(i, key) (tag[i] == key && !IS_TICKET(state[i]))

/* ------------------------------------------------------------------ single instructions */

inline cas_slot(slot, old_tag, old_state, new_tag, new_state) {
  if
  :: tag[slot] == old_tag && state[slot] == old_state ->
     tag[slot] = new_tag; state[slot] = new_state; ok = true;
     assert(!(COMMITTED(0, T) && COMMITTED(1, T)));
     assert(!(COMMITTED(0, X) && COMMITTED(1, X)))
  :: else -> ok = false
  fi
}

inline clear_slot(slot, old_tag, old_state, seq) {
  if
  :: tag[slot] == old_tag && state[slot] == old_state ->
#if defined(STAMP_IS_SEQ)
     tag[slot] = STAMP(seq); state[slot] = STAMP_STATE(seq)
#elif defined(STAMP_RECURS)
     tag[slot] = STAMP(0); state[slot] = STAMP_STATE(0)
#else
     stamps[slot]++; tag[slot] = STAMP(stamps[slot]); state[slot] = STAMP_STATE(stamps[slot])
#endif
  :: else
  fi
}

inline cas_stripe(new_owner, new_word) {
  if
  :: owner[me] == o && word[me] == w ->
     owner[me] = new_owner; word[me] = new_word
  :: else
  fi
}

/* Ends the atomic block between the two loads of a slot or a stripe, so that the halves may be of different contents. */
#ifdef TORN
#define OTHERS_RUN } atomic {
#else
#define OTHERS_RUN
#endif

/* ------------------------------------------------------------------ what a content means */

/* Whether a transaction is under way. A ticket that was seen and is not current is rubbish for good. */
#define CURRENT(t, s) (PHASE(word[STRIPE_OF(t, s)]) != IDLE && SEQ(word[STRIPE_OF(t, s)]) == SEQ_OF(s))

/* Nobody needs it any more. This cannot become untrue while the content stays. */
#define NO_USE(t, s) (!IS_EMPTY(t) && ((!IS_TICKET(s) && s == NEW) || (IS_TICKET(s) && !CURRENT(t, s))))

/* ------------------------------------------------------------------ a process that checks a key */

/* Every atomic block is one access to shared memory and what follows from it in the process's own. A jump from one atomic
   block to another would make one of the two: the `skip` at the labels lets others run in between. */
proctype user(byte key; byte checks; bool once; byte predecessor) {
  byte t, s, o, w, i, candidate;
  byte me = STRIPE(key);
  bool ok;

  /* Equal processes begin in turn: any other order is the same with names exchanged. */
  predecessor == 0 || (begun >> predecessor) & 1;

again: skip;
  atomic {
    if
    :: once && (begun >> _pid) & 1 -> goto stop
    :: once && !((begun >> _pid) & 1) -> PHASE(word[me]) != IDLE
    :: else
    fi;
    begun = begun | (1 << _pid);
    t = 0; s = 0; i = 0; candidate = NONE; ok = false;
#ifdef OWNER_FIRST
    o = owner[me]; OTHERS_RUN
#endif
    w = word[me];
#ifndef OWNER_FIRST
    OTHERS_RUN o = owner[me];
#endif
#ifdef CUT
    if
    :: SEQ(w) >= LAST_SEQ || stamps[0] + stamps[1] >= LAST_STAMP -> goto stop
    :: else
    fi;
#else
    assert(SEQ(w) < LAST_SEQ);
#endif
    if
    :: PHASE(w) == PREPARING -> goto prepare
    :: PHASE(w) == COMMITTING -> goto commit
#ifdef LOOKUP
    :: PHASE(w) != IDLE                  /* a check looks for its key before it thinks of the stripe */
#endif
    :: PHASE(w) == IDLE
    fi
  };

scan: skip;
  atomic { t = tag[i]; OTHERS_RUN s = state[i];
    if
    :: t == key && !IS_TICKET(s) ->
       if
       :: s == LIVE -> goto next                  /* denied */
       :: else -> goto spend
       fi
    :: else
    fi;
    if
    :: IS_EMPTY(t) || NO_USE(t, s) ->
       if
       :: candidate = i
       :: candidate != NONE
       fi
    :: else
    fi;
    i++; t = 0; s = 0;
    if
    :: i < SLOTS -> goto scan
    :: i == SLOTS && candidate == NONE -> goto next                  /* full */
    :: else -> i = 0
    fi
  };
#ifdef LOOKUP
  if
  :: PHASE(w) != IDLE -> goto again
  :: else
  fi;
#endif
#ifdef STRIPE_READ_AGAIN
  atomic { o = owner[me]; w = word[me];
    if
    :: PHASE(w) != IDLE -> goto again
    :: else
    fi
  };
#endif
  atomic { cas_stripe(key, WORD(SEQ(w), candidate, PREPARING)); goto again };

prepare: skip;
#ifdef VALIDATE_BEFORE_READ
  atomic {
    if
    :: word[me] == w
    :: else -> goto again
    fi
  };
#endif
  atomic { t = tag[SLOT(w)]; OTHERS_RUN s = state[SLOT(w)];
    if
#ifdef NO_TENTATIVE
    :: t == o && !IS_TICKET(s) -> goto release
#endif
    :: IS_OURS(t, s) -> t = 0; s = 0; goto placed
    :: IS_EMPTY(t) && !IS_OURS(t, s) -> s = STATE_READ(s)
    :: else ->
       if
       :: NO_USE(t, s)
       :: else -> t = 0; s = 0; goto release                  /* taken: give up */
       fi
    fi
  };
#if !defined(NO_VALIDATE) && !defined(VALIDATE_BEFORE_READ)
  atomic {
    if
    :: word[me] == w
#ifdef CLEAR_ANY_TIME
    :: word[me] != w && !IS_EMPTY(t)
    :: word[me] != w && IS_EMPTY(t) -> goto again
#else
    :: else -> goto again
#endif
    fi
  };
#endif
  atomic {
    if
#ifndef NO_CLEAR
    :: !IS_EMPTY(t) -> clear_slot(SLOT(w), t, s, SEQ(w))
#endif
#ifdef NO_TENTATIVE
    :: else -> cas_slot(SLOT(w), t, s, o, NEW)
#else
    :: else -> cas_slot(SLOT(w), t, s, o, TICKET(me, SEQ(w)))
#endif
    fi;
    goto again
  };

placed: skip;
#ifndef NO_COMMITTING
  atomic { cas_stripe(o, WORD(SEQ(w), SLOT(w), COMMITTING)); goto again };
#endif

commit: skip;
#ifdef RELEASE_BEFORE_COMMIT
  atomic { cas_stripe(NOBODY, WORD(NEXT(SEQ(w)), 0, IDLE)) };
#endif
  atomic {
#ifdef COMMIT_BY_STORE
    cas_slot(SLOT(w), tag[SLOT(w)], state[SLOT(w)], o, NEW);
#else
    cas_slot(SLOT(w), o, TICKET(me, SEQ(w)), o, NEW);
#endif
    ok = false
  };

release: skip;
  atomic { cas_stripe(NOBODY, WORD(NEXT(SEQ(w)), 0, IDLE)); goto again };

spend: skip;
  atomic { cas_slot(i, t, s, t, LIVE);
    if
    :: !ok -> goto again
    :: else
    fi;
    if
    :: key == T -> admitted++
    :: else
    fi;
#ifndef EXPIRY
    assert(admitted <= 1);
#endif
    ok = false
  };

next:
  atomic {
    checks--;
    if
    :: checks > 0 -> goto again
    :: else
    fi
  };
stop:
  atomic { t = 0; s = 0; o = 0; w = 0; i = 0; candidate = 0; ok = false; checks = 0 }
}

/* ------------------------------------------------------------------ time, the sweeper, and all the other keys */

proctype environment() {
  byte n = MOVES, i;
  byte w;
  do
  :: n > 0 ->
     n--;
     atomic {
       if
       :: i = 0
       :: i = 1
       fi;
       if
#ifdef OTHER_STRIPES
       /* Another stripe, whose transaction has the same number as T's first, uses the slot. */
       :: IS_EMPTY(tag[i]) && i == 1 -> tag[i] = OTHER; state[i] = TICKET(1, 1)
       :: tag[i] == OTHER && state[i] == TICKET(1, 1) -> state[i] = NEW
#else
       :: IS_EMPTY(tag[i]) -> tag[i] = OTHER; state[i] = LIVE                  /* comes */
       :: !IS_EMPTY(tag[i]) && tag[i] != OTHER && NO_USE(tag[i], state[i]) -> tag[i] = OTHER; state[i] = LIVE
       :: tag[i] == OTHER && state[i] == LIVE -> state[i] = NEW                  /* grows old */
       :: tag[i] == OTHER && state[i] == NEW -> state[i] = LIVE                  /* is checked again */
#ifdef EXPIRY
       :: tag[i] != OTHER && IS_KEY(tag[i], state[i]) && state[i] == LIVE -> state[i] = NEW
#endif
#ifndef NO_CLEAR
       :: tag[i] == OTHER && state[i] == NEW -> clear_slot(i, tag[i], state[i], 0)          /* is swept */
       :: tag[i] != OTHER && NO_USE(tag[i], state[i]) -> clear_slot(i, tag[i], state[i], 0)
#endif
#endif
       :: else                  /* nothing happens to it */
       fi;
       i = 0
     }
  :: else -> break
  od
}

inline run_users(n, key, once) {
  predecessor = 0; u = 0;
  do
  :: u < n -> run user(key, 1, once, predecessor); predecessor = _nr_pr - 1; u++
  :: else -> break
  od
}

init {
  atomic {
    byte u, predecessor;
    word[0] = WORD(1, 0, IDLE); word[1] = WORD(1, 0, IDLE);
#ifdef LEFTOVER
    tag[0] = STAMP(0); state[0] = STAMP_STATE(0);
    tag[1] = T; state[1] = TICKET(0, 0);   /* of a transaction that was given up */
    word[1] = WORD(1, 1, PREPARING);       /* X's process died after its first step */
    owner[1] = X;
#else
    tag[0] = OTHER; state[0] = NEW;
    tag[1] = STAMP(0); state[1] = STAMP_STATE(0);
#endif
    run user(T, FIRST, false, 0);
    run_users(USERS, T, false);
    run_users(PASSES, T, true);
    run_users(RIVALS, X, false);
    run_users(RIVAL_PASSES, X, true);
    run environment();
    u = 0; predecessor = 0
  }
}
