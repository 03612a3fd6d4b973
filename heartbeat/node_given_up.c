/*
 * A member whose cluster was given up: its replica was promoted at an operator's word, began a cluster of its own, and says so for as long as
 * it runs. Nothing is decided here any more. The member falls silent, as if it were dead: it grants nothing, votes for nothing, answers
 * nothing and lets go of the address. replicationd exports what the replica lacks and destroys the token, so that its copy never counts
 * again, whatever is heard after the next start. Nothing of this can hurt the protocol, in which any member may fall silent at any time.
 */
#include "heartbeat/node_parts.h"

#include <stdio.h>
#include <string.h>

void hb_given_up_take(struct hb_node *n, const struct hb_message *m)
{
	/* Of an earlier installation of this machine: it may have joined the new cluster since. */
	if (m->echo_boot != n->acceptor.reg.instance || n->settings.replica || n->given_up.epoch || !m->epoch ||
	    !hb_name_valid(m->member.name))
		return;
	n->given_up.epoch = m->epoch;
	n->given_up.at = m->facts.opened_at;
	memcpy(n->given_up.by, m->member.name, sizeof(n->given_up.by));
	if (n->gate_until_us)
		n->close_generation++;
	n->gate_until_us = 0;
	n->serving = false;
	n->state = n->acceptor.reg.kind == HB_KIND_WITNESS ? HB_WITNESS : HB_FAULT;
}

static void tell_order(struct hb_node *n, uint64_t now_us, struct repl_order *o)
{
	memset(o, 0, sizeof(*o));
	o->want = n->acceptor.reg.kind == HB_KIND_WITNESS ? REPL_WANT_NOTHING : REPL_WANT_GIVEN_UP;
	o->copy_from = HB_NOBODY;
	/* It may have heard this before it has read the record. */
	o->epoch = n->known.members ? n->known.epoch : n->acceptor.reg.accepted.epoch;
	o->self = n->self == HB_NOBODY ? 0 : n->self;
	o->active_opened_at = n->given_up.at;
	/* The one whose history goes on, for the summary of what is exported. */
	memcpy(o->member_name[0], n->given_up.by, sizeof(o->member_name[0]));
	hb_count_order(n, now_us, o);
}

/* Has replicationd done all of its last order? A witness has nothing to save. */
static bool is_saved(const struct hb_node *n)
{
	return n->acceptor.reg.kind == HB_KIND_WITNESS ||
	       (n->repl.order_generation == n->order.generation && !n->repl.reason[0]);
}

static void tell_reason(struct hb_node *n)
{
	struct gtid at = n->given_up.at;
	const char *next = n->given_up.saved ? "it has to begin anew and join" : "wait: it saves what only it has";
	char text[GTID_TEXT_BYTES], where[GTID_TEXT_BYTES + 4];

	/* No server: the number only, as two histories that parted have it in common. */
	if (at.server)
		(void)snprintf(where, sizeof(where), "at %s", gtid_format(at, text));
	else
		(void)snprintf(where, sizeof(where), "with another history");
	(void)snprintf(
	    n->reason, sizeof(n->reason), "given up: %.15s was promoted %.40s; %.32s", n->given_up.by, where, next);
	/* What it is about, or why it fails and is tried again. */
	if (!n->given_up.saved && n->repl.order_generation == n->order.generation) {
		size_t used = strlen(n->reason);

		(void)snprintf(n->reason + used, sizeof(n->reason) - used, " (%s)", n->repl.reason);
	}
}

void hb_given_up_step(struct hb_node *n, const struct hb_input *in, struct hb_output *out)
{
	if (in->kind == HB_IN_REPLICATION)
		hb_take_replication(n, in->repl, in->now_us);
	if (in->kind == HB_IN_PERSISTED)
		n->persisted = in->persisted;
	if (in->kind == HB_IN_COMMAND) {
		out->verdict = (struct hb_verdict){.id = in->command->id};
		(void)snprintf(out->verdict.text, sizeof(out->verdict.text),
		    "this cluster was given up: %s has its ledger", n->given_up.by);
	}
	tell_order(n, in->now_us, &out->order);
	n->given_up.saved = is_saved(n);
	tell_reason(n);
	memset(&out->view, 0, sizeof(out->view));
	out->view.self = n->self;
	out->view.active = ROLEPAGE_NO_NODE;
	out->view.updated_us = in->now_us;
	out->close_generation = n->close_generation;
	out->vip = false;
	out->persist = false;
	out->observed = false;
	out->chosen = false;
}
