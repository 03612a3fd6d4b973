/* Little-endian fields in and out of a bounded buffer. One walk serves both ways, so they cannot disagree. Pure. */
#ifndef HOLDFAST_HEARTBEAT_CODEC_H
#define HOLDFAST_HEARTBEAT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codec {
	uint8_t *out;	   /* writing: where to */
	const uint8_t *in; /* reading: where from; NULL when writing */
	size_t size, at;
	bool failed; /* ran over the end, or a value was out of range */
};

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
