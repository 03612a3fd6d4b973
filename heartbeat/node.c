#include "heartbeat/node_parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/guard.h"

#define LEDGER_QUIET_US 500000 /* it reports every 100 ms: one that waits for it says so */

/* B5: two that would claim shall not do it at the same moment; one alone should not wait long. */
static uint64_t claim_jitter_us(struct hb_node *n)
{
	return hb_dice(&n->proposer.dice) % (n->settings.lease_us / HB_CLAIM_JITTER_PART);
}

void hb_node_start(
    struct hb_node *n, const struct hb_settings *s, const struct hb_register *reg, uint64_t seed, uint64_t now_us)
{
	assert(s->lease_us <= HB_LEASE_MAX_US);
	memset(n, 0, sizeof(*n));
	n->settings = *s;
	hb_acceptor_start(&n->acceptor, reg, now_us);
	n->self = HB_NOBODY;
	if (reg->admitted)
		n->self = hb_member_find(&reg->accepted, reg->name);
	n->state = reg->kind == HB_KIND_WITNESS ? HB_WITNESS : HB_BOOT;
	n->reading.began_us = now_us;
	hb_proposer_start(&n->proposer, n->self, seed);
	n->claim_jitter_us = claim_jitter_us(n);
	if (s->replica)
		hb_replica_start(n, now_us);
}

bool hb_node_has_lease(const struct hb_node *n, uint64_t now_us)
{
	return hb_mine(n) && GUARD(M02_OWN_VOTE_EXEMPT, hb_has_own_vote(n)) &&
	       hb_lease_until(&n->lease, n->self, n->known.members, n->my_epoch) > now_us;
}

bool hb_node_is_sole(const struct hb_node *n)
{
	const struct hb_record *mine = &n->acceptor.reg.accepted;
	bool settled = !n->proposer.pending && hb_record_equal(mine, &n->known);

	if (!hb_mine(n) || n->known.phase != HB_OPEN)
		return false;
	return GUARDED(M05_SOLE_BEFORE_CHOSEN,
	    hb_is_solo(&n->known, n->self) && GUARD(M06_SOLE_IGNORES_PENDING, settled),
	    mine->active == n->self && hb_is_solo(mine, n->self));
}

/* Everything but a join, or an answer to ours, must come from a member as the record knows it, and not from an
 * earlier start of it (M32). */
static bool known_sender(struct hb_node *n, const struct hb_message *m, uint64_t now_us)
{
	const struct hb_record *r = &n->acceptor.reg.accepted;
	struct hb_peer *p;

	/* Neither has a vote, and neither is given one by being heard. */
	if (m->type == HB_JOIN || m->type == HB_WATCH || (m->type == HB_STATE && !n->acceptor.reg.admitted))
		return true;
	if (m->from >= r->members || r->member[m->from].instance != m->instance)
		return false;
	p = &n->peer[m->from];
	if (!GUARD(M32_OLD_BOOT_COUNTS, m->boot >= p->boot || GUARD(M54_OLD_LIFE_COUNTS, m->instance != p->instance)))
		return false;
	if (m->boot > p->boot || GUARD(M54_OLD_LIFE_COUNTS, m->instance != p->instance))
		*p = (struct hb_peer){.instance = m->instance, .boot = m->boot, .life_us = now_us};
	p->heard = true;
	p->heard_us = now_us;
	p->missed_us = 0;
	return true;
}

static void take_high_water(struct hb_node *n, uint64_t epoch, struct gtid g)
{
	if (epoch > n->high_water_epoch || (epoch == n->high_water_epoch && g.seq > n->high_water.seq)) {
		n->high_water_epoch = epoch;
		n->high_water = g;
	}
}

static bool hears_us(const struct hb_acceptor *a, const struct hb_message *m, uint64_t within_us, uint64_t now_us)
{
	return m->echo_boot == a->reg.boot && m->echo_us <= now_us && now_us - m->echo_us < within_us;
}

