#include "heartbeat/codec.h"

#include <assert.h>
#include <string.h>

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Bytes that are not there: zeros where a block has grown; a flat one takes no others. */
static size_t present(struct codec *c, const void *bytes, size_t size)
{
	size_t left = c->size - c->at;

	if (c->flat && c->grown) {
		if (!codec_reading(c) && c->whole && !all_zero(bytes, size))
			c->failed = true;
		return 0;
	}
	if (size > left && codec_reading(c) && c->grown)
		return left;
	if (size > left)
		c->failed = true;
	return size;
}

void codec_bytes(struct codec *c, void *bytes, size_t size)
{
	size_t there = c->failed ? 0 : present(c, bytes, size);

	if (c->failed)
		there = 0;
	if (codec_reading(c)) {
		memset(bytes, 0, size);
		memcpy(bytes, c->in + c->at, there);
	} else {
		memcpy(c->out + c->at, bytes, there);
	}
	c->at += there;
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

static void enter(struct codec *c, struct codec_block *around)
{
	uint16_t length = 0;
	bool cut = false; /* by the zeros left away at the end of a block around it */

	*around = (struct codec_block){.size = c->size, .grown = c->grown, .grown_at = c->grown_at};
	codec_u16(c, &length);
	around->begin = c->at;
	if (codec_reading(c)) {
		cut = c->grown && (length == 0 || length > c->size - c->at);
		if (cut && length)
			length = (uint16_t)(c->size - c->at);
		if (length > c->size - c->at)
			c->failed = true;
		else
			c->size = c->at + length;
	}
	c->grown = cut;
	c->grown_at = c->at;
}

void codec_open(struct codec *c, struct codec_block *around)
{
	if (c->flat)
		*around = (struct codec_block){.size = c->size, .grown = c->grown, .grown_at = c->grown_at};
	else
		enter(c, around);
}

void codec_grown(struct codec *c)
{
	c->grown = true;
	c->grown_at = c->at;
}

#ifdef HB_NEXT_RELEASE /* which has a field more at the end of every block: tests/unit/next_release.c */
static bool said;

static void next_release(struct codec *c, bool at_the_end)
{
	uint8_t more = 0xee;

	if (!said && !c->flat)
		codec_u8(c, &more);
	said = !at_the_end;
}
#else
#define next_release(c, at_the_end) ((void)0)
#endif

/* Writing: zeros at the end need not be said; then the length is known. */
static void finish(struct codec *c, size_t begin)
{
	size_t length;

	while (c->grown && c->at > c->grown_at && c->out[c->at - 1] == 0)
		c->at--;
	length = c->at - begin;
	assert(length <= UINT16_MAX);
	c->out[begin - 2] = (uint8_t)length;
	c->out[begin - 1] = (uint8_t)(length >> 8);
}

void codec_close(struct codec *c, const struct codec_block *around)
{
	next_release(c, true);
	if (!c->flat && !c->failed) {
		if (codec_reading(c))
			c->at = c->size;
		else
			finish(c, around->begin);
	}
	c->size = around->size;
	c->grown = around->grown;
	c->grown_at = around->grown_at;
}

void codec_rest(struct codec *c, uint8_t *bytes, size_t size, uint8_t *count)
{
	next_release(c, false);
	if (codec_reading(c)) {
		size_t left = c->failed || c->flat ? 0 : c->size - c->at;

		while (left && c->in[c->at + left - 1] == 0)
			left--;
		if (left > size) {
			c->failed = true;
			left = 0;
		}
		*count = (uint8_t)left;
		memset(bytes, 0, size);
	}
	codec_bytes(c, bytes, *count);
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
