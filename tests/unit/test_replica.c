/* A replica, and what the members make of it: it has no vote in anything, and it follows only what is in the history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "heartbeat/replica.h"
#include "tests/unit/a_replica.h"

static void test_it_asks_the_seed_and_then_all_members(void **state)
{
	(void)state;
	make_replica();
	tick();
	assert_int_equal(output.outbox.count, 1);
	assert_int_equal(output.outbox.letter[0].to, HB_TO_SEED);
	assert_int_equal(output.outbox.letter[0].message.type, HB_WATCH);
	assert_int_equal(output.outbox.letter[0].message.from, HB_NOBODY);
	assert_int_equal(output.order.want, REPL_WANT_NOTHING);
	beat(A, &pair, BALLOT, HB_ACTIVE);
	assert_true(output.persist); /* whom to ask after a restart */
	now += 500000;
	tick();
	assert_int_equal(output.outbox.count, 3);
}

/* Of what a majority, a lease or a claim is made of there is nothing in what it says, whatever it is told. */
static void test_it_never_votes(void **state)
{
	(void)state;
	for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
		struct hb_message m = {.type = type,
		    .from = A,
		    .boot = 1,
		    .instance = 100,
		    .stamp_us = NOW_US,
		    .want_lease = 1,
		    .epoch = 4,
		    .duration_us = 400000,
		    .ballot = {99, A},
		    .has_record = 1};
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m};

		make_following();
		now += 500000;
		m.record = pair;
		m.echo_boot = 1;
		m.echo_us = now;
		run(&in);
		for (unsigned i = 0; i < output.outbox.count; i++)
			assert_int_equal(output.outbox.letter[i].message.type, HB_WATCH);
		assert_int_equal(replica.acceptor.reg.promised.counter, 0);
		assert_int_equal(replica.acceptor.reg.admitted, 0);
		assert_int_equal(replica.acceptor.promise_to, HB_NOBODY);
		assert_false(output.vip);
		assert_int_equal(output.view.gate_until_us, 0);
		assert_int_equal(output.view.writable_epoch, 0);
	}
	/* Nor when it is told that everybody is gone. */
	make_following();
	for (unsigned i = 0; i < 100; i++) {
		now += 1000000;
		report(REPL_IDLE, false);
		assert_int_equal(output.order.want, REPL_WANT_REPLICA);
		for (unsigned k = 0; k < output.outbox.count; k++)
			assert_int_equal(output.outbox.letter[k].message.type, HB_WATCH);
	}
}

/* The members count nothing that comes from it. */
static void test_members_let_it_decide_nothing(void **state)
{
	static const uint8_t votes[] = {HB_BEAT, HB_GRANT, HB_PREPARE, HB_PROMISE, HB_ACCEPT, HB_ACCEPTED, HB_READ};

	(void)state;
	for (size_t i = 0; i < sizeof(votes); i++) {
		struct hb_message m = {.type = votes[i],
		    .from = HB_NOBODY,
		    .boot = 1,
		    .instance = 900,
		    .stamp_us = NOW_US,
		    .ballot = {99, A},
		    .epoch = 4,
		    .duration_us = 400000};
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US};
		struct hb_register before;

		make(W);
		m.record = node.known;
		m.has_record = 1;
		before = node.acceptor.reg;
		hb_node_step(&node, &in, &output);
		assert_memory_equal(&before, &node.acceptor.reg, sizeof(before));
		for (unsigned k = 0; k < output.outbox.count; k++)
			assert_int_not_equal(output.outbox.letter[k].to, HB_TO_SENDER);
	}
}

static struct hb_message a_watch(const char *name, uint64_t instance, uint64_t stamp_us)
{
	struct hb_message m = {
	    .type = HB_WATCH, .from = HB_NOBODY, .boot = 1, .instance = instance, .stamp_us = stamp_us};

