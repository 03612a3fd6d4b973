#include "replication/backlog.h"

uint32_t backlog_take(struct backlog *b, uint64_t received_seq, uint64_t applied_seq, uint64_t now_us)
{
	unsigned last = (b->next + BACKLOG_SAMPLES - 1) % BACKLOG_SAMPLES;
	uint64_t since_us = now_us;

	if (received_seq < b->received[last].seq) /* another history: a fresh copy, or its end was cut off */
		*b = (struct backlog){0};
	b->received[b->next].seq = received_seq;
	b->received[b->next].at_us = now_us;
	b->next = (b->next + 1) % BACKLOG_SAMPLES;
	if (applied_seq >= received_seq)
		return 0;
	/* The oldest look at which something was there that is still not applied. */
	for (unsigned i = 0; i < BACKLOG_SAMPLES; i++)
		if (b->received[i].seq > applied_seq && b->received[i].at_us && b->received[i].at_us < since_us)
			since_us = b->received[i].at_us;
	return (uint32_t)((now_us - since_us) / 1000);
}
