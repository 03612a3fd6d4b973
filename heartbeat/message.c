#include "heartbeat/message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "heartbeat/acceptor.h"
#include "heartbeat/codec.h"

#define FLAT_REASON_MAX HB_REASON_PEER_IN_SYNC /* version 1 refuses a record with another */

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

static const struct ip none;

/* Where there were only addresses of IPv4: 0 for one of IPv6, as for none. */
static void address(struct codec *c, struct ip *a)
{
	uint32_t ipv4 = ip_is_v4(a) ? ip_to_v4(a) : 0;

	codec_u32(c, &ipv4);
	if (codec_reading(c))
		*a = ipv4 ? ip_of_v4(ipv4) : none;
}

/* Behind it, in what has grown: the address when it is of IPv6, otherwise zeros. */
static void address_v6(struct codec *c, struct ip *a)
{
	struct ip six = ip_is_v4(a) ? none : *a;

	codec_bytes(c, six.byte, sizeof(six.byte));
	if (!codec_reading(c) || ip_is_none(&six))
		return;
	if (!ip_is_none(a) || ip_is_v4(&six))
		c->failed = true; /* two for one, or an address that has another way to be said */
	else
		*a = six;
}

/* As it was in version 1, for good: a member is a part of the record, and what is added to that goes to its end. */
static void member(struct codec *c, struct hb_member *m)
{
	codec_text(c, m->name, sizeof(m->name));
	codec_u64(c, &m->instance);
	address(c, &m->address);
	codec_u16(c, &m->port);
	codec_u8(c, &m->kind);
}

/* Never a list of varying length here: what a later release wrote behind it must stand where that looks for it. */
static void record_grown(struct codec *c, struct hb_record *r)
{
	codec_grown(c);
	c->whole = true;
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++)
		address(c, &r->member[i].second_address);
	codec_u8(c, &r->maintenance);
	codec_u64(c, &r->forced_epoch);
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++) {
		address_v6(c, &r->member[i].address);
		address_v6(c, &r->member[i].second_address);
	}
	codec_rest(c, r->later, sizeof(r->later), &r->later_bytes);
	c->whole = false;
}

static void record(struct codec *c, struct hb_record *r)
{
	struct codec_block b;

	if (codec_reading(c))
		memset(r, 0, sizeof(*r));
	codec_open(c, &b);
	codec_u64(c, &r->version);
	codec_u64(c, &r->epoch);
	codec_u8(c, &r->active);
	codec_u8(c, &r->phase);
	codec_u8(c, &r->keep);
	codec_u8(c, &r->in_sync);
	/* For show, so it may be another there. */
	if (c->flat && r->reason > FLAT_REASON_MAX)
		r->reason = HB_REASON_JOIN;
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
	record_grown(c, r);
	codec_close(c, &b);
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
	struct codec_block b;

	codec_open(c, &b);
	codec_u64(c, &t->epoch);
	codec_u64(c, &t->at_ms);
	codec_u32(c, &t->took_ms);
	for (unsigned i = 0; i < HB_STAGE_COUNT; i++)
		codec_u16(c, &t->stage_ms[i]);
	codec_u8(c, &t->from);
	codec_u8(c, &t->to);
	codec_u8(c, &t->reason);
	codec_grown(c);
	codec_close(c, &b);
}

static void facts(struct codec *c, struct hb_facts *f)
{
	struct codec_block b;

	codec_open(c, &b);
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
	codec_grown(c);
	address(c, &f->second_address);
	codec_u8(c, &f->level);
	codec_u8(c, &f->hears);
	codec_u8(c, &f->apart);
	address_v6(c, &f->second_address);
	codec_close(c, &b);
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
	codec_grown(c);
	address(c, &m->member.second_address);
	address_v6(c, &m->member.address);
	address_v6(c, &m->member.second_address);
	codec_u8(c, &m->facts.level);
}

static void watch(struct codec *c, struct hb_message *m)
{
	member(c, &m->member);
	codec_u64(c, &m->stamp_us);
	facts(c, &m->facts);
	codec_grown(c);
	address_v6(c, &m->member.address);
}

static void given_up(struct codec *c, struct hb_message *m)
{
	codec_text(c, m->member.name, sizeof(m->member.name));
	codec_u64(c, &m->epoch);
	codec_u64(c, &m->echo_boot);
	gtid(c, &m->facts.opened_at);
}

