/* Who becomes a member, and who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/memberlist.h"
#include "heartbeat/replica.h"
#include "tests/unit/a_node.h"

static int setup(void **state)
{
	(void)state;
	make(A);
	return 0;
}

/* With a member away, a JOIN could be neither chosen nor given up, and the record would count one more. */
static void test_nobody_joins_while_a_member_is_away(void **state)
{
	struct hb_message m = {
	    .type = HB_JOIN, .from = HB_NOBODY, .member = {.name = "w2", .kind = HB_KIND_WITNESS, .instance = 9}};
	struct hb_change c = {.kind = HB_CHANGE_JOIN, .self = A, .epoch = 4};
	struct hb_record r;

	(void)state;
	node.settings.witnesses = 2;
	hb_read_join(&node, &m, NOW_US, &output.outbox);
	assert_int_equal(wanted().kind, HB_CHANGE_JOIN);
	node.peer[W].heard_us = NOW_US - node.settings.peer_timeout_us;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	hear(W);
	hb_read_join(&node, &m, NOW_US - 1000000, &output.outbox); /* it has given up */
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);

	c.member = m.member;
	assert_true(hb_change_apply(&c, &node.known, &r));
	c.member.kind = 9;
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.member = m.member;
	memcpy(c.member.name, "W 2", 4);
	assert_false(hb_change_apply(&c, &node.known, &r));
}

/* A release without addresses of IPv6 cannot even hand on a record with one. */
static void test_address_of_ipv6_waits_for_all_releases(void **state)
{
	struct hb_message m = {.type = HB_JOIN,
	    .from = HB_NOBODY,
	    .member = {.name = "w2", .kind = HB_KIND_WITNESS, .instance = 9, .address = {.byte = {0xfd, 1}}}};
	struct hb_change c;

	(void)state;
	node.settings.witnesses = 2;
	node.peer[B].facts.level = 3;
	hb_read_join(&node, &m, NOW_US, &output.outbox);
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	node.peer[B].facts.level = 4;
	hb_read_join(&node, &m, NOW_US, &output.outbox);
	assert_int_equal(wanted().kind, HB_CHANGE_JOIN);
	assert_int_equal(wanted().member.address.byte[1], 1);

	/* The second one is left out, and comes when it can be said. */
	m.member.address = ip_of_v4(0x0a000009);
	m.member.second_address.byte[0] = 0xfd;
	node.peer[B].facts.level = 3;
	hb_read_join(&node, &m, NOW_US, &output.outbox);
	c = wanted();
	assert_int_equal(c.kind, HB_CHANGE_JOIN);
	assert_true(ip_is_none(&c.member.second_address));
	node.join_wanted = false;
	node.peer[B].facts.second_address.byte[0] = 0xfd;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	node.peer[B].facts.level = 4;
	assert_int_equal(wanted().kind, HB_CHANGE_ADDRESS);
	assert_int_equal(wanted().target, B);
}

/* It would be mute from the moment it is a member, and be counted all the same. */
static void test_nobody_joins_who_cannot_read_the_record(void **state)
{
	struct hb_message m = {.type = HB_JOIN,
	    .from = HB_NOBODY,
	    .member = {.name = "w2", .kind = HB_KIND_WITNESS, .instance = 9, .address = ip_of_v4(0x0a000009)}};

	(void)state;
	node.settings.witnesses = 2;
	node.known.member[B].second_address.byte[0] = 0xfd;
	node.peer[B].facts.second_address.byte[0] = 0xfd;
	hb_read_join(&node, &m, NOW_US, &output.outbox);
	assert_false(node.join_wanted);
	m.facts.level = HB_LEVEL_IPV6 - 1;
	hb_read_join(&node, &m, NOW_US, &output.outbox);
	assert_false(node.join_wanted);
	m.facts.level = HB_LEVEL_IPV6;
	hb_read_join(&node, &m, NOW_US, &output.outbox);
	assert_true(node.join_wanted);
}

