#include "heartbeat/node_parts.h"

#include <string.h>

#define READ_AGAIN_US 100000
#define JOIN_AGAIN_US 200000
#define GATEWAYS 2

void hb_named(struct hb_node *n, uint64_t epoch, uint64_t now_us)
{
	n->my_epoch = epoch;
	n->epoch_us = now_us;
	n->opened = false;
	n->vip_grace_us = now_us + n->settings.lease_us;
	n->moments = (struct hb_moments){.began_us = n->served_us};
	if (n->claim_us > n->moments.began_us)
		hb_moment(&n->moments, HB_STAGE_DETECT, n->claim_us);
	hb_moment(&n->moments, HB_STAGE_VOTE, now_us);
}

static bool is_member(const struct hb_record *r, const struct hb_member *m)
{
	uint8_t at = hb_member_find(r, m->name);

	return at != HB_NOBODY && r->member[at].instance == m->instance;
}

void hb_learn(struct hb_node *n, struct hb_ballot b, const struct hb_record *r, uint64_t now_us)
{
	bool named = n->booted && n->known.members && n->known.active != n->self && r->active == n->self;

	hb_proposer_learn(&n->proposer, b);
	if (n->known.members && hb_ballot_compare(b, n->known_ballot) <= 0)
		return;
	hb_drain_learn(n, r, now_us);
	if (n->known.members && r->epoch != n->known.epoch) {
		n->moved_from = n->known.active;
		n->moved_reason = r->reason;
		/* Handed to us while we were up (C1): we may open in this epoch without claiming. */
		if (named && r->phase == HB_CLAIMED && n->my_epoch < r->epoch)
			hb_named(n, r->epoch, now_us);
		/* It was up and thought that it served: for how long in vain, only its clients know. */
		if (named && r->reason == HB_REASON_ACTIVE_UNFIT)
			n->moments.began_us = 0;
		n->vip_waits = named && r->keep;
		n->renewed_us = now_us; /* whoever is named now has a lease to wait for */
	}
	n->known_ballot = b;
	n->known = *r;
	n->beat_now = true;
	if (n->join_wanted && is_member(r, &n->joiner))
		n->join_wanted = false;
}

void hb_read_answer(struct hb_node *n, uint8_t to, enum hb_refusal refusal, struct hb_outbox *out)
{
	const struct hb_register *reg = &n->acceptor.reg;
	struct hb_message *m = hb_outbox_add(out, to, HB_STATE, n->acceptor.generation);

	m->refusal = (uint8_t)refusal;
	m->promised = reg->promised;
	m->accepted_ballot = reg->accepted_ballot;
	m->has_record = 1;
	m->record = reg->accepted;
}

/* Why nobody of that kind is admitted any more; NULL: one is. The edge and the replication are made for a pair, and each member
 * beyond the third has to be up as well for a majority. The record decides: what a token says may be old. */
static const char *no_place(const struct hb_node *n, const struct hb_record *r, uint8_t kind)
{
	if (kind == HB_KIND_GATEWAY && hb_members_of(r, HB_KIND_GATEWAY) >= GATEWAYS)
		return "the cluster has two gateways already, and this machine is none of them";
	if (kind == HB_KIND_WITNESS && hb_members_of(r, HB_KIND_WITNESS) >= n->settings.witnesses)
		return "the cluster has a witness already, and this machine is another one";
	return r->members >= HB_MEMBERS_MAX ? "the cluster has as many members as there can be" : NULL;
}

/* Who cannot read what we write would be mute from the moment it is a member, and counted all the same. */
static bool can_read_record(const struct hb_record *r, const struct hb_message *m)
{
	bool plain = true;

	for (uint8_t i = 0; i < r->members; i++)
		plain = plain && hb_is_plain(&r->member[i].address) && hb_is_plain(&r->member[i].second_address);
	return plain || m->facts.level >= HB_LEVEL_IPV6;
}

/* at: whose place it is to have; what is told of that one already, all can read, whoever is gone. */
static bool may_tell(const struct hb_node *n, uint8_t at, const struct ip *address)
{
	return (at != HB_NOBODY && !hb_is_plain(&n->known.member[at].address)) || hb_may_tell_address(n, address);
}

static const char name_is_taken[] = "the name belongs to another member";

