/* What `holdfastctl` asks: the state as JSON, the members, and the role table as text, dot, mermaid. */
#include "heartbeat/daemon.h"
#include "heartbeat/explain.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/status_replica.h"
#include "heartbeat/utc.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REACHABLE_US 1000000
#define MOVING_US 1000000 /* after a hand-over the address may stay for so long where it was, and all is well */
#define ARENA_BYTES (512 * 1024)
#define ANSWER_BYTES (64 * 1024)

/* Has it been heard lately? A gateway since the role is where it is: what it said before, as that it has the address, may be
 * the last word of one that died. */
static bool reachable(const struct daemon *d, uint8_t i, uint64_t now_us)
{
	const struct hb_peer *p = &d->node.peer[i];
	bool old = d->node.known.member[i].kind == HB_KIND_GATEWAY && p->heard_us < d->epoch_us;

	return i == d->node.self || (p->heard && !old && now_us - p->heard_us < REACHABLE_US);
}

static json_t *gtid_json(struct gtid g, bool known)
{
	char text[GTID_TEXT_BYTES];

	return known && g.seq ? json_string(gtid_format(g, text)) : json_null();
}

static void facts_of(const struct daemon *d, uint8_t i, uint64_t now_us, struct hb_facts *ret)
{
	if (i == d->node.self)
		hb_node_facts(&d->node, now_us, ret);
	else
		*ret = d->node.peer[i].facts;
}

/* How many transactions of the active node's binlog this one has not applied; null when either is unknown. */
static json_t *behind_json(const struct daemon *d, const struct hb_record *r, const struct hb_facts *f, uint64_t now_us)
{
	struct hb_facts active;

	if (!reachable(d, r->active, now_us) || !f->applied.seq)
		return json_null();
	facts_of(d, r->active, now_us, &active);
	if (!active.binlog.seq)
		return json_null();
	/* What is heard of the active node may be older than what this one has applied since. */
	return json_integer(active.binlog.seq > f->applied.seq ? (json_int_t)(active.binlog.seq - f->applied.seq) : 0);
}

/* The ways to a peer that are configured on both ends, and whether it is heard by them. */
static json_t *paths_json(const struct daemon *d, const struct hb_member *m, uint8_t i, uint64_t now_us)
{
	static const struct ip none;
	const struct ip to[WIRE_PATHS] = {m->address, d->conf.second_address[0] ? m->second_address : none};
	json_t *all = json_array();

	for (unsigned path = 0; path < WIRE_PATHS; path++) {
		uint64_t heard_us = d->heard_us[i][path];
		char text[IP_TEXT_BYTES];

		if (!ip_is_none(&to[path]))
			json_array_append_new(all, json_pack("{s:s, s:b}", "address", ip_text(&to[path], text), "heard",
						       heard_us && now_us - heard_us < REACHABLE_US));
	}
	return all;
}

static const char *mode_of(const struct daemon *d, const struct hb_record *r, uint64_t now_us)
{
	struct hb_facts f;

	if (!d->node.booted || !reachable(d, r->active, now_us))
		return "STALLED";
	facts_of(d, r->active, now_us, &f);
	if (!f.serving)
		return "STALLED";
	return hb_is_solo(r, r->active) ? "SOLO" : "SYNC";
}

/* Why nobody serves, as far as this node can tell, where the core has nothing to say about itself. */
static void stall_text(const struct daemon *d, const struct hb_record *r, uint64_t now_us, char ret[LOCAL_REASON_BYTES])
{
	unsigned heard = 0;
	size_t at = (size_t)snprintf(ret, LOCAL_REASON_BYTES, "hears nothing of");

	for (uint8_t i = 0; i < r->members; i++) {
		if (reachable(d, i, now_us))
			heard++;
		else if (at < LOCAL_REASON_BYTES)
			at += (size_t)snprintf(ret + at, LOCAL_REASON_BYTES - at, " %s", r->member[i].name);
	}
	if (heard < hb_quorum(r->members) && at < LOCAL_REASON_BYTES)
		(void)snprintf(ret + at, LOCAL_REASON_BYTES - at, ": without a majority nobody serves here");
	else if (!reachable(d, r->active, now_us) && at < LOCAL_REASON_BYTES)
		(void)snprintf(ret + at, LOCAL_REASON_BYTES - at, ": see holdfastctl explain");
	else
		ret[0] = '\0'; /* it takes a moment */
}