static void keys(struct codec *c, struct hb_message *m)
{
	struct hb_keys *k = &m->keys;

	codec_u32(c, &k->oldest);
	codec_u32(c, &k->newest);
	codec_u32(c, &k->use);
	codec_u32(c, &k->wish);
	codec_u64(c, &k->print);
	codec_bytes(c, k->box, sizeof(k->box));
	codec_u32(c, &k->gift_number);
	if (k->gift_number)
		codec_bytes(c, k->gift, sizeof(k->gift));
}

static void command(struct codec *c, struct hb_message *m)
{
	codec_u64(c, &m->command.id);
	codec_u8(c, &m->command.kind);
	codec_u8(c, &m->command.target);
	codec_grown(c);
	codec_u64(c, &m->echo_boot);
	codec_u64(c, &m->command.version);
	codec_u64(c, &m->echo_us);
	codec_u64(c, &m->duration_us);
}

static void verdict(struct codec *c, struct hb_message *m)
{
	codec_u64(c, &m->verdict.id);
	codec_u8(c, &m->verdict.started);
	codec_text(c, m->verdict.text, sizeof(m->verdict.text));
}

static const struct {
	void (*body)(struct codec *c, struct hb_message *m);
	uint8_t since; /* version */
} types[HB_MESSAGE_TYPES] = {
    [HB_BEAT] = {beat, 1},
    [HB_GRANT] = {grant, 1},
    [HB_PREPARE] = {prepare, 1},
    [HB_PROMISE] = {reply, 1},
    [HB_ACCEPT] = {accept, 1},
    [HB_ACCEPTED] = {reply, 1},
    [HB_READ] = {nothing, 1},
    [HB_STATE] = {reply, 1},
    [HB_JOIN] = {join, 1},
    [HB_KEYS] = {keys, 2},
    [HB_COMMAND] = {command, 2},
    [HB_VERDICT] = {verdict, 2},
    [HB_WATCH] = {watch, 2},
    [HB_GIVEN_UP] = {given_up, 2},
};

static bool known_type(uint8_t type, uint8_t version)
{
	return type > 0 && type < HB_MESSAGE_TYPES && types[type].since <= version;
}

/* A type that we do not know is left unread. */
static void message(struct codec *c, struct hb_message *m, uint8_t version)
{
	struct codec_block b;

	codec_u8(c, &m->type);
	codec_u8(c, &m->from);
	codec_u64(c, &m->boot);
#ifdef HB_NEXT_RELEASE /* whose version 3 puts something where there was nothing: tests/unit/next_release.c */
	if (version > 2)
		codec_u8(c, &version);
#endif
	codec_u64(c, &m->instance);
	if (m->type == 0 || (m->from >= HB_MEMBERS_MAX && m->from != HB_NOBODY))
		c->failed = true;
	codec_open(c, &b);
	if (!c->failed && known_type(m->type, version)) {
		types[m->type].body(c, m);
		if (!c->grown)
			codec_grown(c);
	}
	codec_close(c, &b);
}

size_t hb_message_encode(const struct hb_message *m, uint8_t version, uint8_t buf[static HB_MESSAGE_BYTES_MAX])
{
	struct codec c = {.out = buf, .size = HB_MESSAGE_BYTES_MAX, .flat = version == HB_FLAT_VERSION};
	struct hb_message copy = *m;

	if (!known_type(m->type, version))
		return 0;
	message(&c, &copy, version);
	assert(!c.failed || c.flat);
	return c.failed ? 0 : c.at;
}

int hb_message_decode(const uint8_t *buf, size_t size, uint8_t version, struct hb_message *ret)
{
	struct codec c = {.in = buf, .size = size, .flat = version == HB_FLAT_VERSION};

	memset(ret, 0, sizeof(*ret));
	message(&c, ret, version);
	if (!c.failed && !known_type(ret->type, version))
		return -EPROTO;
	return c.failed || c.at != size ? -EINVAL : 0;
}

static void registers(struct codec *c, struct hb_register *r)
{
	struct codec_block b;

	codec_open(c, &b);
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
	codec_grown(c);
	codec_close(c, &b);
}

size_t hb_register_encode(const struct hb_register *r, uint8_t buf[static HB_REGISTER_BYTES_MAX])
{
	struct codec c = {.out = buf, .size = HB_REGISTER_BYTES_MAX};
	struct hb_register copy = *r;

	registers(&c, &copy);
	assert(!c.failed);
	return c.at;
}

int hb_register_decode(const uint8_t *buf, size_t size, bool flat, struct hb_register *ret)
{
	struct codec c = {.in = buf, .size = size, .flat = flat};

	memset(ret, 0, sizeof(*ret));
	registers(&c, ret);
	return c.failed || c.at != size ? -EINVAL : 0;
}
