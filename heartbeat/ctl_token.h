/* The token, and the commands that take it. */
#ifndef HOLDFAST_HEARTBEAT_CTL_TOKEN_H
#define HOLDFAST_HEARTBEAT_CTL_TOKEN_H

#include <stdint.h>
#include <stdio.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/invite.h"

/* What a new member has to know. ring: NULL for a new cluster, which has the first key only. This node comes first, for it is the one to ask. 0, or -EINVAL with e
 * filled: a witness has no virtual IP to tell of, or there are too many members. The caller wipes *ret. */
int ctl_token_fill(const struct conf *conf, const uint8_t key[static INVITE_KEY_BYTES], const struct keyring *ring,
    const struct settings_member *member, unsigned members, struct invite *ret, struct errbuf *e);

/* Prints the token, in a command for the gateway and one for the witness, as far as they are missing. 0, or
 * -EINVAL or -EIO with e filled. */
int ctl_token_print(FILE *f, const struct conf *conf, const uint8_t key[static INVITE_KEY_BYTES],
    const struct keyring *ring, const struct settings_member *member, unsigned members, struct errbuf *e);

#endif
