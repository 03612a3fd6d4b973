#include "gateway/lockout.h"

#include <string.h>

uint64_t lockout_left_us(const struct lockout *l, uint64_t now_us)
{
	uint64_t first = l->at_us[0], last = l->at_us[LOCKOUT_FAILURES - 1];

	if (!first || last - first > LOCKOUT_US || now_us >= last + LOCKOUT_US)
		return 0;
	return last + LOCKOUT_US - now_us;
}

void lockout_add(struct lockout *l, uint64_t now_us)
{
	memmove(l->at_us, l->at_us + 1, sizeof(l->at_us) - sizeof(l->at_us[0]));
	l->at_us[LOCKOUT_FAILURES - 1] = now_us;
}
