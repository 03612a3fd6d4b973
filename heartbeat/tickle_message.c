#include "heartbeat/tickle_message.h"

#include <assert.h>
#include <errno.h>

#include "heartbeat/codec.h"

static void walk(struct codec *c, struct tickle_message *m)
{
	codec_u64(c, &m->start);
	codec_u64(c, &m->sequence);
	codec_u8(c, &m->kind);
	codec_u32(c, &m->round);
	codec_u16(c, &m->added);
	codec_u16(c, &m->removed);
	if (m->kind < TICKLE_HOLDS || m->kind >= TICKLE_KINDS || (uint32_t)m->added + m->removed > TICKLE_KEYS_MAX)
		c->failed = true;
	for (uint32_t i = 0; i < (uint32_t)m->added + m->removed && !c->failed; i++)
		codec_u64(c, &m->key[i]);
}

size_t tickle_message_encode(const struct tickle_message *m, uint8_t buf[static TICKLE_MESSAGE_BYTES_MAX])
{
	struct tickle_message copy = *m;
	struct codec c = {.out = buf, .size = TICKLE_MESSAGE_BYTES_MAX};

	walk(&c, &copy);
	assert(!c.failed);
	return c.at;
}

int tickle_message_decode(const uint8_t *bytes, size_t size, struct tickle_message *ret)
{
	struct codec c = {.in = bytes, .size = size};

	walk(&c, ret);
	return c.failed || c.at != size ? -EINVAL : 0;
}
