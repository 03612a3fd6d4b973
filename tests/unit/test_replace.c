/* A member that is gone for good, and the machine that takes its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/wire.h"
#include "tests/unit/a_node.h"

#define NEW 201

static struct hb_message joiner_of(uint8_t seat)
{
	struct hb_message m = {.type = HB_JOIN, .from = HB_NOBODY};

	m.member = node.known.member[seat];
	m.member.instance = NEW;
	m.facts.level = HB_LEVEL;
	return m;
}

static void miss(uint8_t m)
{
	node.peer[m].heard_us = NOW_US - node.settings.peer_timeout_us;
}

/* The standby is gone, and the active serves alone. */
static int setup(void **state)
{
	(void)state;
	make(A);
	miss(B);
	node.known.in_sync = 1u << A;
	node.acceptor.reg.accepted = node.known;
	return 0;
}

static void test_what_is_not_gone_is_not_replaced(void **state)
{
	(void)state;
	expect("replace a", false, "a is active: it is not gone");
	expect("replace w", false, "w is heard: switch it off");
	expect_not_taken("replace x", "'x' is no member; members are: a b w");
	node.known.in_sync = 3;
	expect("replace b", false, "b still counts as a copy");
	node.known.in_sync = 1;
	miss(W);
	expect("replace b", false, "w is not heard, and has to agree");
	hear(W);
	node.known.phase = HB_CLAIMED;
	expect("replace b", false, "a has not opened yet");
}

static void asks(const struct hb_message *m)
{
	node.join_wanted = false;
	output.outbox.count = 0;
	hb_read_join(&node, m, NOW_US, &output.outbox);
}

static void test_it_takes_a_word(void **state)
{
	struct hb_message m = joiner_of(B), other = joiner_of(B);

	(void)state;
	asks(&m);
	assert_false(node.join_wanted);
	assert_int_equal(output.outbox.letter[0].message.type, HB_STATE); /* and hears that the name is taken */
	expect("replace b", true, "for an hour another machine may join as b");
	other.member.kind = HB_KIND_WITNESS;
	asks(&other);
	assert_false(node.join_wanted);
	other = joiner_of(W);
	asks(&other);
	assert_false(node.join_wanted);
	asks(&m);
	assert_true(node.join_wanted);
	assert_int_equal(wanted().kind, HB_CHANGE_REPLACE);
	assert_int_equal(wanted().target, B);
	hear(B); /* it was only away */
	assert_int_not_equal(wanted().kind, HB_CHANGE_REPLACE);
	miss(B);
	miss(W);
	assert_int_not_equal(wanted().kind, HB_CHANGE_REPLACE);
	hear(W);
	node.replace.until_us = NOW_US - 1;
	assert_int_not_equal(wanted().kind, HB_CHANGE_REPLACE);
	node.replace.until_us = NOW_US;
	node.replace.epoch--; /* the role has moved, and come back */
	assert_int_not_equal(wanted().kind, HB_CHANGE_REPLACE);
}

static void test_the_record_has_the_new_one(void **state)
{
	struct hb_change c = {.kind = HB_CHANGE_REPLACE, .self = A, .target = B, .epoch = 4};
	struct hb_record r, was;

	(void)state;
	c.member = joiner_of(B).member;
	c.member.port = 77;
	node.known.maintenance = 1u << B;
	assert_true(hb_change_apply(&c, &node.known, &r));
	assert_int_equal(r.member[B].instance, NEW);
	assert_int_equal(r.member[B].port, 77);
	assert_true(token_is_none(&r.token[B]));
	assert_int_equal(r.maintenance, 0);
	assert_int_equal(r.members, 3);
	assert_int_equal(r.version, node.known.version + 1);
	was = r;
	assert_false(hb_change_apply(&c, &was, &r)); /* twice */
	node.known.in_sync = 3;
	assert_false(hb_change_apply(&c, &node.known, &r));
	node.known.in_sync = 1;
	c.epoch = 3;
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.epoch = 4;
	c.member.kind = HB_KIND_WITNESS;
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.member.kind = HB_KIND_GATEWAY;
	memcpy(c.member.name, "c", 2);
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.member = joiner_of(A).member;
	c.target = A;
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.target = 3;
	assert_false(hb_change_apply(&c, &node.known, &r));
}

static void say(uint64_t instance, uint64_t boot)
{
	struct hb_message m = {.type = HB_BEAT, .from = B, .instance = instance, .boot = boot, .stamp_us = 5};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .now_us = NOW_US, .message = &m};

	m.facts.level = HB_LEVEL;
	hb_node_step(&node, &in, &output);
}

/* The new one begins to count its starts anew, and what the old one says counts no more: no vote, no sign of life. */
static void test_the_old_one_is_nobody(void **state)
{
	(void)state;
	node.peer[B].boot = 9;
	node.known.member[B].instance = node.acceptor.reg.accepted.member[B].instance = NEW;
	say(100 + B, 10);
	assert_int_equal(node.peer[B].boot, 9);
	assert_int_equal(node.peer[B].heard_us, NOW_US - node.settings.peer_timeout_us);
	say(NEW, 1);
	assert_int_equal(node.peer[B].boot, 1);
	assert_int_equal(node.peer[B].heard_us, NOW_US);
	say(100 + B, 11);
	assert_int_equal(node.peer[B].boot, 1);
}

/* Its numbers of letters, too. */
static void test_the_window_is_empty(void **state)
{
	struct wire w = {0};

	(void)state;
	w.peer[B] = (struct wire_peer){.boot = 9, .top = 1000};
	wire_name(&w, B, 101); /* it was heard before it was known */
	assert_int_equal(w.peer[B].boot, 9);
	wire_name(&w, B, 101);
	assert_int_equal(w.peer[B].top, 1000);
	wire_name(&w, B, NEW);
	assert_int_equal(w.peer[B].boot, 0);
	assert_int_equal(w.peer[B].top, 0);
	assert_int_equal(w.peer[B].instance, NEW);
}

/* Who is not active cannot know what the active has been told. */
static void test_only_the_active_refuses(void **state)
{
	struct hb_register reg = {.kind = HB_KIND_GATEWAY, .instance = NEW, .name = "b"};
	struct hb_settings s = {.lease_us = 400000, .witnesses = 1};
	struct hb_message m = {.type = HB_STATE, .from = W, .has_record = 1, .record = node.known};
	struct hb_node joiner;

	(void)state;
	hb_node_start(&joiner, &s, &reg, 1, NOW_US);
	hb_read_state(&joiner, &m, NOW_US);
	assert_null(joiner.join_refused);
	m.from = A;
	hb_read_state(&joiner, &m, NOW_US);
	assert_string_equal(joiner.join_refused, "the name belongs to another member");
	m.from = W; /* who is not active takes nothing of that back */
	hb_read_state(&joiner, &m, NOW_US);
	assert_string_equal(joiner.join_refused, "the name belongs to another member");
	m.from = A;
	m.record.member[B].instance = NEW;
	hb_read_state(&joiner, &m, NOW_US);
	assert_null(joiner.join_refused);
	assert_int_equal(joiner.self, B);
	assert_false(joiner.acceptor.reg.admitted); /* before it has read the witness, too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_what_is_not_gone_is_not_replaced, setup),
	    cmocka_unit_test_setup(test_it_takes_a_word, setup),
	    cmocka_unit_test_setup(test_the_record_has_the_new_one, setup),
	    cmocka_unit_test_setup(test_the_old_one_is_nobody, setup),
	    cmocka_unit_test_setup(test_the_window_is_empty, setup),
	    cmocka_unit_test_setup(test_only_the_active_refuses, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
