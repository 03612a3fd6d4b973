#include "heartbeat/outbox.h"

#include <assert.h>
#include <string.h>

struct hb_message *hb_outbox_add(struct hb_outbox *o, uint8_t to, enum hb_message_type type, uint64_t need_generation)
{
	struct hb_letter *l;

	assert(o->count < HB_OUTBOX_MAX);
	l = &o->letter[o->count++];
	memset(l, 0, sizeof(*l));
	l->to = to;
	l->need_generation = need_generation;
	l->message.type = (uint8_t)type;
	return &l->message;
}
