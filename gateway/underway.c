#include "gateway/underway.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096 /* a power of two */

struct client {
	struct client *next;
	unsigned count;
	uint8_t secret_hash[HASH_BYTES];
};

struct underway {
	struct client *slots[SLOTS]; /* those of which something is under way */
};

struct underway *underway_new(void)
{
	return calloc(1, sizeof(struct underway));
}

void underway_free(struct underway *u)
{
	if (!u)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		while (u->slots[i]) {
			struct client *c = u->slots[i];

			u->slots[i] = c->next;
			free(c);
		}
	free(u);
}

static bool is_nobody(const uint8_t secret_hash[static HASH_BYTES])
{
	static const uint8_t nobody[HASH_BYTES];

	return memcmp(secret_hash, nobody, HASH_BYTES) == 0;
}

/* Where the pointer to it is, or would be: a hash needs no other. */
static struct client **find(struct underway *u, const uint8_t secret_hash[static HASH_BYTES])
{
	struct client **at = &u->slots[(unsigned)(secret_hash[0] << 8 | secret_hash[1]) % SLOTS];

	while (*at && memcmp((*at)->secret_hash, secret_hash, HASH_BYTES) != 0)
		at = &(*at)->next;
	return at;
}

bool underway_enter(struct underway *u, const uint8_t secret_hash[static HASH_BYTES], unsigned max)
{
	struct client **at = find(u, secret_hash), *c = *at;

	if (is_nobody(secret_hash))
		return true;
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return false;
		memcpy(c->secret_hash, secret_hash, HASH_BYTES);
		*at = c;
	}
	if (c->count >= max)
		return false;
	c->count++;
	return true;
}

void underway_leave(struct underway *u, const uint8_t secret_hash[static HASH_BYTES])
{
	struct client **at = find(u, secret_hash), *c = *at;

	if (is_nobody(secret_hash))
		return;
	assert(c && c->count);
	if (--c->count)
		return;
	*at = c->next;
	free(c);
}
