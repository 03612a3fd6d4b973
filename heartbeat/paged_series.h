/*
 * How many payments a second the ledger of this machine committed in the last minutes, and how long its answers took, from the file of
 * metrics that it leaves every two seconds (heartbeat/metrics.h). Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_PAGED_SERIES_H
#define HOLDFAST_HEARTBEAT_PAGED_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/metrics.h"

#define PAGED_POINTS 150   /* every two seconds: five minutes */
#define PAGED_LATE_MS 6000 /* without a new file: nothing is known any more */

/* What one file says. */
struct paged_count {
	bool open;				  /* the ledger may answer */
	uint64_t payments;			  /* operations that were taken to be committed */
	uint64_t answers[METRICS_BOUNDS_MAX + 1]; /* at most so long, as metrics_bounds_seconds has it; the last: all */
	unsigned bounds;
};

struct paged_point {
	bool known;
	double rate;	       /* payments a second */
	double p50_ms, p99_ms; /* of the answers; negative: there was none */
};

struct paged_series {
	struct paged_point point[PAGED_POINTS]; /* oldest first */
	unsigned points;
	struct paged_count last;
	bool has_last;
	int64_t last_ms;
};

/* Takes a file of metrics. False: it has not what is wanted. */
bool paged_series_read(const char *text, struct paged_count *ret);

/* A file that was written at at_ms; the same again changes nothing. count NULL: there is none. now_ms: to notice that none comes any more. Both
 * are of one clock. */
void paged_series_note(struct paged_series *s, const struct paged_count *count, int64_t at_ms, int64_t now_ms);

/* In milliseconds, at most so long did share of the answers between two counts take, as far as buckets tell; negative: there was none, or
 * the counts are of two lives of the ledger. */
double paged_series_quantile(const struct paged_count *from, const struct paged_count *to, double share);

#endif