/* What this node says of itself. */
static const char *own_reason(
    const struct daemon *d, const struct hb_record *r, uint64_t now_us, char text[LOCAL_REASON_BYTES])
{
	if (hb_is_stranger(&d->node, now_us))
		return "no member to the others: another machine has its place, or it has another address than theirs";
	if (d->node.reason[0] || !r->members || !d->node.booted || strcmp(mode_of(d, r, now_us), "STALLED") != 0)
		return d->node.reason;
	stall_text(d, r, now_us, text);
	return text;
}

static const char *reason_of(
    const struct daemon *d, const struct hb_record *r, uint8_t i, uint64_t now_us, char text[LOCAL_REASON_BYTES])
{
	if (i == d->node.self)
		return own_reason(d, r, now_us, text);
	if (reachable(d, i, now_us))
		return d->node.peer[i].facts.reason;
	if (d->node.given_up.epoch)
		return "not heard: who was given up is silent, as if it were dead";
	return hb_in_maintenance(r, i) ? "in maintenance; nothing heard from it" : "nothing heard from it";
}

static const char *state_of(const struct daemon *d, const struct hb_record *r, uint8_t i, uint64_t now_us)
{
	struct hb_facts f;

	facts_of(d, i, now_us, &f);
	if (!reachable(d, i, now_us))
		return "unreachable";
	/* It votes while it runs: to the core nothing has changed. */
	return hb_state_text(f.state == HB_WITNESS && hb_in_maintenance(r, i) ? HB_MAINTENANCE : f.state);
}

/* What it is configured with; null while that has not been heard. */
static json_t *lease_json(const struct daemon *d, uint8_t i)
{
	uint32_t ms = i == d->node.self ? d->conf.lease_ms : d->lease_ms[i];

	return ms ? json_integer(ms) : json_null();
}

/* The others that it says it hears, or cannot say yet; null when its release does not tell. */
static json_t *hears_json(const struct hb_record *r, uint8_t i, const struct hb_facts *f)
{
	json_t *names;

	if (f->level < HB_LEVEL_HEARS)
		return json_null();
	names = json_array();
	for (uint8_t m = 0; m < r->members; m++)
		if (m != i && (f->hears >> m & 1))
			json_array_append_new(names, json_string(r->member[m].name));
	return names;
}

static json_t *node_json(const struct daemon *d, const struct hb_record *r, uint8_t i, uint64_t now_us)
{
	bool here = reachable(d, i, now_us), gateway = r->member[i].kind == HB_KIND_GATEWAY;
	bool active = r->active == i;
	char text[IP_TEXT_BYTES], reason[LOCAL_REASON_BYTES];
	struct hb_facts f;
	json_t *o;

	facts_of(d, i, now_us, &f);
	o = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", r->member[i].name, "kind", gateway ? "gateway" : "witness",
	    "address", ip_text(&r->member[i].address, text), "state", state_of(d, r, i, now_us), "reachable", here);
	json_object_set_new(o, "hears", here ? hears_json(r, i, &f) : json_null());
	if (i != d->node.self)
		json_object_set_new(o, "paths", paths_json(d, &r->member[i], i, now_us));
	if (gateway) {
		json_object_set_new(o, "gtid_binlog", gtid_json(f.binlog, here));
		json_object_set_new(o, "gtid_received", gtid_json(f.received, here && !active));
		json_object_set_new(o, "gtid_applied", gtid_json(f.applied, here && !active));
		if (active) {
			json_object_set_new(o, "lease_ms", json_integer(here ? f.lease_ms : 0));
		} else {
			json_object_set_new(
			    o, "backlog_ms", here && f.follow_epoch ? json_integer(f.backlog_ms) : json_null());
			json_object_set_new(o, "behind", here ? behind_json(d, r, &f, now_us) : json_null());
		}
	}
	json_object_set_new(o, "maintenance", json_boolean(hb_in_maintenance(r, i)));
	json_object_set_new(o, "lease_setting_ms", lease_json(d, i));
	json_object_set_new(o, "reason", json_string(reason_of(d, r, i, now_us, reason)));
	return o;
}

static bool witness_seen(const struct daemon *d, const struct hb_record *r, uint64_t now_us)
{
	for (uint8_t i = 0; i < r->members; i++)
		if (r->member[i].kind == HB_KIND_WITNESS && reachable(d, i, now_us))
			return true;
	return false;
}

/* The standby that payments wait for, for it has to hold each and is silent or does not acknowledge: as this node sees it if it
 * is active, otherwise as the active tells what it hears. HB_NOBODY: none. */
