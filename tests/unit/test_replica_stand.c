/* A replica is promoted only when nobody of the pair is there any more; and what becomes of the pair when it is back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/replica.h"
#include "tests/unit/a_replica.h"

static const struct hb_verdict *say(const char *words)
{
	static char refused[LOCAL_REASON_BYTES];
	static struct hb_verdict no;
	struct hb_command c;
	struct hb_input in = {.kind = HB_IN_COMMAND, .command = &c};

	if (hb_replica_parse("r", words, &c, refused)) {
		memcpy(no.text, refused, sizeof(no.text));
		return &no;
	}
	c.id = 7;
	run(&in);
	return &output.verdict;
}

static void insist(const char *words, bool started, const char *text)
{
	const struct hb_verdict *v = say(words);

	if (v->started != started || !strstr(v->text, text))
		fail_msg("%s: %s", words, v->text);
}

static void test_it_is_promoted_when_the_pair_is_gone(void **state)
{
	(void)state;
	make_following();
	insist("force-promote b 9", false, "this machine is the replica r");
	insist("switchover", false, "is a replica and no member");
	insist("force-promote r 9", false, "a is heard, or was a moment ago");
	pass(3500000, REPL_IDLE, false);
	insist("force-promote r 8", false, "the record has changed");
	/* The witness hears one of them still. */
	beat(W, &pair, BALLOT, HB_WITNESS);
	replica.peer[W].facts.hears = 1 << B;
	insist("force-promote r 9", false, "w hears b");
	replica.peer[W].facts.hears = 0;
	report(REPL_IDLE, true);
	insist("force-promote r 9", false, "receives from the pair");
	report(REPL_SEEDING, false);
	insist("force-promote r 9", false, "no whole copy");
	report(REPL_IDLE, false);
	insist("may force-promote r 9", true, "begins a cluster of its own");
	assert_int_equal(replica.stand.version, 0);
	insist("force-promote r 9", true, "begins a cluster of its own");
	report(REPL_IDLE, false);
	assert_int_equal(output.order.want, REPL_WANT_STAND_IN);
	assert_false(replica.replica.promoted);
}

/* What cannot be read says that somebody is there. */
static void test_a_pair_with_another_key_is_not_gone(void **state)
{
	(void)state;
	make_following();
	pass(3500000, REPL_IDLE, false);
	hb_replica_sign(&replica, B, HB_SIGN_OTHER_KEY, now);
	insist("force-promote r 9", false, "b is not gone: it answers, with another key");
	pass(3100000, REPL_IDLE, false);
	insist("may force-promote r 9", true, "");
	/* Nor is it known what the witness hears. */
	hb_replica_sign(&replica, W, HB_SIGN_OTHER_KEY, now);
	insist("force-promote r 9", false, "w answers with another key: whom it hears is not known");
	pass(3100000, REPL_IDLE, false);
	/* Who refuses us is there. */
	struct hb_message refusal = {.type = HB_VERDICT,
	    .from = A,
	    .instance = replica.known.member[A].instance,
	    .verdict.text = "r is the name of a worker host: join with another one"};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &refusal};

	run(&in);
	insist("force-promote r 9", false, "a answers, and refuses this replica");
	pass(3100000, REPL_IDLE, false);
	/* A machine that has begun anew is no copy of this cluster any more. */
	hb_replica_sign(&replica, A, HB_SIGN_BEGUN_ANEW, now);
	insist("may force-promote r 9", true, "");
	/* It comes while the word is under way. */
	insist("force-promote r 9", true, "");
	hb_replica_sign(&replica, A, HB_SIGN_OTHER_KEY, now);
	report(REPL_DRAINED, false);
	assert_false(replica.replica.promoted);
	assert_non_null(strstr(replica.reason, "was not promoted"));
}

