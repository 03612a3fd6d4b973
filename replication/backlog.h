/* How long the applier is behind the receiver, in time: since when what it works on now was there to be applied. Pure. */
#ifndef HOLDFAST_REPLICATION_BACKLOG_H
#define HOLDFAST_REPLICATION_BACKLOG_H

#include <stdint.h>

#define BACKLOG_SAMPLES 64

struct backlog {
	struct {
		uint64_t seq, at_us;
	} received[BACKLOG_SAMPLES];
	unsigned next;
};

/* Takes one look and returns the backlog in milliseconds. A backlog older than the samples reach counts as their age. */
uint32_t backlog_take(struct backlog *b, uint64_t received_seq, uint64_t applied_seq, uint64_t now_us);

#endif
