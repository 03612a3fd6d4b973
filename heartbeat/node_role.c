#include "heartbeat/node_parts.h"

/* How far a standby may be behind when semi-sync is switched on for it: payments wait until it has received what it lacks,
 * and a takeover until it has applied what it received. One that never gets so close while payments go on is added all the
 * same, at the price of a longer wait. To insist on less is to wait for longer: nothing but semi-sync slows an active down that
 * writes faster than the standby can sync (with 50 transactions and 60 ms, SYNC came after minutes under full load). */
#define ADD_SLOWED_SEQ 30
#define ADD_BEHIND_SEQ 200
#define ADD_FAR_BEHIND_SEQ 2000
#define ADD_FAR_BEHIND_US 5000000 /* since it follows */
#define NEAR_SEQ 200		  /* its word begins to count */
#define NEAR_STILL_SEQ 2000	  /* and counts on: so much is written while it makes durable what it has */
#define JOIN_US 1000000		  /* it asks five times a second */
#define ADD_AGAIN_US 1000000	  /* after a try that failed */
#define READ_STUCK_US 2000000
#define REPORT_FRESH_US 300000 /* they come every 100 ms at least */
#define MUTE_US 1000000

uint8_t hb_other_gateway(const struct hb_node *n)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && n->known.member[i].kind == HB_KIND_GATEWAY)
			return i;
	return HB_NOBODY;
}

/* C3. */
bool hb_is_lost(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_peer *p = &n->peer[m];
	uint64_t patience_us = n->settings.peer_timeout_us, looked_us;
	uint64_t silent_us = p->heard_us + p->missed_us + hb_silence_us(&n->settings);

	/* Not before our own database was seen to work after that: one that hangs needs nobody out of in_sync, but somebody
	 * who can serve. */
	if (!p->heard || (now_us >= silent_us && GUARD(M38_BLIND_SOLO, n->repl.looked_us > silent_us)))
		return true;
	/* One that has just started does not know its token yet: its database acknowledges all the same. */
	if (!token_equal(&p->facts.token, &n->known.token[m]) &&
	    (!token_is_none(&p->facts.token) || now_us >= p->life_us + patience_us))
		return true;
	/* What was let through has not reached it: it is no second copy. */
	if (hb_leaks(n) && n->repl.looked_us > n->leak.since_us + patience_us)
		return true;
	/* A COMMIT that does not return says something about the other only if it waits for an acknowledgement, and if the
	 * database was seen to do so after that time: one that hangs since then says nothing at all. */
	if (!n->repl.semi_waits)
		return false;
	looked_us = GUARDED(M33_OLD_REPORT_BLAMES, n->repl.looked_us, now_us);
	return (n->ledger.commit_since_us && GUARD(M33_OLD_REPORT_BLAMES, now_us < n->ledger_us + REPORT_FRESH_US) &&
		   looked_us > n->ledger.commit_since_us + patience_us) ||
	       (n->row_waits_us && looked_us > n->row_waits_us + patience_us);
}

static bool is_copy_lost(const struct hb_node *n, uint64_t now_us)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && hb_in_sync(&n->known, i) && hb_is_lost(n, i, now_us))
			return true;
	return false;
}

static bool may_take_over(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_facts *f = &n->peer[m].facts;

	return hb_in_sync(&n->known, m) && !hb_in_maintenance(&n->known, m) &&
	       hb_heard(n, m, n->settings.lease_us, now_us) && f->fit &&
	       GUARD(M15_TOKEN_IGNORED_IN_HAND, token_equal(&f->token, &n->known.token[m]));
}

/* Is m a standby that could be added, however far behind? */
static bool is_follower(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_facts *f = m == HB_NOBODY ? NULL : &n->peer[m].facts;

	return f && GUARD(M40_ADD_IN_MAINTENANCE, !hb_in_maintenance(&n->known, m)) &&
	       hb_heard(n, m, hb_silence_us(&n->settings), now_us) &&
	       GUARD(M08_OLD_CONNECTION_COUNTS, f->follow_epoch == n->my_epoch) && !token_is_none(&f->token);
}

uint64_t hb_add_behind(const struct hb_node *n, uint64_t now_us)
{
	if (hb_is_slowed_for_solo(n, now_us))
		return ADD_SLOWED_SEQ;
	return n->follower_us && now_us >= n->follower_us + ADD_FAR_BEHIND_US ? ADD_FAR_BEHIND_SEQ : ADD_BEHIND_SEQ;
}