/* Does it hold, or has it promised, what keeps it from accepting the chosen record? */
static void note_lag(struct hb_node *n, const struct hb_message *m, uint64_t now_us)
{
	struct hb_peer *p = &n->peer[m->from];
	int accepted = hb_ballot_compare(m->accepted_ballot, n->known_ballot);

	if (hb_ballot_compare(m->accepted_ballot, p->accepted_ballot) != 0)
		p->accepted_us = now_us;
	p->accepted_ballot = m->accepted_ballot;
	since_note(&p->lagging_us,
	    accepted > 0 || (accepted < 0 && hb_ballot_compare(m->promised, n->known_ballot) > 0), now_us);
}

/* Of one that serves and cannot do its work, since when it does so in vain is not known. */
static void note_service(struct hb_node *n, const struct hb_message *m, uint64_t now_us)
{
	if (n->known.members && m->from == n->known.active && m->epoch == n->known.epoch && m->facts.serving)
		n->served_us = m->facts.fit ? now_us : 0;
}

static void take_beat(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	struct hb_acceptor *a = &n->acceptor;
	struct hb_peer *p = &n->peer[m->from];
	uint64_t d = m->duration_us < HB_LEASE_MAX_US ? m->duration_us : HB_LEASE_MAX_US;
	/* Letters overtake each other: an old one must not take back what a later one has told. */
	bool newest = GUARDED(M37_OVERTAKEN_COUNTS, m->stamp_us >= p->stamp_us, true);

	if (newest) {
		p->stamp_us = m->stamp_us;
		p->facts = m->facts;
		p->counts_version = m->has_record && hb_in_sync(&m->record, m->from) ? m->record.version : 0;
	}
	take_high_water(n, m->facts.answered_epoch, m->facts.answered);
	if (m->has_record && m->record.version >= a->reg.accepted.version && n->self < m->record.members &&
	    m->record.member[n->self].instance != a->reg.instance)
		n->displaced_us = now_us;
	if (m->has_record) {
		if (n->booted)
			hb_learn(n, m->ballot, &m->record, now_us);
		if (a->reg.admitted && hb_ballot_compare(m->ballot, a->reg.accepted_ballot) > 0)
			(void)hb_acceptor_accept(a, m->from, m->ballot, &m->record, now_us); /* A5 */
	}
	if (newest) {
		note_lag(n, m, now_us);
		note_service(n, m, now_us);
	}
	if (!m->want_lease)
		return;
	/* One that does not hear us holds no lease of ours, however often it asks: we may claim (L3). */
	if (n->known.members && m->from == n->known.active && m->epoch == n->known.epoch &&
	    GUARD(M19_NO_ECHO, hears_us(a, m, d, now_us)))
		n->renewed_us = now_us;
	if (GUARD(M19_NO_ECHO, m->echo_boot == a->reg.boot) &&
	    hb_acceptor_renew(a, m->from, m->epoch, m->echo_us, d, now_us) == HB_OK) {
		struct hb_message *g = hb_outbox_add(out, m->from, HB_GRANT, a->identity_generation);

		g->stamp_us = m->stamp_us;
		g->epoch = m->epoch;
		g->duration_us = d;
		n->granted_us = now_us;
		n->granted_for_us = d;
	}
}

static void answer_round(struct hb_node *n, const struct hb_message *m, enum hb_refusal refusal, struct hb_outbox *out)
{
	const struct hb_register *reg = &n->acceptor.reg;
	enum hb_message_type type = m->type == HB_PREPARE ? HB_PROMISE : HB_ACCEPTED;
	struct hb_message *r = hb_outbox_add(out, m->from, type, n->acceptor.generation);

	r->ballot = m->ballot;
	r->refusal = (uint8_t)refusal;
	r->promised = reg->promised;
	r->accepted_ballot = reg->accepted_ballot;
	r->has_record = type == HB_PROMISE && reg->accepted_ballot.counter > 0;
	r->record = reg->accepted;
}

