/*
 * A replica, whole. What it does with the members' words: it learns the record that they know to be chosen, tells replicationd whom to
 * follow, and, at an operator's word when the pair is gone, makes of itself the first gateway of a cluster of its own.
 *
 * A dump thread sends a transaction when it is in the active's log, which is before the standby has acknowledged it. What only the
 * active has may be cut off from the history, so the source is the standby while the record says SYNC: its log holds what it received
 * and applied, and nothing else. In SOLO it is the active, whose log is the history then.
 */
#include "heartbeat/node_parts.h"

#include <stdio.h>
#include <string.h>

#include "heartbeat/ip_text.h"
#include "heartbeat/replica.h"

#define ASK_US 150000
#define COPY_PATIENCE_US 30000000
#define FRESH_US 2000000 /* a record that its source has not told for so long may be another by now */

const char *hb_replica_text(unsigned state)
{
	static const char *const text[] = {
#define X(id, text) text,
	    HB_REPLICA_STATES(X)
#undef X
	};

	return state < HB_REPLICA_STATE_COUNT ? text[state] : "unknown";
}

void hb_replica_start(struct hb_node *n, uint64_t now_us)
{
	const struct hb_register *reg = &n->acceptor.reg;

	n->replica.since_us = now_us;
	n->self = HB_NOBODY;
	/* Whom to ask, and what an operator is shown when nobody answers any more. Nothing is followed by it. */
	if (!reg->accepted_ballot.counter)
		return;
	n->replica.promoted = reg->admitted;
	n->known = reg->accepted;
	n->known_ballot = reg->accepted_ballot;
	n->booted = true;
}

bool hb_replica_hears(const struct hb_node *n, uint8_t m, uint64_t within_us, uint64_t now_us)
{
	const struct hb_peer *p = &n->peer[m];

	return p->heard && now_us < p->heard_us + p->missed_us + within_us;
}

static void learn(struct hb_node *n, const struct hb_message *m)
{
	struct hb_register *reg = &n->acceptor.reg;

	if (n->replica.promoted || (n->known.members && hb_ballot_compare(m->ballot, n->known_ballot) <= 0))
		return;
	/* Others may have joined: the numbers of those that there were stay what they are. */
	n->known = m->record;
	n->known_ballot = m->ballot;
	n->booted = true;
	reg->accepted = m->record;
	reg->accepted_ballot = m->ballot;
	n->acceptor.generation++;
}

/* What it says, only if the record that it goes by knows it. */
static void take_beat(struct hb_node *n, const struct hb_message *m, uint64_t now_us)
{
	struct hb_peer *p;

	if (m->from >= HB_MEMBERS_MAX || !m->has_record || m->from >= m->record.members ||
	    m->record.member[m->from].instance != m->instance)
		return;
	/* Nor one of an earlier installation, whose record is an old one; or of one that has begun anew with the same key. */
	if (n->known.members && m->from < n->known.members && n->known.member[m->from].instance != m->instance) {
		hb_replica_sign(n, m->from, HB_SIGN_BEGUN_ANEW, now_us);
		return;
	}
	p = &n->peer[m->from];
	if (m->instance == p->instance && (m->boot < p->boot || (m->boot == p->boot && m->stamp_us < p->stamp_us)))
		return;
	if (m->boot > p->boot || m->instance != p->instance)
		*p = (struct hb_peer){.instance = m->instance, .boot = m->boot, .life_us = now_us};
	p->heard = true;
	p->heard_us = now_us;
	p->missed_us = 0;
	p->stamp_us = m->stamp_us;
	p->facts = m->facts;
	p->says = m->ballot;
	if (m->facts.answered_epoch > n->high_water_epoch ||
	    (m->facts.answered_epoch == n->high_water_epoch && m->facts.answered.seq > n->high_water.seq)) {
		n->high_water_epoch = m->facts.answered_epoch;
		n->high_water = m->facts.answered;
	}
	learn(n, m);
}

