/*
 * Between one that must not wait and a receiver that may be slow: pieces of a stream, handed on in their order by a thread of its own.
 */
#ifndef HOLDFAST_REPLICATION_SPOOL_H
#define HOLDFAST_REPLICATION_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "replication/hotcopy.h"

#define SPOOL_BYTES_MAX (1024ull * 1024 * 1024)

struct spool;

/* The sink is borrowed, and called by the thread only; its idle after HOTCOPY_IDLE_MS without a piece. 0 or -errno with e filled. */
int spool_start(const struct hotcopy_sink *to, struct spool **ret, struct errbuf *e);

/* Takes a copy, and never waits. 0; -ENOMEM; -EFBIG: more than SPOOL_BYTES_MAX wait; or what the sink has returned. e is filled
 * unless 0. */
int spool_put(struct spool *s, const uint8_t *data, size_t length, struct errbuf *e);

/* How many bytes were not handed on yet. */
uint64_t spool_waiting(struct spool *s);

/* Waits until all is handed on, or with `drop` only for the call under way, and frees it. 0, or what the sink has returned, with e
 * filled. */
int spool_end(struct spool *s, bool drop, struct errbuf *e);

#endif
