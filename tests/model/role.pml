/*
 * The role protocol of doc/protocol.md section 1: register (CASPaxos), lease, in_sync, phases. See README.md for what is
 * modelled, what is left out, and why each abstraction is sound. Gateways 0 and 1, witness 2.
 *
 * -DBALLOTS=n   rounds that may be begun; every order of them between the two gateways is searched
 * -DSOLO        starts from SOLO of gateway 0 (its peer one record behind, a payment missing there) instead of SYNC
 * -DWIPE        the witness loses its memory once
 * -DFORCE       once, an operator forces the role upon a gateway that does not count, and vouches for the other one being off
 * -DMUT_xxx     leaves one guard out: each must give a counter-example (run --mutants)
 */
#ifndef BALLOTS
#define BALLOTS 3
#endif
#ifdef SOLO
#define FIRST 1 /* ballot of the record that holds when the search begins */
#else
#define FIRST 0
#endif
#define LAST (FIRST + BALLOTS)
#define UNKNOWN 7 /* no record is known: since the start nobody was read */

#define MINUS(set, m) ((set) & (7 - (1 << (m))))
#define HAS(set, m) (((set) >> (m)) & 1)
#define MAJORITY(set) ((set) == 3 || (set) == 5 || (set) == 6 || (set) == 7)

/* Ballot b: its owner (1 + gateway; 0 not begun), whether its accept was sent, who accepted it (7 as soon as that is a
 * majority: it is chosen, and nothing else about it matters), and its value, the record. */
typedef Ballot {
	unsigned owner : 2;
	unsigned sent : 1;
	unsigned accepts : 3;
	unsigned version : 3;
	unsigned epoch : 3;
	unsigned named : 1; /* the active; that word is Promela's */
	unsigned open : 1;
	unsigned keep : 1;
	unsigned in_sync : 2;
	unsigned token0 : 1;
	unsigned token1 : 1;
#ifdef FORCE
	unsigned forced : 1; /* this very change */
#endif
};
Ballot r[LAST + 1];
byte top; /* highest ballot that is chosen */

/* A member as an acceptor. promise: 0, or 1 + gateway to which its lease promise runs. */
typedef Acceptor {
	unsigned promised : 3;
	unsigned accepted : 3;
	unsigned promise : 2;
	unsigned silent : 1;
};
Acceptor a[3];

/* A gateway. */
typedef Gateway {
	unsigned known : 3;   /* ballot of the record known chosen */
	unsigned epoch : 3;   /* claimed by or handed to this life; 0 none */
	unsigned step : 2;
	unsigned ballot : 3;  /* of the round */
	unsigned claim : 1;   /* the value of the round is a claim of ours */
#ifdef MUT_STALE
	unsigned stale : 1;   /* the round began with the wish to ADD */
#endif
	unsigned promises : 3;
	unsigned best : 3;    /* highest accepted ballot that was reported */
	unsigned pending : 3; /* ballot of a value of ours whose fate is not known; 0 none */
	unsigned pending_in_sync : 2;
	unsigned grants : 3;  /* members whose lease grant for our epoch still counts */
	unsigned adding : 1;  /* semi-sync is on for a standby that is to be added */
	unsigned late : 2;    /* heartbeatd died, its gate is open until the deadline: 1 lease, 2 and alone, 3 sole */
	unsigned data : 1;    /* durable here: every acknowledged payment */
	unsigned beside : 1;  /* the token that lies beside the data */
};
Gateway g[2];
#ifdef FORCE
unsigned word : 3;	/* version of the record that the operator was shown; 0 nothing was said */
unsigned word_to : 1;	/* the gateway that is to be active */
unsigned given_up : 1;	/* FORCE was chosen: what only the other one had is owed to nobody any more */
#endif
#ifdef WIPE
unsigned wiped : 2;	   /* 1: amnesia, nobody read yet; 2: re-admitted; 0 never */
unsigned read_from : 2;	   /* gateways that were read */
unsigned read_promised : 3;
unsigned read_accepted : 3;
#ifdef MUT_M17 /* it votes all the same */
#define AMNESIA(m) false
#else
#define AMNESIA(m) (m == 2 && wiped == 1)
#endif
#else
#define AMNESIA(m) false
#endif

#define IDLE 0
#define PREPARING 1
#define ACCEPTING 2

#define NOTHING 0
#define CLAIM 1
#define RECLAIM 2 /* of what it holds already: it restarted, or its database died */
#define OPEN 3
#define SOLO_ 4
#define ADD 5
#define HAND 6
#define HANDKEEP 7
#define FORCE_ 8

