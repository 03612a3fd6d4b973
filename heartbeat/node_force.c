/*
 * What an operator forces, once. Nothing of it goes past the register: it is a change like any other, with the guards of one, and
 * only what starts it is a word instead of a time that has run out.
 */
#include "heartbeat/node_parts.h"

#include <stdio.h>

#define WISH_US 3000000	  /* what could not be written by then is not wanted any more */
#define LOOKED_US 500000  /* our own database was seen to work since */
#define BLOCKED_US 300000 /* a standby that is silent, or a commit that waits, for so long is no passing thing */

/* Why this node cannot serve alone now; NULL: it can. */
static const char *unable(const struct hb_node *n, uint64_t now_us)
{
	enum hb_ill ill = hb_ill(n, now_us);

	if (!hb_mine(n) || n->known.phase != HB_OPEN || !n->opened)
		return "has not opened: it could not serve alone";
	if (hb_is_solo(&n->known, n->self))
		return "serves alone already: the mode is SOLO";
	if (hb_is_draining(n))
		return "is handing over already";
	if (n->proposer.pending || !hb_record_equal(&n->acceptor.reg.accepted, &n->known))
		return "is changing the record: try again";
	if (ill != HB_ILL_NONE)
		return hb_ill_text(ill);
	if (hb_is_sick(n, now_us) || !hb_fit_to_renew(n, now_us))
		return "cannot work itself: the other one shall";
	/* One that hangs needs nobody out of in_sync, but somebody who can serve. */
	if (now_us > n->repl.looked_us + LOOKED_US)
		return "has not seen its own database work for half a second";
	return NULL;
}

static unsigned votes(const struct hb_node *n, uint64_t now_us)
{
	unsigned count = 1;

	for (uint8_t i = 0; i < n->known.members; i++)
		count += i != n->self && hb_heard(n, i, n->settings.peer_timeout_us, now_us);
	return count;
}

/* Does what is paid wait for m, or would it with the next payment? */
static bool is_blocked(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_peer *p = &n->peer[m];
	uint64_t long_us = BLOCKED_US;
	uint64_t commit_us = n->ledger.commit_since_us, row_us = n->row_waits_us;

	return !p->heard || now_us > p->heard_us + long_us || !p->facts.fit || p->facts.follow_epoch != n->my_epoch ||
	       !token_equal(&p->facts.token, &n->known.token[m]) ||
	       (commit_us && n->repl.semi_waits && now_us > commit_us + long_us) ||
	       (row_us && now_us > row_us + long_us);
}

bool hb_force_solo(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	const char *no = unable(n, now_us);
	uint8_t m = hb_other_gateway(n);

	(void)c;
	if (no) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s: %.90s", hb_member_name(n, n->self), no);
		return false;
	}
	if (votes(n, now_us) < hb_quorum(n->known.members)) {
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "%s hears no majority, only %u of %u: the record cannot be changed", hb_member_name(n, n->self),
		    votes(n, now_us), (unsigned)n->known.members);
		return false;
	}
	if (!is_blocked(n, m, now_us)) {
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "%s follows, nothing waits for it; to take it out: holdfastctl maintenance on %s",
		    hb_member_name(n, m), hb_member_name(n, m));
		return false;
	}
	n->force = (struct hb_force){.epoch = n->known.epoch, .since_us = now_us};
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s serves alone, without waiting for %s any longer",
	    hb_member_name(n, n->self), hb_member_name(n, m));
	return true;
}

void hb_force_look(struct hb_node *n, uint64_t now_us)
{
	if (n->force.epoch && (!hb_mine(n) || n->known.epoch != n->force.epoch || hb_is_solo(&n->known, n->self) ||
				  now_us > n->force.since_us + WISH_US))
		n->force = (struct hb_force){0};
}

bool hb_wants_solo(const struct hb_node *n)
{
	return n->force.epoch && n->force.epoch == n->known.epoch;
}