static uint8_t awaited(const struct daemon *d, const struct hb_record *r, uint64_t now_us)
{
	const struct hb_node *n = &d->node;
	const struct hb_facts *f = r->active < HB_MEMBERS_MAX ? &n->peer[r->active].facts : NULL;

	for (uint8_t i = 0; f && i < r->members; i++) {
		uint64_t since_us = n->repl.semi_waits ? n->ledger.commit_since_us : 0;
		bool waits = since_us && now_us > since_us + REACHABLE_US;

		if (i == r->active || !hb_in_sync(r, i) || r->phase != HB_OPEN)
			continue;
		if (n->self == r->active ? waits || !reachable(d, i, now_us)
					 : reachable(d, r->active, now_us) && f->level >= HB_LEVEL_HEARS &&
					       i != n->self && f->serving && !(f->hears >> i & 1))
			return i;
	}
	return HB_NOBODY;
}

/* moving: the one that had the role passes on what comes by the address until that has moved, too. */
static json_t *vip_json(const struct daemon *d, const struct hb_record *r, uint64_t now_us)
{
	bool moving = d->epoch_us && now_us - d->epoch_us < MOVING_US;
	const char *holder = NULL;
	json_t *holders = json_array();
	uint8_t at = r->active;

	for (uint8_t i = 0; i < r->members; i++) {
		struct hb_facts f;

		facts_of(d, i, now_us, &f);
		if (!reachable(d, i, now_us) || !f.holds_vip)
			continue;
		json_array_append_new(holders, json_string(r->member[i].name));
		/* Should two say so, the one that should not is the holder. */
		if (!holder || i != r->active) {
			holder = r->member[i].name;
			at = i;
		}
	}
	return json_pack("{s:s, s:o, s:s?, s:b}", "address", d->node.settings.replica ? "" : d->conf.vip, "holders",
	    holders, "holder", holder, "moving", moving && at != r->active);
}

static json_t *transition_json(const struct hb_record *r, const struct hb_transition *t)
{
	char at[UTC_BYTES];
	json_t *stages, *o;

	if (!t->epoch || t->from >= r->members || t->to >= r->members)
		return json_null();
	utc_format(t->at_ms, at);
	stages = json_object();
	for (unsigned i = 0; i < HB_STAGE_COUNT; i++)
		json_object_set_new(stages, hb_stage_text(i), json_integer(t->stage_ms[i]));
	/* A whole move of the role in half a millisecond there is not. */
	o = json_pack("{s:I, s:s, s:s, s:s, s:o, s:s, s:o}", "epoch", (json_int_t)t->epoch, "from",
	    r->member[t->from].name, "to", r->member[t->to].name, "reason", hb_reason_text(t->reason), "took_ms",
	    t->took_ms ? json_integer(t->took_ms) : json_null(), "at", at, "stages_ms", stages);
	return o;
}

static json_t *history_json(const struct daemon *d)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < d->history.count; i++)
		json_array_append_new(all, transition_json(&d->node.acceptor.reg.accepted, &d->history.entry[i]));
	return all;
}

/* The record known chosen; before that what our own acceptor holds, which tells at least who the members are. */
static const struct hb_record *shown(const struct daemon *d)
{
	return d->node.known.members ? &d->node.known : &d->node.acceptor.reg.accepted;
}

/* Datagrams that were dropped, by cause, since this start. */
static json_t *dropped_json(const struct wire *w)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		json_object_set_new(o, wire_drop_text((enum wire_drop)i), json_integer((json_int_t)w->dropped[i]));
	return o;
}

/* Which key the heartbeats are sealed with, and whom the change to another waits for. */
static json_t *keys_json(const struct daemon *d, const struct hb_record *r)
{
	const struct keyring_state *k = &d->keys;
	bool rotating = keyring_is_rotating(k);
	uint8_t waits_for = rotating ? keyring_waits_for(k, r->members, d->node.self) : 0;
	json_t *names = json_array();

	for (uint8_t i = 0; i < r->members; i++)
		if (waits_for >> i & 1)
			json_array_append_new(names, json_string(r->member[i].name));
	return json_pack("{s:I, s:I, s:b, s:o}", "number", (json_int_t)k->disk.key[k->disk.use].number, "newest",
	    (json_int_t)keyring_newest(&k->disk)->number, "rotating", rotating, "waiting_for", names);
}