/* NULL: nothing. */
static const char *text_of(unsigned refusal)
{
	switch (refusal) {
	case HB_REFUSED_NAME: return "a worker host has that name: take another one";
	case HB_REFUSED_OLD:
		return "a member has an address of IPv6, which the release of this machine cannot read: install theirs";
	case HB_REFUSED_MEMBER_OLD:
		return "a member, or the replica, is of a release without addresses of IPv6: upgrade that one first";
	default: return NULL;
	}
}

/* Of one that has a place; *may: is it admitted, else it is refused for ever, or, HB_OK, for now. */
static enum hb_refusal judge(const struct hb_node *n, uint8_t at, const struct hb_message *m, bool *may)
{
	*may = false;
	if (at == HB_NOBODY && n->name_of_host)
		return HB_REFUSED_NAME;
	if (!can_read_record(&n->known, m))
		return HB_REFUSED_OLD;
	*may = may_tell(n, at, &m->member.address);
	/* One that has not been heard since our start may be of any release. */
	return !*may && hb_name_below(n, HB_LEVEL_IPV6) ? HB_REFUSED_MEMBER_OLD : HB_OK;
}

/* For the shell to tell. */
static void note_refused(struct hb_node *n, const struct hb_message *m, const char *why, uint64_t now_us)
{
	n->refused = (struct hb_refused){.who = m->member, .level = m->facts.level, .why = why, .at_us = now_us};
	if (strcmp(why, text_of(HB_REFUSED_MEMBER_OLD)) == 0)
		n->refused.older = hb_name_below(n, HB_LEVEL_IPV6);
}

/* Somebody who is not a member asks to become one. Only the active can do it; the others say who that is. */
void hb_read_join(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	const struct hb_record *r = &n->known;
	enum hb_refusal refusal = HB_OK;
	const char *why;
	bool may = true, mine = hb_mine(n) && r->phase == HB_OPEN;
	uint8_t at;

	if (!n->acceptor.reg.admitted || !r->members)
		return;
	at = hb_member_find(r, m->member.name);
	why = no_place(n, r, m->member.kind);
	if (at != HB_NOBODY)
		why = hb_replaces(n, &m->member, now_us) != HB_NOBODY ? NULL : name_is_taken;
	if (!why && mine) {
		refusal = judge(n, at, m, &may);
		why = text_of(refusal);
	}
	if (!why && mine && may) {
		n->join_wanted = true;
		n->join_us = now_us;
		n->joiner = m->member;
		n->joiner.second_address = hb_second_address_to_tell(n, &m->member.second_address);
		return;
	}
	if (why && mine && (at == HB_NOBODY || r->member[at].instance != m->member.instance))
		note_refused(n, m, why, now_us);
	if (why || n->acceptor.reg.accepted.active != n->self)
		hb_read_answer(n, HB_TO_SENDER, refusal, out);
}

static bool all_read(const struct hb_node *n, const struct hb_record *r)
{
	for (uint8_t i = 0; i < r->members; i++)
		if (i != n->self && !(n->reading.answers >> i & 1))
			return GUARDED(M17_ADOPTS_FROM_ONE, false, n->reading.answers != 0);
	return true;
}

/* S8: a member without memory adopts the maxima of ALL others before it votes. Not before its silence is over: what it adopts may
 * name a claimant, whom silence would let through while a lease that was granted before still counts. */
static void end_amnesia(struct hb_node *n, uint64_t now_us)
{
	struct hb_reading *g = &n->reading;
	struct hb_ballot promised = {0}, best = {0};
	const struct hb_record *record = NULL;

	for (uint8_t i = 0; i < HB_MEMBERS_MAX; i++) {
		if (!(g->answers >> i & 1))
			continue;
		if (hb_ballot_compare(g->promised[i], promised) > 0)
			promised = g->promised[i];
		if (hb_ballot_compare(g->accepted_ballot[i], best) > 0) {
			best = g->accepted_ballot[i];
			record = &g->accepted[i];
		}
	}
	if (!record || !all_read(n, record) || n->self >= record->members ||
	    !GUARD(M17_ADOPTS_SOON, now_us >= n->acceptor.silent_until_us))
		return;
	hb_acceptor_adopt(&n->acceptor, promised, best, record, now_us);
	g->answers = 0;
	g->began_us = now_us;
}

