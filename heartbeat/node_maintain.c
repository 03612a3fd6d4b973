/*
 * Maintenance: an operator takes a member out of service before touching it. The mark is in the record, so it outlives
 * restarts and moves of the role. A gateway with the mark leaves in_sync by SOLO, while it still answers, so that nothing waits
 * when it goes; and by R3 one outside in_sync never claims. The active hands over first.
 */
#include "heartbeat/node_parts.h"

#include <stdio.h>

#define LEVEL_MAINTENANCE 2
#define WISH_US 3000000 /* what could not be written by then is not wanted any more */

static uint8_t bit(uint8_t m)
{
	return (uint8_t)(1u << m);
}

/* The active itself: the other takes the role, and the record that says so says the rest. */
static bool hand_over_first(
    struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	struct hb_command other = {.id = c->id, .kind = HB_COMMAND_SWITCHOVER, .target = HB_NOBODY};

	if (!hb_drain_begin(n, &other, now_us, why))
		return false;
	n->drain.maintain = true;
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s hands over to %s, and goes into maintenance",
	    hb_member_name(n, n->self), hb_member_name(n, n->drain.to));
	return true;
}

static void wish(struct hb_node *n, uint8_t m, bool on, uint64_t now_us)
{
	struct hb_maintain *w = &n->maintain;

	n->drain_note[0] = '\0'; /* the last word is about this one now */
	w->on = (uint8_t)(on ? w->on | bit(m) : w->on & ~bit(m));
	w->off = (uint8_t)(on ? w->off & ~bit(m) : w->off | bit(m));
	w->since_us = now_us;
}

/* The one that must come back before m may go, or nothing could be decided while both are away; HB_NOBODY: there is none. */
static uint8_t must_be_back(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	uint8_t gone = (uint8_t)((n->known.maintenance | n->maintain.on) & ~n->maintain.off), first = 0;

	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && !hb_answers(n, i, now_us))
			gone |= bit(i);
	gone &= (uint8_t)~bit(m);
	if (n->known.members - (unsigned)__builtin_popcount(gone) - 1 >= hb_quorum(n->known.members) || !gone)
		return HB_NOBODY;
	while (!(gone & bit(first)))
		first++;
	return first;
}

static bool refuse_two(const struct hb_node *n, uint8_t back, char why[LOCAL_REASON_BYTES])
{
	const char *name = hb_member_name(n, back);

	if (!((n->known.maintenance | n->maintain.on) & ~n->maintain.off & bit(back)))
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "nothing is heard from %s: no majority would be left; first bring %s back", name, name);
	else
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "%s is in maintenance: no majority would be left; first: holdfastctl maintenance off %s", name,
		    name);
	return false;
}

/* It has told nothing of maintenance: its release may have none. */
static bool refuse_old(const struct hb_node *n, uint8_t old, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	if (hb_heard(n, old, n->settings.peer_timeout_us, now_us))
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s has not heard of %s that its release has maintenance",
		    hb_member_name(n, n->self), hb_member_name(n, old));
	else
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "nothing is heard from %s, whose release has to have maintenance: first bring it back",
		    hb_member_name(n, old));
	return false;
}

bool hb_maintain_on(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	const char *no = hb_drain_not_now(n, now_us);
	uint8_t old = hb_member_below(n, LEVEL_MAINTENANCE), back = must_be_back(n, c->target, now_us);

	if (hb_in_maintenance(&n->known, c->target) && !(n->maintain.off & bit(c->target))) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s is in maintenance already", hb_member_name(n, c->target));
		return true;
	}
	if (old != HB_NOBODY)
		return refuse_old(n, old, now_us, why);
	/* That the other gateway cannot take over is the nearer reason. */
	if (back != HB_NOBODY && (c->target != n->self || n->known.member[back].kind == HB_KIND_WITNESS))
		return refuse_two(n, back, why);
	if (c->target == n->self)
		return hand_over_first(n, c, now_us, why);
	if (no)
		return hb_refuse(n, n->self, no, why);
	wish(n, c->target, true, now_us);
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s goes into maintenance; %s serves%s", hb_member_name(n, c->target),
	    hb_member_name(n, n->self), n->known.member[c->target].kind == HB_KIND_GATEWAY ? " alone" : "");
	return true;
}

bool hb_maintain_off(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	if (!hb_mine(n) || n->known.phase != HB_OPEN)
		return hb_refuse(n, n->self, "has not opened yet: try again", why);
	if (c->target == n->self && n->drain.maintain)
		return hb_refuse(n, n->self, "is handing over already", why);
	wish(n, c->target, false, now_us);
	(void)snprintf(why, LOCAL_REASON_BYTES,
	    hb_in_maintenance(&n->known, c->target) ? "%s comes back" : "%s is not in maintenance",
	    hb_member_name(n, c->target));
	return true;
}

void hb_maintain_look(struct hb_node *n, uint64_t now_us)
{
	struct hb_maintain *w = &n->maintain;

	w->on &= (uint8_t)~n->known.maintenance;
	w->off &= n->known.maintenance;
	if (!hb_mine(n) || now_us > w->since_us + WISH_US)
		w->on = w->off = 0;
}

bool hb_wants_maintain(const struct hb_node *n, struct hb_change *c)
{
	for (uint8_t i = 0; i < n->known.members; i++) {
		bool on = n->maintain.on >> i & 1, off = n->maintain.off >> i & 1;

		/* One that was named while it had the mark is needed. */
		if (i == n->self || !(on || off))
			continue;
		c->target = i;
		c->maintain = on;
		return true;
	}
	return false;
}

bool hb_maintain_drops(const struct hb_node *n)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && hb_in_sync(&n->known, i) && hb_in_maintenance(&n->known, i))
			return true;
	return false;
}
