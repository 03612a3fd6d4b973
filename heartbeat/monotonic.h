/* The clock by which a program waits: it is not set, and does not go on while the machine is suspended (clock_gettime(2), CLOCK_MONOTONIC). */
#ifndef HOLDFAST_HEARTBEAT_MONOTONIC_H
#define HOLDFAST_HEARTBEAT_MONOTONIC_H

#include <stdint.h>
#include <time.h>

static inline int64_t monotonic_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
