#include "gateway/tally.h"

void tally_begin(struct tally *t, unsigned worker)
{
	*t = (struct tally){.worker = worker, .took.bound = metrics_bounds_seconds};
}

void tally_note(struct tally *t, unsigned status, uint64_t took_us)
{
	t->status[status < TALLY_STATUS_MAX ? status : 0]++;
	metrics_observe(&t->took, (double)took_us / 1e6);
}

void tally_print(FILE *f, const void *of)
{
	const struct tally *t = of;
	char worker[16], status[16];
	const struct metrics_label with_status[] = {{"worker", worker}, {"status", status}, {NULL, NULL}},
				   label[] = {{"worker", worker}, {NULL, NULL}};

	(void)snprintf(worker, sizeof(worker), "%u", t->worker);
	for (unsigned i = 0; i < TALLY_STATUS_MAX; i++) {
		if (!t->status[i])
			continue;
		(void)snprintf(status, sizeof(status), "%u", i);
		if (!i)
			(void)snprintf(status, sizeof(status), "none");
		metrics_value(f, METRICS_HTTP_REQUESTS, with_status, (double)t->status[i]);
	}
	metrics_put_histogram(f, METRICS_HTTP_SECONDS, label, &t->took);
	metrics_value(f, METRICS_HTTP_WAITING, label, t->waiting);
}
