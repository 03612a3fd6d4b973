#include "heartbeat/tickle_message.h"

#include <assert.h>
#include <errno.h>

#include "heartbeat/codec.h"

static void walk_key(struct codec *c, struct tickle_key *key, bool v6)
{
	uint32_t v4 = 0;

	codec_u16(c, &key->local_port);
	codec_u16(c, &key->client_port);
	if (v6) {
		codec_bytes(c, key->client.byte, IP_BYTES);
		c->failed = c->failed || ip_is_v4(&key->client);
	} else {
		if (!codec_reading(c))
			v4 = ip_to_v4(&key->client);
		codec_u32(c, &v4);
		key->client = ip_of_v4(v4);
	}
}

static void walk(struct codec *c, struct tickle_message *m)
{
	uint8_t kind = codec_reading(c) ? 0 : (uint8_t)(m->kind | (m->v6 ? TICKLE_V6 : 0));

	codec_u64(c, &m->start);
	codec_u64(c, &m->sequence);
	codec_u8(c, &kind);
	m->v6 = kind & TICKLE_V6;
	m->kind = (uint8_t)(kind & ~TICKLE_V6);
	codec_u32(c, &m->round);
	codec_u16(c, &m->added);
	codec_u16(c, &m->removed);
	if (m->kind < TICKLE_HOLDS || m->kind >= TICKLE_KINDS ||
	    (uint32_t)m->added + m->removed > tickle_message_room(m->v6))
		c->failed = true;
	for (uint32_t i = 0; i < (uint32_t)m->added + m->removed && !c->failed; i++)
		walk_key(c, &m->key[i], m->v6);
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
