#include "tests/unit/wire_samples.h"

#include <string.h>

static const char *const names[HB_MESSAGE_TYPES] = {
    [HB_BEAT] = "beat",
    [HB_GRANT] = "grant",
    [HB_PREPARE] = "prepare",
    [HB_PROMISE] = "promise",
    [HB_ACCEPT] = "accept",
    [HB_ACCEPTED] = "accepted",
    [HB_READ] = "read",
    [HB_STATE] = "state",
    [HB_JOIN] = "join",
    [HB_KEYS] = "keys",
    [HB_COMMAND] = "command",
    [HB_VERDICT] = "verdict",
    [HB_WATCH] = "watch",
    [HB_GIVEN_UP] = "given-up",
};

const char *sample_name(uint8_t type)
{
	return type < HB_MESSAGE_TYPES ? names[type] : NULL;
}

static void fill(void *bytes, size_t count, uint8_t first)
{
	uint8_t *at = bytes;

	while (count--)
		*at++ = first++;
}

static struct hb_member member(const char *name, uint64_t instance, uint8_t kind)
{
	struct hb_member m = {.instance = instance,
	    .address = ip_of_v4(0x0a4d0001 + (uint32_t)instance % 16),
	    .port = 7400,
	    .kind = kind};

	memcpy(m.name, name, strlen(name));
	return m;
}

static void record(struct hb_record *r)
{
	*r = (struct hb_record){.version = 0x0102030405060708,
	    .epoch = 0x1112131415161718,
	    .active = 1,
	    .phase = HB_OPEN,
	    .in_sync = 3,
	    .reason = HB_REASON_PEER_IN_SYNC,
	    .members = 3};
	r->member[0] = member("a", 0xa1, HB_KIND_GATEWAY);
	r->member[1] = member("second-gateway", 0xb2, HB_KIND_GATEWAY);
	r->member[2] = member("w", 0xc3, HB_KIND_WITNESS);
	fill(r->token[0].byte, TOKEN_BYTES, 0x20);
	fill(r->token[1].byte, TOKEN_BYTES, 0x40);
}

static void facts(struct hb_facts *f)
{
	*f = (struct hb_facts){.state = 3,
	    .fit = 1,
	    .holds_vip = 1,
	    .follow_epoch = 0x21,
	    .binlog = {0, 1, 0x2122},
	    .received = {0, 2, 0x2324},
	    .applied = {0, 3, 0x2526},
	    .answered_epoch = 0x27,
	    .answered = {0, 4, 0x28292a2b2c2d},
	    .opened_epoch = 0x2e,
	    .opened_at = {0, 5, 0x2f},
	    .backlog_ms = 0x30313233,
	    .lease_ms = 399,
	    .moved = {.epoch = 0x34, .at_ms = 1700000000123, .took_ms = 300, .from = 1, .to = 0, .reason = 3}};
	fill(f->token.byte, TOKEN_BYTES, 0x60);
	for (uint16_t i = 0; i < HB_STAGE_COUNT; i++)
		f->moved.stage_ms[i] = (uint16_t)(0x3500 + i);
	memcpy(f->reason, "why not", 7);
}

static void keys(struct hb_keys *k)
{
	*k = (struct hb_keys){
	    .oldest = 0x91, .newest = 0x92, .use = 0x91, .wish = 0x92, .print = 0x9394, .gift_number = 0x92};
	fill(k->box, sizeof(k->box), 0x10);
	fill(k->gift, sizeof(k->gift), 0x80);
}

