#include "heartbeat/paged_guard.h"

#include <assert.h>

static int find(const struct paged_guard *g, uint32_t ipv4)
{
	for (int i = 0; i < PAGED_ADDRESSES_MAX; i++)
		if (g->address[i].ipv4 == ipv4)
			return i;
	return -1;
}

enum paged_may paged_guard_ask(struct paged_guard *g, uint32_t ipv4, int64_t now_ms, int64_t *wait_ms)
{
	int i = find(g, ipv4);

	assert(ipv4);
	*wait_ms = 0;
	if (i >= 0 && now_ms - g->address[i].last_ms >= PAGED_LOCK_MS)
		g->address[i].failures = 0;
	if (i >= 0 && g->address[i].failures >= PAGED_FAILURES) {
		*wait_ms = g->address[i].last_ms + PAGED_LOCK_MS - now_ms;
		return PAGED_LOCKED;
	}
	if (g->spent_ms < now_ms)
		g->spent_ms = now_ms;
	if (g->spent_ms + PAGED_TRY_MS > now_ms + PAGED_TRIES * PAGED_TRY_MS) {
		*wait_ms = g->spent_ms + PAGED_TRY_MS - now_ms - PAGED_TRIES * PAGED_TRY_MS;
		return PAGED_BUSY;
	}
	g->spent_ms += PAGED_TRY_MS;
	return PAGED_MAY;
}

void paged_guard_failed(struct paged_guard *g, uint32_t ipv4, int64_t now_ms)
{
	int i = find(g, ipv4);

	if (i < 0)
		i = find(g, 0);
	if (i < 0) {
		i = 0;
		for (int k = 1; k < PAGED_ADDRESSES_MAX; k++)
			if (g->address[k].last_ms < g->address[i].last_ms)
				i = k;
	}
	if (g->address[i].ipv4 != ipv4)
		g->address[i].failures = 0;
	g->address[i].ipv4 = ipv4;
	g->address[i].failures++;
	g->address[i].last_ms = now_ms;
}

void paged_guard_passed(struct paged_guard *g, uint32_t ipv4)
{
	int i = find(g, ipv4);

	if (i >= 0) {
		g->address[i].ipv4 = 0;
		g->address[i].failures = 0;
		g->address[i].last_ms = 0;
	}
}
