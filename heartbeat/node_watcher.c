/* What a member makes of a replica that asks: it answers with what it knows, remembers what it was told for `status`, and nothing
 * else changes. There is one replica: two would take the place of each other at their source, for they have one number there. */
#include "heartbeat/node_parts.h"

#include <stdio.h>
#include <string.h>

#include "heartbeat/replica.h"

#define REPLICA_GONE_US 10000000 /* the place of one that has not asked for so long is another's */
#define REPLICA_ANEW_US 1000000	 /* the same, when it is the same machine that has joined anew */
#define SETTLE_US 5000000	 /* who has just begun waits for the one that follows, before it takes another */

/* Why that machine is no replica of this cluster; "": it may be. */
static void find_fault(const struct hb_node *n, const struct hb_message *m, char why[LOCAL_REASON_BYTES])
{
	const struct hb_record *r = &n->known;
	uint8_t named = hb_member_find(r, m->member.name);

	why[0] = '\0';
	if (named != HB_NOBODY)
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s is the name of a member: join with another one",
		    r->member[named].name);
	/* One that has the name already keeps it, also when we have just begun and know nothing of it. */
	else if (n->name_of_host && m->facts.state != HB_REPLICA_FOLLOWS &&
		 strcmp(n->watcher.member.name, m->member.name) != 0)
		(void)snprintf(
		    why, LOCAL_REASON_BYTES, "%s is the name of a worker host: join with another one", m->member.name);
	for (uint8_t i = 0; i < r->members && !why[0]; i++)
		if (ip_same(&r->member[i].address, &m->member.address))
			(void)snprintf(why, LOCAL_REASON_BYTES,
			    "its --address is that of the member %s: join with another one", r->member[i].name);
}

/* Is there another one? At each member the one that follows stays, so that two cannot each have some of them and none its source. */
static bool is_taken(const struct hb_node *n, const struct hb_message *m, uint64_t now_us)
{
	const struct hb_watcher *w = &n->watcher;
	bool follows = m->facts.state == HB_REPLICA_FOLLOWS;
	bool same = strcmp(w->member.name, m->member.name) == 0 && ip_same(&w->member.address, &m->member.address);

	if (w->member.name[0] && w->member.instance == m->instance)
		return false;
	if (!w->member.name[0])
		return !follows && now_us < n->reading.began_us + SETTLE_US;
	if (now_us > w->heard_us + (same ? REPLICA_ANEW_US : REPLICA_GONE_US))
		return false;
	return !follows || w->facts.state == HB_REPLICA_FOLLOWS;
}

static void refuse(const struct hb_node *n, const char *why, struct hb_outbox *out)
{
	struct hb_message *m = hb_outbox_add(out, HB_TO_SENDER, HB_VERDICT, 0);

	m->verdict.started = !why[0]; /* it may be answered later */
	if (why[0])
		(void)snprintf(m->verdict.text, sizeof(m->verdict.text), "%s", why);
	else if (n->watcher.member.name[0])
		(void)snprintf(m->verdict.text, sizeof(m->verdict.text),
		    "%s is the replica of this cluster, and there is one: take that one away first",
		    n->watcher.member.name);
	else
		(void)snprintf(m->verdict.text, sizeof(m->verdict.text), "has just begun to listen for a replica");
}

/* Letters overtake each other, and one that is sent again by somebody else tells what was. */
static bool is_old(const struct hb_watcher *w, const struct hb_message *m)
{
	return w->member.name[0] && w->member.instance == m->instance &&
	       (m->boot < w->boot || (m->boot == w->boot && m->stamp_us <= w->stamp_us));
}

void hb_watcher_take(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	struct hb_watcher *w = &n->watcher;
	char why[LOCAL_REASON_BYTES];

	if (n->self == HB_NOBODY || !n->booted || m->from != HB_NOBODY || m->member.kind != HB_KIND_REPLICA ||
	    !hb_name_valid(m->member.name) || is_old(w, m))
		return;
	find_fault(n, m, why);
	if (why[0] || is_taken(n, m, now_us)) {
		refuse(n, why, out);
		return;
	}
	*w = (struct hb_watcher){
	    .member = m->member, .boot = m->boot, .stamp_us = m->stamp_us, .heard_us = now_us, .facts = m->facts};
	w->member.instance = m->instance;
	w->facts.reason[sizeof(w->facts.reason) - 1] = '\0';
	(void)hb_beat(n, HB_TO_SENDER, now_us, out);
}