/* Why a member does not answer. */
static void take_refusal(struct hb_node *n, const struct hb_message *m, uint64_t now_us)
{
	const struct hb_record *r = &n->known;

	if (r->members && (m->from >= r->members || r->member[m->from].instance != m->instance))
		return;
	(void)snprintf(n->replica.refused, sizeof(n->replica.refused), "%s%.100s",
	    m->verdict.started ? "" : HB_REPLICA_REFUSED, m->verdict.text);
	n->replica.refused_us = now_us;
	hb_replica_sign(n, m->from, HB_SIGN_REFUSED, now_us);
}

void hb_replica_sign(struct hb_node *n, uint8_t member, enum hb_replica_sign sign, uint64_t now_us)
{
	if (member >= n->known.members || n->replica.promoted)
		return;
	n->replica.sign[member] = (uint8_t)sign;
	n->replica.sign_us[member] = now_us;
}

enum hb_replica_sign hb_replica_sign_of(const struct hb_node *n, uint8_t member, uint64_t now_us)
{
	bool lately = n->replica.sign_us[member] && now_us < n->replica.sign_us[member] + HB_REPLICA_QUIET_US;

	if (!lately || hb_replica_hears(n, member, HB_REPLICA_QUIET_US, now_us))
		return HB_SIGN_NONE;
	return (enum hb_replica_sign)n->replica.sign[member];
}

/* Has it said lately that it goes by the record that is known here? */
static bool confirms(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_peer *p = &n->peer[m];

	/* By the clock, also when it was we who were not there. */
	return p->heard && now_us < p->heard_us + FRESH_US && hb_ballot_compare(p->says, n->known_ballot) == 0;
}

/* Whom to follow; HB_NOBODY: that is not known. */
static uint8_t source_of(const struct hb_node *n, uint64_t now_us)
{
	const struct hb_record *r = &n->known;
	uint8_t source = HB_NOBODY;

	if (!r->members || r->phase != HB_OPEN || n->replica.promoted)
		return HB_NOBODY;
	if (hb_is_solo(r, r->active))
		source = r->active;
	for (uint8_t i = 0; i < r->members; i++)
		if (i != r->active && hb_in_sync(r, i))
			source = i;
	return source != HB_NOBODY && confirms(n, source, now_us) ? source : HB_NOBODY;
}

/* Whom to ask for a fresh copy: only the active gives one, and to one at a time; the standby's comes first. */
static uint8_t copy_from(const struct hb_node *n, uint64_t now_us)
{
	const struct hb_record *r = &n->known;
	bool goes_on;

	if (!r->members || r->phase != HB_OPEN || n->replica.promoted)
		return HB_NOBODY;
	/* One that is on its way, for hours perhaps, is not thrown away for a moment without a word, nor for a record that names the same active:
	 * the histories are compared when it is here. */
	goes_on = n->repl.state == REPL_SEEDING && n->order.copy_from == r->active &&
		  hb_replica_hears(n, r->active, COPY_PATIENCE_US, now_us);
	if (!goes_on && !confirms(n, r->active, now_us))
		return HB_NOBODY;
	for (uint8_t i = 0; i < r->members; i++)
		if (i != r->active && hb_replica_hears(n, i, FRESH_US, now_us) && n->peer[i].facts.state == HB_SEEDING)
			return HB_NOBODY;
	return r->active;
}

static void watch(struct hb_node *n, uint64_t now_us, struct hb_outbox *out)
{
	const struct hb_register *reg = &n->acceptor.reg;
	struct hb_message m = {.member = {.kind = HB_KIND_REPLICA}};

	if (now_us < n->replica.again_us || n->replica.promoted)
		return;
	n->replica.again_us = now_us + ASK_US;
	memcpy(m.member.name, reg->name, sizeof(m.member.name));
	m.member.address = n->settings.address;
	m.member.port = n->settings.port;
	hb_replica_facts(n, now_us, &m.facts);
	for (uint8_t i = 0; i <= n->known.members; i++) {
		bool known = i < n->known.members;
		struct hb_message *to;

		/* Whoever was named at the beginning, as long as nobody has said who else there is. */
		if (!known && n->known.members)
			break;
		to = hb_outbox_add(out, known ? i : HB_TO_SEED, HB_WATCH, 0);
		to->member = m.member;
		to->stamp_us = now_us;
		to->facts = m.facts;
	}
}

