/*
 * A copy that does not know yet that it counts may still be cut back, as when its mariadbd dies just then: its token goes first, so that
 * it can claim nothing, but what it has acknowledged is on one disk only.
 */
#include "heartbeat/node_parts.h"

void hb_confirmed_look(struct hb_node *n)
{
	for (uint8_t i = 0; i < n->known.members; i++) {
		uint8_t bit = (uint8_t)(1u << i);

		if (!hb_mine(n) || i == n->self || !hb_in_sync(&n->known, i)) {
			n->counts_since[i] = 0;
			n->confirmed &= (uint8_t)~bit;
			continue;
		}
		if (!n->counts_since[i])
			n->counts_since[i] = n->known.version;
		if (n->peer[i].counts_version >= n->counts_since[i] &&
		    token_equal(&n->peer[i].facts.token, &n->known.token[i]))
			n->confirmed |= bit;
	}
}

bool hb_is_confirmed(const struct hb_node *n)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && hb_in_sync(&n->known, i) && !(n->confirmed >> i & 1))
			return false;
	return true;
}