static void take_message(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_output *output)
{
	struct hb_acceptor *a = &n->acceptor;
	struct hb_outbox *out = &output->outbox;

	if (!known_sender(n, m, now_us))
		return;
	switch (m->type) {
	case HB_BEAT: take_beat(n, m, now_us, out); break;
	case HB_GRANT:
		if (m->stamp_us <= now_us && hb_mine(n))
			hb_lease_grant(&n->lease, m->from, m->epoch,
			    GUARDED(M23_LEASE_FROM_RECEIPT, m->stamp_us, now_us), m->duration_us);
		break;
	case HB_PREPARE:
		if (GUARD(M17_AMNESIAC_VOTES, a->reg.admitted))
			answer_round(n, m, hb_acceptor_prepare(a, m->from, m->ballot, now_us), out);
		break;
	case HB_ACCEPT:
		if (GUARD(M17_AMNESIAC_VOTES, a->reg.admitted))
			answer_round(n, m, hb_acceptor_accept(a, m->from, m->ballot, &m->record, now_us), out);
		break;
	case HB_PROMISE:
	case HB_ACCEPTED: hb_proposer_answer(&n->proposer, m, now_us, out); break;
	case HB_READ:
		if (a->reg.admitted)
			hb_read_answer(n, m->from, HB_OK, out);
		break;
	case HB_STATE: hb_read_state(n, m, now_us); break;
	case HB_JOIN: hb_read_join(n, m, now_us, out); break;
	case HB_COMMAND: hb_command_message(n, m, now_us, out); break;
	case HB_VERDICT: hb_command_answered(n, m, output); break;
	case HB_WATCH: hb_watcher_take(n, m, now_us, out); break;
	default: break;
	}
}

/* A round of ours ended: its value is chosen. */
static void take_chosen(struct hb_node *n, uint64_t now_us)
{
	struct hb_proposer *p = &n->proposer;
	struct hb_record r = p->value;
	bool claimed = p->applied && (p->change.kind == HB_CHANGE_CLAIM || p->change.kind == HB_CHANGE_FORCE);

	p->chosen = false;
	n->unchosen_us = 0;
	/* Who lagged behind an earlier one gets the time to take this one, too. */
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++)
		if (n->peer[i].lagging_us)
			n->peer[i].lagging_us = now_us;
	/* Before hb_learn, which would take a record that names us for one that was handed to us. */
	if (claimed)
		hb_named(n, r.epoch, now_us);
	hb_learn(n, p->ballot, &r, now_us);
	n->booted = true;
	n->claim_jitter_us = claim_jitter_us(n);
	n->beat_now = true;
}

static bool gate_is_closed(struct hb_node *n, uint64_t now_us)
{
	return (n->ledger_us && n->ledger.gate_closed_generation >= n->close_generation) ||
	       now_us >= n->closing_until_us;
}

/* Only that is left out which would be a decision: a round that changes nothing finishes what others have decided. */
static void observe(struct hb_node *n, struct hb_change *c)
{
	n->would = HB_CHANGE_NONE;
	if (!n->settings.observe_only || c->kind == HB_CHANGE_NONE || c->kind == HB_CHANGE_NOTHING)
		return;
	n->would = c->kind;
	n->would_reason = c->reason;
	c->kind = GUARDED(M41_OBSERVER_ACTS, n->proposer.pending ? HB_CHANGE_NOTHING : HB_CHANGE_NONE, c->kind);
}

/* Since when payments wait for what nobody helps us to choose. */
static void note_unchosen(struct hb_node *n, const struct hb_change *c, uint64_t now_us)
{
	bool waits = hb_mine(n) && hb_change_is_awaited(c->kind) && (c->kind != HB_CHANGE_NOTHING || !n->serving);

	since_note(&n->unchosen_us, waits, now_us);
}