/* ---- what it tells */

static enum hb_replica_state state_of(const struct hb_node *n, uint64_t now_us)
{
	/* Who hears "promoted" makes a gateway of this machine, and the register has to be that of one by then. */
	if (n->replica.promoted && n->persisted >= n->acceptor.identity_generation)
		return HB_REPLICA_PROMOTED;
	if (n->stand.version || n->replica.promoted)
		return HB_REPLICA_STANDS_IN;
	if (!hb_repl_fresh(n, now_us) || n->repl.state == REPL_FAILED)
		return HB_REPLICA_FAULT;
	if (n->repl.state == REPL_SEEDING)
		return HB_REPLICA_SEEDS;
	return n->repl.following ? HB_REPLICA_FOLLOWS : HB_REPLICA_RESTS;
}

/* Why it hears what it should not do without; NULL: it hears a gateway. */
static const char *why_deaf(const struct hb_node *n, uint64_t now_us)
{
	bool gateway = false, any = false, foreign = false, anew = false;

	for (uint8_t i = 0; i < n->known.members; i++) {
		enum hb_replica_sign sign = hb_replica_sign_of(n, i, now_us);
		bool heard = hb_replica_hears(n, i, HB_REPLICA_QUIET_US, now_us);

		any = any || heard;
		gateway = gateway || (heard && n->known.member[i].kind == HB_KIND_GATEWAY);
		foreign = foreign || sign == HB_SIGN_OTHER_KEY;
		anew = anew || sign == HB_SIGN_BEGUN_ANEW;
	}
	if (gateway)
		return NULL;
	if (n->replica.refused_us && now_us < n->replica.refused_us + HB_REPLICA_QUIET_US)
		return n->replica.refused;
	if (foreign)
		return "the members have another key of the heartbeats now (key rotate): join this replica anew, with "
		       "a new token";
	if (anew)
		return "the machines of its pair have begun anew: if that is as it should be, join this replica anew, "
		       "too";
	if (!n->known.members)
		return "no member is heard yet: is its UDP port open both ways, and the token of this cluster?";
	if (now_us < n->replica.since_us + HB_REPLICA_QUIET_US)
		return "listens for the members";
	return any ? "hears no gateway, only the witness: is the way to their UDP port cut? If both are gone: "
		     "doc/operations.md"
		   : "hears no member: is the way to their UDP port cut? If both gateways are gone: doc/operations.md";
}

static void explain(struct hb_node *n, enum hb_replica_state state, uint64_t now_us)
{
	const char *why = n->repl.reason, *deaf = why_deaf(n, now_us);

	n->reason[0] = '\0';
	if (state == HB_REPLICA_PROMOTED)
		why = "begins a cluster of its own: holdfastctl force promote has to end, or to be called again";
	else if (!hb_repl_fresh(n, now_us))
		why = "no word from replicationd: systemctl status holdfast-replicationd";
	else if (!n->known.members || (deaf && (state == HB_REPLICA_RESTS || !why[0])))
		why = deaf;
	else if (state == HB_REPLICA_RESTS && n->order.active == HB_NOBODY)
		why = n->known.phase == HB_OPEN ? "waits until whom it is to follow is heard, and names the same record"
						: "waits until the role is taken";
	else if (state == HB_REPLICA_FOLLOWS)
		why = n->repl.notice;
	if (n->stand.why[0] && state != HB_REPLICA_PROMOTED)
		(void)snprintf(
		    n->reason, sizeof(n->reason), "was not promoted (attempt %u): %.80s", n->stand.words, n->stand.why);
	else
		(void)snprintf(n->reason, sizeof(n->reason), "%s", why);
}

