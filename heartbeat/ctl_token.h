/* The token, and the commands that take it. */
#ifndef HOLDFAST_HEARTBEAT_CTL_TOKEN_H
#define HOLDFAST_HEARTBEAT_CTL_TOKEN_H

#include <stdint.h>
#include <stdio.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/clusterkey.h"
#include "heartbeat/invite.h"
#include "heartbeat/keyring.h"
#include "heartbeat/roster.h"

/* What a new member has to know. ring: NULL for a new cluster, which has the first key only. This node comes first, for it is the one to ask. 0, or -EINVAL with e
 * filled: a witness has no virtual IP to tell of, or there are too many members. The caller wipes *ret. */
int ctl_token_fill(const struct conf *conf, const uint8_t key[static INVITE_KEY_BYTES], const struct keyring *ring,
    const struct settings_member *member, unsigned members, struct invite *ret, struct errbuf *e);

/* Prints the token, in a command for the gateway and one for the witness, as far as they are missing, with names that no member and
 * none of the worker hosts (NULL: there are none) has. 0, or -EINVAL or -EIO with e filled. */
int ctl_token_print(FILE *f, const struct conf *conf, const uint8_t key[static INVITE_KEY_BYTES],
    const struct keyring *ring, const struct settings_member *member, unsigned members, const struct roster *hosts,
    struct errbuf *e);

/* Of this machine and what its heartbeatd answers. Has secrets: the caller wipes it, also after an error. */
struct ctl_token_source {
	struct conf conf;
	uint8_t key[CLUSTERKEY_BYTES];
	struct keyring ring;
	struct settings_member member[CTL_MEMBERS_MAX];
	unsigned members;
};

/* 0; with e filled -ENOENT this machine is no member, -EINVAL its configuration is not good, or what clusterkey_load, keyfile_load, ctl_members_ask return. */
int ctl_token_load(struct ctl_token_source *ret, struct errbuf *e);

/* Prints the token and the command for the machine that takes the place of that member. 0, or -EINVAL or -EIO with e filled. */
int ctl_token_print_replacement(
    FILE *f, const struct ctl_token_source *s, const struct settings_member *gone, struct errbuf *e);

#endif
