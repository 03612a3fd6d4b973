/*
 * Another machine in the place of a member that is gone for good. That member's memory is gone with it, so the new one is another member: it has an
 * instance of its own, and nothing that is sent under the old one counts from the record on that says so. That record is a change like any other, of
 * the active, with the guards of one. It is chosen by those that are left, for nobody counts the one that is gone once he holds it, and the new one
 * has no vote before it has read all of them (S8). So whatever was chosen before with the one that is gone is read, and what the old machine could
 * still decide, should it come back, needs one who knows better. An operator has to say it: a member that is only away will come back, and is needed then.
 */
#include "heartbeat/node_parts.h"

#include <stdio.h>

#define WORD_US UINT64_C(3600000000) /* time to set the machine up */

bool hb_replace_begin(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	uint8_t unheard = hb_unheard(n, c->target, now_us);

	if (!hb_mine(n) || n->known.phase != HB_OPEN)
		return hb_refuse(n, n->self, "has not opened yet: try again", why);
	if (c->target == n->self)
		return hb_refuse(n, c->target, "is active: it is not gone", why);
	if (hb_heard(n, c->target, n->settings.peer_timeout_us, now_us))
		return hb_refuse(
		    n, c->target, "is heard: switch it off, it must never come back with the disk that it has", why);
	if (hb_in_sync(&n->known, c->target))
		return hb_refuse(n, c->target, "still counts as a copy: try again in a second", why);
	if (unheard != HB_NOBODY)
		return hb_refuse(n, unheard, "is not heard, and has to agree: bring it back first", why);
	n->replace = (struct hb_replace){.instance = n->known.member[c->target].instance,
	    .epoch = n->known.epoch,
	    .until_us = now_us + WORD_US,
	    .target = c->target};
	(void)snprintf(
	    why, LOCAL_REASON_BYTES, "for an hour another machine may join as %s", hb_member_name(n, c->target));
	return true;
}

uint8_t hb_replaces(const struct hb_node *n, const struct hb_member *joiner, uint64_t now_us)
{
	const struct hb_replace *w = &n->replace;
	uint8_t at = hb_member_find(&n->known, joiner->name);

	if (at == HB_NOBODY || !w->instance || at != w->target || w->instance != n->known.member[at].instance ||
	    joiner->instance == w->instance || joiner->kind != n->known.member[at].kind || w->epoch != n->known.epoch ||
	    now_us > w->until_us || hb_in_sync(&n->known, at))
		return HB_NOBODY;
	if (hb_heard(n, at, n->settings.peer_timeout_us, now_us) || hb_unheard(n, at, now_us) != HB_NOBODY)
		return HB_NOBODY;
	return at;
}
