/*
 * The envelope of tickled's datagrams: as heartbeat/wire.h, with a key of its own derived from the cluster key. Pure.
 *
 *   magic 2 | version 1 | 0 | cluster id 8 | nonce 24 | sealed message | tag 16
 */
#ifndef HOLDFAST_HEARTBEAT_TICKLE_WIRE_H
#define HOLDFAST_HEARTBEAT_TICKLE_WIRE_H

#include <stdbool.h>

#include "heartbeat/tickle_message.h"

#define TICKLE_WIRE_VERSION 1
#define TICKLE_WIRE_KEY_BYTES 32
#define TICKLE_WIRE_NONCE_BYTES 24
#define TICKLE_WIRE_HEADER_BYTES 36
#define TICKLE_DATAGRAM_BYTES_MAX (TICKLE_WIRE_HEADER_BYTES + TICKLE_MESSAGE_BYTES_MAX + 16)

struct tickle_wire {
	uint8_t key[TICKLE_WIRE_KEY_BYTES];
	uint64_t cluster;
};

/* What was heard from one sender. */
struct tickle_window {
	uint64_t start, top, seen; /* bit n of seen: top - n was taken */
	uint64_t heard_us;
};

void tickle_wire_start(struct tickle_wire *w, const uint8_t cluster_key[static TICKLE_WIRE_KEY_BYTES]);

/* Seals m into buf with a nonce that the caller drew at random. Returns the length. */
size_t tickle_wire_seal(const struct tickle_wire *w, const struct tickle_message *m,
    const uint8_t nonce[static TICKLE_WIRE_NONCE_BYTES], uint8_t buf[static TICKLE_DATAGRAM_BYTES_MAX]);

/* 0 and *ret filled; -EINVAL: garbage, another cluster, another key; -ENOTSUP: another version. */
int tickle_wire_open(const struct tickle_wire *w, const uint8_t *datagram, size_t size, struct tickle_message *ret);

/* True and noted if the message is new: its sequence was not taken yet and is not too old. An earlier start counts only
 * after the later one has been silent for 10 s, so that a sender whose clock was set back is heard again; what somebody
 * else may then repeat is a list of connections that are gone, and a tickle to such a client does no harm. */
bool tickle_window_take(struct tickle_window *v, const struct tickle_message *m, uint64_t now_us);

#endif