#define CHOSEN(b) (r[b].accepts == 7)
#define K(x) r[g[x].known]
#define IS_KNOWN(x) (g[x].known != UNKNOWN)
#define MINE(x) (IS_KNOWN(x) && K(x).named == x && K(x).epoch == g[x].epoch)
#define MINE_OPEN(x) (MINE(x) && K(x).open)
#define TOKEN(b, x) ((x) == 0 -> r[b].token0 : r[b].token1)
#define TOKEN_GOOD(b, x) (HAS(r[b].in_sync, x) && TOKEN(b, x) == g[x].beside)

#define SELF_ONLY(x) (1 << (x))

/* LEASE: a majority that includes me; and my own vote obeys A3 for as long as it counts. */
#ifdef MUT_NOSELF
#define OWN_VOTE(x) true
#else
#define OWN_VOTE(x) (r[a[x].accepted].named == x && r[a[x].accepted].epoch == g[x].epoch)
#endif
#define MAJORITY_GRANTS(x) (HAS(g[x].grants, x) && MAJORITY(g[x].grants))
#ifdef MUT_NOLEASE
#define LEASE(x) MINE(x)
#else
#define LEASE(x) (MINE(x) && MAJORITY_GRANTS(x) && OWN_VOTE(x))
#endif

/* Equal content; version counts the changes. */
#define SAME(b, c) (r[b].version == r[c].version && r[b].epoch == r[c].epoch && r[b].named == r[c].named && \
	r[b].open == r[c].open && r[b].keep == r[c].keep && r[b].in_sync == r[c].in_sync && \
	r[b].token0 == r[c].token0 && r[b].token1 == r[c].token1)

#ifdef MUT_ACCEPTED /* what its own acceptor holds is not looked at */
#define HOLDS_NO_OTHER(x) true
#define HOLDS_KNOWN(x) true
#else
#define HOLDS_NO_OTHER(x) (r[a[x].accepted].in_sync == SELF_ONLY(x))
#define HOLDS_KNOWN(x) SAME(a[x].accepted, g[x].known)
#endif
/* The union rule (S4). */
#ifdef MUT_NOUNION
#define MUST_BE_ACKED(x) (K(x).in_sync != SELF_ONLY(x))
#define SOLE(x) (MINE_OPEN(x) && K(x).in_sync == SELF_ONLY(x))
#else
#ifdef MUT_M5 /* SOLO released as soon as the own acceptor holds it */
#define MUST_BE_ACKED(x) (r[a[x].accepted].in_sync != SELF_ONLY(x))
#else
#define MUST_BE_ACKED(x) (K(x).in_sync != SELF_ONLY(x) || !HOLDS_NO_OTHER(x) || \
	(g[x].pending && g[x].pending_in_sync != SELF_ONLY(x)))
#endif
#ifdef MUT_M6 /* sole although a value of its own is pending */
#define SOLE(x) (MINE_OPEN(x) && K(x).in_sync == SELF_ONLY(x))
#else
#define SOLE(x) (MINE_OPEN(x) && K(x).in_sync == SELF_ONLY(x) && !g[x].pending && HOLDS_KNOWN(x))
#endif
#endif

/* GATE. What a dead heartbeatd left open counts until its deadline. */
#ifdef MUT_M12 /* opens before OPEN is known chosen */
#define MAY_OPEN(x) MINE(x)
#else
#define MAY_OPEN(x) MINE_OPEN(x)
#endif
#define GATE(x) (g[x].late || (MAY_OPEN(x) && (LEASE(x) || SOLE(x))))
#define ALONE(x) (g[x].late >= 2 || (!g[x].late && !MUST_BE_ACKED(x) && !g[x].adding))

/* y's receiving thread is connected to x, and y's relay is open: only for the epoch and active that y knows (B4). */
#define FOLLOWS(y, x) (MINE_OPEN(x) && IS_KNOWN(y) && K(y).named == x && K(y).epoch == g[x].epoch)

/* A1, A2: may m take a prepare or an accept from gateway x? */
#define FREE(m, x) (a[m].promise == 0 || a[m].promise == 1 + (x))
#ifdef MUT_NOSILENCE
#define LOUD(m, x) true
#else
#define LOUD(m, x) (!a[m].silent || r[a[m].accepted].named == (x))
#endif
#define GUARD(m, x) (!AMNESIA(m) && FREE(m, x) && LOUD(m, x))
#ifdef MUT_ACC
#define GUARD_ACCEPT(m, x) (!AMNESIA(m) && LOUD(m, x))
#else
#define GUARD_ACCEPT(m, x) GUARD(m, x)
#endif
#ifdef MUT_PREP
#define GUARD_PREPARE(m, x) (!AMNESIA(m) && LOUD(m, x))
#else
#define GUARD_PREPARE(m, x) GUARD(m, x)
#endif