static void propose(struct hb_node *n, uint64_t now_us, struct hb_outbox *out)
{
	struct hb_proposer *p = &n->proposer;
	struct hb_change c;

	if (p->chosen)
		take_chosen(n, now_us);
	since_note(&n->unknown_us, hb_ballot_compare(n->acceptor.reg.accepted_ballot, n->known_ballot) > 0, now_us);
	hb_confirmed_look(n);
	hb_leak_look(n, now_us);
	hb_pace_look(n, now_us);
	hb_drain_look(n, now_us);
	hb_maintain_look(n, now_us);
	hb_force_look(n, now_us);
	hb_stand_look(n, now_us);
	hb_wanted_change(n, now_us, &c);
	observe(n, &c);
	note_unchosen(n, &c, now_us);
	if (c.kind != p->change.kind || c.epoch != p->change.epoch || c.keep != p->change.keep ||
	    c.version != p->change.version)
		hb_proposer_abandon(p);
	if (p->step == HB_STEP_CLOSE_GATE && n->gate_until_us == 0 && gate_is_closed(n, now_us) &&
	    hb_drain_passes(n, now_us))
		hb_proposer_gate_closed(p, now_us, out);
	hb_proposer_tick(p, now_us, out);
	if (c.kind == HB_CHANGE_CLAIM && n->claim_us <= n->renewed_us)
		n->claim_us = now_us;
	if (c.kind != HB_CHANGE_NONE && hb_proposer_free(p, now_us))
		hb_proposer_begin(p, &n->acceptor, &c, n->opened, now_us, out);
}

static void update_moments(struct hb_node *n, uint64_t now_us, uint64_t wall_ms)
{
	struct hb_moments *m = &n->moments;

	if (n->repl.cut_epoch == n->my_epoch)
		hb_moment(m, HB_STAGE_CUT, now_us);
	if (n->repl.drained_epoch == n->my_epoch)
		hb_moment(m, HB_STAGE_DRAIN, now_us);
	if (n->holds_vip)
		hb_moment(m, HB_STAGE_ADDRESS, now_us);
	if (n->ledger.answered_epoch == n->my_epoch && n->ledger.first_us)
		hb_moment(m, HB_STAGE_ANSWER, n->ledger.first_us);
	if (!m->end_us[HB_STAGE_PROMOTE])
		return;
	if (n->moved.epoch != n->my_epoch)
		n->moved = (struct hb_transition){
		    .epoch = n->my_epoch,
		    .at_ms = wall_ms,
		    .from = n->moved_from,
		    .to = n->self,
		    .reason = n->moved_reason,
		};
	hb_transition_stages(m, &n->moved);
}

static void update_serving(struct hb_node *n, uint64_t now_us, uint64_t wall_ms)
{
	bool mine = hb_mine(n) && n->known.phase == HB_OPEN && n->repl.db_up;
	bool was = n->serving;

	if (mine && n->repl.opened_epoch == n->my_epoch) {
		n->opened = true;
		n->unopened_us = 0;
	} else if (n->opened && !n->unopened_us) {
		n->unopened_us = now_us;
	}
	if (!hb_mine(n) && n->known.members && n->known.active != n->self && !n->repl.dirty && hb_repl_fresh(n, now_us))
		n->opened = false;
	/* R6: the barrier; R4, R10: an answer in SYNC needs semi-sync to be on, and never to have let one through. */
	n->serving = mine && n->repl.opened_epoch == n->my_epoch && hb_repl_fresh(n, now_us) &&
		     GUARD(M09_NO_BARRIER, n->ledger.barrier_epoch == n->my_epoch) &&
		     (!hb_must_be_acknowledged(n) ||
			 GUARD(M31_SEMI_SYNC_OFF_COUNTS,
			     n->repl.semi_sync && !hb_leaks(n) && n->repl.order_generation == n->order.generation));
	if (n->serving && !was)
		hb_moment(&n->moments, HB_STAGE_PROMOTE, now_us);
	if (n->serving != was)
		n->beat_now = true;
	n->vip_waits = n->vip_waits && !n->serving;
	if (hb_mine(n))
		update_moments(n, now_us, wall_ms);
}

