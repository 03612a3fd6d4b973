/*
 * Flow control: how long the ledger rests after each batch, so that the standby keeps up. Grows by a share for as long as it is too far
 * behind, shrinks as soon as it is not (the scheme of TCP turned round: D. Chiu, R. Jain, "Analysis of the increase and decrease
 * algorithms for congestion avoidance", 1989). Fewer batches carry the same payments, and what the standby does it does for each batch;
 * payments take longer, and fewer get through where few clients wait for each. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_PACE_H
#define HOLDFAST_HEARTBEAT_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_REST_MAX_US 50000 /* payments are slowed down, never stopped */

struct hb_pace {
	uint64_t rest_us;   /* after each batch */
	uint64_t looked_us; /* when it was last changed */
};

/* How far the standby is behind, as share of what it may be: 100 is just as much, 0 not at all. */
struct hb_pace_lag {
	unsigned received_percent; /* transactions that it has not received */
	unsigned applied_percent;  /* time that it would take to apply what it has received */
};

/* lag NULL: there is nobody to wait for. Called as often as one likes. */
void hb_pace_step(struct hb_pace *p, const struct hb_pace_lag *lag, uint64_t now_us);

#endif
