/* Letters under way: a heap ordered by the time of delivery. A full one loses letters, as networks do. */
#ifndef HOLDFAST_TESTS_SIMULATION_NETWORK_H
#define HOLDFAST_TESTS_SIMULATION_NETWORK_H

#include "heartbeat/message.h"

#define NETWORK_LETTERS 512
#define NETWORK_MAILBOX 100 /* of them for one member: more do not wait for one that does not look */

struct network_slot {
	uint64_t at_us;
	uint16_t letter;
};

struct network_letter {
	uint8_t from, to;
	struct hb_message message;
};

struct network {
	unsigned count;			  /* of `heap`; the letters not in use are heap[count] and above */
	unsigned waiting[HB_MEMBERS_MAX]; /* for each member */
	struct network_slot heap[NETWORK_LETTERS];
	struct network_letter letter[NETWORK_LETTERS];
};

void network_clear(struct network *n);

/* The same letters under way; copies no others. */
void network_copy(struct network *n, const struct network *from);

void network_send(struct network *n, uint8_t from, uint8_t to, const struct hb_message *m, uint64_t at_us);

/* When the next one is due; UINT64_MAX: none. */
static inline uint64_t network_next_us(const struct network *n)
{
	return n->count ? n->heap[0].at_us : UINT64_MAX;
}

/* Takes the next one; valid until the next network_send. */
struct network_letter *network_take(struct network *n);

/* The next one comes later. */
void network_put_off(struct network *n, uint64_t at_us);

/* Loses what is under way to that member. */
void network_forget(struct network *n, uint8_t to);

#endif