/* What x may want to change, as node_role.c decides it; time-outs and sickness may happen at any moment. */
#ifdef MUT_M15 /* the token is not looked at */
#define CLAIM_TOKEN(x) HAS(K(x).in_sync, x)
#define SAME_TOKEN(b, x, t) true
#else
#define CLAIM_TOKEN(x) TOKEN_GOOD(g[x].known, x)
#define SAME_TOKEN(b, x, t) (TOKEN(b, x) == (t))
#endif
#define WANTS_CLAIM(x) (IS_KNOWN(x) && CLAIM_TOKEN(x) && !a[x].silent && FREE(x, x))
#define SHOWN(x, y) (g[x].adding && FOLLOWS(y, x) && g[y].data)
#ifdef MUT_M8 /* ADD before the standby has shown that it has everything */
#undef SHOWN
#define SHOWN(x, y) (g[x].adding && FOLLOWS(y, x))
#endif
#ifdef MUT_M6B /* ADD without a lease */
#define ADD_LEASE(x) true
#else
#define ADD_LEASE(x) LEASE(x)
#endif
#ifdef MUT_BOOT /* a node that cannot read the record finishes what it finds before its own silence has ended */
#define BOOT_SILENCE(x) true
#else
#define BOOT_SILENCE(x) (!a[x].silent)
#endif
#ifdef FORCE
#ifdef MUT_UNSEEN /* whatever has become of the record since it was shown */
#define WAS_SHOWN(v) true
#else
#define WAS_SHOWN(v) (word == (v))
#endif
#define DOES_NOT_COUNT(x) (IS_KNOWN(x) && !MINE(x) && !TOKEN_GOOD(g[x].known, x))
#define WANTS_FORCE(x) (word && word_to == x && DOES_NOT_COUNT(x) && WAS_SHOWN(K(x).version) && !a[x].silent && FREE(x, x))
#else
#define WANTS_FORCE(x) false
#endif
#define WANTS(x, k) ( \
	((k) == NOTHING && (g[x].pending || MINE(x) || (BOOT_SILENCE(x) && FREE(x, x) && \
		(!IS_KNOWN(x) || a[x].accepted > g[x].known)))) || \
	((k) == CLAIM && WANTS_CLAIM(x) && K(x).named != x) || \
	((k) == RECLAIM && WANTS_CLAIM(x) && K(x).named == x) || \
	((k) == OPEN && MINE(x) && !K(x).open && CLAIM_TOKEN(x)) || \
	((k) == SOLO_ && MINE_OPEN(x) && K(x).in_sync != SELF_ONLY(x)) || \
	((k) == ADD && MINE_OPEN(x) && K(x).in_sync == SELF_ONLY(x) && SHOWN(x, 1 - x) && ADD_LEASE(x)) || \
	(((k) == HAND || (k) == HANDKEEP) && MINE_OPEN(x) && TOKEN_GOOD(g[x].known, 1 - x)) || \
	((k) == FORCE_ && WANTS_FORCE(x)))

/* What happens next: chosen by guard, carried out below. Scratch, no part of the state. */
hidden byte op, x, m, b, k, i, f;
#define IS_BEGIN 1
#define IS_PREPARE 2
#define IS_DECIDE 3
#define IS_END_LATE 4
#define IS_TAKE 5
#define IS_LEARN 6
#define IS_FORGET 7
#define IS_GRANT 8
#define IS_END 9
#define IS_RESTART 10
#define IS_PAY 11
#define IS_RECEIVE 12
#define IS_ADDING_ON 13
#define IS_ADDING_OFF 14
#define IS_LOSE 15
#define IS_WIPE 16
#define IS_READ 17
#define IS_ADMIT 18
#define IS_WORD 19

/* ---- properties, looked at after every step ---- */
#define TOP r[top]
#define HOLDS_ALL(x) (!TOKEN_GOOD(top, x) || g[x].data)
inline check()
{
	/* Two nodes never answer at once; who answers has everything and is the active of the last chosen record. */
	assert(!(GATE(0) && GATE(1)));
	assert(!GATE(0) || (TOP.named == 0 && g[0].data));
	assert(!GATE(1) || (TOP.named == 1 && g[1].data));
	/* Whoever could take over holds every acknowledged payment. */
	assert(HOLDS_ALL(0) && HOLDS_ALL(1));
	/* A sole node is not superseded. */
	assert(!SOLE(0) || (TOP.named == 0 && TOP.in_sync == 1));
	assert(!SOLE(1) || (TOP.named == 1 && TOP.in_sync == 2))
}

/* The acceptor's half of an accept of b by m: a record that names another ends the lease promise. When a majority holds b
 * it is chosen: one value per version, and neither version nor epoch ever goes back. */