/* C4: semi-sync goes on for a standby that follows us closely, and off again when it does not answer. */
void hb_adding(struct hb_node *n, uint64_t now_us)
{
	uint8_t m = hb_other_gateway(n);
	bool here = is_follower(n, m, now_us);
	bool solo = hb_mine(n) && n->known.phase == HB_OPEN && hb_is_solo(&n->known, n->self);
	bool stuck = n->ledger.commit_since_us && now_us > n->ledger.commit_since_us + n->settings.peer_timeout_us;

	if (!solo)
		n->add_above = n->repl.binlog;
	since_note(&n->follower_us, here && solo && n->serving, now_us);
	if (n->adding) {
		if (here && solo && !stuck && n->serving)
			return;
		n->adding = false;
		n->add_again_us = now_us + ADD_AGAIN_US;
		n->add_above = n->repl.binlog;
		return;
	}
	if (!here || !solo || !n->serving || now_us < n->add_again_us ||
	    !GUARD(M06_ADD_WITHOUT_LEASE, hb_node_has_lease(n, now_us)))
		return;
	/* One that took nothing since it was lost, as with a disk that stands still, would only stop the payments again. */
	if (!gtid_reaches(n->peer[m].facts.received, n->add_above))
		return;
	if (n->peer[m].facts.received.seq + hb_add_behind(n, now_us) < n->repl.binlog.seq ||
	    n->peer[m].facts.backlog_ms > ADD_BACKLOG_MS)
		return;
	n->adding = true;
}

bool hb_is_near(const struct hb_node *n, uint64_t now_us)
{
	const struct hb_facts *f = &n->peer[n->known.active].facts;
	const struct repl_order *o = &n->order;
	bool was = o->want == REPL_WANT_FOLLOW_OUT && o->epoch == n->known.epoch && o->near;

	/* Of one that is silent nobody knows how far it has gone on. */
	if (!n->known.members || f->opened_epoch != n->known.epoch ||
	    !hb_heard(n, n->known.active, hb_silence_us(&n->settings), now_us))
		return false;
	/* While it makes durable what it has, it does not look at what it receives: what it told before is held against
	 * an active that goes on. */
	if (was && now_us >= n->repl.looked_us + REPORT_FRESH_US)
		return true;
	return n->repl.received.seq + (was ? NEAR_STILL_SEQ : NEAR_SEQ) >= f->binlog.seq;
}

/* R5. What semi-sync let through since the mark was read (R10) lies above it. */
static bool add_is_shown(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_facts *f = &n->peer[m].facts;

	/* Only a report under the order that switched semi-sync on counts: with an older one, replicationd may still be about to
	 * switch it off (a statement that took its time), and record and server would disagree. */
	return n->adding && GUARD(M08_OLD_ORDER_COUNTS, n->repl.order_generation == n->order.generation) &&
	       n->order.semi_sync && n->repl.semi_sync && n->repl.sync_marked &&
	       GUARD(M28_SECOND_REPLICA_COUNTS, n->repl.semi_clients == 1) &&
	       hb_heard(n, m, hb_silence_us(&n->settings), now_us) &&
	       GUARD(M08_OLD_CONNECTION_COUNTS, f->follow_epoch == n->my_epoch) && !token_is_none(&f->token) &&
	       GUARD(M08_ADD_BEFORE_MARK, gtid_reaches(f->received, n->repl.sync_mark)) &&
	       GUARD(M49_LEAK_FORGOTTEN, !n->repl.leaks && gtid_reaches(f->received, n->leak.at)) &&
	       GUARD(M06_ADD_WITHOUT_LEASE, hb_node_has_lease(n, now_us));
}

/* An operator has given up what was answered before; or the record names us alone, so that we have opened since another one answered that,
 * and it is settled (L7). Server ids are member numbers from 1 on. */
static bool is_mark_void(const struct hb_node *n)
{
	return n->high_water_epoch < n->known.forced_epoch ||
	       (n->known.in_sync == 1u << n->self && n->high_water.server != n->self + 1u &&
		   n->high_water_epoch < n->known.epoch);
}

/* C1's tripwire: nothing that was answered, as far as anybody reachable has heard, may be missing here, but for what an
 * operator has given up. */
static bool reaches_mark(const struct hb_node *n)
{
	return n->high_water_epoch > n->known.epoch || GUARDED(M45_FORCE_BELOW_MARK, is_mark_void(n), false) ||
	       gtid_reaches(n->repl.applied, n->high_water);
}

static bool has_applied(const struct hb_node *n, uint64_t now_us)
{
	return hb_repl_fresh(n, now_us) && GUARD(M11_NO_DRAIN, n->repl.drained_epoch == n->my_epoch);
}

