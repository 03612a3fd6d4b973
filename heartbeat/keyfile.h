/* The keys of the heartbeats on disk, beside the register. As long as no key was ever replaced there is no file. */
#ifndef HOLDFAST_HEARTBEAT_KEYFILE_H
#define HOLDFAST_HEARTBEAT_KEYFILE_H

#include "heartbeat/err.h"
#include "heartbeat/keyring.h"
#include "heartbeat/wire.h"

#define KEYFILE_NAME "keys"
#define KEYFILE_PATH "/var/lib/holdfast/heartbeat/" KEYFILE_NAME

/* The first ring of a cluster, which follows from its key. */
void keyfile_first(const uint8_t cluster_key[static WIRE_KEY_BYTES], struct keyring *ret);

/* What is in the file, or, if there is none, the first ring. 0; -EBADMSG: damaged, or of another cluster; -EPROTONOSUPPORT: of
 * another version; or -errno. *e is filled unless 0. The caller wipes it. */
int keyfile_load(
    const char *path, const uint8_t cluster_key[static WIRE_KEY_BYTES], struct keyring *ret, struct errbuf *e);

/* Durable when it returns 0; otherwise -errno with *e filled and the old file still whole. */
int keyfile_store(const char *path, const struct keyring *ring, struct errbuf *e);

#endif
