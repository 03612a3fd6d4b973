/*
 * The envelope of a datagram: version and cluster in clear, everything else sealed with the cluster key
 * (XChaCha20-Poly1305, libsodium). A sequence number inside and a window per sender and start refuse replays.
 *
 *   magic 2 | version 1 | key number 1 | cluster id 8 | nonce 24 | sealed { sequence 8 | message } | tag 16
 */
#ifndef HOLDFAST_HEARTBEAT_WIRE_H
#define HOLDFAST_HEARTBEAT_WIRE_H

#include "heartbeat/message.h"

#define WIRE_VERSION 1
#define WIRE_KEY_BYTES 32
#define WIRE_HEADER_BYTES 36
#define WIRE_DATAGRAM_BYTES_MAX (WIRE_HEADER_BYTES + 8 + HB_MESSAGE_BYTES_MAX + 16)

struct wire_window {
	uint64_t boot, top, seen; /* bit n of seen: top - n was taken */
};

struct wire {
	uint8_t key[WIRE_KEY_BYTES]; /* derived from the cluster key */
	uint64_t cluster;	     /* id derived from the cluster key */
	uint64_t sequence;
	struct wire_window window[HB_MEMBERS_MAX];
	uint64_t dropped; /* datagrams that were not ours, not whole, or not new */
};

void wire_start(struct wire *w, const uint8_t cluster_key[static WIRE_KEY_BYTES]);

/* Seals m into buf with a nonce that the caller drew at random. Returns the length. */
size_t wire_seal(struct wire *w, const struct hb_message *m, const uint8_t nonce[static 24],
    uint8_t buf[static WIRE_DATAGRAM_BYTES_MAX]);

/* 0 and *ret filled; -EINVAL: garbage, another cluster, wrong key; -ENOTSUP: another version; -EALREADY: replayed.
 * Each but 0 counts in w->dropped and changes nothing else. */
int wire_open(struct wire *w, const uint8_t *datagram, size_t size, struct hb_message *ret);

#endif