/* It hears the record from every beat. */
static void test_address_of_ipv6_waits_for_the_replica(void **state)
{
	(void)state;
	node.peer[B].facts.second_address.byte[0] = 0xfd;
	memcpy(node.watcher.member.name, "r", 2);
	node.watcher.facts.level = HB_LEVEL_IPV6 - 1;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	node.watcher.facts.level = HB_LEVEL_IPV6;
	assert_int_equal(wanted().kind, HB_CHANGE_ADDRESS);
}

static void test_the_list_of_members_is_whole(void **state)
{
	struct hb_record r = {.members = HB_MEMBERS_MAX};
	char text[MEMBERLIST_BYTES], *line = text;
	size_t used;

	(void)state;
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++) {
		r.member[i].kind = i ? HB_KIND_GATEWAY : HB_KIND_WITNESS;
		memcpy(r.member[i].name, "gateway-berlin1", 16);
		for (unsigned k = 0; k < IP_BYTES; k++)
			r.member[i].address.byte[k] = (uint8_t)(0x20 + i);
	}
	used = memberlist_format(&r, text);
	assert_int_equal(used, strlen(text));
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++) {
		char want[128], byte[3];

		(void)snprintf(byte, sizeof(byte), "%02x", 0x20 + i);
		(void)snprintf(want, sizeof(want), "%u gateway-berlin1 %s %s%s:%s%s:%s%s:%s%s:%s%s:%s%s:%s%s:%s%s\n", i,
		    i ? "gateway" : "witness", byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte,
		    byte, byte, byte, byte);
		assert_memory_equal(line, want, strlen(want));
		line += strlen(want);
	}
	assert_int_equal(*line, 0);
	r.members = 0;
	assert_int_equal(memberlist_format(&r, text), 0);
}

/* The token may be from before: only the record knows who has joined since. */
static void test_nobody_joins_whose_place_is_taken(void **state)
{
	static const uint8_t kind[] = {HB_KIND_WITNESS, HB_KIND_GATEWAY};

	(void)state;
	for (size_t i = 0; i < sizeof(kind); i++) {
		struct hb_message m = {
		    .type = HB_JOIN, .from = HB_NOBODY, .member = {.name = "x", .kind = kind[i], .instance = 9}};

		output.outbox.count = 0;
		hb_read_join(&node, &m, NOW_US, &output.outbox);
		assert_false(node.join_wanted);
		assert_int_equal(wanted().kind, HB_CHANGE_NONE);
		assert_int_equal(output.outbox.count, 1); /* it is told the record, and sees why */
		assert_int_equal(output.outbox.letter[0].message.type, HB_STATE);
	}
}

