/*
 * What tickled says to the tickled of the other gateway, and its bytes. Around it is heartbeat/tickle_wire.h. Pure.
 *
 *   start 8 | sequence 8 | kind 1 | round 4 | added 2 | removed 2 | keys 8 each, the added first
 */
#ifndef HOLDFAST_HEARTBEAT_TICKLE_MESSAGE_H
#define HOLDFAST_HEARTBEAT_TICKLE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define TICKLE_KEYS_MAX 160u /* the datagram stays below 1,400 bytes: no fragments */
#define TICKLE_MESSAGE_BYTES_MAX (25 + 8 * TICKLE_KEYS_MAX)

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
	uint32_t round;	   /* HOLDS: how often all that is there has been told */
	uint16_t added, removed;
	uint64_t key[TICKLE_KEYS_MAX]; /* the added, then the removed */
};

/* Writes m, which must have at most TICKLE_KEYS_MAX keys. Returns the length. */
size_t tickle_message_encode(const struct tickle_message *m, uint8_t buf[static TICKLE_MESSAGE_BYTES_MAX]);

/* 0, or -EINVAL: not the whole of a message, or a value out of range. *ret is then undefined. */
int tickle_message_decode(const uint8_t *bytes, size_t size, struct tickle_message *ret);

#endif