/* GATE of protocol.md section 1. */
static void update_gate(struct hb_node *n, uint64_t now_us)
{
	uint64_t until_us = 0;
	bool closes = n->drain.rests ||
		      (n->proposer.step == HB_STEP_CLOSE_GATE && !GUARDED(M27_HAND_UNDRAINED, hb_drain_owns(n), false));

	if (n->serving && !closes && !hb_is_sick(n, now_us)) {
		if (hb_node_has_lease(n, now_us))
			until_us = hb_lease_until(&n->lease, n->self, n->known.members, n->my_epoch);
		if (GUARD(M04_GATE_WITHOUT_LEASE, hb_node_is_sole(n)) && until_us < now_us + n->settings.lease_us)
			until_us = now_us + n->settings.lease_us;
	}
	if (until_us == 0 && n->gate_until_us) {
		n->closing_until_us = n->gate_until_us;
		n->close_generation++;
	}
	n->beat_now = n->beat_now || !until_us != !n->gate_until_us; /* who serves is what the others wait to hear */
	n->gate_until_us = until_us;
	if (until_us)
		n->served_us = hb_is_fit(n, now_us) ? now_us : 0;
}

/* In words, why this member is not where it should be, and where to look; "" when it is. */
static const char *explain(const struct hb_node *n, const struct hb_rule *rule, uint64_t now_us)
{
	enum hb_ill ill = hb_ill(n, now_us);

	if (n->join_refused)
		return n->join_refused;
	if (ill == HB_ILL_LEDGER_STUCK && n->ledger.reason[0])
		return n->ledger.reason;
	if ((ill == HB_ILL_REPLICATION_FAILED || ill == HB_ILL_DATABASE_MUTE) && n->repl.reason[0])
		return n->repl.reason;
	if ((ill == HB_ILL_ADDRESS_MISSING || ill == HB_ILL_ADDRESS_DEAF) && n->host_alarm && n->host_alarm[0])
		return n->host_alarm;
	if (ill != HB_ILL_NONE)
		return hb_ill_text(ill);
	if (n->state == HB_WITNESS)
		return hb_in_maintenance(&n->known, n->self) ? "in maintenance" : "";
	if (n->host_alarm && n->host_alarm[0])
		return n->host_alarm;
	if (n->state == HB_ACTIVE)
		return n->drain_note[0] ? n->drain_note : n->repl.notice;
	if (n->stand_note[0])
		return n->stand_note;
	if (n->state == HB_STANDBY && ill == HB_ILL_NONE && !hb_takes_over(n, now_us))
		return "its ledgerd is away: the role is not handed to it; systemctl status holdfast-ledgerd";
	if (n->state == HB_STANDBY)
		return n->repl.notice;
	if (hb_is_draining(n))
		return hb_drain_waits(n, now_us);
	if (hb_mine(n) && n->ledger_us && now_us > n->ledger_us + n->ledger_missed_us + LEDGER_QUIET_US)
		return hb_ill_text(HB_ILL_LEDGER_SILENT);
	return n->repl.reason[0] && n->state != HB_MAINTENANCE ? n->repl.reason : rule->why;
}

static void update_state(struct hb_node *n, uint64_t now_us, struct hb_output *out)
{
	const struct hb_rule *rule;
	const char *why;

	n->situation = hb_situation(n, now_us);
	rule = hb_role_rule(n->state, n->situation);
	if (rule->to != n->state) {
		out->moved = rule;
		out->moved_from = n->state;
		n->state = rule->to;
	}
	why = explain(n, rule, now_us);
	if (n->state == HB_MAINTENANCE && why == rule->why)
		(void)snprintf(n->reason, sizeof(n->reason), "%.60s; back by: holdfastctl maintenance off %s", why,
		    hb_member_name(n, n->self));
	else if (strcmp(n->reason, why) != 0)
		(void)snprintf(n->reason, sizeof(n->reason), "%s", why);
}

