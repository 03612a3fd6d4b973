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

static bool has_time(const struct lockout *l, uint64_t at_us)
{
	for (unsigned i = 0; i < LOCKOUT_FAILURES; i++)
		if (l->at_us[i] == at_us)
			return true;
	return false;
}

bool lockout_forgive(struct lockout *address, const struct lockout *login)
{
	struct lockout left = {{0}};

	for (unsigned i = 0; i < LOCKOUT_FAILURES; i++)
		if (address->at_us[i] && !has_time(login, address->at_us[i]))
			lockout_add(&left, address->at_us[i]);
	*address = left;
	return left.at_us[LOCKOUT_FAILURES - 1] != 0;
}
