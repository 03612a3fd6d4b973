/* What `holdfastctl status` shows of a replica: on the members as it told them last, on itself as it is. */
#include "heartbeat/status_replica.h"

#include <string.h>

#include "heartbeat/daemon.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/replica.h"

#define REACHABLE_US 1000000

static json_t *gtid_json(struct gtid g, bool known)
{
	char text[GTID_TEXT_BYTES];

	return known && g.seq ? json_string(gtid_format(g, text)) : json_null();
}

/* How many transactions of the active's log it has not applied, as far as both are heard. */
static json_t *behind_json(const struct daemon *d, const struct hb_facts *f, uint64_t now_us)
{
	const struct hb_node *n = &d->node;
	const struct hb_peer *p = &n->peer[n->known.active];
	struct hb_facts active = p->facts;

	if (n->known.active == n->self)
		hb_node_facts(n, now_us, &active);
	else if (!p->heard || now_us - p->heard_us > REACHABLE_US)
		return json_null();
	if (!active.binlog.seq || !f->applied.seq)
		return json_null();
	return json_integer(active.binlog.seq > f->applied.seq ? (json_int_t)(active.binlog.seq - f->applied.seq) : 0);
}

static json_t *one_json(const struct daemon *d, const struct hb_watcher *w, uint64_t now_us)
{
	bool here = now_us - w->heard_us < REACHABLE_US;
	char text[IP_TEXT_BYTES];
	const struct hb_facts *f = &w->facts;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", w->member.name, "kind", "replica", "address",
	    ip_text(&w->member.address, text), "state", here ? hb_replica_text(f->state) : "unreachable", "reachable",
	    here);

	/* Also when it is away: that far its copy goes. */
	json_object_set_new(o, "gtid_applied", gtid_json(f->applied, true));
	json_object_set_new(o, "gtid_received", gtid_json(f->received, here));
	json_object_set_new(o, "behind", here ? behind_json(d, f, now_us) : json_null());
	json_object_set_new(o, "backlog_ms", here && f->follow_epoch ? json_integer(f->backlog_ms) : json_null());
	json_object_set_new(o, "heard_ms", json_integer((json_int_t)((now_us - w->heard_us) / 1000)));
	json_object_set_new(o, "reason", json_string(here ? f->reason : "nothing heard from it"));
	return o;
}

json_t *status_replicas(const struct daemon *d, uint64_t now_us)
{
	struct hb_watcher w = d->node.watcher;
	json_t *all = json_array();

	if (d->node.settings.replica) {
		w = (struct hb_watcher){.heard_us = now_us, .member.address = d->node.settings.address};
		memcpy(w.member.name, d->node.acceptor.reg.name, sizeof(w.member.name));
		hb_replica_facts(&d->node, now_us, &w.facts);
	}
	if (w.member.name[0])
		json_array_append_new(all, one_json(d, &w, now_us));
	return all;
}

json_t *status_loss_replica(const struct daemon *d)
{
	static const char *const kin[] = {
	    [HB_REPLICA_ONE] = "one", [HB_REPLICA_ASTRAY] = "astray", [HB_REPLICA_UNCOMPARED] = "uncompared"};
	const struct hb_node *n = &d->node;
	const struct repl_report *p = &n->repl;

	return json_pack("{s:s, s:i, s:o, s:I, s:s, s:I, s:b, s:s}", "name", n->acceptor.reg.name, "heard_ms", 0,
	    "gtid", gtid_json(p->applied, true), "seq", (json_int_t)p->applied.seq, "kin", kin[hb_replica_kin(n)],
	    "parted_seq", (json_int_t)p->astray_seq, "stuck", p->stuck != 0, "reason", p->reason);
}

const char *status_state(const struct daemon *d, uint64_t now_us)
{
	struct hb_facts f;

	if (!d->node.settings.replica)
		return hb_state_text(d->node.state);
	hb_replica_facts(&d->node, now_us, &f);
	return hb_replica_text(f.state);
}

static void tell(json_t *lines, const char *about, const char *text)
{
	json_array_append_new(
	    lines, json_pack("{s:s, s:s, s:s, s:n}", "topic", "now", "about", about, "text", text, "holds"));
}

/* Whom of the pair it hears, and who of them is active by the last word. */
static void tell_members(const struct daemon *d, json_t *lines, uint64_t now_us)
{
	const struct hb_node *n = &d->node;
	char text[LOCAL_REASON_BYTES];

	for (uint8_t i = 0; i < n->known.members; i++) {
		const struct hb_peer *p = &n->peer[i];
		const char *role = i == n->known.active ? ", active by the last word that came" : "";

		if (!p->heard)
			(void)snprintf(text, sizeof(text), "not heard since heartbeatd started here%s", role);
		else if (now_us - p->heard_us < REACHABLE_US)
			(void)snprintf(text, sizeof(text), "is heard%s", role);
		else
			(void)snprintf(text, sizeof(text), "not heard for %llu s%s",
			    (unsigned long long)((now_us - p->heard_us) / 1000000), role);
		tell(lines, n->known.member[i].name, text);
	}
}

/* How far its copy goes, which is all that a promotion of it would keep. */
static void tell_copy(const struct daemon *d, json_t *lines, uint64_t now_us)
{
	const struct hb_node *n = &d->node;
	char text[LOCAL_REASON_BYTES], gtid[GTID_TEXT_BYTES];
	json_t *behind;
	struct hb_facts f;

	hb_replica_facts(n, now_us, &f);
	if (!f.applied.seq)
		return;
	behind = behind_json(d, &f, now_us);
	if (json_is_integer(behind))
		(void)snprintf(text, sizeof(text), "its copy goes to %s, %lld transactions behind what was heard last",
		    gtid_format(f.applied, gtid), (long long)json_integer_value(behind));
	else
		(void)snprintf(text, sizeof(text), "its copy goes to %s; how far behind that is, is not known here",
		    gtid_format(f.applied, gtid));
	json_decref(behind);
	tell(lines, n->acceptor.reg.name, text);
}

/* There is nothing that it decides. */
json_t *status_explain_apart(const struct daemon *d, uint64_t now_us)
{
	const struct hb_node *n = &d->node;
	const char *name = n->acceptor.reg.name, *reason = n->reason;
	json_t *lines = json_array();

	tell(lines, name, reason[0] ? reason : "follows the pair");
	if (n->given_up.epoch) {
		tell(lines, name,
		    "it answers nothing, and has no vote, whatever it hears: doc/operations.md, \"The whole site is "
		    "gone\"");
	} else {
		tell_copy(d, lines, now_us);
		tell_members(d, lines, now_us);
		tell(lines, name,
		    "it has no vote, and takes no role by itself: holdfastctl force promote, when none of the pair "
		    "will "
		    "come back");
	}
	return json_pack("{s:s, s:s, s:o}", "cluster", d->conf.cluster, "node", d->conf.name, "lines", lines);
}

json_t *status_given_up(const struct daemon *d)
{
	struct gtid at = d->node.given_up.at;

	/* No server: two histories have the number in common, and no transaction above it. */
	return json_pack("{s:s, s:o, s:I, s:b}", "by", d->node.given_up.by, "at", gtid_json(at, at.server != 0),
	    "epoch", (json_int_t)d->node.given_up.epoch, "saved", d->node.given_up.saved);
}

bool status_is_refused(const struct daemon *d)
{
	const struct hb_node *n = &d->node;

	if (!n->settings.replica)
		return n->join_refused;
	return strncmp(n->reason, HB_REPLICA_REFUSED, strlen(HB_REPLICA_REFUSED)) == 0;
}
