/* The token that `holdfastctl worker add` prints and `join --worker` takes: what one worker host has to know, in one word. It has the host's own
 * key, and not the cluster's: nobody can become a member with it, or another worker host. */
#ifndef HOLDFAST_HEARTBEAT_HOSTINVITE_H
#define HOLDFAST_HEARTBEAT_HOSTINVITE_H

#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/pki.h"
#include "heartbeat/roster.h"

#define HOSTINVITE_PREFIX "hfw1-"
#define HOSTINVITE_TEXT_BYTES 3072
#define HOSTINVITE_GATEWAYS 2

struct hostinvite {
	uint8_t seed[PKI_KEY_BYTES]; /* of its private key: a secret, never logged */
	char cluster[16], name[16], address[48], id[ROSTER_ID_BYTES];
	uint32_t mesh_http_port, mesh_ledger_port;
	struct {
		char name[16], address[48];
	} gateway[HOSTINVITE_GATEWAYS];
	char ca[PKI_PEM_BYTES], certificate[PKI_PEM_BYTES];
};

/* Writes the token, terminated. 0, or -EINVAL when a field has no place in a token. */
int hostinvite_format(const struct hostinvite *invite, char ret[static HOSTINVITE_TEXT_BYTES]);

/* Takes a token back. 0, or -EBADMSG with *e filled: damaged, of another release, or no such token at all. *ret is cleared on error. */
int hostinvite_parse(const char *text, struct hostinvite *ret, struct errbuf *e);

#endif