	memcpy(m.member.name, name, strlen(name));
	m.member.kind = HB_KIND_REPLICA;
	m.member.address = ip_of_v4(0x0a000009);
	m.facts.state = HB_REPLICA_FOLLOWS;
	return m;
}

static char refusal[LOCAL_REASON_BYTES];

static bool is_answered(struct hb_message m, uint64_t at_us)
{
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = at_us};
	bool answered = false;

	refusal[0] = '\0';
	hb_node_step(&node, &in, &output);
	for (unsigned k = 0; k < output.outbox.count; k++) {
		const struct hb_letter *l = &output.outbox.letter[k];

		if (l->to != HB_TO_SENDER)
			continue;
		if (l->message.type == HB_VERDICT) {
			memcpy(refusal, l->message.verdict.text, sizeof(refusal));
			assert_int_equal(l->message.verdict.id, 0);
			continue;
		}
		answered = true;
		assert_int_equal(l->message.type, HB_BEAT);
		assert_int_equal(l->message.want_lease, 0);
		assert_int_equal(l->message.record.version, node.known.version);
	}
	return answered;
}

static void test_a_member_answers_and_remembers(void **state)
{
	struct hb_record before;

	(void)state;
	make(A);
	before = node.known;
	assert_true(is_answered(a_watch("r", 900, 10), NOW_US));
	assert_string_equal(node.watcher.member.name, "r");
	assert_int_equal(node.watcher.facts.state, HB_REPLICA_FOLLOWS);
	assert_false(is_answered(a_watch("r", 900, 10), NOW_US)); /* the same again */
	assert_true(is_answered(a_watch("r", 900, 11), NOW_US + 1));
	assert_false(is_answered(a_watch("s", 901, 12), NOW_US + 2)); /* there is one */
	assert_non_null(strstr(refusal, "r is the replica of this cluster"));
	assert_true(is_answered(a_watch("s", 901, 12), NOW_US + 11000000));  /* until it is gone */
	assert_false(is_answered(a_watch("b", 902, 13), NOW_US + 30000000)); /* a member's name */
	assert_non_null(strstr(refusal, "b is the name of a member"));
	/* The same machine, joined anew, is not kept waiting for its own place. */
	assert_false(is_answered(a_watch("s", 903, 14), NOW_US + 11900000));
	assert_true(is_answered(a_watch("s", 903, 15), NOW_US + 12100000));
	assert_true(hb_record_equal(&before, &node.known));
	assert_false(node.join_wanted);
	make(A);
	node.booted = false;
	assert_false(is_answered(a_watch("r", 900, 10), NOW_US));
}

/* A name is written into status, journals and lines of a shell. */
static void test_a_name_that_is_none_is_not_remembered(void **state)
{
	static const char *const bad[] = {"", "R", "-r", "1r", "$(id)", "r r", "r\"", "r\n"};
	struct hb_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make(A);
		assert_false(is_answered(a_watch(bad[i], 900, 10), NOW_US));
		assert_string_equal(node.watcher.member.name, "");
	}
	make(A);
	m = a_watch("r", 900, 10);
	memset(m.member.name, 'r', sizeof(m.member.name)); /* without an end */
	assert_false(is_answered(m, NOW_US));
	assert_string_equal(node.watcher.member.name, "");
}

/* Two of them, each with a place at some members: the one that follows gets all of them, so that none starves the other. */
static void test_two_replicas_do_not_starve_each_other(void **state)
{
	struct hb_message r = a_watch("r", 900, 10), other = a_watch("s", 901, 11);

	(void)state;
	make(A);
	r.facts.state = HB_REPLICA_RESTS;
	assert_true(is_answered(r, NOW_US));
	assert_true(is_answered(other, NOW_US + 1)); /* it follows: this one is not its source */
	r.stamp_us = 12;
	assert_false(is_answered(r, NOW_US + 2));
	r.stamp_us = 13;
	r.facts.state = HB_REPLICA_FOLLOWS;
	assert_false(is_answered(r, NOW_US + 3)); /* both do: who has the place keeps it */
	/* One that has just begun gives its place to the one that follows. */
	make(A);
	node.reading.began_us = NOW_US - 1000000;
	other.facts.state = HB_REPLICA_RESTS;
	assert_false(is_answered(other, NOW_US));
	assert_true(is_answered(r, NOW_US + 1));
	make(A);
	node.reading.began_us = NOW_US - 6000000;
	assert_true(is_answered(other, NOW_US));
}

