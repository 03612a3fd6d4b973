/* The clock of the machine, right or wrong: it is set, and goes back (clock_gettime(2), CLOCK_REALTIME). Not for what is waited for, nor for leases. */
#ifndef HOLDFAST_HEARTBEAT_WALLCLOCK_H
#define HOLDFAST_HEARTBEAT_WALLCLOCK_H

#include <stdint.h>
#include <time.h>

/* Unix microseconds. */
static inline uint64_t wallclock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Unix milliseconds. */
static inline uint64_t wallclock_ms(void)
{
	return wallclock_us() / 1000;
}

#endif
