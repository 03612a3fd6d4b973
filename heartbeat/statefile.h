/* The register on disk: one file with magic, version, length and checksum, replaced by write, fsync, rename, fsync. */
#ifndef HOLDFAST_HEARTBEAT_STATEFILE_H
#define HOLDFAST_HEARTBEAT_STATEFILE_H

#include "heartbeat/acceptor.h"
#include "heartbeat/message.h"
#include "heartbeat/err.h"

/* Written as version 2. Version 1 is read as well; a version that is newer than ours is refused, since what it means is
 * unknown. Fields may be added by the rule of heartbeat/codec.h without a new version, if an older release may lose them. */
#define STATEFILE_VERSION 2

/* 0; -ENOENT: there is none; -EBADMSG: damaged, or of another cluster; -EPROTONOSUPPORT: of another version: a refusal that
 * says so, never a silent reset; or -errno. *e is filled unless 0. */
int statefile_load(const char *path, uint64_t cluster, struct hb_register *ret, struct errbuf *e);

/* Durable when it returns 0; otherwise -errno with *e filled and the old file still whole. */
int statefile_store(const char *path, const struct hb_register *reg, struct errbuf *e);

/* The same bytes without a file, for tests: returns the length; 0, -EBADMSG, -EPROTONOSUPPORT with *version filled. */
#define STATEFILE_BYTES_MAX (16 + HB_REGISTER_BYTES_MAX + 32)
size_t statefile_encode(const struct hb_register *reg, uint8_t buf[static STATEFILE_BYTES_MAX]);
int statefile_decode(const uint8_t *buf, size_t size, uint32_t *version, struct hb_register *ret);

#endif
