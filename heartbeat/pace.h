/*
 * Flow control: how long the ledger rests after each batch, so that the standby keeps up. Fewer batches carry the same payments, and what
 * the standby does it does for each batch; payments take longer, and fewer get through where few clients wait for each.
 * While the standby is too far behind, a batch is to be written for every PACE_SHARE that it works off: what has to be waited for is
 * measured, not felt for, and payments go on at a known share of what the standby can do. When it is near again the rest shrinks by
 * shares until it is not (D. Chiu, R. Jain, "Analysis of the increase and decrease algorithms for congestion avoidance", 1989). Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_PACE_H
#define HOLDFAST_HEARTBEAT_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_REST_MAX_US 50000 /* payments are slowed down, never stopped */
#define PACE_SHARE 2

/* How far the standby is behind in that in which it is furthest behind: in receiving, or in applying. */
struct hb_pace_lag {
	bool applying;
	unsigned percent;     /* of what it may be behind: 100 is just as much */
	uint64_t written_seq; /* last transaction of the active */
	uint64_t done_seq;    /* last one that the standby has received, or applied */
};

struct hb_pace {
	uint64_t rest_us;   /* after each batch */
	uint64_t looked_us; /* when it was last changed */
	/* What is measured, and since when; measured_us 0: nothing. */
	struct hb_pace_lag from;
	uint64_t measured_us;
};

/* lag NULL: there is nobody to wait for. Called as often as one likes. */
void hb_pace_step(struct hb_pace *p, const struct hb_pace_lag *lag, uint64_t now_us);

#endif