static json_t *status_json(const struct daemon *d, uint64_t now_us)
{
	const struct hb_record *r = shown(d);
	json_t *in_sync = json_array(), *nodes = json_array(), *o;
	char reason[LOCAL_REASON_BYTES];
	uint8_t wanted = awaited(d, r, now_us);
	struct hb_facts f;

	for (uint8_t i = 0; i < r->members; i++) {
		if (hb_in_sync(r, i))
			json_array_append_new(in_sync, json_string(r->member[i].name));
		json_array_append_new(nodes, node_json(d, r, i, now_us));
	}
	o = json_pack("{s:s, s:s, s:I, s:I, s:s, s:b, s:o, s:o, s:o, s:o}", "cluster", d->conf.cluster, "node",
	    d->conf.name, "epoch", (json_int_t)r->epoch, "version", (json_int_t)r->version, "mode",
	    mode_of(d, r, now_us), "observed", witness_seen(d, r, now_us), "active",
	    r->members && d->node.booted ? json_string(r->member[r->active].name) : json_null(), "in_sync", in_sync,
	    "vip", vip_json(d, r, now_us), "nodes", nodes);
	facts_of(d, r->active, now_us, &f);
	if (d->history.count &&
	    d->history.entry[d->history.count - 1].epoch > f.moved.epoch) /* it has claimed, and not opened */
		f.moved = d->history.entry[d->history.count - 1];
	json_object_set_new(o, "last_transition", r->members ? transition_json(r, &f.moved) : json_null());
	json_object_set_new(o, "waits_for", wanted < r->members ? json_string(r->member[wanted].name) : json_null());
	json_object_set_new(o, "replicas", status_replicas(d, now_us));
	json_object_set_new(o, "state", json_string(status_state(d, now_us)));
	json_object_set_new(o, "reason", json_string(own_reason(d, r, now_us, reason)));
	if (status_is_refused(d))
		json_object_set_new(o, "refused", json_true());
	if (d->node.given_up.epoch)
		json_object_set_new(o, "given_up", status_given_up(d));
	if (hb_is_stranger(&d->node, now_us))
		json_object_set_new(o, "stranger", json_true());
	json_object_set_new(o, "dropped", dropped_json(&d->wire));
	json_object_set_new(o, "key", keys_json(d, r));
	return o;
}

static json_t *members_json(const struct daemon *d)
{
	const struct hb_record *r = shown(d);
	json_t *all = json_array();

	for (uint8_t i = 0; i < r->members; i++) {
		char text[IP_TEXT_BYTES];

		json_array_append_new(
		    all, json_pack("{s:i, s:s, s:s, s:s, s:i}", "number", (int)i, "name", r->member[i].name, "kind",
			     r->member[i].kind == HB_KIND_GATEWAY ? "gateway" : "witness", "address",
			     ip_text(&r->member[i].address, text), "port", (int)r->member[i].port));
	}
	return all;
}

/* What the operator who gives up a copy is shown: how far each gateway is known to have come, and when it was heard last. */
static json_t *loss_json(const struct daemon *d, uint64_t now_us)
{
	const struct hb_record *r = shown(d);
	const struct hb_node *n = &d->node;
	json_t *nodes = json_array(), *loss;

	for (uint8_t i = 0; i < r->members; i++) {
		const struct hb_peer *p = &n->peer[i];
		struct gtid at;
		struct hb_facts f;

		if (r->member[i].kind != HB_KIND_GATEWAY)
			continue;
		facts_of(d, i, now_us, &f);
		at = f.received;
		if (f.applied.seq > at.seq)
			at = f.applied;
		if (f.binlog.seq > at.seq)
			at = f.binlog;
		json_array_append_new(nodes,
		    json_pack("{s:s, s:b, s:b, s:b, s:o, s:o, s:I}", "name", r->member[i].name, "in_sync",
			hb_in_sync(r, i), "maintenance", hb_in_maintenance(r, i), "apart", f.apart != 0, "heard_ms",
			i == n->self ? json_integer(0)
			: p->heard   ? json_integer((json_int_t)((now_us - p->heard_us) / 1000))
				     : json_null(),
			"gtid", gtid_json(at, true), "seq", (json_int_t)at.seq));
	}
	loss = json_pack("{s:I, s:I, s:s?, s:{s:I, s:o, s:I}, s:o}", "version", (json_int_t)r->version, "epoch",
	    (json_int_t)r->epoch, "active", r->members ? r->member[r->active].name : NULL, "answered", "epoch",
	    (json_int_t)n->high_water_epoch, "gtid", gtid_json(n->high_water, true), "seq",
	    (json_int_t)n->high_water.seq, "nodes", nodes);
	if (n->settings.replica)
		json_object_set_new(loss, "replica", status_loss_replica(d));
	return loss;
}

