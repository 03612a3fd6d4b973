#include "heartbeat/codec.h"

#include <assert.h>
#include <string.h>

void codec_bytes(struct codec *c, void *bytes, size_t size)
{
	if (c->failed || size > c->size - c->at) {
		c->failed = true;
		if (codec_reading(c))
			memset(bytes, 0, size);
		return;
	}
	if (codec_reading(c))
		memcpy(bytes, c->in + c->at, size);
	else
		memcpy(c->out + c->at, bytes, size);
	c->at += size;
}

static void number(struct codec *c, uint64_t *v, size_t size)
{
	uint8_t b[8] = {0};

	for (size_t i = 0; i < size; i++)
		b[i] = (uint8_t)(*v >> (8 * i));
	codec_bytes(c, b, size);
	if (!codec_reading(c))
		return;
	*v = 0;
	for (size_t i = 0; i < size; i++)
		*v |= (uint64_t)b[i] << (8 * i);
}

void codec_u8(struct codec *c, uint8_t *v)
{
	uint64_t n = *v;

	number(c, &n, 1);
	*v = (uint8_t)n;
}

void codec_u16(struct codec *c, uint16_t *v)
{
	uint64_t n = *v;

	number(c, &n, 2);
	*v = (uint16_t)n;
}

void codec_u32(struct codec *c, uint32_t *v)
{
	uint64_t n = *v;

	number(c, &n, 4);
	*v = (uint32_t)n;
}

void codec_u64(struct codec *c, uint64_t *v)
{
	number(c, v, 8);
}

void codec_text(struct codec *c, char *text, size_t size)
{
	uint8_t length = 0;

	assert(size <= 256);
	if (!codec_reading(c))
		length = (uint8_t)strnlen(text, size - 1);
	codec_u8(c, &length);
	if (length >= size) {
		c->failed = true;
		length = 0;
	}
	if (codec_reading(c))
		memset(text, 0, size);
	codec_bytes(c, text, length);
	/* No zero byte inside: what is shown is what was sent. */
	if (codec_reading(c) && strnlen(text, size) != length)
		c->failed = true;
}
