/* A small binary file that is whole or not there: magic, version, length, body, checksum; replaced by write, fsync, rename,
 * fsync of the directory. */
#ifndef HOLDFAST_HEARTBEAT_FRAMEDFILE_H
#define HOLDFAST_HEARTBEAT_FRAMEDFILE_H

#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"

#define FRAMEDFILE_OVERHEAD_BYTES 48
#define FRAMEDFILE_BYTES_MAX 8192 /* that a later release may write and we still recognise as whole */

/* What a file of that kind begins with, and which versions of the body this release reads and writes. */
struct framedfile_kind {
	char magic[8];
	uint32_t oldest, newest;
};

/* The bytes of a file: returns their number. buf has room for size and FRAMEDFILE_OVERHEAD_BYTES. */
size_t framedfile_encode(const struct framedfile_kind *kind, const uint8_t *body, size_t size, uint8_t *buf);

/* 0 with *version, *body (into buf) and *body_size; -EBADMSG: damaged, or another kind of file; -EPROTONOSUPPORT: of another
 * version, which is filled in. */
int framedfile_decode(const struct framedfile_kind *kind, const uint8_t *buf, size_t size, uint32_t *version,
    const uint8_t **body, size_t *body_size);

/* Reads path into buf and decodes it. 0; -ENOENT: there is none; as framedfile_decode; or -errno. *e is filled unless 0. */
int framedfile_load(const struct framedfile_kind *kind, const char *path, uint8_t buf[static FRAMEDFILE_BYTES_MAX],
    uint32_t *version, const uint8_t **body, size_t *body_size, struct errbuf *e);

/* Durable when it returns 0; otherwise -errno with *e filled and the old file still whole. Mode 0600. */
int framedfile_store(
    const struct framedfile_kind *kind, const char *path, const uint8_t *body, size_t size, struct errbuf *e);

#endif
