/*
 * The keys of the heartbeats, and how all members come to a new one without a pause. Pure.
 *
 * At most two keys are valid. Each member tells the others which it holds ON DISK and which it writes with. Then:
 *  1. Somebody wishes a new key. Member 0, when all hold one and the same key, makes it and stores it.
 *  2. Who holds it gives it to each member that tells it does not, sealed to a public key of that member's present life.
 *  3. Who is told that all hold it writes with it from then on, and stores that.
 *  4. Who is told that all write with it forgets the old one.
 * What a member has told stays true whatever becomes of it, so no step needs anybody's presence, and a loss of power at any
 * moment leaves every pair of members a key in common. A member that is away stops the next step, and nothing else; only
 * one member makes keys, so there are never two of one number.
 */
#ifndef HOLDFAST_HEARTBEAT_KEYRING_H
#define HOLDFAST_HEARTBEAT_KEYRING_H

#include "heartbeat/message.h"

#define KEYRING_KEYS 2
#define KEYRING_SECRET_BYTES 32
#define KEYRING_BYTES_MAX 128

struct keyring_key {
	uint32_t number; /* 0 is the one that is derived from the cluster key, and +1 each time */
	uint8_t secret[KEYRING_SECRET_BYTES];
};

/* What is stored. */
struct keyring {
	uint64_t cluster;
	uint8_t count; /* 1 or 2; the newer one is the last */
	uint8_t use;   /* index of the one to write with */
	struct keyring_key key[KEYRING_KEYS];
};

struct keyring_state {
	struct keyring ring; /* what we can read with; to be stored when `generation` is above `stored` */
	struct keyring disk; /* what is stored, told and written with */
	uint64_t generation, stored;
	uint32_t wish; /* number of the key that was asked for here; 0: none */
	uint8_t heard; /* bit n: word[n] is there */
	struct hb_keys word[HB_MEMBERS_MAX];
};

enum keyring_event {
	KEYRING_NOTHING,
	KEYRING_MADE,	/* 1 */
	KEYRING_TAKEN,	/* 2 */
	KEYRING_USED,	/* 3 */
	KEYRING_DROPPED /* 4 */
};

/* ring: as loaded, or the first one. */
void keyring_start(struct keyring_state *k, const struct keyring *ring);

/* Asks for a new key. 0; -EALREADY: one is under way. */
int keyring_ask(struct keyring_state *k);

/* That generation of the ring is on disk. */
void keyring_stored(struct keyring_state *k, uint64_t generation);

/* What this member tells: all but box and gift. */
void keyring_word(const struct keyring_state *k, struct hb_keys *ret);

/* A member's word was heard. */
void keyring_hear(struct keyring_state *k, uint8_t from, const struct hb_keys *word);

/* A key that was given to us; refused (KEYRING_NOTHING) when it is not the next one, or not needed. */
enum keyring_event keyring_take(struct keyring_state *k, const struct keyring_key *given);

/* The step that is due now, if any. members: how many there are, self: which of them we are; random: for a new key. */
enum keyring_event keyring_step(
    struct keyring_state *k, uint8_t members, uint8_t self, const uint8_t random[static KEYRING_SECRET_BYTES]);

/* The key that member has told it lacks and we may give; NULL: none. */
const struct keyring_key *keyring_gift(const struct keyring_state *k, uint8_t member);

/* The newest of our keys that this member can read, as far as it has told, and that we may write with. */
const struct keyring_key *keyring_for(const struct keyring_state *k, uint8_t member);

/* Is a new key wished, made or on its way, and bit n: does the next step wait for member n's word? */
bool keyring_is_rotating(const struct keyring_state *k);
uint8_t keyring_waits_for(const struct keyring_state *k, uint8_t members, uint8_t self);

static inline const struct keyring_key *keyring_newest(const struct keyring *r)
{
	return &r->key[r->count - 1];
}

/* The bytes of the file: their number; 0 or -EINVAL. */
size_t keyring_encode(const struct keyring *r, uint8_t buf[static KEYRING_BYTES_MAX]);
int keyring_decode(const uint8_t *buf, size_t size, struct keyring *ret);

#endif
