/*
 * A set of TCP connections to the virtual IP: client's address, client's port, our port; up to TICKLE_MAX. Pure.
 * The order in which they stand in key[] is stable while nothing is taken out.
 */
#ifndef HOLDFAST_HEARTBEAT_TICKLE_LIST_H
#define HOLDFAST_HEARTBEAT_TICKLE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/ip.h"

#define TICKLE_MAX 10000u
#define TICKLE_SLOTS 32768u /* a power of two, three times TICKLE_MAX */

enum tickle_put { TICKLE_KNOWN, TICKLE_ADDED, TICKLE_FULL };

struct tickle_key {
	struct ip client;
	uint16_t client_port, local_port; /* host order */
};

struct tickle_list {
	uint64_t seed; /* clients choose their ports: without it they could make every look-up a long one */
	uint32_t count;
	struct tickle_key key[TICKLE_MAX];
	uint32_t mark[TICKLE_MAX];   /* when it was put last, in whatever the owner counts */
	uint16_t slot[TICKLE_SLOTS]; /* open addressing: 0 free, else index + 1 */
};

/* An empty list; seed should be random. */
void tickle_list_start(struct tickle_list *l, uint64_t seed);

/* Takes everything out. */
void tickle_list_clear(struct tickle_list *l);

/* Puts key in, or only marks it again when it is there. TICKLE_FULL: it was not put. */
enum tickle_put tickle_list_put(struct tickle_list *l, const struct tickle_key *key, uint32_t mark);

bool tickle_list_has(const struct tickle_list *l, const struct tickle_key *key);

/* False if it was not there. The last one takes its place. */
bool tickle_list_remove(struct tickle_list *l, const struct tickle_key *key);

/* Takes out those whose mark is more than `age` behind `mark` (marks may wrap). Returns how many. */
uint32_t tickle_list_expire(struct tickle_list *l, uint32_t mark, uint32_t age);

#endif
