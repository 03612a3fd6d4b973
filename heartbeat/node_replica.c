/*
 * A replica, whole. What it does with the members' words: it learns the record that they know to be chosen, tells replicationd whom to
 * follow, and, at an operator's word when the pair is gone, makes of itself the first gateway of a cluster of its own.
 *
 * A dump thread sends a transaction when it is in the active's log, which is before the standby has acknowledged it. What only the
 * active has may be cut off from the history, so the source is the standby while the record says SYNC: its log holds what it received
 * and applied, and nothing else. In SOLO it is the active, whose log is the history then.
 */
#include "heartbeat/node_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/replica.h"

#define ASK_US 150000
#define FRESH_US 2000000  /* a record that its source has not told for so long may be another by now */
#define QUIET_US 3000000  /* who was not heard for so long is silent (node_stand.c) */
#define STAND_US 60000000 /* the same */
#define BALLOTS 1000000	  /* of a register of its own, above all that it has heard of */

const char *hb_replica_text(unsigned state)
{
	static const char *const text[] = {
#define X(id, text) text,
	    HB_REPLICA_STATES(X)
#undef X
	};

	return state < HB_REPLICA_STATE_COUNT ? text[state] : "unknown";
}

void hb_replica_start(struct hb_node *n)
{
	const struct hb_register *reg = &n->acceptor.reg;

	n->self = HB_NOBODY;
	/* Whom to ask, and what an operator is shown when nobody answers any more. Nothing is followed by it. */
	if (!reg->accepted_ballot.counter)
		return;
	n->replica.promoted = reg->admitted;
	n->known = reg->accepted;
	n->known_ballot = reg->accepted_ballot;
	n->booted = true;
}

static bool is_heard(const struct hb_node *n, uint8_t m, uint64_t within_us, uint64_t now_us)
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
	/* Nor one of an earlier installation, whose record is an old one. */
	if (n->known.members && m->from < n->known.members && n->known.member[m->from].instance != m->instance)
		return;
	p = &n->peer[m->from];
	if (m->boot < p->boot || (m->boot == p->boot && m->stamp_us < p->stamp_us))
		return;
	if (m->boot > p->boot)
		*p = (struct hb_peer){.boot = m->boot, .life_us = now_us};
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

	if (!r->members || r->phase != HB_OPEN || n->replica.promoted || !confirms(n, r->active, now_us))
		return HB_NOBODY;
	for (uint8_t i = 0; i < r->members; i++)
		if (i != r->active && is_heard(n, i, FRESH_US, now_us) && n->peer[i].facts.state == HB_SEEDING)
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
	m.member.ipv4 = n->settings.ipv4;
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

/* ---- the last resort */

/* Why there is nothing to be promoted; NULL: there is. */
static const char *unable(const struct hb_node *n, uint64_t now_us)
{
	if (!n->known.members)
		return "it has never heard of a pair";
	if (!hb_repl_fresh(n, now_us))
		return "no word from replicationd: systemctl status holdfast-replicationd";
	if (n->repl.state == REPL_SEEDING)
		return "it has no whole copy: it was fetching one";
	if (n->repl.state == REPL_FAILED && n->order.want == REPL_WANT_STAND_IN)
		return n->repl.reason[0] ? n->repl.reason : "replication has failed";
	if (!n->stand.version && (!n->repl.db_up || !n->repl.applied.seq))
		return "its database does not run: journalctl -u mariadb -u holdfast-replicationd";
	return NULL;
}

/* Is no gateway of the pair there, as far as anybody knows who is heard here? */
static bool are_silent(const struct hb_node *n, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	for (uint8_t g = 0; g < n->known.members; g++) {
		if (n->known.member[g].kind != HB_KIND_GATEWAY)
			continue;
		if (is_heard(n, g, QUIET_US, now_us)) {
			(void)snprintf(why, LOCAL_REASON_BYTES,
			    "%s is heard, or was a moment ago: it is not gone (holdfastctl force promote %s, there)",
			    hb_member_name(n, g), hb_member_name(n, g));
			return false;
		}
		for (uint8_t i = 0; i < n->known.members; i++) {
			if (i == g || !is_heard(n, i, QUIET_US, now_us) || !(n->peer[i].facts.hears >> g & 1))
				continue;
			(void)snprintf(why, LOCAL_REASON_BYTES,
			    "%s hears %s, or did a moment ago, or cannot say yet: it is not gone", hb_member_name(n, i),
			    hb_member_name(n, g));
			return false;
		}
	}
	if (!n->repl.following)
		return true;
	(void)snprintf(
	    why, LOCAL_REASON_BYTES, "its database receives from the pair, or did 5 s ago: that is not gone");
	return false;
}