inline take()
{
	a[m].accepted = b;
	a[m].promised = b;
	if
	:: a[m].promise && r[b].named != a[m].promise - 1 -> a[m].promise = 0
	:: else
	fi;
	r[b].accepts = r[b].accepts | (1 << m);
	if
	:: MAJORITY(r[b].accepts) ->
		r[b].accepts = 7;
		i = 0;
		do
		:: i > LAST -> break
		:: i < b && CHOSEN(i) ->
			assert(r[i].version < r[b].version || SAME(i, b));
			assert(r[i].epoch <= r[b].epoch);
			i++
		:: i > b && i <= LAST && CHOSEN(i) ->
			assert(r[b].version < r[i].version || SAME(i, b));
			assert(r[b].epoch <= r[i].epoch);
			i++
		:: else -> i++
		od;
		top = (b > top -> b : top);
#ifdef FORCE
		if
		:: r[b].forced && !given_up ->
			given_up = 1;
			g[0].data = (r[b].named == 0);
			g[1].data = (r[b].named == 1)
		:: else
		fi
#endif
	:: else
	fi
}

inline end_round()
{
	g[x].step = IDLE;
	g[x].ballot = 0;
	g[x].claim = 0;
	g[x].promises = 0;
	g[x].best = 0
}

/* P1: own acceptor first. If it refuses, the value stays pending and the round backs off. */
inline self_accept()
{
	b = g[x].ballot;
	g[x].pending_in_sync = (g[x].pending -> g[x].pending_in_sync : 0) | r[b].in_sync;
	g[x].pending = b;
	if
	:: GUARD_ACCEPT(x, x) && a[x].promised <= b ->
		r[b].sent = 1;
		m = x;
		take();
		g[x].step = ACCEPTING
	:: else ->
		end_round()
	fi
}

/* change.c: the value at the round's ballot, from the highest accepted one. k becomes NOTHING if its guard fails. */
#define MY_OPEN (r[b].named == x && r[b].open && r[b].epoch == g[x].epoch)
inline change()
{
	b = g[x].ballot;
	f = g[x].best;
	r[b].version = r[f].version;
	r[b].epoch = r[f].epoch;
	r[b].named = r[f].named;
	r[b].open = r[f].open;
	r[b].keep = r[f].keep;
	r[b].in_sync = r[f].in_sync;
	r[b].token0 = r[f].token0;
	r[b].token1 = r[f].token1;
	if
	:: (k == CLAIM || k == RECLAIM) && HAS(r[b].in_sync, x) && SAME_TOKEN(b, x, g[x].beside) &&
	    (r[b].named != x || k == RECLAIM) ->
		r[b].keep = (r[b].named == x && (r[b].open || r[b].keep));
		r[b].epoch = r[b].epoch + 1;
		r[b].named = x;
		r[b].open = 0
	:: k == OPEN && r[b].named == x && !r[b].open && r[b].epoch == g[x].epoch ->
		r[b].open = 1;
		r[b].in_sync = (r[b].keep -> r[b].in_sync : SELF_ONLY(x));
		r[b].keep = 0
	:: k == SOLO_ && MY_OPEN && r[b].in_sync != SELF_ONLY(x) ->
		r[b].in_sync = SELF_ONLY(x)
	:: k == ADD && MY_OPEN && r[b].in_sync == SELF_ONLY(x) ->
		r[b].in_sync = 3;
		r[b].token0 = (x == 1 -> g[0].beside : r[b].token0);
		r[b].token1 = (x == 0 -> g[1].beside : r[b].token1)
	:: (k == HAND || k == HANDKEEP) && MY_OPEN && HAS(r[b].in_sync, 1 - x) && SAME_TOKEN(b, 1 - x, g[1 - x].beside) ->
		r[b].keep = (k == HANDKEEP);
		r[b].epoch = r[b].epoch + 1;
		r[b].named = 1 - x;
		r[b].open = 0
#ifdef FORCE
	:: k == FORCE_ && WAS_SHOWN(r[b].version) && !(HAS(r[b].in_sync, x) && SAME_TOKEN(b, x, g[x].beside)) ->
		r[b].in_sync = SELF_ONLY(x);
		r[b].token0 = (x == 0 -> g[0].beside : 0);
		r[b].token1 = (x == 1 -> g[1].beside : 0);
		r[b].keep = 0;
		r[b].epoch = r[b].epoch + 1;
		r[b].named = x;
		r[b].open = 0
#endif
	:: else -> k = NOTHING
	fi;
#ifdef FORCE
	r[b].forced = (k == FORCE_ || (k == NOTHING && r[f].forced));
#endif
	r[b].version = r[b].version + (k != NOTHING);
	/* A token that no longer counts says nothing. */
	r[b].token0 = r[b].token0 & (r[b].in_sync & 1);
	r[b].token1 = r[b].token1 & (r[b].in_sync >> 1)
}

