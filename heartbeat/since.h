/* Since when something holds without a break. Pure. */
#ifndef HOLDFAST_HEARTBEAT_SINCE_H
#define HOLDFAST_HEARTBEAT_SINCE_H

#include <stdbool.h>
#include <stdint.h>

/* *since_us is 0 while it does not hold, otherwise the first moment at which it was noted to hold. */
static inline void since_note(uint64_t *since_us, bool holds, uint64_t now_us)
{
	if (!holds)
		*since_us = 0;
	else if (!*since_us)
		*since_us = now_us;
}

#endif
