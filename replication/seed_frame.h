/*
 * How a fresh copy travels: one line, then frames. The line is "holdfast-seed 1 BYTES\n" (what the copy will
 * take on disk, about) or "refused: why\n". A frame is its type, the length of what follows (32 bits, big
 * endian) and that. Only SEED_END with the right count and hash makes a copy whole; a connection that just
 * ends never does.
 */
#ifndef HOLDFAST_REPLICATION_SEED_FRAME_H
#define HOLDFAST_REPLICATION_SEED_FRAME_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"

#define SEED_GREETING "holdfast-seed 1 "
#define SEED_REFUSED "refused: "
#define SEED_LINE_BYTES 256
#define SEED_DATA_BYTES (256u * 1024)
#define SEED_STALL_MS 60000 /* no byte in either direction for so long: given up */
#define SEED_ALIVE_MS 5000  /* a silent sender says at least that it lives */

enum seed_type {
	SEED_DATA = 'D',  /* of the mbstream */
	SEED_ALIVE = 'A', /* nothing */
	SEED_END = 'E',	  /* struct seed_sum as seed_sum_end writes it */
	SEED_FAIL = 'F',  /* the copy is worthless; text: why */
};

#define SEED_HEAD_BYTES 5
#define SEED_END_BYTES (8 + crypto_generichash_BYTES)

struct seed_sum {
	crypto_generichash_state state;
	uint64_t total;
};

void seed_sum_begin(struct seed_sum *s);
void seed_sum_add(struct seed_sum *s, const uint8_t *data, size_t length);
void seed_sum_end(struct seed_sum *s, uint8_t ret[static SEED_END_BYTES]); /* ends s: once only */

/* Writes or reads exactly length bytes on a descriptor that may be non-blocking. 0, -ETIMEDOUT after
 * SEED_STALL_MS without progress, -EPIPE: the other side is gone or the stream ended too soon, or -errno. e
 * names what. */
int seed_write(int fd, const void *data, size_t length, const char *what, struct errbuf *e);
int seed_read(int fd, void *data, size_t length, const char *what, struct errbuf *e);

/* Reads up to a newline, which is dropped. -EMSGSIZE: the line is too long. Otherwise as seed_read. */
int seed_read_line(int fd, char line[static SEED_LINE_BYTES], const char *what, struct errbuf *e);

/* One frame. Codes of seed_write. */
int seed_frame_write(int fd, enum seed_type type, const void *data, size_t length, struct errbuf *e);

/* The next frame that is not SEED_ALIVE into data (SEED_DATA_BYTES). -EPROTO: unknown type or a length that
 * cannot be. -EREMOTEIO: SEED_FAIL, e says what the sender said. Otherwise codes of seed_read. */
int seed_frame_read(int fd, enum seed_type *ret_type, uint8_t *data, size_t *ret_length, struct errbuf *e);

#endif