bool hb_lacks_answered(const struct hb_node *n, uint64_t now_us)
{
	return hb_mine(n) && n->known.phase == HB_CLAIMED && has_applied(n, now_us) && !reaches_mark(n);
}

static bool drained(const struct hb_node *n, uint64_t now_us)
{
	return has_applied(n, now_us) && GUARD(M24_HIGH_WATER_IGNORED, reaches_mark(n));
}

static bool member_lags(const struct hb_node *n, uint64_t now_us)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && n->peer[i].lagging_us && hb_heard(n, i, n->settings.lease_us, now_us) &&
		    now_us > n->peer[i].lagging_us + 2 * n->settings.lease_us)
			return true;
	return false;
}

/* Then c->reason says why. One that cannot serve itself must not push the other out of in_sync. */
static bool shall_go_on_alone(const struct hb_node *n, uint64_t now_us, struct hb_change *c)
{
	if (!hb_fit_to_renew(n, now_us))
		return false;
	if (is_copy_lost(n, now_us))
		c->reason = HB_REASON_PEER_LOST;
	else if (hb_wants_solo(n))
		c->reason = HB_REASON_FORCED_SOLO;
	else if (hb_maintain_drops(n))
		c->reason = HB_REASON_MAINTENANCE;
	else
		return false;
	return true;
}

static void want_as_active(const struct hb_node *n, uint64_t now_us, struct hb_change *c)
{
	const struct hb_register *reg = &n->acceptor.reg;
	uint8_t m = hb_other_gateway(n);
	bool joins = n->join_wanted && now_us < n->join_us + JOIN_US;
	uint8_t place = joins ? hb_replaces(n, &n->joiner, now_us) : HB_NOBODY;

	c->epoch = n->my_epoch;
	if (n->known.phase == HB_CLAIMED) {
		c->kind = drained(n, now_us) && hb_token_good(n) ? HB_CHANGE_OPEN : HB_CHANGE_NONE;
		c->reason = HB_REASON_OPENED;
	} else if (hb_is_sick(n, now_us)) {
		bool over = m != HB_NOBODY && may_take_over(n, m, now_us) && !hb_leaks(n);

		c->kind = over ? HB_CHANGE_HAND : HB_CHANGE_CLAIM;
		c->reason = HB_REASON_DATABASE_DIED;
		c->target = m;
		c->token = over ? n->peer[m].facts.token : n->repl.token;
		c->reopen = true;
	} else if (n->opened && m != HB_NOBODY && hb_ill(n, now_us) != HB_ILL_NONE && may_take_over(n, m, now_us) &&
		   GUARD(M50_LEAK_HANDED_OVER, !hb_leaks(n))) {
		/* R13. What cannot be written here, as on a disk that stands still, is ended by the lease. */
		c->kind = HB_CHANGE_HAND;
		c->reason = HB_REASON_ACTIVE_UNFIT;
		c->target = m;
		c->token = n->peer[m].facts.token;
	} else if (hb_is_draining(n)) {
		c->kind = hb_drain_stands(n, now_us) ? HB_CHANGE_HAND : HB_CHANGE_NONE;
		c->reason = HB_REASON_SWITCHOVER;
		c->keep = c->kind == HB_CHANGE_HAND; /* both logs end at the same transaction */
		c->maintain = n->drain.maintain;
		c->target = n->drain.to;
		c->token = n->peer[n->drain.to].facts.token;
	} else if (shall_go_on_alone(n, now_us, c)) {
		c->kind = HB_CHANGE_SOLO;
	} else if (hb_wants_maintain(n, c)) {
		c->kind = HB_CHANGE_MAINTAIN;
		c->reason = HB_REASON_MAINTENANCE;
	} else if (m != HB_NOBODY && hb_is_solo(&n->known, n->self) && add_is_shown(n, m, now_us)) {
		c->kind = HB_CHANGE_ADD;
		c->reason = HB_REASON_PEER_IN_SYNC;
		c->target = m;
		c->token = n->peer[m].facts.token;
	} else if (place != HB_NOBODY) {
		c->kind = HB_CHANGE_REPLACE;
		c->reason = HB_REASON_JOIN;
		c->target = place;
		c->member = n->joiner;
	} else if (joins && hb_all_are_heard(n, now_us)) {
		/* All members have to accept it: with one away it could be neither chosen nor given up. */
		c->kind = HB_CHANGE_JOIN;
		c->reason = HB_REASON_JOIN;
		c->member = n->joiner;
	} else if (hb_wants_address(n, now_us, c)) {
		c->kind = HB_CHANGE_ADDRESS;
		c->reason = HB_REASON_ADDRESS;
	}
	/* P4: the record that names us is not in our own acceptor, or a member cannot take it at its ballot. */
	if (c->kind == HB_CHANGE_NONE && GUARDED(M22_NO_P4, !hb_record_equal(&reg->accepted, &n->known), false))
		c->kind = HB_CHANGE_NOTHING;
	if (c->kind == HB_CHANGE_NONE && GUARDED(M22_NO_P4, member_lags(n, now_us), false))
		c->kind = HB_CHANGE_NOTHING;
}

