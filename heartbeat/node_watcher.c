/* What a member makes of a replica that asks: it answers with what it knows, remembers what it was told for `status`, and nothing
 * else changes. */
#include "heartbeat/node_parts.h"

#define REPLICA_GONE_US 10000000 /* the place of one that has not asked for so long is another's */

static bool makes_sense(const struct hb_node *n, const struct hb_message *m)
{
	const struct hb_record *r = &n->known;

	if (m->from != HB_NOBODY || m->member.kind != HB_KIND_REPLICA || !m->member.name[0] ||
	    hb_member_find(r, m->member.name) != HB_NOBODY)
		return false;
	for (uint8_t i = 0; i < r->members; i++)
		if (r->member[i].ipv4 == m->member.ipv4)
			return false;
	return true;
}

/* Letters overtake each other, and one that is sent again by somebody else tells what was. */
static bool is_news(const struct hb_watcher *w, const struct hb_message *m, uint64_t now_us)
{
	if (!w->member.name[0] || w->member.instance != m->instance)
		return !w->member.name[0] || now_us > w->heard_us + REPLICA_GONE_US;
	return m->boot > w->boot || (m->boot == w->boot && m->stamp_us > w->stamp_us);
}

void hb_watcher_take(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	struct hb_watcher *w = &n->watcher;

	if (n->self == HB_NOBODY || !n->booted || !makes_sense(n, m) || !is_news(w, m, now_us))
		return;
	*w = (struct hb_watcher){
	    .member = m->member, .boot = m->boot, .stamp_us = m->stamp_us, .heard_us = now_us, .facts = m->facts};
	w->member.instance = m->instance;
	w->facts.reason[sizeof(w->facts.reason) - 1] = '\0';
	(void)hb_beat(n, HB_TO_SENDER, now_us, out);
}
