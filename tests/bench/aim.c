#include "tests/bench/aim.h"

#include <string.h>

#define FIRST_MS UINT64_C(1700000000000)

uint64_t aim_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void aim_id(uint64_t number, struct ulid *ret)
{
	uint64_t state = number, part[2] = {aim_random(&state), aim_random(&state)};
	uint8_t random[ULID_RANDOM_BYTES];

	memcpy(random, part, sizeof(random));
	ulid_make(FIRST_MS + number, random, ret);
}

bool aim_init(struct aim *a, const char *pattern, uint64_t accounts, uint64_t seed)
{
	static const char *const words[] = {[AIM_UNIFORM] = "uniform", [AIM_HOT] = "hot", [AIM_ZIPF] = "zipf"};
	double sum = 0;

	*a = (struct aim){.accounts = accounts, .random = seed};
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(pattern, words[i]) == 0) {
			a->pattern = i;
			for (unsigned k = 0; k < AIM_RANKS_MAX; k++)
				a->below[k] = sum += k < accounts ? 1.0 / (k + 1.0) / (k + 1.0) : 0;
			for (unsigned k = 0; k < AIM_RANKS_MAX; k++)
				a->below[k] /= sum;
			return accounts >= 2;
		}
	return false;
}

static uint64_t draw_rank(struct aim *a)
{
	double at = (double)(aim_random(&a->random) >> 11) / 9007199254740992.0;
	unsigned low = 0, high = AIM_RANKS_MAX - 1;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (a->below[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void aim_draw(struct aim *a, uint64_t *from, uint64_t *to)
{
	switch (a->pattern) {
	case AIM_HOT: *to = 0; break;
	case AIM_ZIPF: *to = draw_rank(a); break;
	default: *to = aim_random(&a->random) % a->accounts; break;
	}
	do
		*from = aim_random(&a->random) % a->accounts;
	while (*from == *to);
}
