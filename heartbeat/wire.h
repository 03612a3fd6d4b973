/*
 * The envelope of a datagram: version, key number and cluster in clear, everything else sealed with a key of the cluster
 * (XChaCha20-Poly1305, libsodium). A sequence number inside and a window per sender and start refuse replays. Pure.
 *
 *   magic 2 | version 1 | reads 4 bits, key number 4 bits | cluster id 8 | nonce 24 | sealed { sequence 8 | message } | tag 16
 *
 * This head is the same in every version, and what is in clear is authenticated with the rest. `reads` is the highest version
 * that the sender can read (one that knows only version 1 has zero there). A member is spoken to in the highest version that it and we can read;
 * one that has not been heard yet in all of them in turn. A new version is for a change that heartbeat/codec.h cannot grow.
 */
#ifndef HOLDFAST_HEARTBEAT_WIRE_H
#define HOLDFAST_HEARTBEAT_WIRE_H

#include "heartbeat/message.h"

#define WIRE_VERSION_MIN 1
#define WIRE_VERSION 2
#define WIRE_KEY_BYTES 32
#define WIRE_HEADER_BYTES 36
#define WIRE_DATAGRAM_BYTES_MAX (WIRE_HEADER_BYTES + 8 + HB_MESSAGE_BYTES_MAX + 16)
#define WIRE_PATHS 2
#define WIRE_KEYS 2
#define WIRE_KEY_NUMBERS 16 /* in the envelope; they go round */

/* Why a datagram was dropped. */
#define WIRE_DROPS(X)                                                                                                  \
	X(GARBAGE, "garbage")                                                                                          \
	X(OTHER_CLUSTER, "other-cluster")                                                                              \
	X(WRONG_KEY, "wrong-key")                                                                                      \
	X(OTHER_VERSION, "other-version")                                                                              \
	X(REPLAYED, "replayed")
enum wire_drop {
#define X(id, text) WIRE_##id,
	WIRE_DROPS(X)
#undef X
	    WIRE_DROP_COUNT
};

struct wire_key {
	bool there;
	uint8_t number; /* below WIRE_KEY_NUMBERS */
	uint8_t secret[WIRE_KEY_BYTES];
};

/* How a datagram is, or is to be, written. */
struct wire_way {
	uint8_t version, key;
};

struct wire_peer {
	uint64_t boot, top, seen[WIRE_PATHS]; /* bit n of seen: top - n came that way */
	uint8_t reads;			      /* highest version that it can read; 0: not heard yet */
	uint64_t turn;			      /* until then */
	uint8_t key;			      /* it wrote with last */
	uint64_t
	    instance; /* as the record names it; 0: not known here. What another one says under this number is not for us */
};

struct wire {
	uint64_t cluster; /* id derived from the cluster key */
	struct wire_key key[WIRE_KEYS];
	uint8_t use;			 /* number of the key that we write with */
	uint8_t use_for[HB_MEMBERS_MAX]; /* the same for one that is known to read it */
	uint8_t told;			 /* bit n: use_for[n] is valid; otherwise the one it wrote with last will do */
	uint8_t reads;			 /* WIRE_VERSION; a test of upgrades may make it less */
	uint64_t sequence;
	struct wire_peer peer[HB_MEMBERS_MAX + 1]; /* the last: whoever is not a member */
	uint64_t dropped[WIRE_DROP_COUNT];
};

/* Begins with one key, number 0, derived from the cluster key; so is the id, for good. */
void wire_start(struct wire *w, const uint8_t cluster_key[static WIRE_KEY_BYTES]);

/* Under that number the record names that instance now. One that has taken the place of another begins with an empty window. */
void wire_name(struct wire *w, uint8_t member, uint64_t instance);

/* In which version and with which key to write to that member number; any other number: to somebody unknown. */
struct wire_way wire_way_to(struct wire *w, uint8_t member);

/* Seals m into buf with a nonce that the caller drew at random. Returns the length; 0: that version cannot say it, or there
 * is no such key. */
size_t wire_seal(struct wire *w, struct wire_way way, const struct hb_message *m, const uint8_t nonce[static 24],
    uint8_t buf[static WIRE_DATAGRAM_BYTES_MAX]);

/* path: the one it came by. 0 with *ret and *way filled; 1, the same: the second copy of one that came by another path
 * already; -EINVAL: garbage, another cluster or another installation of that member, wrong key; -ENOTSUP: another version, or a message that only a later release
 * knows; -EALREADY: replayed. Each of these counts in w->dropped and changes nothing else. -EAGAIN: from one that could
 * have used a higher version, had it heard us: it will. */
int wire_open(
    struct wire *w, unsigned path, const uint8_t *datagram, size_t size, struct wire_way *way, struct hb_message *ret);

/* Does its head name our cluster, in a version that we read? It may be of a member that was replaced, whatever wire_open says. */
bool wire_is_ours(const struct wire *w, const uint8_t *datagram, size_t size);

const char *wire_drop_text(enum wire_drop why);

#endif