uint64_t hb_claim_from_us(const struct hb_node *n)
{
	uint64_t from_us = n->renewed_us + n->settings.lease_us + n->claim_jitter_us;
	/* We have just woken up, and perhaps the active with us: it needs as long to be heard. */
	uint64_t awake_us = n->woke_us ? n->woke_us + 2 * n->settings.interval_us : 0;
	/* Nothing that the active asked could be written here: it may have given up its lease for that, and has to ask again. */
	uint64_t written_us = n->unwritten_us ? n->unwritten_us + n->settings.lease_us : 0;

	from_us = awake_us > from_us ? awake_us : from_us;
	return written_us > from_us ? written_us : from_us;
}

/* Has the active asked for its lease lately, as one that hears us? */
static bool is_renewed(const struct hb_node *n, uint64_t now_us)
{
	return now_us < hb_claim_from_us(n);
}

/* B5 and the way back of a member that restarted while it was named. */
bool hb_claim_check(const struct hb_node *n, enum hb_claim_check which, uint64_t now_us)
{
	bool own = n->known.active == n->self;
	/* L2: our database is down because of the rules */
	bool awaited = GUARDED(M21_NO_CLAIM_WHILE_FENCED, n->known.phase == HB_CLAIMED && n->repl.dirty, false);

	switch (which) {
	case HB_CLAIM_IN_SYNC: return hb_in_sync(&n->known, n->self);
	case HB_CLAIM_TOKEN: return hb_token_good(n);
	case HB_CLAIM_AWAKE: return now_us >= n->acceptor.silent_until_us;
	case HB_CLAIM_PROMISED: return !hb_acceptor_promised_other(&n->acceptor, n->self, now_us);
	case HB_CLAIM_REPLICATIOND: return hb_repl_fresh(n, now_us);
	case HB_CLAIM_LEDGERD: return hb_ledger_fresh(n, now_us);
	case HB_CLAIM_WHOLE: return n->repl.state != REPL_FAILED;
	case HB_CLAIM_SILENCE: return own || !is_renewed(n, now_us);
	case HB_CLAIM_FIT: return own || awaited || (n->repl.db_up && n->repl.fit);
	case HB_CLAIM_CHECKS_COUNT: break;
	}
	return false;
}

static bool may_claim(const struct hb_node *n, uint64_t now_us)
{
	for (unsigned i = 0; i < HB_CLAIM_CHECKS_COUNT; i++)
		if (!hb_claim_check(n, i, now_us))
			return false;
	return true;
}

/* Does somebody we hear hold what is not known to be chosen? Whoever proposed it gets the time that a slow disk takes, if it is there. */
static bool is_held_elsewhere(const struct hb_node *n, uint64_t now_us)
{
	for (uint8_t i = 0; i < n->known.members; i++) {
		const struct hb_peer *p = &n->peer[i];
		uint8_t proposer = p->accepted_ballot.node;
		bool pursued = proposer < n->known.members && hb_heard(n, proposer, n->settings.lease_us, now_us);

		if (i != n->self && hb_ballot_compare(p->accepted_ballot, n->known_ballot) > 0 &&
		    hb_heard(n, i, n->settings.lease_us, now_us) &&
		    now_us >= p->accepted_us + (pursued ? FIT_REGISTER_US : 0))
			return true;
	}
	return false;
}

/* What an acceptor holds may be chosen without anybody knowing, and be what lets us serve; or ours keeps us from granting the
 * active its lease. Whoever proposed it went deaf, started anew, or is gone. */
static bool must_find_out(const struct hb_node *n, uint64_t now_us)
{
	bool renewed = is_renewed(n, now_us);
	bool here = n->unknown_us && (!renewed || now_us > n->unknown_us + 2 * n->settings.lease_us);

	return now_us >= n->acceptor.silent_until_us && !hb_acceptor_promised_other(&n->acceptor, n->self, now_us) &&
	       GUARDED(M34_CHOSEN_UNNOTICED, here || (!renewed && is_held_elsewhere(n, now_us)), false);
}