/* Who has just begun to listen has not heard that nobody is there. */
static void test_it_listens_before_it_is_promoted(void **state)
{
	(void)state;
	make_following();
	hb_node_start(&node, &replica.settings, &replica.acceptor.reg, 1, now);
	replica = node;
	pass(2900000, REPL_IDLE, false);
	insist("force-promote r 9", false, "has listened for less than 3 s");
	pass(200000, REPL_IDLE, false);
	insist("may force-promote r 9", true, "");
}

/* From where on the old ones export, and what is told to be lost: its own end only where its history is the pair's. */
static void test_where_it_goes_on(void **state)
{
	(void)state;
	make_following();
	pass(3500000, REPL_IDLE, false);
	assert_int_equal(hb_replica_kin(&replica), HB_REPLICA_ONE);
	assert_int_equal(hb_replica_goes_on_at(&replica).seq, 900);
	replica.repl.astray = 1;
	replica.repl.astray_seq = 700;
	assert_int_equal(hb_replica_kin(&replica), HB_REPLICA_ASTRAY);
	assert_int_equal(hb_replica_goes_on_at(&replica).seq, 700);
	replica.repl.astray_seq = 0; /* they never had anything in common */
	assert_int_equal(hb_replica_goes_on_at(&replica).seq, GTID_ANYWHERE.seq);
	replica.repl.astray = 0;
	replica.known.forced_epoch = 7;
	replica.repl.compared_epoch = 6;
	assert_int_equal(hb_replica_kin(&replica), HB_REPLICA_UNCOMPARED);
	assert_int_equal(hb_replica_goes_on_at(&replica).seq, GTID_ANYWHERE.seq);
	replica.repl.compared_epoch = 7;
	assert_int_equal(hb_replica_kin(&replica), HB_REPLICA_ONE);
}

static void test_a_promotion_is_called_off(void **state)
{
	(void)state;
	make_following();
	pass(3500000, REPL_IDLE, false);
	insist("force-promote r 9", true, "");
	beat(B, &pair, BALLOT, HB_STANDBY);
	assert_int_equal(replica.stand.version, 0);
	assert_int_equal(output.order.want, REPL_WANT_REPLICA);
	assert_non_null(strstr(replica.reason, "was not promoted (attempt 1): b is heard"));
	report(REPL_DRAINED, false);
	assert_false(replica.replica.promoted);
}

static void test_a_promoted_one_begins_a_cluster_of_its_own(void **state)
{
	const struct hb_record *r = &replica.acceptor.reg.accepted;
	struct hb_input on_disk = {.kind = HB_IN_PERSISTED};
	struct hb_facts f;

	(void)state;
	make_following();
	pass(3500000, REPL_IDLE, false);
	insist("force-promote r 9", true, "");
	report(REPL_IDLE, false);
	report(REPL_DRAINED, false);
	assert_true(replica.replica.promoted);
	assert_true(output.persist);
	/* It is told when it is on disk: whoever hears it stops this daemon. */
	hb_replica_facts(&replica, now, &f);
	assert_int_equal(f.state, HB_REPLICA_STANDS_IN);
	on_disk.persisted = replica.acceptor.generation;
	on_disk.now_us = now;
	hb_node_step(&replica, &on_disk, &output);
	hb_replica_facts(&replica, now, &f);
	assert_int_equal(f.state, HB_REPLICA_PROMOTED);
	assert_true(hb_record_valid(r));
	assert_int_equal(r->members, 1);
	assert_int_equal(r->in_sync, 1);
	assert_string_equal(r->member[0].name, "r");
	assert_int_equal(r->token[0].byte[0], 0x55);
	assert_true(r->epoch > pair.epoch + 100);
	assert_true(hb_ballot_compare(replica.acceptor.reg.accepted_ballot, BALLOT) > 0);
	/* Until its configuration is that of a gateway it stays where it is, also after a restart, and hears nobody. */
	hb_node_start(&node, &replica.settings, &replica.acceptor.reg, 1, now);
	replica = node;
	report(REPL_DRAINED, false);
	assert_int_equal(output.order.want, REPL_WANT_STAND_IN);
	beat(A, &pair, BALLOT, HB_ACTIVE);
	assert_string_equal(replica.known.member[0].name, "r");
	/* And then it is a gateway like any that stands alone. */
	replica.settings.replica = false;
	hb_node_start(&node, &replica.settings, &replica.acceptor.reg, 1, now);
	assert_int_equal(node.self, 0);
}

