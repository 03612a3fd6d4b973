/* The pause before something that was tried in vain is tried again: each one twice as long, up to a limit. Pure. */
#ifndef HOLDFAST_REPLICATION_PAUSE_H
#define HOLDFAST_REPLICATION_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

struct pause_limits {
	uint64_t first_us, most_us;
	uint64_t well_us; /* after so long without a failure it begins anew with the first */
};

/* Begins as {0}. Times are of one clock that never goes back. */
struct pause {
	unsigned tries; /* that failed, since it was last well for long */
	uint64_t length_us, until_us;
	uint64_t well_since_us; /* 0: it is not well */
};

void pause_failed(struct pause *p, const struct pause_limits *limits, uint64_t now_us);

/* After each look: is it well now? */
void pause_look(struct pause *p, const struct pause_limits *limits, bool well, uint64_t now_us);

bool pause_holds(const struct pause *p, uint64_t now_us);

#endif
