/* Logins and addresses that the ledger has just said are locked: a worker asks about each of them once a second, whatever the flood. The
 * ledger decides; a lock that is over, or that was lifted, is seen within that time. */
#ifndef HOLDFAST_GATEWAY_LOCKCACHE_H
#define HOLDFAST_GATEWAY_LOCKCACHE_H

#include <stdint.h>
#include <string.h>

#include "gateway/op.h"

#define LOCKCACHE_SLOTS 1024
#define LOCKCACHE_LIFE_US 1000000

struct lockcache {
	struct {
		uint8_t subject[HASH_BYTES];
		uint64_t said_us, locked_until_us;
	} slot[LOCKCACHE_SLOTS];
};

static inline unsigned lockcache_slot(const uint8_t subject[static HASH_BYTES])
{
	return (subject[0] | (unsigned)subject[1] << 8) % LOCKCACHE_SLOTS;
}

/* For how long this subject is locked still; 0: not known. */
static inline uint64_t lockcache_left_us(
    const struct lockcache *c, const uint8_t subject[static HASH_BYTES], uint64_t now_us)
{
	unsigned i = lockcache_slot(subject);

	if (now_us >= c->slot[i].locked_until_us || now_us - c->slot[i].said_us >= LOCKCACHE_LIFE_US ||
	    memcmp(c->slot[i].subject, subject, HASH_BYTES) != 0)
		return 0;
	return c->slot[i].locked_until_us - now_us;
}

static inline void lockcache_put(
    struct lockcache *c, const uint8_t subject[static HASH_BYTES], uint64_t now_us, uint64_t left_us)
{
	unsigned i = lockcache_slot(subject);

	memcpy(c->slot[i].subject, subject, HASH_BYTES);
	c->slot[i].said_us = now_us;
	c->slot[i].locked_until_us = now_us + left_us;
}

#endif
