#include "gateway/ledgertally.h"

void ledgertally_begin(struct ledgertally *t)
{
	*t = (struct ledgertally){.took.bound = metrics_bounds_seconds,
	    .writes.taken.bound = metrics_bounds_batch,
	    .reads.taken.bound = metrics_bounds_batch};
}

void ledgertally_note(struct ledgertally *t, unsigned outcome, uint64_t took_us)
{
	if (outcome < WIRE_DONE || outcome >= LEDGERTALLY_OUTCOMES)
		return;
	t->answers[outcome]++;
	metrics_observe(&t->took, (double)took_us / 1e6);
}

static void put_way(FILE *f, const char *way, const struct queue_counts *q)
{
	const struct metrics_label label[] = {{"way", way}, {NULL, NULL}};

	metrics_value(f, METRICS_LEDGER_REQUESTS, label, (double)q->put);
	metrics_value(f, METRICS_LEDGER_QUEUE, label, (double)q->waiting);
}

void ledgertally_print(FILE *f, const void *of)
{
	static const char *const outcomes[LEDGERTALLY_OUTCOMES] = {[WIRE_DONE] = "done",
	    [WIRE_NOT_EXECUTED] = "not-executed",
	    [WIRE_UNKNOWN] = "unknown",
	    [WIRE_OVERLOADED] = "overloaded",
	    [WIRE_CROWDED] = "crowded",
	    [WIRE_STALLED] = "stalled"};
	const struct ledgertally *t = of;

	metrics_value(f, METRICS_LEDGER_OPEN, NULL, t->open);
	put_way(f, "write", &t->writes);
	put_way(f, "read", &t->reads);
	for (unsigned i = WIRE_DONE; i < LEDGERTALLY_OUTCOMES; i++) {
		const struct metrics_label label[] = {{"outcome", outcomes[i]}, {NULL, NULL}};

		metrics_value(f, METRICS_LEDGER_ANSWERS, label, (double)t->answers[i]);
	}
	metrics_put_histogram(f, METRICS_LEDGER_SECONDS, NULL, &t->took);
	metrics_put_histogram(f, METRICS_LEDGER_BATCH, NULL, &t->writes.taken);
}
