#include "heartbeat/message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "heartbeat/acceptor.h"
#include "heartbeat/codec.h"

static void ballot(struct codec *c, struct hb_ballot *b)
{
	codec_u64(c, &b->counter);
	codec_u8(c, &b->node);
}

static void gtid(struct codec *c, struct gtid *g)
{
	codec_u32(c, &g->domain);
	codec_u32(c, &g->server);
	codec_u64(c, &g->seq);
}

static void member(struct codec *c, struct hb_member *m)
{
	codec_text(c, m->name, sizeof(m->name));
	codec_u64(c, &m->instance);
	codec_u32(c, &m->ipv4);
	codec_u16(c, &m->port);
	codec_u8(c, &m->kind);
}

static void record(struct codec *c, struct hb_record *r)
{
	if (codec_reading(c))
		memset(r, 0, sizeof(*r));
	codec_u64(c, &r->version);
	codec_u64(c, &r->epoch);
	codec_u8(c, &r->active);
	codec_u8(c, &r->phase);
	codec_u8(c, &r->keep);
	codec_u8(c, &r->in_sync);
	codec_u8(c, &r->reason);
	codec_u8(c, &r->members);
	if (r->members > HB_MEMBERS_MAX) {
		c->failed = true;
		r->members = 0;
	}
	for (unsigned i = 0; i < r->members; i++) {
		codec_bytes(c, r->token[i].byte, TOKEN_BYTES);
		member(c, &r->member[i]);
	}
	if (codec_reading(c) && !hb_record_valid(r))
		c->failed = true;
}

static void maybe_record(struct codec *c, uint8_t *has, struct hb_record *r)
{
	codec_u8(c, has);
	if (*has > 1)
		c->failed = true;
	if (*has == 1)
		record(c, r);
}

static void transition(struct codec *c, struct hb_transition *t)
{
	codec_u64(c, &t->epoch);
	codec_u64(c, &t->at_ms);
	codec_u32(c, &t->took_ms);
	for (unsigned i = 0; i < HB_STAGE_COUNT; i++)
		codec_u16(c, &t->stage_ms[i]);
	codec_u8(c, &t->from);
	codec_u8(c, &t->to);
	codec_u8(c, &t->reason);
}

static void facts(struct codec *c, struct hb_facts *f)
{
	codec_u8(c, &f->state);
	codec_u8(c, &f->fit);
	codec_u8(c, &f->serving);
	codec_u8(c, &f->holds_vip);
	codec_u64(c, &f->follow_epoch);
	codec_bytes(c, f->token.byte, TOKEN_BYTES);
	gtid(c, &f->binlog);
	gtid(c, &f->received);
	gtid(c, &f->applied);
	codec_u64(c, &f->answered_epoch);
	gtid(c, &f->answered);
	codec_u64(c, &f->opened_epoch);
	gtid(c, &f->opened_at);
	codec_u32(c, &f->backlog_ms);
	codec_u32(c, &f->lease_ms);
	transition(c, &f->moved);
	codec_text(c, f->reason, sizeof(f->reason));
}

static void beat(struct codec *c, struct hb_message *m)
{
	codec_u64(c, &m->stamp_us);
	codec_u64(c, &m->echo_us);
	codec_u64(c, &m->echo_boot);
	codec_u8(c, &m->want_lease);
	codec_u64(c, &m->epoch);
	codec_u64(c, &m->duration_us);
	facts(c, &m->facts);
	ballot(c, &m->ballot);
	ballot(c, &m->promised);
	ballot(c, &m->accepted_ballot);
	maybe_record(c, &m->has_record, &m->record);
}

static void grant(struct codec *c, struct hb_message *m)
{
	codec_u64(c, &m->stamp_us);
	codec_u64(c, &m->epoch);
	codec_u64(c, &m->duration_us);
}

static void prepare(struct codec *c, struct hb_message *m)
{
	ballot(c, &m->ballot);
}

static void reply(struct codec *c, struct hb_message *m)
{
	ballot(c, &m->ballot);
	codec_u8(c, &m->refusal);
	ballot(c, &m->promised);
	ballot(c, &m->accepted_ballot);
	maybe_record(c, &m->has_record, &m->record);
}

static void accept(struct codec *c, struct hb_message *m)
{
	ballot(c, &m->ballot);
	m->has_record = 1;
	record(c, &m->record);
}

static void nothing(struct codec *c, struct hb_message *m)
{
	(void)c;
	(void)m;
}

static void join(struct codec *c, struct hb_message *m)
{
	member(c, &m->member);
}

static void (*const bodies[HB_MESSAGE_TYPES])(struct codec *c, struct hb_message *m) = {
    [HB_BEAT] = beat,
    [HB_GRANT] = grant,
    [HB_PREPARE] = prepare,
    [HB_PROMISE] = reply,
    [HB_ACCEPT] = accept,
    [HB_ACCEPTED] = reply,
    [HB_READ] = nothing,
    [HB_STATE] = reply,
    [HB_JOIN] = join,
};

static void message(struct codec *c, struct hb_message *m)
{
	codec_u8(c, &m->type);
	codec_u8(c, &m->from);
	codec_u64(c, &m->boot);
	codec_u64(c, &m->instance);
	if (m->type == 0 || m->type >= HB_MESSAGE_TYPES || (m->from >= HB_MEMBERS_MAX && m->from != HB_NOBODY)) {
		c->failed = true;
		return;
	}
	bodies[m->type](c, m);
}

size_t hb_message_encode(const struct hb_message *m, uint8_t buf[static HB_MESSAGE_BYTES_MAX])
{
	struct codec c = {.out = buf, .size = HB_MESSAGE_BYTES_MAX};
	struct hb_message copy = *m;

	message(&c, &copy);
	assert(!c.failed);
	return c.at;
}

int hb_message_decode(const uint8_t *buf, size_t size, struct hb_message *ret)
{
	struct codec c = {.in = buf, .size = size};

	memset(ret, 0, sizeof(*ret));
	message(&c, ret);
	return c.failed || c.at != size ? -EINVAL : 0;
}

static void registers(struct codec *c, struct hb_register *r)
{
	uint8_t has = r->accepted_ballot.counter > 0;

	codec_u64(c, &r->cluster);
	codec_u64(c, &r->instance);
	codec_u64(c, &r->boot);
	codec_u8(c, &r->admitted);
	codec_u8(c, &r->kind);
	codec_text(c, r->name, sizeof(r->name));
	ballot(c, &r->promised);
	ballot(c, &r->accepted_ballot);
	maybe_record(c, &has, &r->accepted);
	if (has != (r->accepted_ballot.counter > 0) || r->admitted > has)
		c->failed = true;
}

size_t hb_register_encode(const struct hb_register *r, uint8_t buf[static HB_REGISTER_BYTES_MAX])
{
	struct codec c = {.out = buf, .size = HB_REGISTER_BYTES_MAX};
	struct hb_register copy = *r;

	registers(&c, &copy);
	assert(!c.failed);
	return c.at;
}

int hb_register_decode(const uint8_t *buf, size_t size, struct hb_register *ret)
{
	struct codec c = {.in = buf, .size = size};

	memset(ret, 0, sizeof(*ret));
	registers(&c, ret);
	return c.failed || c.at != size ? -EINVAL : 0;
}