/* Does the active wait for what this report says? */
static bool is_news(const struct hb_node *n, const struct repl_report *r)
{
	return n->order.hurry && (r->received.seq != n->repl.received.seq || r->applied.seq != n->repl.applied.seq);
}

static void take_input(struct hb_node *n, const struct hb_input *in, struct hb_output *out)
{
	switch (in->kind) {
	case HB_IN_TICK: break;
	case HB_IN_COMMAND: hb_command_take(n, in->command, in->now_us, out); break;
	case HB_IN_MESSAGE: take_message(n, in->message, in->now_us, out); break;
	case HB_IN_PERSISTED: n->persisted = in->persisted; break;
	case HB_IN_REPLICATION:
		n->beat_now = n->beat_now || (in->repl && is_news(n, in->repl));
		hb_take_replication(n, in->repl, in->now_us);
		break;
	case HB_IN_LEDGER:
		hb_take_ledger(n, in->ledger, in->now_us);
		if (in->ledger)
			take_high_water(n, in->ledger->answered_epoch,
			    GUARDED(M24_HIGH_WATER_IS_BINLOG, in->ledger->answered, n->repl.binlog));
		break;
	}
}

/* An active that lives may be waiting for it. What a claim of ours writes it does not, and of one that is gone nothing is to be
 * expected: on a disk that always takes so long, nobody would ever take over. */
static void note_slow_register(struct hb_node *n, uint64_t now_us)
{
	bool claims = n->proposer.step != HB_STEP_IDLE && n->proposer.change.kind == HB_CHANGE_CLAIM;

	if (n->storing_since_us && now_us > n->storing_since_us + FIT_REGISTER_SLOW_US && !claims && n->known.members &&
	    hb_heard(n, n->known.active, n->settings.lease_us, now_us))
		n->unwritten_us = now_us;
}

void hb_node_step(struct hb_node *n, const struct hb_input *in, struct hb_output *out)
{
	uint64_t before = n->acceptor.generation;
	struct hb_ballot known = n->known_ballot;
	enum hb_change_kind would = n->would;

	/* All else in *out is assigned below; its letters, 20 KiB of them, are cleared as they are added. */
	out->outbox.count = 0;
	out->moved = NULL;
	out->moved_from = n->state;
	hb_notice_absence(n, in->now_us);
	note_slow_register(n, in->now_us);
	out->verdict.id = 0;
	if (in->kind == HB_IN_MESSAGE && in->message->type == HB_GIVEN_UP)
		hb_given_up_take(n, in->message);
	if (n->settings.replica || n->given_up.epoch) {
		(n->given_up.epoch ? hb_given_up_step : hb_replica_step)(n, in, out);
		return;
	}
	take_input(n, in, out);
	hb_command_tick(n, in->now_us, out);
	hb_read_tick(n, in->now_us, &out->outbox);
	propose(n, in->now_us, &out->outbox);
	update_serving(n, in->now_us, in->wall_ms);
	hb_adding(n, in->now_us);
	update_state(n, in->now_us, out);
	hb_tell_members(n, in->now_us, &out->outbox);
	update_gate(n, in->now_us);
	hb_tell_host(n, in->now_us, out);
	for (unsigned i = 0; i < out->outbox.count; i++) {
		struct hb_message *m = &out->outbox.letter[i].message;

		m->from = n->self;
		m->boot = n->acceptor.reg.boot;
		m->instance = n->acceptor.reg.instance;
	}
	out->persist = n->acceptor.generation != before;
	out->observed = n->would != would && n->would != HB_CHANGE_NONE;
	out->chosen = hb_ballot_compare(known, n->known_ballot) != 0;
}