/* L6: a majority that accepted the same ballot has chosen it. */
static void end_boot(struct hb_node *n, uint64_t now_us)
{
	const struct hb_register *reg = &n->acceptor.reg;
	struct hb_reading *g = &n->reading;

	for (uint8_t i = 0; i < HB_MEMBERS_MAX; i++) {
		unsigned same = 0;

		if (!(g->answers >> i & 1))
			continue;
		for (uint8_t k = 0; k < HB_MEMBERS_MAX; k++)
			same += (g->answers >> k & 1) &&
				hb_ballot_compare(g->accepted_ballot[i], g->accepted_ballot[k]) == 0;
		if (same < hb_quorum(g->accepted[i].members) || same < hb_quorum(reg->accepted.members))
			continue;
		hb_learn(n, g->accepted_ballot[i], &g->accepted[i], now_us);
		n->booted = true;
		n->beat_now = true;
		return;
	}
}

static void take_membership(struct hb_node *n, const struct hb_message *m)
{
	const struct hb_register *reg = &n->acceptor.reg;
	uint8_t at = hb_member_find(&m->record, reg->name);

	if (at == HB_NOBODY) {
		const char *full = no_place(n, &m->record, reg->kind);

		n->acceptor.reg.accepted = m->record;	 /* not accepted, only: whom to ask (admitted is 0) */
		if (full || m->from == m->record.active) /* of the rest that one alone decides */
			n->join_refused = full ? full : text_of(m->refusal);
		return;
	}
	if (m->record.member[at].instance != reg->instance) {
		n->acceptor.reg.accepted = m->record;
		/* The active may be about to give us the place; what the others tell says nothing of that. */
		if (m->from == m->record.active)
			n->join_refused = name_is_taken;
		return;
	}
	n->join_refused = NULL;
	n->self = at;
	n->proposer.self = at;
	n->acceptor.reg.accepted = m->record;
}

void hb_read_state(struct hb_node *n, const struct hb_message *m, uint64_t now_us)
{
	struct hb_reading *g = &n->reading;

	if (!m->has_record)
		return;
	if (!n->acceptor.reg.admitted && m->from < HB_MEMBERS_MAX)
		take_membership(n, m);
	if (n->self == HB_NOBODY || m->from >= HB_MEMBERS_MAX)
		return;
	g->answers |= (uint8_t)(1u << m->from);
	g->promised[m->from] = m->promised;
	g->accepted_ballot[m->from] = m->accepted_ballot;
	g->accepted[m->from] = m->record;
	if (!n->acceptor.reg.admitted)
		end_amnesia(n, now_us);
	else if (GUARDED(M22_NO_PLAIN_READ, !n->booted, false))
		end_boot(n, now_us);
}

static void ask(uint8_t to, const struct hb_member *me, struct hb_outbox *out)
{
	struct hb_message *m = hb_outbox_add(out, to, HB_JOIN, 0);

	m->member = *me;
	m->facts.level = HB_LEVEL;
}

static void ask_for_admission(struct hb_node *n, struct hb_outbox *out)
{
	const struct hb_record *seen = &n->acceptor.reg.accepted;
	struct hb_member me = {0};

	memcpy(me.name, n->acceptor.reg.name, sizeof(me.name));
	me.instance = n->acceptor.reg.instance;
	me.kind = n->acceptor.reg.kind;
	me.address = n->settings.address;
	me.port = n->settings.port;
	me.second_address = n->settings.second_address;
	ask(HB_TO_SEED, &me, out);
	if (seen->members) /* somebody told us who is active: only that one can admit us */
		ask(seen->active, &me, out);
}

void hb_read_tick(struct hb_node *n, uint64_t now_us, struct hb_outbox *out)
{
	if (n->booted || now_us < n->reading.again_us)
		return;
	if (n->self == HB_NOBODY) {
		n->reading.again_us = now_us + JOIN_AGAIN_US;
		ask_for_admission(n, out);
		return;
	}
	n->reading.again_us = now_us + READ_AGAIN_US;
	for (uint8_t i = 0; i < n->acceptor.reg.accepted.members; i++)
		if (i != n->self || n->acceptor.reg.admitted)
			hb_outbox_add(out, i, HB_READ, 0);
}
