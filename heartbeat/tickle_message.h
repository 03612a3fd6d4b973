/*
 * What tickled says to the tickled of the other gateway, and its bytes. Around it is heartbeat/tickle_wire.h. Pure.
 *
 *   start 8 | sequence 8 | kind 1 | round 4 | added 2 | removed 2 | keys, the added first
 *
 * A key is our port, the client's and its address: 8 bytes, or 20 when the kind has TICKLE_V6 set. All of one message are of one family, for
 * so are all clients of one virtual IP.
 */
#ifndef HOLDFAST_HEARTBEAT_TICKLE_MESSAGE_H
#define HOLDFAST_HEARTBEAT_TICKLE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/tickle_list.h"

#define TICKLE_KEYS_MAX 160u   /* the datagram stays below 1,400 bytes: no fragments */
#define TICKLE_KEYS_MAX_V6 64u /* the same */
#define TICKLE_MESSAGE_BYTES_MAX (25 + 8 * TICKLE_KEYS_MAX)
#define TICKLE_V6 0x80u /* on the wire, added to the kind */

enum tickle_kind {
	TICKLE_HOLDS = 1, /* from the holder of the address: these are there, these are gone */
	TICKLE_ASK,	  /* from a new holder: what do you know? */
	TICKLE_REPORT,	  /* the answer: `added` only */
	TICKLE_KINDS
};

struct tickle_message {
	uint64_t start;	   /* of the sender's program: when, in microseconds; later ones are greater */
	uint64_t sequence; /* of this start, from 1 */
	uint8_t kind;	   /* enum tickle_kind */
	bool v6;	   /* the keys are of IPv6 */
	uint32_t round;	   /* HOLDS: how often all that is there has been told */
	uint16_t added, removed;
	struct tickle_key key[TICKLE_KEYS_MAX]; /* the added, then the removed */
};

/* So many keys has a message at most. */
static inline uint32_t tickle_message_room(bool v6)
{
	return v6 ? TICKLE_KEYS_MAX_V6 : TICKLE_KEYS_MAX;
}

/* Writes m, which must not have more keys than there is room for, all of its family. Returns the length. */
size_t tickle_message_encode(const struct tickle_message *m, uint8_t buf[static TICKLE_MESSAGE_BYTES_MAX]);

/* 0, or -EINVAL: not the whole of a message, or a value out of range. *ret is then undefined. */
int tickle_message_decode(const uint8_t *bytes, size_t size, struct tickle_message *ret);

#endif
