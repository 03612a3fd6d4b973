/*
 * Somebody with root on the active switches semi-sync off, or kills a query that waits: the client is told that it is done, and
 * the standby may not have it. Replicationd has switched it on again within a look. Until the standby is heard to have
 * received all up to there, nothing is answered, a replay as little as a read, and nothing is handed over; if that takes
 * longer than an acknowledgement may, the standby is left behind.
 */
#include "heartbeat/node_parts.h"

/* Has every other copy that counts received all up to there, in our epoch and under the token that the record trusts? */
static bool is_received(const struct hb_node *n, struct gtid up_to)
{
	for (uint8_t i = 0; i < n->known.members; i++) {
		const struct hb_facts *f = &n->peer[i].facts;

		if (i == n->self || !hb_in_sync(&n->known, i))
			continue;
		if (f->follow_epoch != n->my_epoch || !token_equal(&f->token, &n->known.token[i]) ||
		    !gtid_reaches(f->received, up_to))
			return false;
	}
	return true;
}

static bool is_settled(const struct hb_node *n, bool must)
{
	/* SOLO promises one copy; who is added then has to have received all there is (C4). */
	if (!must && !n->adding)
		return true;
	return !hb_is_solo(&n->known, n->self) && !n->repl.leaks &&
	       GUARD(M49_LEAK_FORGOTTEN, is_received(n, n->leak.at));
}

void hb_leak_look(struct hb_node *n, uint64_t now_us)
{
	struct hb_leak *l = &n->leak;
	bool must = hb_mine(n) && hb_must_be_acknowledged(n);
	bool ours = hb_mine(n) && n->repl.opened_epoch == n->my_epoch;

	if (l->epoch != n->my_epoch)
		*l = (struct hb_leak){.epoch = n->my_epoch};
	if (ours && n->repl.leaked.seq > l->at.seq)
		l->at = n->repl.leaked;
	if (is_settled(n, must))
		l->settled = l->at;
	since_note(&l->since_us, must && ((ours && n->repl.leaks) || l->at.seq > l->settled.seq), now_us);
}

bool hb_leaks(const struct hb_node *n)
{
	return n->leak.since_us != 0;
}