static bool begin_stand(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	const char *no = unable(n, now_us);

	if (n->replica.promoted) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s is promoted already: goes on", n->acceptor.reg.name);
		return true;
	}
	if (no) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%.15s: %.96s", n->acceptor.reg.name, no);
		return false;
	}
	if (c->version != n->known.version) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "the record has changed since it was shown: look again");
		return false;
	}
	if (!are_silent(n, now_us, why))
		return false;
	n->stand = (struct hb_stand){.version = c->version, .since_us = now_us, .words = n->stand.words + 1};
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s applies what it received, and begins a cluster of its own",
	    n->acceptor.reg.name);
	return true;
}

int hb_replica_parse(const char *own, const char *text, struct hb_command *ret, char why[static LOCAL_REASON_BYTES])
{
	static const char word[] = "force-promote ";
	bool look = strncmp(text, "may ", 4) == 0;
	size_t n = strlen(own);

	*ret = (struct hb_command){.target = HB_NOBODY, .kind = HB_COMMAND_FORCE_PROMOTE};
	ret->kind |= look ? HB_COMMAND_LOOK : 0;
	text += look ? 4 : 0;
	if (strncmp(text, word, strlen(word)) != 0) {
		struct hb_record none = {0};

		if (hb_command_parse(&none, text, ret, why) == -ENOENT)
			return -ENOENT;
		(void)snprintf(why, LOCAL_REASON_BYTES, "this machine is a replica and no member: ask a member");
		return -EINVAL;
	}
	text += strlen(word);
	if (strncmp(text, own, n) != 0 || text[n] != ' ') {
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "this machine is the replica %s: from here nobody else can be "
		    "promoted",
		    own);
		return -EINVAL;
	}
	ret->version = hb_parse_number(text + n + 1);
	return 0;
}

static void take_command(struct hb_node *n, const struct hb_command *c, uint64_t now_us, struct hb_verdict *ret)
{
	struct hb_node copy = *n;

	ret->id = c->id;
	ret->started = begin_stand(c->kind & HB_COMMAND_LOOK ? &copy : n, c, now_us, ret->text);
}

/* All that it has is applied and durable. The first record of a cluster of its own: nobody else is in it, and nobody of the old one can
 * decide anything in it, nor it in theirs. */
static void found(struct hb_node *n)
{
	struct hb_register *reg = &n->acceptor.reg;
	struct hb_record r = {.version = n->known.version + 1,
	    .epoch = n->known.epoch + HB_REPLICA_EPOCHS,
	    .phase = HB_OPEN,
	    .in_sync = 1,
	    .reason = HB_REASON_FORCED,
	    .members = 1,
	    .token[0] = n->repl.token};

	r.forced_epoch = r.epoch;
	memcpy(r.member[0].name, reg->name, sizeof(r.member[0].name));
	r.member[0].instance = reg->instance;
	r.member[0].ipv4 = n->settings.ipv4;
	r.member[0].port = n->settings.port;
	r.member[0].second_ipv4 = n->settings.second_ipv4;
	r.member[0].kind = HB_KIND_GATEWAY;
	reg->promised = reg->accepted_ballot = (struct hb_ballot){.counter = n->known_ballot.counter + BALLOTS};
	reg->accepted = r;
	reg->admitted = 1;
	reg->kind = HB_KIND_GATEWAY;
	n->acceptor.generation++;
	n->acceptor.identity_generation = n->acceptor.generation;
	n->stand.version = 0;
	n->replica.promoted = true;
}

static void look_at_word(struct hb_node *n, uint64_t now_us)
{
	const struct repl_report *r = &n->repl;
	char text[LOCAL_REASON_BYTES] = "";
	const char *no = now_us <= n->stand.since_us + STAND_US ? unable(n, now_us)
			 : r->reason[0]				? r->reason
								: "not done after 60 s";

	if (!n->stand.version || n->replica.promoted)
		return;
	if (!no && n->known.version != n->stand.version)
		no = "the record has changed meanwhile: look again";
	if (!no && !are_silent(n, now_us, text))
		no = text;
	if (no) {
		n->stand.version = 0;
		(void)snprintf(n->stand.why, sizeof(n->stand.why), "%s", no);
		return;
	}
	if (n->order.want == REPL_WANT_STAND_IN && r->state == REPL_DRAINED &&
	    r->order_generation == n->order.generation && !token_is_none(&r->token))
		found(n);
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

static void explain(struct hb_node *n, enum hb_replica_state state, uint64_t now_us)
{
	const char *why = n->repl.reason;

	n->reason[0] = '\0';
	if (state == HB_REPLICA_PROMOTED)
		why = "begins a cluster of its own: holdfastctl force promote has to end, or to be called again";
	else if (!hb_repl_fresh(n, now_us))
		why = "no word from replicationd: systemctl status holdfast-replicationd";
	else if (!n->known.members)
		why = "no member is heard yet: is its UDP port open both ways, and the token of this cluster?";
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
		hb_address_text(r->member[o->active].ipv4, o->active_address, sizeof(o->active_address));
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
		break;
	case HB_IN_COMMAND: take_command(n, in->command, in->now_us, &out->verdict); break;
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
	look_at_word(n, in->now_us);
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