#define LATE(m) (m < 2 && g[m % 2].late)
/* m is silent for as long as a grant of its earlier life may count, or what its own dead heartbeatd left open. */
#define OUTSTANDING(m) (HAS(g[0].grants, m) || HAS(g[1].grants, m) || LATE(m))
inline release(m)
{
	a[m].promise = (a[m].promise == 1 + x -> 0 : a[m].promise);
	a[m].silent = (a[m].silent && OUTSTANDING(m))
}

/* x counts its grants no more: whether those that gave them stay bound could only keep things from happening. */
inline forget_lease()
{
	g[x].grants = 0;
	release(0);
	release(1);
	release(2)
}

/* What can have no effect any more is forgotten, so that states that differ in nothing else are one: an accept that every
 * member would refuse, and a value that was not chosen and that nobody holds. */
#define IS_DEAD(b) (a[0].promised > b && a[1].promised > b && a[2].promised > b)
#define IS_HELD(b) (a[0].accepted == b || a[1].accepted == b || a[2].accepted == b)
#define IS_BEST(b) (g[0].best == b || g[1].best == b || g[0].ballot == b || g[1].ballot == b)
inline tidy(b)
{
	if
	:: r[b].owner && IS_DEAD(b) && !CHOSEN(b) ->
		r[b].sent = 0;
		r[b].accepts = 0;
		if
		:: !IS_HELD(b) && !IS_BEST(b) ->
			r[b].owner = 3;
			r[b].version = 0;
			r[b].epoch = 0;
			r[b].named = 0;
			r[b].open = 0;
			r[b].keep = 0;
			r[b].in_sync = 0;
			r[b].token0 = 0;
			r[b].token1 = 0;
#ifdef FORCE
			r[b].forced = 0
#endif
		:: else
		fi
	:: else
	fi
}