void sample_message(uint8_t type, struct hb_message *ret)
{
	struct hb_message *m = ret;

	memset(m, 0, sizeof(*m));
	m->type = type;
	m->from = 1;
	m->boot = 0x5152;
	m->instance = 0x535455565758595a;
	if (type == HB_BEAT || type == HB_GRANT) {
		m->stamp_us = 0x61;
		m->epoch = 0x65;
		m->duration_us = 400000;
	}
	if (type == HB_BEAT) {
		m->echo_us = 0x62;
		m->echo_boot = 0x63;
		m->want_lease = 1;
		facts(&m->facts);
	}
	if (type == HB_KEYS)
		keys(&m->keys);
	if (type == HB_BEAT || (type >= HB_PREPARE && type <= HB_ACCEPTED))
		m->ballot = (struct hb_ballot){0x70, 1};
	if (type == HB_BEAT || type == HB_PROMISE || type == HB_ACCEPTED || type == HB_STATE) {
		m->promised = (struct hb_ballot){0x71, 2};
		m->accepted_ballot = (struct hb_ballot){0x6f, 0};
	}
	if (type == HB_PROMISE || type == HB_ACCEPTED || type == HB_STATE)
		m->refusal = HB_REFUSED_PROMISE;
	if (type == HB_BEAT || type == HB_PROMISE || type == HB_ACCEPT || type == HB_STATE) {
		m->has_record = 1;
		record(&m->record);
	}
	if (type == HB_COMMAND)
		m->command = (struct hb_command){.id = 0x76, .kind = HB_COMMAND_SWITCHOVER, .target = 1};
	if (type == HB_VERDICT)
		m->verdict = (struct hb_verdict){.id = 0x76, .started = 1, .text = "a hands over to b"};
	if (type == HB_WATCH) {
		m->from = HB_NOBODY;
		m->stamp_us = 0x61;
		m->member = member("far-away", 0xd5, HB_KIND_REPLICA);
		facts(&m->facts);
	}
	if (type == HB_GIVEN_UP) {
		m->from = HB_NOBODY;
		memcpy(m->member.name, "far-away", 8);
		m->epoch = 0x65;
		m->echo_boot = 0xb2;
		m->facts.opened_at = (struct gtid){0, 5, 0x2f};
	}
	if (type == HB_JOIN) {
		m->from = HB_NOBODY;
		m->member = member("new-one", 0xd4, HB_KIND_WITNESS);
	}
}

void sample_register(struct hb_register *ret)
{
	*ret = (struct hb_register){.cluster = 0x8182838485868788,
	    .instance = 0xb2,
	    .boot = 0x8b,
	    .admitted = 1,
	    .kind = HB_KIND_GATEWAY,
	    .name = "second-gateway",
	    .promised = {0x71, 2},
	    .accepted_ballot = {0x70, 1}};
	record(&ret->accepted);
}

static void grow_record(struct hb_record *r)
{
	for (uint32_t i = 0; i < r->members; i++)
		r->member[i].second_address = ip_of_v4(0x0a4e0001 + i);
	r->maintenance = 0x90;
	r->forced_epoch = 0x9291;
}

void sample_grow_message(struct hb_message *m)
{
	if (m->has_record)
		grow_record(&m->record);
	if (m->type == HB_BEAT) {
		m->facts.second_address = ip_of_v4(0x0a4e0002);
		m->facts.level = 9;
	}
	if (m->type == HB_COMMAND)
		m->echo_boot = 0x77;
	if (m->type == HB_JOIN)
		m->member.second_address = ip_of_v4(0x0a4e0009);
}

void sample_grow_register(struct hb_register *r)
{
	grow_record(&r->accepted);
}

static struct ip ipv6(uint8_t last)
{
	return (struct ip){.byte = {0x20, 0x01, 0x0d, 0xb8, 0x77, [IP_BYTES - 1] = last}};
}

/* The last one has one of each, as when a network of IPv4 is the second. */
static void ipv6_record(struct hb_record *r)
{
	for (uint8_t i = 0; i < r->members; i++) {
		r->member[i].address = ipv6((uint8_t)(i + 1));
		if (i + 1u < r->members)
			r->member[i].second_address = ipv6((uint8_t)(0x80 + i));
	}
}

void sample_ipv6_message(struct hb_message *m)
{
	if (m->has_record)
		ipv6_record(&m->record);
	if (m->type == HB_BEAT)
		m->facts.second_address = ipv6(0x82);
	if (m->type == HB_JOIN || m->type == HB_WATCH)
		m->member.address = ipv6(9);
	if (m->type == HB_JOIN)
		m->member.second_address = ipv6(0x89);
}

void sample_ipv6_register(struct hb_register *r)
{
	ipv6_record(&r->accepted);
}