static void tell_order(struct hb_node *n, uint64_t now_us, struct repl_order *o)
{
	const struct hb_record *r = &n->known;
	bool stands = n->stand.version || n->replica.promoted;

	memset(o, 0, sizeof(*o));
	o->want = stands ? REPL_WANT_STAND_IN : n->booted ? REPL_WANT_REPLICA : REPL_WANT_NOTHING;
	o->epoch = r->epoch;
	o->self = HB_REPLICA_NUMBER;
	o->active = stands ? HB_NOBODY : source_of(n, now_us);
	o->copy_from = stands ? HB_NOBODY : copy_from(n, now_us);
	o->open = r->members && r->phase == HB_OPEN;
	o->near = 1; /* to whom, nobody waits to know */
	if (o->active != HB_NOBODY)
		(void)ip_text(&r->member[o->active].address, o->active_address);
	for (uint8_t i = 0; i < r->members; i++)
		memcpy(o->member_name[i], r->member[i].name, sizeof(o->member_name[i]));
	hb_count_order(n, now_us, o);
}

static void tell_role_page(const struct hb_node *n, uint64_t now_us, struct role_view *v)
{
	const struct hb_record *r = &n->known;

	memset(v, 0, sizeof(*v));
	v->self = HB_NOBODY;
	v->active = ROLEPAGE_NO_NODE;
	v->updated_us = now_us;
	if (!r->members)
		return;
	v->version = r->version;
	v->epoch = r->epoch;
	v->active = r->active;
	v->open = r->phase == HB_OPEN;
	memcpy(v->active_name, r->member[r->active].name, sizeof(v->active_name));
}

static void take(struct hb_node *n, const struct hb_input *in, struct hb_output *out)
{
	switch (in->kind) {
	case HB_IN_MESSAGE:
		if (in->message->type == HB_BEAT)
			take_beat(n, in->message, in->now_us);
		else if (in->message->type == HB_VERDICT && !in->message->verdict.id)
			take_refusal(n, in->message, in->now_us);
		break;
	case HB_IN_COMMAND: hb_replica_command(n, in->command, in->now_us, &out->verdict); break;
	case HB_IN_PERSISTED: n->persisted = in->persisted; break;
	case HB_IN_REPLICATION: hb_take_replication(n, in->repl, in->now_us); break;
	case HB_IN_LEDGER:
	case HB_IN_TICK: break;
	}
}

void hb_replica_step(struct hb_node *n, const struct hb_input *in, struct hb_output *out)
{
	uint64_t generation = n->acceptor.generation;
	struct hb_ballot known = n->known_ballot;
	enum hb_replica_state state;

	take(n, in, out);
	hb_replica_look_at_word(n, in->now_us);
	state = state_of(n, in->now_us);
	explain(n, state, in->now_us);
	tell_order(n, in->now_us, &out->order);
	watch(n, in->now_us, &out->outbox);
	tell_role_page(n, in->now_us, &out->view);
	out->close_generation = 0;
	out->vip = false;
	for (unsigned i = 0; i < out->outbox.count; i++) {
		struct hb_message *m = &out->outbox.letter[i].message;

		m->from = HB_NOBODY;
		m->boot = n->acceptor.reg.boot;
		m->instance = n->acceptor.reg.instance;
	}
	out->persist = n->acceptor.generation != generation;
	out->observed = false;
	out->chosen = hb_ballot_compare(known, n->known_ballot) != 0;
}

void hb_replica_facts(const struct hb_node *n, uint64_t now_us, struct hb_facts *ret)
{
	const struct repl_report *p = &n->repl;

	memset(ret, 0, sizeof(*ret));
	ret->state = (uint8_t)state_of(n, now_us);
	ret->level = HB_LEVEL;
	memcpy(ret->reason, n->reason, sizeof(ret->reason));
	if (!hb_repl_fresh(n, now_us))
		return;
	ret->fit = p->fit;
	ret->follow_epoch = p->follow_epoch;
	ret->binlog = p->binlog;
	ret->received = p->received;
	ret->applied = p->applied;
	ret->backlog_ms = p->backlog_ms;
}
