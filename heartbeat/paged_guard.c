#include "heartbeat/paged_guard.h"

#include <assert.h>

static const struct ip none;

#define SITE_BITS 64 /* of IPv6, that one owner has */

static struct ip owner_of(const struct ip *ip)
{
	struct ip site = ip_first_of(ip, SITE_BITS);

	/* Those whose first half is nothing (::1) have nobody beside them there. */
	return ip_is_v4(ip) || ip_is_none(&site) ? *ip : site;
}

static int find(const struct paged_guard *g, const struct ip *ip)
{
	for (int i = 0; i < PAGED_ADDRESSES_MAX; i++)
		if (ip_same(&g->address[i].ip, ip))
			return i;
	return -1;
}

enum paged_may paged_guard_ask(struct paged_guard *g, const struct ip *ip, int64_t now_ms, int64_t *wait_ms)
{
	struct ip who = owner_of(ip);
	int i = find(g, &who);

	assert(!ip_is_none(&who));
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

void paged_guard_failed(struct paged_guard *g, const struct ip *ip, int64_t now_ms)
{
	struct ip who = owner_of(ip);
	int i = find(g, &who);

	if (i < 0)
		i = find(g, &none);
	if (i < 0) {
		i = 0;
		for (int k = 1; k < PAGED_ADDRESSES_MAX; k++)
			if (g->address[k].last_ms < g->address[i].last_ms)
				i = k;
	}
	if (!ip_same(&g->address[i].ip, &who))
		g->address[i].failures = 0;
	g->address[i].ip = who;
	g->address[i].failures++;
	g->address[i].last_ms = now_ms;
}

void paged_guard_passed(struct paged_guard *g, const struct ip *ip)
{
	struct ip who = owner_of(ip);
	int i = find(g, &who);

	if (i >= 0) {
		g->address[i].ip = none;
		g->address[i].failures = 0;
		g->address[i].last_ms = 0;
	}
}