/* One that asks, and is told a record: does that have a place for it? */
static void test_one_whose_place_is_taken_hears_so(void **state)
{
	static const struct {
		uint8_t kind;
		bool there[3];
		const char *why;
	} c[] = {
	    {HB_KIND_WITNESS, {true, true, true}, "the cluster has a witness already"},
	    {HB_KIND_GATEWAY, {true, true, true}, "the cluster has two gateways already"},
	    {HB_KIND_WITNESS, {true, true, false}, NULL},
	    {HB_KIND_GATEWAY, {true, false, true}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct hb_register reg = {.kind = c[i].kind, .instance = 9, .name = "x"};
		struct hb_settings s = {.lease_us = 400000, .witnesses = 1};
		struct hb_message m = {.type = HB_STATE, .has_record = 1, .record = node.known};
		struct hb_node joiner;

		m.record.members = 0;
		for (uint8_t k = 0; k < 3; k++)
			if (c[i].there[k])
				m.record.member[m.record.members++] = node.known.member[k];
		hb_node_start(&joiner, &s, &reg, 1, NOW_US);
		hb_read_state(&joiner, &m, NOW_US);
		if (!c[i].why) {
			assert_null(joiner.join_refused);
			continue;
		}
		assert_non_null(strstr(joiner.join_refused, c[i].why));
	}
}

/* One that the active refuses: it is told so, and why is there for the log. Silence, as before, is for those that may still be admitted. */
static void test_who_is_refused_hears_why(void **state)
{
	static const struct {
		bool of_host, unheard;
		uint8_t level, of_b, second, first;
		enum hb_refusal refusal;
		const char *why, *older;
	} c[] = {
	    {.of_host = true, .level = HB_LEVEL, .of_b = HB_LEVEL, .refusal = HB_REFUSED_NAME, .why = "worker host"},
	    {.level = 3, .of_b = HB_LEVEL, .second = 0xfd, .refusal = HB_REFUSED_OLD, .why = "of this machine cannot"},
	    {.level = HB_LEVEL,
		.of_b = 3,
		.first = 0xfd,
		.refusal = HB_REFUSED_MEMBER_OLD,
		.why = "upgrade",
		.older = "b"},
	    {.level = HB_LEVEL, .of_b = 0, .first = 0xfd, .unheard = true},
	    {.level = HB_LEVEL, .of_b = HB_LEVEL, .first = 0xfd},
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct hb_message m = {.type = HB_JOIN,
		    .from = HB_NOBODY,
		    .facts.level = c[i].level,
		    .member = {.name = "w2", .kind = HB_KIND_WITNESS, .instance = 9, .address = ip_of_v4(0x0a000009)}};
		struct hb_register reg = {.kind = HB_KIND_WITNESS, .instance = 9, .name = "w2"};
		struct hb_settings s = {.lease_us = 400000, .witnesses = 2};
		struct hb_message answer;
		struct hb_node joiner;

		(void)setup(state);
		node.settings.witnesses = 2;
		node.name_of_host = c[i].of_host;
		node.peer[B].facts.level = c[i].of_b;
		if (c[i].unheard)
			node.peer[B].stamp_us = 0;
		node.known.member[B].second_address.byte[0] = c[i].second;
		if (c[i].first)
			m.member.address = (struct ip){{c[i].first, 1}};
		output.outbox.count = 0;
		hb_read_join(&node, &m, NOW_US, &output.outbox);
		assert_int_equal(node.join_wanted, !c[i].why && !c[i].unheard);
		assert_int_equal(output.outbox.count, c[i].why ? 1 : 0);
		assert_int_equal(node.refused.why != NULL, c[i].why != NULL);
		if (!c[i].why)
			continue;
		assert_non_null(strstr(node.refused.why, c[i].why));
		assert_string_equal(node.refused.who.name, "w2");
		assert_int_equal(node.refused.older != NULL, c[i].older != NULL);
		if (c[i].older)
			assert_string_equal(node.refused.older, c[i].older);
		answer = output.outbox.letter[0].message;
		answer.from = A;
		assert_int_equal(answer.refusal, c[i].refusal);
		hb_node_start(&joiner, &s, &reg, 1, NOW_US);
		hb_read_state(&joiner, &answer, NOW_US);
		assert_string_equal(joiner.join_refused, node.refused.why);
		answer.from = B; /* of that it knows nothing */
		answer.refusal = HB_OK;
		hb_read_state(&joiner, &answer, NOW_US);
		assert_non_null(joiner.join_refused);
	}
}

/* A member that had the name before keeps it, and another machine may take its place. */
static void test_a_replica_is_not_called_like_a_worker_host(void **state)
{
	struct hb_message m = {.type = HB_WATCH,
	    .from = HB_NOBODY,
	    .instance = 9,
	    .boot = 1,
	    .stamp_us = 1,
	    .facts.state = HB_REPLICA_RESTS,
	    .member = {.name = "r", .kind = HB_KIND_REPLICA, .address = ip_of_v4(0x0a000009)}};

	(void)state;
	node.name_of_host = true;
	output.outbox.count = 0;
	hb_watcher_take(&node, &m, NOW_US, &output.outbox);
	assert_string_equal(node.watcher.member.name, "");
	assert_int_equal(output.outbox.count, 1);
	assert_non_null(strstr(output.outbox.letter[0].message.verdict.text, "r is the name of a worker host"));
	node.name_of_host = false;
	hb_watcher_take(&node, &m, NOW_US, &output.outbox);
	assert_string_equal(node.watcher.member.name, "r");
	node.name_of_host = true;
	m.stamp_us++;
	hb_watcher_take(&node, &m, NOW_US + 1, &output.outbox);
	assert_int_equal(node.watcher.heard_us, NOW_US + 1);
	node.watcher = (struct hb_watcher){0}; /* our heartbeatd began anew while it followed */
	m.facts.state = HB_REPLICA_FOLLOWS;
	hb_watcher_take(&node, &m, NOW_US + 2, &output.outbox);
	assert_string_equal(node.watcher.member.name, "r");
}

/* It was replaced, and its disk is back: the members answer it as they answer anybody. */
static void test_who_hears_no_record_is_a_stranger(void **state)
{
	(void)state;
	assert_false(hb_is_stranger(&node, NOW_US));
	node.booted = false;
	node.reading = (struct hb_reading){.began_us = NOW_US - 6000000};
	node.peer[B].stamp_us = node.peer[W].stamp_us = 0;
	assert_true(hb_is_stranger(&node, NOW_US));
	node.reading.began_us = NOW_US - 4000000; /* it takes a moment */
	assert_false(hb_is_stranger(&node, NOW_US));
	node.reading.began_us = NOW_US - 6000000;
	node.peer[W].stamp_us = 1; /* it does not hear us, perhaps */
	assert_false(hb_is_stranger(&node, NOW_US));
	node.peer[W].stamp_us = 0;
	node.reading.answers = 1u << W; /* of five, two are not enough */
	assert_false(hb_is_stranger(&node, NOW_US));
	node.reading.answers = 1u << A;
	assert_true(hb_is_stranger(&node, NOW_US));
	node.peer[B].heard = node.peer[W].heard = false;
	assert_false(hb_is_stranger(&node, NOW_US));
}

/* The one that was replaced has the address of the new one: what is told to that one, it hears. */
static void test_whose_place_another_has_is_a_stranger(void **state)
{
	struct hb_message m = {.type = HB_BEAT,
	    .from = B,
	    .boot = node.peer[B].boot,
	    .instance = node.known.member[B].instance,
	    .stamp_us = NOW_US,
	    .has_record = 1,
	    .record = node.known};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US};

	(void)state;
	m.record.member[A].instance++;
	m.record.version--; /* from before our own place was given to us */
	hb_node_step(&node, &in, &output);
	assert_false(hb_is_stranger(&node, NOW_US));
	m.record.version++;
	m.stamp_us++;
	hb_node_step(&node, &in, &output);
	assert_true(hb_is_stranger(&node, NOW_US));
	assert_false(hb_is_stranger(&node, NOW_US + 6000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_who_hears_no_record_is_a_stranger, setup),
	    cmocka_unit_test_setup(test_whose_place_another_has_is_a_stranger, setup),
	    cmocka_unit_test_setup(test_nobody_joins_while_a_member_is_away, setup),
	    cmocka_unit_test_setup(test_address_of_ipv6_waits_for_all_releases, setup),
	    cmocka_unit_test_setup(test_nobody_joins_who_cannot_read_the_record, setup),
	    cmocka_unit_test_setup(test_address_of_ipv6_waits_for_the_replica, setup),
	    cmocka_unit_test_setup(test_the_list_of_members_is_whole, setup),
	    cmocka_unit_test_setup(test_nobody_joins_whose_place_is_taken, setup),
	    cmocka_unit_test_setup(test_one_whose_place_is_taken_hears_so, setup),
	    cmocka_unit_test_setup(test_who_is_refused_hears_why, setup),
	    cmocka_unit_test_setup(test_a_replica_is_not_called_like_a_worker_host, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
