#include "heartbeat/proposer.h"

#include <assert.h>

#include "heartbeat/guard.h"

#define AGAIN_US_MIN 5000
#define AGAIN_US_MAX 25000
#define DOUBLED_MAX 7 /* times: 3.2 s, in which a round is over on disks that take half a second for each write */
#define SELF_AGAIN_US 200000

uint64_t hb_dice(uint64_t *state)
{
	uint64_t x = *state ? *state : 0x9e3779b97f4a7c15u;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1du;
}

static uint64_t within(struct hb_proposer *p, uint64_t range_us, uint64_t now_us)
{
	return now_us + AGAIN_US_MIN + hb_dice(&p->dice) % range_us;
}

static uint64_t soon(struct hb_proposer *p, uint64_t now_us)
{
	return within(p, AGAIN_US_MAX - AGAIN_US_MIN, now_us);
}

static unsigned count(uint8_t mask)
{
	return (unsigned)__builtin_popcount(mask);
}

void hb_proposer_start(struct hb_proposer *p, uint8_t self, uint64_t seed)
{
	*p = (struct hb_proposer){.self = self, .dice = seed};
}

static void send_prepare(struct hb_proposer *p, uint8_t to, struct hb_outbox *out)
{
	hb_outbox_add(out, to, HB_PREPARE, 0)->ballot = p->ballot;
}

static void send_accept(struct hb_proposer *p, uint8_t to, struct hb_outbox *out)
{
	struct hb_message *m = hb_outbox_add(out, to, HB_ACCEPT, 0);

	m->ballot = p->ballot;
	m->has_record = 1;
	m->record = p->value;
}

/* Members that the round speaks to: those it started from, and those of the value when it has more. */
static uint8_t audience(const struct hb_proposer *p)
{
	if (p->step >= HB_STEP_SELF_ACCEPT)
		return p->value.members;
	return p->best.members > p->base_members ? p->best.members : p->base_members;
}

static void send_others(struct hb_proposer *p, uint8_t answered, struct hb_outbox *out)
{
	for (uint8_t i = 0; i < audience(p); i++) {
		if (i == p->self || answered >> i & 1)
			continue;
		if (p->step == HB_STEP_PREPARE)
			send_prepare(p, i, out);
		else
			send_accept(p, i, out);
	}
}

void hb_proposer_begin(struct hb_proposer *p, const struct hb_acceptor *a, const struct hb_change *c, bool was_active,
    uint64_t now_us, struct hb_outbox *out)
{
	assert(p->step == HB_STEP_IDLE || p->step == HB_STEP_BACK_OFF);
	assert(a->reg.admitted);
	if (p->counter_seen < a->reg.promised.counter)
		p->counter_seen = a->reg.promised.counter;
	p->change = *c;
	p->was_active = was_active;
	if (p->step == HB_STEP_IDLE)
		p->overtaken = 0;
	p->counter_seen += GUARDED(M16_BALLOT_REUSED, 1, 0);
	p->ballot = (struct hb_ballot){p->counter_seen, p->self};
	p->promises = p->accepts = 0;
	p->base_members = a->reg.accepted.members;
	p->best_ballot = a->reg.accepted_ballot;
	p->best = a->reg.accepted;
	p->step = HB_STEP_SELF_PREPARE;
	p->again_us = now_us + SELF_AGAIN_US;
	send_prepare(p, p->self, out);
}

static void back_off(struct hb_proposer *p, uint64_t now_us)
{
	p->step = HB_STEP_BACK_OFF;
	p->again_us = soon(p, now_us);
}

/* Another proposer is at it. Two that each need the other, as when nobody hears the third, would overtake one another for ever if
 * they came again sooner than a round takes: the wait doubles each time. */
static void back_off_further(struct hb_proposer *p, uint64_t now_us)
{
	uint64_t range_us = (uint64_t)(AGAIN_US_MAX - AGAIN_US_MIN) << GUARDED(M52_DUEL, p->overtaken, 0);

	p->step = HB_STEP_BACK_OFF;
	p->again_us = within(p, range_us, now_us);
	if (p->overtaken < DOUBLED_MAX)
		p->overtaken++;
}

static void self_accept(struct hb_proposer *p, uint64_t now_us, struct hb_outbox *out)
{
	p->step = HB_STEP_SELF_ACCEPT;
	p->pending_in_sync = p->pending ? p->pending_in_sync | p->value.in_sync : p->value.in_sync;
	p->pending = true;
	p->pending_ballot = p->ballot;
	p->again_us = now_us + SELF_AGAIN_US;
	send_accept(p, p->self, out);
}

static bool promised_enough(const struct hb_proposer *p)
{
	if (count(p->promises) < hb_quorum(p->base_members))
		return false;
	/* Somebody holds a record with more members than we knew: their majority counts as well. */
	return count(p->promises) >= hb_quorum(p->best.members);
}

static bool accepted_enough(const struct hb_proposer *p)
{
	uint8_t old = (uint8_t)((1u << p->best.members) - 1);

	/* A record that admits a member is chosen when all the old ones hold it (S8). */
	if (p->value.members > p->best.members)
		return (p->accepts & old) == old;
	return count(p->accepts) >= hb_quorum(p->value.members);
}