static void test_an_address_of_a_member_is_refused(void **state)
{
	struct hb_message m = a_watch("r", 900, 10);

	(void)state;
	make(A);
	m.member.address = node.known.member[B].address = ip_of_v4(0x0a000002);
	assert_false(is_answered(m, NOW_US));
	assert_non_null(strstr(refusal, "its --address is that of the member b"));
}

static void refuse(uint8_t from, uint64_t instance)
{
	struct hb_message m = {
	    .type = HB_VERDICT, .from = from, .boot = 1, .instance = instance, .verdict = {.text = "no"}};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m};

	run(&in);
}

static void is_said(const char *words)
{
	if (!strstr(replica.reason, words))
		fail_msg("'%s', not '%s'", replica.reason, words);
}

/* Why it is not answered, is said, and not only that it is not. */
static void test_it_says_why_it_hears_nobody(void **state)
{
	(void)state;
	make_replica();
	tick();
	report(REPL_IDLE, false);
	is_said("no member is heard yet");
	refuse(B, 101);
	assert_string_equal(replica.reason, HB_REPLICA_REFUSED "no");
	pass(3100000, REPL_IDLE, false);
	is_said("no member is heard yet");
	make_following();
	assert_string_equal(replica.reason, "");
	pass(3100000, REPL_IDLE, false);
	is_said("hears no member");
	refuse(B, 77);
	is_said("hears no member"); /* not of the pair */
	beat(W, &pair, BALLOT, HB_WITNESS);
	report(REPL_IDLE, false);
	is_said("hears no gateway, only the witness");
	hb_replica_sign(&replica, A, HB_SIGN_BEGUN_ANEW, now);
	report(REPL_IDLE, false);
	is_said("have begun anew");
	hb_replica_sign(&replica, B, HB_SIGN_OTHER_KEY, now);
	report(REPL_IDLE, false);
	is_said("another key of the heartbeats");
	beat(A, &pair, BALLOT, HB_ACTIVE);
	report(REPL_IDLE, false);
	is_said("waits until whom it is to follow is heard");
}

/* With the same key, but another installation. */
static void test_members_that_have_begun_anew_are_told_from_silent_ones(void **state)
{
	struct hb_record r;

	(void)state;
	make_following();
	pass(3100000, REPL_IDLE, false);
	r = pair;
	r.member[A].instance = 77;
	{
		struct hb_message m = {.type = HB_BEAT,
		    .from = A,
		    .boot = 9,
		    .instance = 77,
		    .ballot = BALLOT,
		    .has_record = 1,
		    .record = r};
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m};

		run(&in);
	}
	report(REPL_IDLE, false);
	is_said("have begun anew");
}

