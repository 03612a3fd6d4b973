/*
 * A set of TCP connections to the virtual IP: client's address, client's port, our port; up to TICKLE_MAX. Pure.
 * The order in which they stand in key[] is stable while nothing is taken out.
 */
#ifndef HOLDFAST_HEARTBEAT_TICKLE_LIST_H
#define HOLDFAST_HEARTBEAT_TICKLE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#define TICKLE_MAX 10000u
#define TICKLE_SLOTS 32768u /* a power of two, three times TICKLE_MAX */

enum tickle_put { TICKLE_KNOWN, TICKLE_ADDED, TICKLE_FULL };

struct tickle_list {
	uint64_t seed; /* clients choose their ports: without it they could make every look-up a long one */
	uint32_t count;
	uint64_t key[TICKLE_MAX];
	uint32_t mark[TICKLE_MAX];   /* when it was put last, in whatever the owner counts */
	uint16_t slot[TICKLE_SLOTS]; /* open addressing: 0 free, else index + 1 */
};

/* Addresses and ports in host order. */
static inline uint64_t tickle_key(uint32_t client_ipv4, uint16_t client_port, uint16_t local_port)
{
	return (uint64_t)client_ipv4 << 32 | (uint64_t)client_port << 16 | local_port;
}

static inline uint32_t tickle_client_ipv4(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

static inline uint16_t tickle_client_port(uint64_t key)
{
	return (uint16_t)(key >> 16);
}

static inline uint16_t tickle_local_port(uint64_t key)
{
	return (uint16_t)key;
}

/* An empty list; seed should be random. */
void tickle_list_start(struct tickle_list *l, uint64_t seed);

/* Takes everything out. */
void tickle_list_clear(struct tickle_list *l);

/* Puts key in, or only marks it again when it is there. TICKLE_FULL: it was not put. */
enum tickle_put tickle_list_put(struct tickle_list *l, uint64_t key, uint32_t mark);

bool tickle_list_has(const struct tickle_list *l, uint64_t key);

/* False if it was not there. The last one takes its place. */
bool tickle_list_remove(struct tickle_list *l, uint64_t key);

/* Takes out those whose mark is more than `age` behind `mark` (marks may wrap). Returns how many. */
uint32_t tickle_list_expire(struct tickle_list *l, uint32_t mark, uint32_t age);

#endif
