/* The database account of the standby: no secret of its own, it follows from the cluster key. */
#ifndef HOLDFAST_REPLICATION_PASSWORD_H
#define HOLDFAST_REPLICATION_PASSWORD_H

#include <stdint.h>

#include "heartbeat/err.h"

#define REPLICATION_USER "holdfast-replication"
#define REPLICATION_PASSWORD_BYTES 65

/* The password of REPLICATION_USER: 64 hex digits, the same on every node. 0, or -EIO: libsodium does not
 * start. */
int replication_password(const uint8_t key[static 32], char ret[static REPLICATION_PASSWORD_BYTES]);

/* The same for the key in a file (CONF_KEY_PATH). 0; -EINVAL: no 64 hex digits; -EIO or -errno; e is filled
 * unless 0. */
int replication_password_load(const char *key_path, char ret[static REPLICATION_PASSWORD_BYTES], struct errbuf *e);

#endif