void hb_wanted_change(struct hb_node *n, uint64_t now_us, struct hb_change *ret)
{
	const struct hb_register *reg = &n->acceptor.reg;

	*ret = (struct hb_change){.self = n->self, .target = HB_NOBODY};
	if (!reg->admitted || reg->kind != HB_KIND_GATEWAY)
		return;
	if (!n->booted) {
		/* L6: the members disagree for long and nobody's lease runs: finish whatever was begun. */
		/* Not before the own silence has ended: until then ledgerd may go by what the earlier life told it. */
		if (n->reading.began_us && now_us > n->reading.began_us + READ_STUCK_US &&
		    now_us >= n->acceptor.silent_until_us &&
		    (unsigned)__builtin_popcount(n->reading.answers) >= hb_quorum(reg->accepted.members) &&
		    !hb_acceptor_promised_other(&n->acceptor, n->self, now_us))
			ret->kind = HB_CHANGE_NOTHING;
		return;
	}
	if (hb_mine(n)) {
		want_as_active(n, now_us, ret);
	} else if (may_claim(n, now_us)) {
		ret->kind = HB_CHANGE_CLAIM;
		ret->reopen = n->known.active == n->self;
		ret->reason = ret->reopen ? HB_REASON_START : HB_REASON_LEASE_EXPIRED;
		ret->token = n->repl.token;
	}
	if (ret->kind == HB_CHANGE_NONE && hb_wants_force(n, now_us, ret)) {
		ret->kind = HB_CHANGE_FORCE;
		ret->reason = HB_REASON_FORCED;
	}
	if (ret->kind == HB_CHANGE_NONE && !hb_mine(n) && must_find_out(n, now_us))
		ret->kind = HB_CHANGE_NOTHING;
	/* P3: what we began is pursued, if need be without changing anything. */
	if (ret->kind == HB_CHANGE_NONE && n->proposer.pending)
		ret->kind = HB_CHANGE_NOTHING;
}

static enum hb_situation situation_as_active(const struct hb_node *n, uint64_t now_us)
{
	if (n->my_epoch != n->known.epoch)
		return !hb_repl_fresh(n, now_us) || hb_token_good(n) ? HB_SIT_MINE_STALE : HB_SIT_BROKEN;
	if (n->known.phase == HB_CLAIMED)
		return n->repl.state == REPL_FAILED ? HB_SIT_BROKEN : HB_SIT_MINE_CLAIMED;
	if (hb_is_sick(n, now_us))
		return HB_SIT_MINE_SICK;
	if (hb_is_draining(n))
		return HB_SIT_MINE_HANDING;
	return n->serving ? HB_SIT_MINE_SERVING : HB_SIT_MINE_OPEN;
}

/* Is it a fault that replicationd has said nothing? When this node has just started, or woke up, that one speaks in a moment. For the name of the state only: what depends on its word waits for it. */
static bool is_mute(const struct hb_node *n, uint64_t now_us)
{
	return !hb_repl_fresh(n, now_us) && now_us >= n->acceptor.silent_until_us && now_us >= n->woke_us + MUTE_US;
}

enum hb_situation hb_situation(const struct hb_node *n, uint64_t now_us)
{
	if (!n->booted)
		return HB_SIT_UNKNOWN;
	if (n->acceptor.reg.kind == HB_KIND_WITNESS)
		return HB_SIT_WITNESSING;
	if (n->known.active == n->self)
		return situation_as_active(n, now_us);
	if (n->known.phase == HB_OPEN && hb_in_maintenance(&n->known, n->self) && !hb_in_sync(&n->known, n->self))
		return HB_SIT_OUT_MAINTENANCE;
	if (n->repl.state == REPL_FAILED || is_mute(n, now_us))
		return HB_SIT_BROKEN;
	if (n->known.phase == HB_CLAIMED && n->handed_epoch == n->known.epoch)
		return HB_SIT_OTHER_HANDED;
	if (n->known.phase == HB_CLAIMED)
		return n->repl.dirty ? HB_SIT_OTHER_DIRTY : HB_SIT_OTHER_CLAIMED;
	if (!hb_in_sync(&n->known, n->self))
		return n->repl.state == REPL_SEEDING ? HB_SIT_OUT_SEEDING : HB_SIT_OUT;
	return hb_token_good(n) && n->repl.following && n->repl.follow_epoch == n->known.epoch ? HB_SIT_IN_FOLLOWING
											       : HB_SIT_IN_LAGGING;
}