#define OWN_CLAIM(x, b) (g[x].step == ACCEPTING && g[x].ballot == b && g[x].claim)
#define NAMED(x, b) (IS_KNOWN(x) && K(x).named != x && r[b].named == x && !r[b].open && g[x].epoch < r[b].epoch)
inline carry_out()
{
	if
	:: op == IS_BEGIN -> /* its own acceptor promises first */
		printf("gateway %d begins ballot %d\n", x, b);
		end_round();
		r[b].owner = 1 + x;
		a[x].promised = b;
		g[x].step = PREPARING;
		g[x].ballot = b;
		g[x].promises = 1 << x;
		g[x].best = a[x].accepted;
#ifdef MUT_STALE
		g[x].stale = WANTS(x, ADD)
#endif
	:: op == IS_PREPARE ->
		printf("  %d promises ballot %d of gateway %d, reports %d\n", m, g[x].ballot, x, a[m].accepted);
		a[m].promised = g[x].ballot;
		g[x].promises = g[x].promises | (1 << m);
		g[x].best = (a[m].accepted > g[x].best -> a[m].accepted : g[x].best)
	:: op == IS_DECIDE ->
		printf("gateway %d decides ballot %d from %d, change-%d\n", x, g[x].ballot, g[x].best, k);
#ifdef MUT_CLOSE
		i = GATE(x);
#endif
		change();
		g[x].promises = 0;
		g[x].best = 0;
		g[x].claim = (k == CLAIM || k == RECLAIM || k == FORCE_);
		self_accept();
#ifdef MUT_CLOSE /* ledgerd was not waited for */
		if
		:: i && r[g[x].pending].named != x -> g[x].late = 1
		:: else
		fi
#endif
	:: op == IS_TAKE ->
		printf("  %d accepts ballot %d\n", m, b);
		take()
	:: op == IS_LEARN ->
		printf("gateway %d learns that ballot %d is chosen\n", x, b);
		if
		:: OWN_CLAIM(x, b) || NAMED(x, b) ->
			g[x].epoch = r[b].epoch;
			forget_lease()
		:: else
		fi;
		g[x].known = b;
		g[x].adding = 0;
		if
		:: b >= g[x].pending ->
			g[x].pending = 0;
			g[x].pending_in_sync = 0
		:: else
		fi;
		if
		:: g[x].step != IDLE && (b == g[x].ballot || (b > g[x].ballot && !g[x].pending)) -> end_round()
		:: else
		fi
	:: op == IS_FORGET ->
		printf("gateway %d forgets ballot %d\n", x, g[x].pending);
		g[x].pending = 0;
		g[x].pending_in_sync = 0;
		end_round()
	:: op == IS_GRANT ->
		printf("  %d and %d grant gateway %d a lease, epoch %d\n", x, m, x, g[x].epoch);
		a[x].promise = 1 + x;
		a[m].promise = 1 + x;
		g[x].grants = (1 << x) | (1 << m)
	:: op == IS_END ->
		printf("  the lease of %d ends\n", x);
		g[x].late = (g[x].late == 3 -> 3 : 0);
		forget_lease()
	:: op == IS_END_LATE ->
		printf("  the deadline of %d passes\n", x);
		g[x].late = 0;
		release(0);
		release(1);
		release(2)
	:: op == IS_RESTART ->
		printf("%d restarts\n", m);
		if
		:: m < 2 ->
			x = m;
			if
			:: !g[x].late && GATE(x) -> g[x].late = (SOLE(x) -> 3 : (ALONE(x) -> 2 : 1))
			:: else
			fi;
			if
			:: !g[x].late -> forget_lease()
			:: else
			fi;
			end_round();
			g[x].known = UNKNOWN;
			g[x].epoch = 0;
			g[x].pending = 0;
			g[x].pending_in_sync = 0;
			g[x].adding = 0
		:: else
		fi;
		a[m].promise = 0;
		a[m].silent = OUTSTANDING(m);
#ifdef MUT_M16 /* the promise was not on disk when it was answered */
		a[m].promised = a[m].accepted
#endif
	:: op == IS_PAY ->
		printf("gateway %d answers a payment alone\n", x);
		g[1 - x].data = 0
	:: op == IS_RECEIVE ->
		printf("gateway %d has received everything\n", x);
		g[x].data = 1
	:: op == IS_ADDING_ON ->
		printf("gateway %d: semi-sync on\n", x);
		g[x].adding = 1
	:: op == IS_ADDING_OFF ->
		printf("gateway %d: semi-sync off\n", x);
		g[x].adding = 0
	:: op == IS_LOSE ->
		printf("gateway %d loses data, new token\n", x);
#ifndef MUT_M14 /* the token outlives the data */
		g[x].beside = 1;
#endif
		g[x].data = 0
#ifdef FORCE
	:: op == IS_WORD ->
		printf("an operator wants gateway %d to be active, and %d is off; it may come back from now on\n", x, 1 - x);
		word = K(x).version;
		word_to = x;
#ifndef MUT_ALIVE /* it is not off */
		x = 1 - x;
		g[x].late = 0;
		forget_lease();
		end_round();
		g[x].known = UNKNOWN;
		g[x].epoch = 0;
		g[x].pending = 0;
		g[x].pending_in_sync = 0;
		g[x].adding = 0;
		a[x].promise = 0;
		a[x].silent = OUTSTANDING(x)
#endif
#endif
#ifdef WIPE
	:: op == IS_WIPE ->
		printf("the witness loses its memory\n");
		a[2].promised = 0;
		a[2].accepted = 0;
		a[2].promise = 0;
		a[2].silent = 0;
		wiped = 1
	:: op == IS_READ ->
		printf("the witness reads gateway %d: %d, %d\n", x, a[x].promised, a[x].accepted);
		read_from = read_from | (1 << x);
		read_promised = (a[x].promised > read_promised -> a[x].promised : read_promised);
		read_accepted = (a[x].accepted > read_accepted -> a[x].accepted : read_accepted)
	:: op == IS_ADMIT ->
		printf("the witness has a vote again\n");
		a[2].promised = read_promised;
		a[2].accepted = read_accepted;
#ifdef MUT_M17SOON /* silent afterwards, with the exception for the active of the record that it adopted */
		a[2].silent = (HAS(g[0].grants, 2) || HAS(g[1].grants, 2));
#endif
		wiped = 2;
		read_from = 0;
		read_promised = 0;
		read_accepted = 0
#endif
	fi;
	check();
	tidy(1);
#if FIRST + BALLOTS > 1
	tidy(2);
#endif
#if FIRST + BALLOTS > 2
	tidy(3);
#endif
#if FIRST + BALLOTS > 3
	tidy(4);
#endif
#if FIRST + BALLOTS > 4
	tidy(5);
#endif
	op = 0;
	x = 0;
	m = 0;
	b = 0;
	k = 0;
	i = 0;
	f = 0
}

/* ---- what can happen, with its guard ---- */

/* P3: a round is left only when it was refused for a higher ballot, or before anybody could have accepted its value. */
#define REFUSED(x) (a[0].promised > g[x].ballot || a[1].promised > g[x].ballot || a[2].promised > g[x].ballot)
#define MAY_BEGIN(x) (g[x].step == IDLE || (g[x].step < ACCEPTING && !g[x].pending) || REFUSED(x))
#define WANTS_ANY(X) (WANTS(X, NOTHING) || WANTS(X, CLAIM) || WANTS(X, RECLAIM) || WANTS(X, OPEN) || WANTS(X, SOLO_) || \
	WANTS(X, ADD) || WANTS(X, HAND) || WANTS(X, FORCE_))
