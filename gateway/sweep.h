/* Holds that have expired are let go by an operation of the ledger's own, in the journal like any other. */
#ifndef HOLDFAST_GATEWAY_SWEEP_H
#define HOLDFAST_GATEWAY_SWEEP_H

#include "gateway/batch.h"

/*
 * One transaction that lets go what has expired at t->now_us (batch_begin), the oldest first; costs nothing until there is some. When
 * there is more, t->next_expiry_us is not after t->now_us: the next call goes on, and between two of them others are served. (A
 * capture looks at the time itself.) BATCH_COMMITTED: go on; else as batch_write, nobody waits for an answer. After BATCH_REFUSED
 * the image is to be dropped; the next call tries fewer, and a hold that alone cannot be let go is stepped over with an alarm,
 * and tried again a minute later, when no other is due.
 */
enum batch_end sweep_run(struct batch_tools *t, struct errbuf *e);

/* Have some expired at t->now_us that still stand? Then what is refused for the state of the ledger would perhaps not be without them.
 * Those that were stepped over do not count: nobody knows when they are let go. */
static inline bool sweep_is_behind(const struct batch_tools *t)
{
	return t->next_expiry_us <= t->now_us && t->sweep.clear_us != t->now_us;
}

/* Such an answer is not given then: stored, it would stay what it is. The request is not executed, and comes again. */
static inline bool sweep_would_help(const struct batch_tools *t, bool stored, unsigned status)
{
	return stored && status >= 400 && sweep_is_behind(t);
}

#endif
