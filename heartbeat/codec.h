/*
 * Little-endian fields in and out of a bounded buffer. One walk serves both ways, so they cannot disagree. Pure.
 *
 * What may grow is a block: two bytes of length, then fields. A later release may add fields at the end of a block, behind
 * codec_grown(), and that is all it may do without a new version number. A reader that does not know them skips them; to a
 * reader that knows more, the bytes that an older writer did not send are zeros, and a writer leaves zeros at the end away.
 * So a field that is added must mean by zero what the world was like before it, and must not depend on another's value.
 * The one exception are addresses: four bytes of IPv4, and sixteen behind all else that are zeros but for one of IPv6 (heartbeat/message.c).
 */
#ifndef HOLDFAST_HEARTBEAT_CODEC_H
#define HOLDFAST_HEARTBEAT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codec {
	uint8_t *out;	   /* writing: where to */
	const uint8_t *in; /* reading: where from; NULL when writing */
	size_t size, at;   /* size: end of the block we are in */
	bool failed;	   /* ran over the end, or a value was out of range */
	bool flat;	   /* version 1: blocks have no length and nothing that was added */
	bool whole;	   /* writing such a value into a flat block fails; otherwise it is left away */
	bool grown;	   /* behind codec_grown() of the block we are in */
	size_t grown_at;
};

/* The block around the one that was opened. */
struct codec_block {
	size_t size, begin, grown_at;
	bool grown;
};

void codec_open(struct codec *c, struct codec_block *around);
void codec_grown(struct codec *c);
void codec_close(struct codec *c, const struct codec_block *around);

/* What is left of the block, for who must pass on what it does not understand: at most size bytes, or it fails. */
void codec_rest(struct codec *c, uint8_t *bytes, size_t size, uint8_t *count);

/* Each moves *v through the codec: out of it when reading, into it when writing. */
void codec_u8(struct codec *c, uint8_t *v);
void codec_u16(struct codec *c, uint16_t *v);
void codec_u32(struct codec *c, uint32_t *v);
void codec_u64(struct codec *c, uint64_t *v);
void codec_bytes(struct codec *c, void *bytes, size_t size);

/* A string in a fixed array: one byte of length and the characters. The rest of the array is zeroed when reading. */
void codec_text(struct codec *c, char *text, size_t size);

static inline bool codec_reading(const struct codec *c)
{
	return c->in != NULL;
}

#endif