#define BEGIN(X, B) \
	:: r[B].owner == 0 && B > a[X].promised && MAY_BEGIN(X) && GUARD_PREPARE(X, X) && WANTS_ANY(X) -> \
		op = IS_BEGIN; x = X; b = B
/* A1, and the answer arrives (README: why an answer that is lost need not be a step of its own). */
#define PREPARE(X, M) \
	:: g[X].step == PREPARING && !HAS(g[X].promises, M) && GUARD_PREPARE(M, X) && a[M].promised <= g[X].ballot -> \
		op = IS_PREPARE; x = X; m = M
/* A majority promised: the value. The code fixes the wish when the round begins and gives it up when it has gone: what is
 * wished now is at least as much. */
#ifdef MUT_STALE /* with something pending it was not given up */
#define STALE(X, C) ((C) == ADD && g[X].stale && g[X].pending)
#else
#define STALE(X, C) false
#endif
#define DECIDE(X, C) \
	:: g[X].step == PREPARING && MAJORITY(g[X].promises) && (WANTS(X, C) || STALE(X, C)) -> op = IS_DECIDE; x = X; k = C
/* A2. */
#define IS_NEWS(B, M) (B >= a[M].promised && B > a[M].accepted)
#define ACCEPT(X, B, M) \
	:: r[B].sent && r[B].owner == 1 + X && IS_NEWS(B, M) && GUARD_ACCEPT(M, X) -> op = IS_TAKE; b = B; m = M
/* A5: a heartbeat of X brings the record that X knows chosen; or one of the witness, which has no privilege anywhere. */
#define CATCH_UP(X, B, M) \
	:: CHOSEN(B) && IS_KNOWN(X) && g[X].known >= B && IS_NEWS(B, M) && GUARD_ACCEPT(M, X) -> op = IS_TAKE; b = B; m = M
#define CATCH_UP_FROM_WITNESS(B, M) \
	:: CHOSEN(B) && IS_NEWS(B, M) && !a[M].promise && !a[M].silent -> op = IS_TAKE; b = B; m = M
/* X gets to know that B is chosen: by its own round, by a heartbeat, or by reading a majority at its start: that shows
 * nothing older than what was chosen when it started, and reading it later is reading it now and knowing it later. */
#define LEARN(X, B) \
	:: CHOSEN(B) && (IS_KNOWN(X) -> B > g[X].known : B == top) -> op = IS_LEARN; x = X; b = B
#ifdef MUT_M7 /* an unknown outcome is forgotten */
#define FORGET(X) \
	:: g[X].pending -> op = IS_FORGET; x = X
#else
#define FORGET(X)
#endif

/* A3. X asks only for its own epoch. */
#ifdef MUT_EPOCH
#define NAMES(m, x) true
#else
#define NAMES(m, x) (r[a[m].accepted].named == x && r[a[m].accepted].epoch == g[x].epoch)
#endif
#ifdef MUT_NOSELF
#define GRANTS(m, x) ((m) == x || NAMES(m, x))
#else
#define GRANTS(m, x) NAMES(m, x)
#endif
/* A lease is the own grant and one other: README tells why the other states need not be looked at. */
#define GRANT(X, M) \
	:: MINE(X) && !g[X].grants && !AMNESIA(M) && GRANTS(M, X) && FREE(M, X) && GRANTS(X, X) && FREE(X, X) -> \
		op = IS_GRANT; x = X; m = M
/* Time: a lease is over for its holder, and then for those that granted it; so is the silence of those that forgot it, and
 * the gate that a dead heartbeatd left open under it. */
#define END(X) \
	:: g[X].grants -> op = IS_END; x = X \
	:: g[X].late == 3 -> op = IS_END_LATE; x = X
/* A restart; the time between is no step of its own. */
#define RESTART(M) \
	:: true -> op = IS_RESTART; m = M

/* A payment is answered that the other does not have. (One that it acknowledged changes nothing here.) */
#define PAY(X) \
	:: g[1 - X].data && GATE(X) && ALONE(X) -> op = IS_PAY; x = X
#define RECEIVE(X) \
	:: !g[X].data && FOLLOWS(X, 1 - X) && g[1 - X].data -> op = IS_RECEIVE; x = X