static void test_in_sync_it_follows_the_standby(void **state)
{
	struct hb_record r;

	(void)state;
	make_following();
	assert_int_equal(output.order.want, REPL_WANT_REPLICA);
	assert_int_equal(output.order.self, HB_REPLICA_NUMBER);
	assert_int_equal(output.order.active, B);
	assert_int_equal(output.order.copy_from, A);
	/* Alone, the active is the history: when it says so itself. */
	r = pair;
	r.version++;
	r.in_sync = 1 << A;
	beat(W, &r, (struct hb_ballot){6, A}, HB_WITNESS);
	assert_int_equal(output.order.active, HB_NOBODY);
	assert_string_equal(output.order.active_address, "");
	beat(A, &r, (struct hb_ballot){6, A}, HB_ACTIVE);
	assert_int_equal(output.order.active, A);
	/* An old word does not lead back. */
	beat(B, &pair, BALLOT, HB_STANDBY);
	assert_int_equal(output.order.active, A);
	/* While the role is moving nobody is followed. */
	r.version++;
	r.phase = HB_CLAIMED;
	r.active = B;
	r.in_sync = 3;
	beat(B, &r, (struct hb_ballot){7, B}, HB_PROMOTING);
	assert_int_equal(output.order.active, HB_NOBODY);
	assert_int_equal(output.order.copy_from, HB_NOBODY);
}

static void test_it_rests_when_its_source_is_silent(void **state)
{
	(void)state;
	make_following();
	pass(1900000, REPL_FOLLOWING, true);
	beat(A, &pair, BALLOT, HB_ACTIVE);
	assert_int_equal(output.order.active, B);
	pass(200000, REPL_FOLLOWING, true);
	assert_int_equal(output.order.active, HB_NOBODY);
	/* A restart knows whom to ask, and follows nobody by that. */
	hb_node_start(&node, &replica.settings, &replica.acceptor.reg, 1, now);
	replica = node;
	report(REPL_IDLE, false);
	assert_int_equal(replica.known.members, 3);
	assert_int_equal(output.order.want, REPL_WANT_REPLICA);
	assert_int_equal(output.order.active, HB_NOBODY);
}

static void test_the_standbys_copy_comes_first(void **state)
{
	(void)state;
	make_following();
	beat(B, &pair, BALLOT, HB_SEEDING);
	assert_int_equal(output.order.copy_from, HB_NOBODY);
}

/* What takes hours is not thrown away for a moment. */
static void test_a_copy_under_way_goes_on(void **state)
{
	struct hb_record r;

	(void)state;
	make_following();
	report(REPL_SEEDING, false);
	assert_int_equal(output.order.copy_from, A);
	r = pair;
	r.version++;
	r.in_sync = 1 << A;
	beat(W, &r, (struct hb_ballot){6, A}, HB_WITNESS); /* before the active itself tells of it */
	assert_int_equal(output.order.copy_from, A);
	pass(29000000, REPL_SEEDING, false);
	assert_int_equal(output.order.copy_from, A);
	pass(1100000, REPL_SEEDING, false);
	assert_int_equal(output.order.copy_from, HB_NOBODY);
}

static void test_a_machine_of_before_is_not_heard(void **state)
{
	struct hb_record r;

	(void)state;
	make_following();
	r = pair;
	r.member[A].instance = 77;
	r.version = 50;
	beat(A, &r, (struct hb_ballot){99, A}, HB_ACTIVE); /* not the one that its own record names */
	assert_int_equal(replica.known.version, pair.version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_it_asks_the_seed_and_then_all_members),
	    cmocka_unit_test(test_it_never_votes),
	    cmocka_unit_test(test_members_let_it_decide_nothing),
	    cmocka_unit_test(test_a_member_answers_and_remembers),
	    cmocka_unit_test(test_a_name_that_is_none_is_not_remembered),
	    cmocka_unit_test(test_two_replicas_do_not_starve_each_other),
	    cmocka_unit_test(test_an_address_of_a_member_is_refused),
	    cmocka_unit_test(test_it_says_why_it_hears_nobody),
	    cmocka_unit_test(test_members_that_have_begun_anew_are_told_from_silent_ones),
	    cmocka_unit_test(test_in_sync_it_follows_the_standby),
	    cmocka_unit_test(test_it_rests_when_its_source_is_silent),
	    cmocka_unit_test(test_the_standbys_copy_comes_first),
	    cmocka_unit_test(test_a_copy_under_way_goes_on),
	    cmocka_unit_test(test_a_machine_of_before_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