/* One line for each member whose lease-ms is not ours: of the same length they are meant to be. */
static void explain_leases(const struct daemon *d, const struct hb_record *r, json_t *lines)
{
	for (uint8_t i = 0; i < r->members; i++) {
		char text[LOCAL_REASON_BYTES];

		if (i == d->node.self || !d->lease_ms[i] || d->lease_ms[i] == d->conf.lease_ms)
			continue;
		(void)snprintf(text, sizeof(text),
		    "its lease-ms is %u, that of %s is %u: it has to be the same on all members", d->lease_ms[i],
		    d->conf.name, d->conf.lease_ms);
		json_array_append_new(lines, json_pack("{s:s, s:s, s:s, s:n}", "topic", hb_topic_word(HB_TOPIC_NOW),
						 "about", r->member[i].name, "text", text, "holds"));
	}
}

static json_t *explain_json(const struct daemon *d, uint64_t now_us)
{
	static struct hb_explanation told; /* 12 KiB: not on the stack */
	const struct hb_record *r = shown(d);
	json_t *lines = json_array();

	hb_explain(&d->node, now_us, &told);
	for (unsigned i = 0; i < told.count; i++) {
		const struct hb_explain_line *l = &told.line[i];
		json_t *o = json_pack("{s:s, s:s?, s:s}", "topic", hb_topic_word(l->topic), "about",
		    l->about < r->members ? r->member[l->about].name : NULL, "text", l->text);

		json_object_set_new(o, "holds", l->holds == HB_HOLDS_NA ? json_null() : json_boolean(l->holds));
		if (hb_fate_word(l->fate))
			json_object_set_new(o, "payments", json_string(hb_fate_word(l->fate)));
		json_array_append_new(lines, o);
	}
	explain_leases(d, r, lines);
	return json_pack("{s:s, s:s, s:o}", "cluster", d->conf.cluster, "node", d->conf.name, "lines", lines);
}

/* jansson takes its memory from here: a daemon whose memory is locked, and that must not wait, asks nobody for more. An
 * answer needs a few hundred bytes for each member, or for each of the transitions that are kept. */
static struct {
	_Alignas(max_align_t) unsigned char memory[ARENA_BYTES];
	size_t used;
	char text[ANSWER_BYTES];
} answering;

static void *take(size_t size)
{
	size_t at = answering.used, align = _Alignof(max_align_t);

	if (size > sizeof(answering.memory) - at)
		return NULL;
	answering.used = at + (size + align - 1) / align * align;
	if (answering.used > sizeof(answering.memory))
		answering.used = sizeof(answering.memory);
	return answering.memory + at;
}

static void keep(void *memory)
{
	(void)memory; /* all of it goes with the next answer */
}

void status_open(void)
{
	json_set_alloc_funcs(take, keep);
	json_object_seed(0); /* reads from the kernel, once */
	tzset();	     /* gmtime_r() would read /etc/localtime the first time */
}

const char *status_answer(const struct daemon *d, const char *question, uint64_t now_us)
{
	size_t n = 0;
	json_t *o;

	answering.used = 0;
	if (strcmp(question, "status") == 0)
		o = status_json(d, now_us);
	else if (strcmp(question, "members") == 0)
		o = members_json(d);
	else if (strcmp(question, "history") == 0)
		o = history_json(d);
	else if (strcmp(question, "explain") == 0)
		o = d->node.settings.replica || d->node.given_up.epoch ? status_explain_apart(d, now_us)
								       : explain_json(d, now_us);
	else if (strcmp(question, "loss") == 0)
		o = loss_json(d, now_us);
	else if (strcmp(question, "key") == 0)
		o = keys_json(d, shown(d));
	else
		o = json_pack(
		    "{s:s}", "error", "unknown question; known are status, members, history, explain, key, loss");
	if (o)
		n = json_dumpb(o, answering.text, sizeof(answering.text) - 1, JSON_COMPACT);
	json_decref(o);
	if (n == 0 || n >= sizeof(answering.text))
		return "{\"error\":\"the answer is too long\"}";
	answering.text[n] = '\0';
	return answering.text;
}