/* Semi-sync is switched on for a standby that follows, and off again when it does not answer (hb_adding). */
#define ADDING(X) \
	:: !g[X].adding && MINE_OPEN(X) && K(X).in_sync == SELF_ONLY(X) && FOLLOWS(1 - X, X) && GATE(X) && LEASE(X) -> \
		op = IS_ADDING_ON; x = X \
	:: g[X].adding -> op = IS_ADDING_OFF; x = X
/* Whatever may lose data destroys the token first: salvage that is not provable, role SLAVE, a fresh copy. */
#define LOSE(X) \
	:: g[X].beside == 0 && IS_KNOWN(X) && K(X).named != X -> op = IS_LOSE; x = X

#ifdef FORCE
#define WORD(X) \
	:: !word && DOES_NOT_COUNT(X) && !a[X].silent && FREE(X, X) -> op = IS_WORD; x = X
#define DECIDE_FORCE(X) DECIDE(X, FORCE_)
#else
#define WORD(X)
#define DECIDE_FORCE(X)
#endif

#define WITH_BALLOT(X, B) \
	BEGIN(X, B) \
	WITH_RECORD(X, B)
#define WITH_RECORD(X, B) \
	ACCEPT(X, B, (1 - X)) \
	ACCEPT(X, B, 2) \
	CATCH_UP(X, B, (1 - X)) \
	CATCH_UP(X, B, 2) \
	CATCH_UP_FROM_WITNESS(B, X) \
	LEARN(X, B)
#define OF_GATEWAY(X) \
	PREPARE(X, (1 - X)) \
	PREPARE(X, 2) \
	DECIDE(X, NOTHING) \
	DECIDE(X, CLAIM) \
	DECIDE(X, RECLAIM) \
	DECIDE(X, OPEN) \
	DECIDE(X, SOLO_) \
	DECIDE(X, ADD) \
	DECIDE(X, HAND) \
	DECIDE(X, HANDKEEP) \
	DECIDE_FORCE(X) \
	WORD(X) \
	FORGET(X) \
	GRANT(X, (1 - X)) \
	GRANT(X, 2) \
	END(X) \
	PAY(X) \
	RECEIVE(X) \
	ADDING(X) \
	LOSE(X)

/* A6: amnesia ends when all the others were read, one after the other. */
#ifdef MUT_M17ONE
#define READ_ENOUGH (read_from != 0)
#else
#define READ_ENOUGH (read_from == 3)
#endif
/* Not before what it granted in its earlier life is over: the record that it adopts may name somebody to whom it had promised
 * nothing, so the exception that silence makes for the active of the own record would be wrong. */
#ifdef MUT_M17SOON
#define PAST_SILENCE true
#else
#define PAST_SILENCE (!HAS(g[0].grants, 2) && !HAS(g[1].grants, 2))
#endif
#define READ(X) :: wiped == 1 && !HAS(read_from, X) -> op = IS_READ; x = X

active proctype cluster()
{
	d_step {
		r[0].owner = 1;
		r[0].accepts = 7;
		r[0].version = 1;
		r[0].epoch = 1;
		r[0].open = 1;
		r[0].in_sync = 3;
		g[0].epoch = 1;
		g[0].data = 1;
		g[1].data = 1;
#ifdef SOLO
		r[1].owner = 1;
		r[1].sent = 1;
		r[1].accepts = 7;
		r[1].version = 2;
		r[1].epoch = 1;
		r[1].open = 1;
		r[1].in_sync = 1;
		top = 1;
		a[0].promised = 1;
		a[0].accepted = 1;
		a[2].promised = 1;
		a[2].accepted = 1;
		g[0].known = 1;
		g[1].data = 0;
#endif
		check()
	};
	do
	:: atomic {
		if
		WITH_BALLOT(0, (FIRST + 1))
		WITH_BALLOT(1, (FIRST + 1))
#if BALLOTS > 1
		WITH_BALLOT(0, (FIRST + 2))
		WITH_BALLOT(1, (FIRST + 2))
#endif
#if BALLOTS > 2
		WITH_BALLOT(0, (FIRST + 3))
		WITH_BALLOT(1, (FIRST + 3))
#endif
#if BALLOTS > 3
		WITH_BALLOT(0, (FIRST + 4))
		WITH_BALLOT(1, (FIRST + 4))
#endif
		LEARN(0, 0)
		LEARN(1, 0)
#ifdef SOLO
		WITH_RECORD(0, 1)
		LEARN(1, 1)
#endif
		OF_GATEWAY(0)
		OF_GATEWAY(1)
		RESTART(0)
		RESTART(1)
		RESTART(2)
#ifdef WIPE
		:: wiped == 0 -> op = IS_WIPE
		READ(0)
		READ(1)
		:: wiped == 1 && READ_ENOUGH && PAST_SILENCE -> op = IS_ADMIT
#endif
		fi;
		d_step { carry_out() }
	}
	od
}
