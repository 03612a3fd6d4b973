#include "heartbeat/tickle_list.h"

#include <assert.h>
#include <string.h>

static_assert((TICKLE_SLOTS & (TICKLE_SLOTS - 1)) == 0, "a power of two");
static_assert(TICKLE_MAX < UINT16_MAX && TICKLE_MAX < TICKLE_SLOTS / 2, "there is always a free slot");

void tickle_list_start(struct tickle_list *l, uint64_t seed)
{
	memset(l, 0, sizeof(*l));
	l->seed = seed;
}

void tickle_list_clear(struct tickle_list *l)
{
	l->count = 0;
	memset(l->slot, 0, sizeof(l->slot));
}

/* The finalizer of splitmix64. */
static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 27) * 0x94d049bb133111ebu;
	return h ^ h >> 31;
}

/* Where the search for key begins. */
static uint32_t home(const struct tickle_list *l, const struct tickle_key *key)
{
	uint64_t half[2], h = l->seed;

	memcpy(half, key->client.byte, sizeof(half));
	h = mix(h ^ half[0]);
	h = mix(h ^ half[1]);
	return (uint32_t)mix(h ^ ((uint64_t)key->client_port << 16 | key->local_port)) & (TICKLE_SLOTS - 1);
}

static bool is_same(const struct tickle_key *a, const struct tickle_key *b)
{
	return a->client_port == b->client_port && a->local_port == b->local_port && ip_same(&a->client, &b->client);
}

/* The slot that has key, or the free one where it would go. */
static uint32_t find(const struct tickle_list *l, const struct tickle_key *key)
{
	uint32_t s = home(l, key);

	while (l->slot[s] && !is_same(&l->key[l->slot[s] - 1], key))
		s = (s + 1) & (TICKLE_SLOTS - 1);
	return s;
}

enum tickle_put tickle_list_put(struct tickle_list *l, const struct tickle_key *key, uint32_t mark)
{
	uint32_t s = find(l, key);

	if (l->slot[s]) {
		l->mark[l->slot[s] - 1] = mark;
		return TICKLE_KNOWN;
	}
	if (l->count == TICKLE_MAX)
		return TICKLE_FULL;
	l->key[l->count] = *key;
	l->mark[l->count] = mark;
	l->slot[s] = (uint16_t)++l->count;
	return TICKLE_ADDED;
}

bool tickle_list_has(const struct tickle_list *l, const struct tickle_key *key)
{
	return l->slot[find(l, key)] != 0;
}

/* Frees slot s and moves back those behind it that a search would no longer find (Knuth 6.4, algorithm R). */
static void free_slot(struct tickle_list *l, uint32_t s)
{
	uint32_t hole = s;

	for (uint32_t at = (s + 1) & (TICKLE_SLOTS - 1); l->slot[at]; at = (at + 1) & (TICKLE_SLOTS - 1)) {
		uint32_t from = home(l, &l->key[l->slot[at] - 1]);

		if (((at - from) & (TICKLE_SLOTS - 1)) < ((at - hole) & (TICKLE_SLOTS - 1)))
			continue;
		l->slot[hole] = l->slot[at];
		hole = at;
	}
	l->slot[hole] = 0;
}

bool tickle_list_remove(struct tickle_list *l, const struct tickle_key *key)
{
	uint32_t s = find(l, key), last = l->count - 1, index;

	if (!l->slot[s])
		return false;
	index = l->slot[s] - 1u;
	l->slot[find(l, &l->key[last])] = (uint16_t)(index + 1);
	l->key[index] = l->key[last];
	l->mark[index] = l->mark[last];
	l->count = last;
	free_slot(l, s);
	return true;
}

uint32_t tickle_list_expire(struct tickle_list *l, uint32_t mark, uint32_t age)
{
	uint32_t before = l->count;

	for (uint32_t i = l->count; i-- > 0;)
		if (mark - l->mark[i] > age)
			(void)tickle_list_remove(l, &l->key[i]);
	return before - l->count;
}
