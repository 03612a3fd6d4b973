/* Who a secret belongs to, as the ledger said less than a second ago. The ledger checks again when it
 * executes. */
#ifndef HOLDFAST_GATEWAY_AUTHCACHE_H
#define HOLDFAST_GATEWAY_AUTHCACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/op.h"

#define AUTHCACHE_SLOTS 256
#define AUTHCACHE_LIFE_US 1000000

struct authcache {
	struct {
		uint8_t secret_hash[HASH_BYTES];
		uint64_t until_us;
		uint64_t principal;
		uint32_t scopes;
	} slot[AUTHCACHE_SLOTS];
};

/* The hash is one of a long random secret, so its first byte spreads well. */
static inline bool authcache_get(const struct authcache *c, const uint8_t hash[static HASH_BYTES], uint64_t now_us,
    uint32_t *ret_scopes, uint64_t *ret_principal)
{
	unsigned slot = hash[0];

	if (now_us >= c->slot[slot].until_us)
		return false;
	for (unsigned i = 0; i < HASH_BYTES; i++)
		if (c->slot[slot].secret_hash[i] != hash[i])
			return false;
	*ret_scopes = c->slot[slot].scopes;
	*ret_principal = c->slot[slot].principal;
	return true;
}

/* asked_us: when the question was sent, not when the answer came. */
static inline void authcache_put(
    struct authcache *c, const uint8_t hash[static HASH_BYTES], uint64_t asked_us, uint32_t scopes, uint64_t principal)
{
	unsigned slot = hash[0];

	for (unsigned i = 0; i < HASH_BYTES; i++)
		c->slot[slot].secret_hash[i] = hash[i];
	c->slot[slot].until_us = asked_us + AUTHCACHE_LIFE_US;
	c->slot[slot].scopes = scopes;
	c->slot[slot].principal = principal;
}

#endif