static void take_promise(struct hb_proposer *p, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	p->promises |= (uint8_t)(1u << m->from);
	if (m->has_record && hb_ballot_compare(m->accepted_ballot, p->best_ballot) > 0) {
		p->best_ballot = m->accepted_ballot;
		p->best = m->record;
	}
	if (p->step == HB_STEP_SELF_PREPARE && m->from == p->self) {
		p->step = HB_STEP_PREPARE;
		p->again_us = soon(p, now_us);
		send_others(p, p->promises, out);
	}
	if (p->step != HB_STEP_PREPARE || !promised_enough(p))
		return;
	p->applied = hb_change_apply(&p->change, &p->best, &p->value);
	if (GUARDED(M27_HAND_WITH_GATE_OPEN, p->was_active && p->value.active != p->self, false))
		p->step = HB_STEP_CLOSE_GATE;
	else
		self_accept(p, now_us, out);
}

static void take_accepted(struct hb_proposer *p, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	p->accepts |= (uint8_t)(1u << m->from);
	if (p->step == HB_STEP_SELF_ACCEPT && m->from == p->self) {
		p->step = HB_STEP_ACCEPT;
		p->again_us = soon(p, now_us);
		send_others(p, p->accepts, out);
	}
	if (p->step != HB_STEP_ACCEPT || !accepted_enough(p))
		return;
	p->step = HB_STEP_IDLE;
	p->pending = false;
	p->chosen = true;
}

static void take_refusal(struct hb_proposer *p, const struct hb_message *m, uint64_t now_us)
{
	if (p->counter_seen < m->promised.counter)
		p->counter_seen = m->promised.counter;
	if (m->refusal == HB_REFUSED_BALLOT && hb_ballot_compare(m->promised, p->ballot) > 0)
		back_off_further(p, now_us);
	else if (m->from == p->self && (p->step == HB_STEP_SELF_PREPARE || p->step == HB_STEP_SELF_ACCEPT))
		back_off(
		    p, now_us); /* our own promise or silence: nobody else has heard of this round, or of its value */
	/* Others that are bound for now are asked again with the same ballot (hb_proposer_tick). */
}

void hb_proposer_answer(struct hb_proposer *p, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	if (hb_ballot_compare(m->ballot, p->ballot) != 0 || p->step == HB_STEP_IDLE || p->step == HB_STEP_BACK_OFF)
		return;
	if (m->refusal != HB_OK)
		take_refusal(p, m, now_us);
	else if (m->type == HB_PROMISE && (p->step == HB_STEP_SELF_PREPARE || p->step == HB_STEP_PREPARE))
		take_promise(p, m, now_us, out);
	else if (m->type == HB_ACCEPTED && (p->step == HB_STEP_SELF_ACCEPT || p->step == HB_STEP_ACCEPT))
		take_accepted(p, m, now_us, out);
}

void hb_proposer_tick(struct hb_proposer *p, uint64_t now_us, struct hb_outbox *out)
{
	if (now_us < p->again_us)
		return;
	if (GUARDED(M36_OWN_LETTER_TRUSTED, p->step == HB_STEP_SELF_PREPARE || p->step == HB_STEP_SELF_ACCEPT, false)) {
		/* Letters that wait for the disk can be lost too: the shell keeps only so many. */
		p->again_us = now_us + SELF_AGAIN_US;
		if (p->step == HB_STEP_SELF_PREPARE)
			send_prepare(p, p->self, out);
		else
			send_accept(p, p->self, out);
		return;
	}
	if (p->step != HB_STEP_PREPARE && p->step != HB_STEP_ACCEPT)
		return;
	/* The same ballot again, not a higher one: raising our own promise while nobody can answer would make our
	 * acceptor deaf to the record that the others choose meanwhile. */
	p->again_us = soon(p, now_us);
	send_others(p, p->step == HB_STEP_PREPARE ? p->promises : p->accepts, out);
}

void hb_proposer_gate_closed(struct hb_proposer *p, uint64_t now_us, struct hb_outbox *out)
{
	assert(p->step == HB_STEP_CLOSE_GATE);
	self_accept(p, now_us, out);
}

void hb_proposer_learn(struct hb_proposer *p, struct hb_ballot b)
{
	if (p->counter_seen < b.counter)
		p->counter_seen = b.counter;
	if (p->pending && hb_ballot_compare(b, p->pending_ballot) > 0)
		p->pending = false;
	if (p->step != HB_STEP_IDLE && hb_ballot_compare(b, p->ballot) > 0 && !p->pending)
		p->step = HB_STEP_IDLE;
}

void hb_proposer_abandon(struct hb_proposer *p)
{
	if (GUARDED(M07_UNKNOWN_FORGOTTEN, false, true))
		p->pending = false;
	if (p->pending) {
		/* What made the wish right is gone: a lease that ended, a standby that no longer holds everything. The round
		 * goes on for the sake of what is pending, and changes nothing. */
		if (GUARDED(M07_STALE_WISH, p->step == HB_STEP_SELF_PREPARE || p->step == HB_STEP_PREPARE, false))
			p->change = (struct hb_change){.kind = HB_CHANGE_NOTHING, .self = p->self};
		return;
	}
	if (p->step == HB_STEP_BACK_OFF || GUARDED(M07_UNKNOWN_FORGOTTEN, p->step < HB_STEP_SELF_ACCEPT, true))
		p->step = HB_STEP_IDLE;
}

bool hb_proposer_free(const struct hb_proposer *p, uint64_t now_us)
{
	return p->step == HB_STEP_IDLE || (p->step == HB_STEP_BACK_OFF && now_us >= p->again_us);
}
