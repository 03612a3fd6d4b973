/* The token that `holdfastctl init` prints and `join` takes: all that a new member has to know, in one word. */
#ifndef HOLDFAST_HEARTBEAT_INVITE_H
#define HOLDFAST_HEARTBEAT_INVITE_H

#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/keyring.h"

#define INVITE_VERSION                                                                                                 \
	3 /* 1 until the key of the heartbeats is replaced for the first time, then 2; 3 with members of IPv6 */
#define INVITE_KEY_BYTES 32
#define INVITE_MEMBERS_MAX 5
#define INVITE_TEXT_BYTES 1024

struct invite_member {
	char name[16];
	char address[48]; /* numeric */
	uint32_t kind;	  /* enum conf_kind */
};

struct invite {
	uint8_t key[INVITE_KEY_BYTES]; /* the cluster key: a secret, never logged */
	struct keyring ring; /* of the heartbeats, as the member has it that made the token; count 0: the first */
	char cluster[16];
	char vip[56];
	uint32_t heartbeat_port, interval_ms, lease_ms, peer_timeout_ms;
	uint32_t database_port, mesh_http_port, mesh_ledger_port, mesh_seed_port; /* the same on all nodes */
	uint32_t members; /* at least 1; the first is the one to ask for admission */
	struct invite_member member[INVITE_MEMBERS_MAX];
};

/* Writes the token, terminated. 0, or -EINVAL when a field has no place in a token. */
int invite_format(const struct invite *invite, char ret[static INVITE_TEXT_BYTES]);

/* Takes a token back. 0, or with *e filled: -EPROTONOSUPPORT made by another version, -EBADMSG damaged or not a token
 * at all. *ret is cleared on error. */
int invite_parse(const char *text, struct invite *ret, struct errbuf *e);

/* A new random cluster key. */
void invite_new_key(uint8_t ret[static INVITE_KEY_BYTES]);

#endif
