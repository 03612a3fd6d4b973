#include "heartbeat/keyring.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "heartbeat/codec.h"

#define MAKER 0 /* member that makes the keys */

/* Tells two keys of one number apart, and tells nothing else. */
static uint64_t print_of(const struct keyring_key *k)
{
	static const char purpose[] = "holdfast key print";
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint64_t ret;
	int failed = crypto_generichash(
	    hash, sizeof(hash), (const uint8_t *)purpose, sizeof(purpose) - 1, k->secret, sizeof(k->secret));

	assert(!failed);
	memcpy(&ret, hash, sizeof(ret));
	return ret;
}

void keyring_start(struct keyring_state *k, const struct keyring *ring)
{
	*k = (struct keyring_state){.ring = *ring, .disk = *ring};
}

int keyring_ask(struct keyring_state *k)
{
	if (keyring_is_rotating(k))
		return -EALREADY;
	k->wish = keyring_newest(&k->ring)->number + 1;
	return 0;
}

void keyring_stored(struct keyring_state *k, uint64_t generation)
{
	k->stored = generation;
	if (k->stored == k->generation)
		k->disk = k->ring;
}

void keyring_word(const struct keyring_state *k, struct hb_keys *ret)
{
	*ret = (struct hb_keys){
	    .oldest = k->disk.key[0].number,
	    .newest = keyring_newest(&k->disk)->number,
	    .use = k->disk.key[k->disk.use].number,
	    .print = print_of(keyring_newest(&k->disk)),
	    .wish = k->wish,
	};
}

void keyring_hear(struct keyring_state *k, uint8_t from, const struct hb_keys *word)
{
	if (from >= HB_MEMBERS_MAX)
		return;
	k->word[from] = *word;
	k->heard |= (uint8_t)(1u << from);
}

static void add(struct keyring_state *k, const struct keyring_key *key)
{
	k->ring.key[k->ring.count++] = *key;
	k->generation++;
}

enum keyring_event keyring_take(struct keyring_state *k, const struct keyring_key *given)
{
	if (k->ring.count == KEYRING_KEYS || given->number != keyring_newest(&k->ring)->number + 1)
		return KEYRING_NOTHING;
	add(k, given);
	return KEYRING_TAKEN;
}

enum step { STEP_MAKE, STEP_USE, STEP_DROP };

static enum step next_step(const struct keyring *r)
{
	if (r->count < KEYRING_KEYS)
		return STEP_MAKE;
	return r->use == 0 ? STEP_USE : STEP_DROP;
}

/* Has it told what the step needs? */
static bool is_ready(const struct keyring_state *k, enum step step, uint8_t member)
{
	const struct hb_keys *w = &k->word[member];
	const struct keyring_key *newest = keyring_newest(&k->disk);

	if (!(k->heard >> member & 1) || w->newest != newest->number || w->print != print_of(newest))
		return false;
	if (step == STEP_MAKE)
		return w->oldest == w->newest;
	return step == STEP_USE || w->use == newest->number;
}

/* Whatever it has told: the key that is wished is the maker's to make. */
static bool makes(const struct keyring_state *k, uint8_t member)
{
	return member == MAKER && next_step(&k->disk) == STEP_MAKE;
}

uint8_t keyring_waits_for(const struct keyring_state *k, uint8_t members, uint8_t self)
{
	uint8_t ret = 0;

	for (uint8_t i = 0; i < members; i++)
		if (i != self && (!is_ready(k, next_step(&k->disk), i) || makes(k, i)))
			ret |= (uint8_t)(1u << i);
	return ret;
}

static bool is_wished(const struct keyring_state *k)
{
	uint32_t next = keyring_newest(&k->ring)->number + 1;

	for (uint8_t i = 0; i < HB_MEMBERS_MAX; i++)
		if ((k->heard >> i & 1) && k->word[i].wish == next)
			return true;
	return k->wish == next;
}

bool keyring_is_rotating(const struct keyring_state *k)
{
	return k->ring.count == KEYRING_KEYS || k->disk.count == KEYRING_KEYS || is_wished(k);
}

static enum keyring_event make(struct keyring_state *k, uint8_t self, const uint8_t random[static KEYRING_SECRET_BYTES])
{
	struct keyring_key key = {.number = keyring_newest(&k->ring)->number + 1};

	if (self != MAKER || !is_wished(k))
		return KEYRING_NOTHING;
	memcpy(key.secret, random, sizeof(key.secret));
	add(k, &key);
	sodium_memzero(&key, sizeof(key));
	return KEYRING_MADE;
}

static enum keyring_event drop(struct keyring_state *k)
{
	k->ring.key[0] = k->ring.key[1];
	sodium_memzero(&k->ring.key[1], sizeof(k->ring.key[1]));
	k->ring.count = 1;
	k->ring.use = 0;
	k->generation++;
	return KEYRING_DROPPED;
}

enum keyring_event keyring_step(
    struct keyring_state *k, uint8_t members, uint8_t self, const uint8_t random[static KEYRING_SECRET_BYTES])
{
	/* One after the other: what comes next depends on what is on disk. */
	if (k->stored != k->generation || self >= members || keyring_waits_for(k, members, self))
		return KEYRING_NOTHING;
	switch (next_step(&k->ring)) {
	case STEP_MAKE: return make(k, self, random);
	case STEP_USE:
		k->ring.use = 1;
		k->generation++;
		return KEYRING_USED;
	case STEP_DROP: return drop(k);
	}
	return KEYRING_NOTHING;
}

const struct keyring_key *keyring_gift(const struct keyring_state *k, uint8_t member)
{
	const struct keyring_key *newest = keyring_newest(&k->disk);

	if (member >= HB_MEMBERS_MAX || !(k->heard >> member & 1) || k->word[member].newest + 1 != newest->number)
		return NULL;
	return newest;
}

const struct keyring_key *keyring_for(const struct keyring_state *k, uint8_t member)
{
	const struct keyring *r = &k->disk;
	const struct keyring_key *use = &r->key[r->use];

	if (member < HB_MEMBERS_MAX && (k->heard >> member & 1) && k->word[member].newest < use->number)
		return &r->key[0];
	return use;
}

static void ring(struct codec *c, struct keyring *r)
{
	struct codec_block b;

	codec_open(c, &b);
	codec_u64(c, &r->cluster);
	codec_u8(c, &r->count);
	codec_u8(c, &r->use);
	if (r->count < 1 || r->count > KEYRING_KEYS || r->use >= r->count) {
		c->failed = true;
		r->count = 0;
	}
	for (unsigned i = 0; i < r->count; i++) {
		codec_u32(c, &r->key[i].number);
		codec_bytes(c, r->key[i].secret, sizeof(r->key[i].secret));
	}
	codec_close(c, &b);
}

size_t keyring_encode(const struct keyring *r, uint8_t buf[static KEYRING_BYTES_MAX])
{
	struct codec c = {.out = buf, .size = KEYRING_BYTES_MAX};
	struct keyring copy = *r;

	ring(&c, &copy);
	assert(!c.failed);
	sodium_memzero(&copy, sizeof(copy));
	return c.at;
}

int keyring_decode(const uint8_t *buf, size_t size, struct keyring *ret)
{
	struct codec c = {.in = buf, .size = size};

	memset(ret, 0, sizeof(*ret));
	ring(&c, ret);
	return c.failed || c.at != size ? -EINVAL : 0;
}
