#include "heartbeat/lease.h"

#include <assert.h>
#include <string.h>

#include "heartbeat/guard.h"

/* Clocks may differ in rate by 1 % (far above what adjtimex allows) and each reads to one tick of 1 ms. */
#define MARGIN_TICK_US 1000

void hb_lease_begin(struct hb_lease *l, uint64_t epoch)
{
	if (l->epoch == epoch)
		return;
	memset(l, 0, sizeof(*l));
	l->epoch = epoch;
}

void hb_lease_grant(struct hb_lease *l, uint8_t from, uint64_t epoch, uint64_t sent_us, uint64_t duration_us)
{
	uint64_t margin_us = GUARDED(M23_NO_MARGIN, duration_us / 100 + MARGIN_TICK_US, 0);

	assert(from < HB_MEMBERS_MAX);
	if (epoch != l->epoch || duration_us <= margin_us || duration_us > HB_LEASE_MAX_US)
		return;
	if (l->until_us[from] < sent_us + duration_us - margin_us)
		l->until_us[from] = sent_us + duration_us - margin_us;
}

uint64_t hb_lease_others_until(const struct hb_lease *l, uint8_t self, uint8_t members, uint64_t epoch)
{
	unsigned others_needed = hb_quorum(members) - 1;
	uint64_t least = UINT64_MAX;

	if (l->epoch != epoch || self >= members)
		return 0;
	/* The best of the others, the second best ...: the last one needed bounds the majority. */
	for (unsigned taken = 0, mask = 1u << self; taken < others_needed; taken++) {
		uint8_t best = HB_NOBODY;

		for (uint8_t i = 0; i < members; i++)
			if (!(mask >> i & 1) && (best == HB_NOBODY || l->until_us[i] > l->until_us[best]))
				best = i;
		assert(best != HB_NOBODY);
		mask |= 1u << best;
		if (l->until_us[best] < least)
			least = l->until_us[best];
	}
	return least;
}

uint64_t hb_lease_until(const struct hb_lease *l, uint8_t self, uint8_t members, uint64_t epoch)
{
	uint64_t others_us = hb_lease_others_until(l, self, members, epoch);

	if (others_us == 0 || l->until_us[self] < others_us)
		return others_us ? l->until_us[self] : 0;
	return others_us;
}
