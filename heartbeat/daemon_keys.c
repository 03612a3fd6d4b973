#include "heartbeat/daemon.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/keyfile.h"
#include "heartbeat/log.h"

#define TELL_US 1000000

static_assert(HB_BOX_BYTES == crypto_box_PUBLICKEYBYTES && HB_BOX_BYTES == crypto_box_SECRETKEYBYTES, "box");
static_assert(HB_GIFT_BYTES == crypto_box_SEALBYTES + KEYRING_SECRET_BYTES, "gift");
static_assert(KEYRING_SECRET_BYTES == WIRE_KEY_BYTES && KEYRING_KEYS == WIRE_KEYS, "keys");

static uint8_t wire_number(const struct keyring_key *k)
{
	return (uint8_t)(k->number % WIRE_KEY_NUMBERS);
}

void daemon_keys_enter(struct wire *w, const struct keyring *ring)
{
	for (unsigned i = 0; i < KEYRING_KEYS; i++) {
		w->key[i] = (struct wire_key){.there = i < ring->count};
		if (!w->key[i].there)
			continue;
		w->key[i].number = wire_number(&ring->key[i]);
		memcpy(w->key[i].secret, ring->key[i].secret, WIRE_KEY_BYTES);
	}
	w->use = wire_number(&ring->key[ring->use]);
}

/* Reads with what there is, writes with what is on disk, to each member with what it has told it can read. */
static void use_keys(struct daemon *d)
{
	const struct keyring_state *k = &d->keys;
	struct wire *w = &d->wire;

	daemon_keys_enter(w, &k->ring);
	w->use = wire_number(&k->disk.key[k->disk.use]);
	w->told = k->heard;
	for (uint8_t i = 0; i < HB_MEMBERS_MAX; i++)
		w->use_for[i] = wire_number(keyring_for(k, i));
}

int daemon_keys_open(struct daemon *d, const uint8_t *cluster_key, struct errbuf *e)
{
	const char *slash = strrchr(d->state_path, '/');
	int directory = slash ? (int)(slash - d->state_path) + 1 : 0;
	struct keyring ring;
	int code;

	if ((size_t)snprintf(d->keys_path, sizeof(d->keys_path), "%.*s" KEYFILE_NAME, directory, d->state_path) >=
	    sizeof(d->keys_path))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", d->state_path);
	code = keyfile_load(d->keys_path, cluster_key, &ring, e);
	if (!code) {
		wire_start(&d->wire, cluster_key);
		keyring_start(&d->keys, &ring);
		crypto_box_keypair(d->box_public, d->box_secret);
		use_keys(d);
	}
	sodium_memzero(&ring, sizeof(ring));
	return code;
}

static const struct hb_record *members_of(const struct daemon *d)
{
	return &d->node.acceptor.reg.accepted;
}

static void tell(struct daemon *d, uint8_t to, bool with_gift)
{
	const struct keyring_key *gift = with_gift ? keyring_gift(&d->keys, to) : NULL;
	struct hb_letter l = {.to = to, .message = {.type = HB_KEYS, .from = d->node.self}};
	struct hb_keys *w = &l.message.keys;

	l.message.boot = d->node.acceptor.reg.boot;
	l.message.instance = d->node.acceptor.reg.instance;
	keyring_word(&d->keys, w);
	memcpy(w->box, d->box_public, sizeof(w->box));
	if (gift && crypto_box_seal(w->gift, gift->secret, sizeof(gift->secret), d->keys.word[to].box) == 0)
		w->gift_number = gift->number;
	daemon_net_send(d, &l);
}

static void tell_all(struct daemon *d, uint64_t now_us)
{
	if (d->node.self == HB_NOBODY)
		return;
	d->keys_told_us = now_us;
	for (uint8_t i = 0; i < members_of(d)->members; i++)
		if (i != d->node.self)
			tell(d, i, true);
}

static void note(const struct daemon *d, enum keyring_event event)
{
	static const char *const names[] = {
	    [KEYRING_MADE] = "key.make",
	    [KEYRING_TAKEN] = "key.take",
	    [KEYRING_USED] = "key.use",
	    [KEYRING_DROPPED] = "key.drop",
	};

	LOG(LOG_NOTICE, names[event], KV_U("number", keyring_newest(&d->keys.ring)->number));
}

static void happened(struct daemon *d, enum keyring_event event)
{
	if (event == KEYRING_NOTHING)
		return;
	note(d, event);
	use_keys(d);
	daemon_store_keys(d, &d->keys.ring, d->keys.generation);
}

static void step(struct daemon *d)
{
	uint8_t random[KEYRING_SECRET_BYTES];

	randombytes_buf(random, sizeof(random));
	happened(d, keyring_step(&d->keys, members_of(d)->members, d->node.self, random));
	sodium_memzero(random, sizeof(random));
}

static void take_gift(struct daemon *d, const struct hb_keys *w)
{
	struct keyring_key given = {.number = w->gift_number};

	if (crypto_box_seal_open(given.secret, w->gift, sizeof(w->gift), d->box_public, d->box_secret) == 0)
		happened(d, keyring_take(&d->keys, &given));
	sodium_memzero(&given, sizeof(given));
}

void daemon_keys_hear(struct daemon *d, const struct hb_message *m)
{
	const struct hb_record *r = members_of(d);

	if (m->from >= r->members || m->from == d->node.self || r->member[m->from].instance != m->instance)
		return;
	keyring_hear(&d->keys, m->from, &m->keys);
	use_keys(d);
	if (m->keys.gift_number)
		take_gift(d, &m->keys);
	if (keyring_gift(&d->keys, m->from))
		tell(d, m->from, true);
	step(d);
}

void daemon_keys_stored(struct daemon *d, uint64_t generation)
{
	if (generation == d->keys.stored)
		return;
	keyring_stored(&d->keys, generation);
	use_keys(d);
	tell_all(d, clock_boottime_us());
	step(d);
}

void daemon_keys_look(struct daemon *d, uint64_t now_us)
{
	if (now_us < d->keys_told_us + TELL_US || d->node.given_up.epoch)
		return;
	tell_all(d, now_us);
	step(d);
}

int daemon_keys_ask(struct daemon *d)
{
	int code = keyring_ask(&d->keys);

	if (code)
		return code;
	LOG(LOG_NOTICE, "key.ask", KV_U("number", d->keys.wish));
	step(d);
	tell_all(d, clock_boottime_us());
	return 0;
}