/* ---- the pair, when it is back */

static void give_up(uint64_t instance)
{
	struct hb_message m = {.type = HB_GIVEN_UP,
	    .from = HB_NOBODY,
	    .boot = 3,
	    .instance = 900,
	    .echo_boot = instance,
	    .epoch = 1004,
	    .member = {.name = "r"},
	    .facts = {.opened_at = {0, 1, 900}}};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US};

	hb_node_step(&node, &in, &output);
}

static void report_saved(const char *reason)
{
	struct repl_report report = {.order_generation = output.order.generation};
	struct hb_input in = {.kind = HB_IN_REPLICATION, .repl = &report, .now_us = NOW_US};

	(void)snprintf(report.reason, sizeof(report.reason), "%s", reason);
	hb_node_step(&node, &in, &output);
}

static void test_who_was_given_up_answers_nothing_more(void **state)
{
	(void)state;
	make(A);
	node.acceptor.reg.instance = 100;
	give_up(77); /* of an earlier life of this machine: it has joined anew */
	assert_int_equal(node.given_up.epoch, 0);
	assert_int_not_equal(output.order.want, REPL_WANT_GIVEN_UP);
	node.gate_until_us = NOW_US + 300000;
	give_up(100);
	assert_int_equal(output.view.gate_until_us, 0);
	assert_int_equal(output.view.mode, ROLE_MODE_STALLED);
	assert_false(output.vip);
	assert_int_equal(output.order.want, REPL_WANT_GIVEN_UP);
	assert_int_equal(output.order.active_opened_at.seq, 900);
	assert_int_equal(output.order.epoch, node.known.epoch);
	assert_string_equal(output.order.member_name[0], "r");
	/* Until replicationd has said of this very order that nothing is left to do, nobody is to take the machine away. */
	assert_string_equal(node.reason, "given up: r was promoted at 0-1-900; wait: it saves what only it has");
	report_saved("no room");
	assert_false(node.given_up.saved);
	assert_string_equal(
	    node.reason, "given up: r was promoted at 0-1-900; wait: it saves what only it has (no room)");
	report_saved("");
	assert_true(node.given_up.saved);
	assert_string_equal(node.reason, "given up: r was promoted at 0-1-900; it has to begin anew and join");
	/* It is silent from then on, and has no vote for anybody. */
	for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
		struct hb_message m = {.type = type,
		    .from = B,
		    .boot = 1,
		    .instance = 101,
		    .ballot = {99, B},
		    .epoch = 4,
		    .has_record = 1,
		    .record = node.known};
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US + 10000000};

		hb_node_step(&node, &in, &output);
		assert_int_equal(output.outbox.count, 0);
		assert_int_equal(output.view.gate_until_us, 0);
	}
	/* Also when it hears that before it has read the record. */
	make(A);
	node.acceptor.reg.instance = 100;
	node.acceptor.reg.accepted = node.known;
	node.known = (struct hb_record){0};
	give_up(100);
	assert_int_equal(output.order.epoch, node.acceptor.reg.accepted.epoch);
	assert_true(output.order.epoch > 0);
	make(W);
	node.acceptor.reg.instance = 102;
	give_up(102);
	assert_int_equal(output.order.want, REPL_WANT_NOTHING);
	assert_int_equal(output.outbox.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_it_is_promoted_when_the_pair_is_gone),
	    cmocka_unit_test(test_a_pair_with_another_key_is_not_gone),
	    cmocka_unit_test(test_it_listens_before_it_is_promoted),
	    cmocka_unit_test(test_where_it_goes_on),
	    cmocka_unit_test(test_a_promotion_is_called_off),
	    cmocka_unit_test(test_a_promoted_one_begins_a_cluster_of_its_own),
	    cmocka_unit_test(test_who_was_given_up_answers_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
