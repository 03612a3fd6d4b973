#include "tests/unit/a_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

struct hb_node node;
struct hb_output output;
static uint64_t commands;

struct token token_of(uint8_t member)
{
	struct token t = {{0}};

	t.byte[0] = (uint8_t)(0x10 + member);
	return t;
}

static void make_record(struct hb_record *r)
{
	static const char names[3][2] = {"a", "b", "w"};

	*r = (struct hb_record){.version = 9,
	    .epoch = 4,
	    .active = A,
	    .phase = HB_OPEN,
	    .in_sync = 3,
	    .reason = HB_REASON_PEER_IN_SYNC,
	    .members = 3};
	for (uint8_t i = 0; i < 3; i++) {
		memcpy(r->member[i].name, names[i], 2);
		r->member[i].instance = 100u + i;
		r->member[i].kind = i == W ? HB_KIND_WITNESS : HB_KIND_GATEWAY;
		if (i != W)
			r->token[i] = token_of(i);
	}
}

void hear(uint8_t from)
{
	struct hb_peer *p = &node.peer[from];

	*p = (struct hb_peer){
	    .heard = true, .instance = 100u + from, .boot = 1, .stamp_us = 1, .heard_us = NOW_US - 20000};
	p->facts = (struct hb_facts){.state = from == W ? HB_WITNESS : from == A ? HB_ACTIVE : HB_STANDBY};
	p->facts.level = HB_LEVEL;
	p->facts.serving = from == A;
	p->facts.fit = from != W;
	p->facts.lease_ms = from == A ? 300 : 0;
	p->facts.follow_epoch = from == B ? 4 : 0;
	p->facts.binlog = p->facts.received = p->facts.applied = (struct gtid){0, 1, 1000};
	if (from != W)
		p->facts.token = token_of(from);
}

/* All is well: a is active, seen by self. */
void make(uint8_t self)
{
	struct hb_settings s = {.interval_us = 50000, .lease_us = 400000, .peer_timeout_us = 1000000, .witnesses = 1};
	struct hb_register reg = {.admitted = 1, .boot = 1, .kind = self == W ? HB_KIND_WITNESS : HB_KIND_GATEWAY};

	make_record(&reg.accepted);
	memcpy(reg.name, reg.accepted.member[self].name, sizeof(reg.name));
	reg.accepted_ballot = (struct hb_ballot){5, A};
	hb_node_start(&node, &s, &reg, 1, 1000000);
	node.booted = true;
	node.known = reg.accepted;
	node.known_ballot = reg.accepted_ballot;
	node.claim_jitter_us = 10000;
	node.renewed_us = NOW_US - 20000;
	for (uint8_t i = 0; i < 3; i++)
		if (i != self)
			hear(i);
	node.repl_us = node.ledger_us = NOW_US;
	node.repl = (struct repl_report){.state = self == A ? REPL_OPEN : REPL_FOLLOWING, .fit = 1, .db_up = 1};
	node.repl.token = token_of(self);
	node.repl.following = self == B;
	node.repl.follow_epoch = self == B ? 4 : 0;
	node.repl.looked_us = NOW_US;
	node.repl.binlog = node.repl.received = node.repl.applied = (struct gtid){0, 1, 1000};
	node.ledger = (struct ledger_report){.fit = 1, .ready = 1};
	node.state = self == A ? HB_ACTIVE : self == B ? HB_STANDBY : HB_WITNESS;
	if (self != A)
		return;
	node.my_epoch = 4;
	node.opened = node.serving = true;
	node.gate_until_us = NOW_US + 300000;
	node.lease.epoch = 4;
	node.lease.until_us[A] = node.lease.until_us[W] = NOW_US + 300000;
}

/* The verdict on these words; NULL: they are not taken at all, and why is in *refused. */
const struct hb_verdict *ask(const char *words, char refused[LOCAL_REASON_BYTES])
{
	struct hb_command c;

	refused[0] = '\0';
	output.verdict = (struct hb_verdict){0};
	if (hb_command_parse(&node.known, words, &c, refused))
		return NULL;
	c.id = ++commands;
	hb_command_take(&node, &c, NOW_US, &output);
	return &output.verdict;
}

void expect(const char *words, bool started, const char *text)
{
	char refused[LOCAL_REASON_BYTES];
	const struct hb_verdict *v = ask(words, refused);

	if (!v || v->started != started || !strstr(v->text, text))
		print_message("%s: %s\n", words, v ? v->text : refused);
	assert_non_null(v);
	assert_int_equal(v->id, commands);
	assert_int_equal(v->started, started);
	assert_non_null(strstr(v->text, text));
}

void expect_not_taken(const char *words, const char *text)
{
	char refused[LOCAL_REASON_BYTES];

	assert_null(ask(words, refused));
	if (strcmp(refused, text) != 0)
		print_message("%s: %s\n", words, refused);
	assert_string_equal(refused, text);
}

struct hb_change wanted(void)
{
	struct hb_change c;

	hb_drain_look(&node, NOW_US);
	hb_maintain_look(&node, NOW_US);
	hb_wanted_change(&node, NOW_US, &c);
	return c;
}

/* The change that is wanted is made, and known. */
void carry_out(enum hb_change_kind kind)
{
	struct hb_change c = wanted();
	struct hb_record r;

	assert_int_equal(c.kind, kind);
	assert_true(hb_change_apply(&c, &node.known, &r));
	assert_true(hb_record_valid(&r));
	node.known = node.acceptor.reg.accepted = r;
}

void step(uint64_t now_us)
{
	struct hb_input in = {.kind = HB_IN_TICK, .now_us = now_us};

	node.repl_us = node.ledger_us = now_us;
	hb_node_step(&node, &in, &output);
}
