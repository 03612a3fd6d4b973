/* The last resort: what is refused and why, what it does to the record, and when it is called off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/a_node.h"

/* a was alone in in_sync and is gone; seen by b, which follows nobody any more. */
static void make_lost(void)
{
	make(B);
	node.known.in_sync = node.acceptor.reg.accepted.in_sync = 1;
	node.peer[A].heard_us = NOW_US - 5000000;
	node.stepped_us = NOW_US;
	node.renewed_us = NOW_US - 5000000;
	node.repl.following = 0;
	node.repl.follow_epoch = 0;
}

static void test_a_role_is_forced(void **state)
{
	const struct hb_record *r = &node.known;

	(void)state;
	make_lost();
	assert_false(hb_stands_in(&node, NOW_US));
	expect(
	    "force-promote b 9", true, "b applies what it received, and takes the role; what only a has is given up");
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	step(NOW_US);
	assert_int_equal(node.order.want, REPL_WANT_STAND_IN);
	node.repl.state = REPL_DRAINED;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE); /* under an earlier order */
	node.repl.order_generation = node.order.generation;
	node.repl.token = (struct token){{0}};
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	node.repl.token.byte[3] = 0x77;
	assert_int_equal(wanted().reason, HB_REASON_FORCED);
	carry_out(HB_CHANGE_FORCE);
	assert_int_equal(r->version, 10);
	assert_int_equal(r->epoch, 5);
	assert_int_equal(r->forced_epoch, 5);
	assert_int_equal(r->active, B);
	assert_int_equal(r->phase, HB_CLAIMED);
	assert_int_equal(r->in_sync, 1 << B);
	assert_true(token_is_none(&r->token[A]));
	assert_true(token_equal(&r->token[B], &node.repl.token));
	hb_stand_look(&node, NOW_US);
	assert_int_equal(node.stand.version, 0);
	assert_string_equal(node.stand_note, "");
}

static void test_words_of_a_forced_role(void **state)
{
	static const char shown[] = "want the node and the version of the record that was shown";

	(void)state;
	make_lost();
	expect_not_taken("force-promote", shown);
	expect_not_taken("force-promote b", shown);
	expect_not_taken("force-promote w 9", "'w' is no gateway; gateways are: a b");
	expect_not_taken("force-promote a-name-of-more-than-a-name-has-and-more 9",
	    "'a-name-of-more-t' is no member; gateways are: a b");
	expect_not_taken("force-promote b x", "'x' is no version of the record");
	expect_not_taken("force-promote b -9", "'-9' is no version of the record");
	expect_not_taken("force-promote b 9 9", "'9 9' is no version of the record");
	expect_not_taken("force-promote b 0", "'0' is no version of the record");
	assert_int_equal(node.stand.version, 0);
}

/* Only the lost one could say where its tail begins, so it waits with its database down. */
static void test_a_role_is_forced_upon_one_that_was_active(void **state)
{
	(void)state;
	make_lost();
	node.repl.dirty = 1;
	node.repl.db_up = 0;
	node.order.want = REPL_WANT_FOLLOW_OUT;
	expect("force-promote b 9", true, "b applies what it received, and takes the role");
	step(NOW_US);
	assert_int_equal(node.order.want, REPL_WANT_STAND_IN);
	assert_int_equal(node.stand.version, 9);
}

static void test_a_forced_role_is_refused(void **state)
{
	static const char words[] = "force-promote b 9";

	(void)state;
	make_lost();
	node.peer[A].heard_us = NOW_US - 2900000;
	expect(words, false, "a is heard, or was a moment ago: it is not gone");
	make_lost();
	node.acceptor.promise_to = A;
	node.acceptor.promise_until_us = NOW_US + 1;
	expect(words, false, "a is heard, or was a moment ago: it is not gone");
	make_lost();
	node.peer[W].facts.hears = 1 << A;
	expect(words, false, "w hears a, or did a moment ago: it is not gone");
}

static void test_a_copy_is_refused(void **state)
{
	static const char words[] = "force-promote b 9";

	(void)state;
	make_lost();
	expect("force-promote b 8", false, "the record has changed since it was shown, version 8 to 9: look again");
	node.known.in_sync = 3;
	expect(words, false, "b: it has every payment, and takes the role by itself as soon as it may");
	make_lost();
	node.repl.state = REPL_SEEDING;
	expect(words, false, "b: it has no whole copy: it was fetching one");
	make_lost();
	node.repl.state = REPL_FAILED;
	expect(words, false, "b: replication has failed");
	make_lost();
	node.repl.db_up = 0;
	node.order.want = REPL_WANT_FOLLOW_OUT;
	expect(words, false, "b: its database does not run");
	node.order.want = REPL_WANT_NOTHING; /* nobody would have started it */
	expect(words, true, "b applies what it received");
	expect(words, true, "b is at it already");
	expect("force-promote b 10", false, "b is at it already");
	make_lost();
	node.repl.fit = 0;
	expect(words, false, "b: its database does not work");
	make_lost();
	node.settings.observe_only = true;
	expect(words, false, "b: observe-only is set");
	make_lost();
	node.peer[W].heard_us = NOW_US - 1100000;
	expect(words, false, "b hears no majority, only 1 of 3: the record cannot be changed");
	make_lost();
	node.peer[W].facts.level = 2;
	expect(words, false, "b has not heard of w that its release has force promote");
	node.known.members = node.acceptor.reg.accepted.members = 5; /* nor does one count that was heard a while ago */
	node.peer[W].heard_us = NOW_US - 2900000;
	expect(words, false, "b has not heard of w that its release has force promote");
	make_lost();
	node.repl.following = 1;
	expect(words, false, "b is connected to the database of a, or was 5 s ago: it is not gone");
	make_lost();
	node.ledger_us = 0;
	expect(words, false, "b: no word from ledgerd: systemctl status holdfast-ledgerd");
	make_lost();
	node.acceptor.silent_until_us = NOW_US + 1;
	expect(words, false, "b: it has just started: try again");
	assert_int_equal(node.stand.version, 0);
	make(A);
	expect("force-promote a 9", false, "a: it is active already, as far as it has heard");
}

/* What the word rests on is gone before it was carried out. */
static void test_a_forced_role_is_called_off(void **state)
{
	(void)state;
	make_lost();
	expect("force-promote b 9", true, "b applies what it received");
	node.peer[A].heard_us = NOW_US - 1;
	hb_stand_look(&node, NOW_US);
	assert_false(hb_stands_in(&node, NOW_US));
	assert_string_equal(
	    node.stand_note, "was not promoted (attempt 1): a is heard, or was a moment ago: it is not gone");
	node.known.version++;
	hb_stand_look(&node, NOW_US);
	assert_string_equal(node.stand_note, "");
	make_lost();
	expect("force-promote b 9", true, "b applies what it received");
	node.known.version++;
	hb_stand_look(&node, NOW_US);
	assert_string_equal(
	    node.stand_note, "was not promoted (attempt 1): the record has changed meanwhile: look again");
	make_lost();
	expect("force-promote b 9", true, "b applies what it received");
	node.repl.fit = 0; /* a statement that takes its time */
	hb_stand_look(&node, NOW_US);
	assert_int_equal(node.stand.version, 9);
	node.peer[W].facts.hears = 1 << A;
	hb_stand_look(&node, NOW_US);
	assert_string_equal(
	    node.stand_note, "was not promoted (attempt 1): w hears a, or did a moment ago: it is not gone");
}

/* It was too late: nobody may be told that it was not done, before that is so. */
static void test_a_forced_role_is_called_off_too_late(void **state)
{
	struct hb_change c = {.kind = HB_CHANGE_FORCE, .self = B, .version = 9, .token = token_of(7)};

	(void)state;
	make_lost();
	expect("force-promote b 9", true, "b applies what it received");
	assert_true(hb_change_apply(&c, &node.known, &node.acceptor.reg.accepted));
	node.acceptor.reg.accepted_ballot = (struct hb_ballot){6, B};
	node.peer[A].heard_us = NOW_US - 1;
	hb_stand_look(&node, NOW_US);
	assert_int_equal(node.stand.version, 0);
	assert_string_equal(
	    node.stand_note, "may be promoted yet (attempt 1): a is heard, or was a moment ago: it is not gone");
	expect("force-promote b 9", true, "b has begun before, and may be promoted yet");
	node.known_ballot = (struct hb_ballot){7, A};
	expect("force-promote b 9", false, "a is heard, or was a moment ago: it is not gone");
	hb_stand_look(&node, NOW_US);
	assert_string_equal(
	    node.stand_note, "was not promoted (attempt 1): a is heard, or was a moment ago: it is not gone");
	node.peer[A].heard_us = NOW_US - 5000000;
	expect("force-promote b 9", true, "b applies what it received");
	hb_stand_look(&node, NOW_US);
	assert_string_equal(node.stand_note, "");
	node.repl.state = REPL_DRAINED;
	node.repl_us = node.ledger_us = NOW_US + 60000001;
	node.peer[W].heard_us = NOW_US + 60000000;
	hb_stand_look(&node, NOW_US + 60000001);
	assert_string_equal(node.stand_note, "was not promoted (attempt 2): no majority has agreed to it in 60 s");
}

/* Its own acceptor holds it, and it may be chosen yet: the database keeps what it would trust. */
static void test_a_forced_claim_keeps_its_token(void **state)
{
	struct hb_change c = {.kind = HB_CHANGE_FORCE, .self = B, .version = 9, .token = token_of(7)};

	(void)state;
	make_lost();
	assert_true(hb_change_apply(&c, &node.known, &node.acceptor.reg.accepted));
	node.acceptor.reg.accepted_ballot = (struct hb_ballot){6, B};
	assert_false(hb_stands_in(&node, NOW_US)); /* another token: it is lost already */
	node.repl.token = token_of(7);
	assert_true(hb_stands_in(&node, NOW_US));
	node.repl_us = 0;
	node.repl.token = (struct token){{0}};
	assert_true(hb_stands_in(&node, NOW_US)); /* nothing is known of it */
	node.known_ballot = (struct hb_ballot){7, A};
	assert_false(hb_stands_in(&node, NOW_US));
}

static void test_what_may_be_forced(void **state)
{
	struct hb_change c = {.kind = HB_CHANGE_FORCE, .self = B, .version = 9, .token = token_of(7)};
	struct hb_record r;

	(void)state;
	make_lost();
	c.version = 8;
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.version = 9;
	c.token = (struct token){{0}};
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.token = token_of(7);
	c.self = W;
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.self = A; /* which has what it is trusted for */
	c.token = node.known.token[A];
	assert_false(hb_change_apply(&c, &node.known, &r));
	c.self = B;
	c.token = token_of(7);
	node.known.in_sync = 3; /* and its token lost: it does not count, whatever the record says */
	assert_true(hb_change_apply(&c, &node.known, &r));
	c.token = token_of(B);
	assert_false(hb_change_apply(&c, &node.known, &r));
	node.known.active = B;
	assert_false(hb_change_apply(&c, &node.known, &r));
	node.known.phase = HB_CLAIMED;
	assert_true(hb_change_apply(&c, &node.known, &r));
}

/* b has claimed and applied all it received, and what was answered before is missing. */
static void make_lacking(void)
{
	make_lost();
	node.known.active = B;
	node.known.phase = HB_CLAIMED;
	node.known.epoch = node.my_epoch = node.repl.drained_epoch = 5;
	node.known.in_sync = 1 << A | 1 << B;
	node.acceptor.reg.accepted = node.known;
	node.high_water_epoch = 4;
	node.high_water = (struct gtid){0, 1, 2000};
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

/* Nobody else can be named any more. */
static void test_one_that_lacks_what_was_answered_is_named_anew(void **state)
{
	(void)state;
	make_lacking();
	hb_stand_look(&node, NOW_US);
	assert_string_equal(node.stand_note,
	    "lacks payments that were answered: bring a back (last resort: holdfastctl force promote)");
	expect("force-promote b 9", true, "b serves without what it lacks");
	hb_stand_look(&node, NOW_US);
	carry_out(HB_CHANGE_FORCE);
	assert_int_equal(node.known.epoch, 6);
	assert_int_equal(node.known.forced_epoch, 6);
	assert_int_equal(node.known.active, B);
	hb_stand_look(&node, NOW_US);
	assert_int_equal(node.stand.version, 0);
	assert_string_equal(node.stand_note, "");
	node.my_epoch = node.repl.drained_epoch = 6;
	assert_int_equal(wanted().kind, HB_CHANGE_OPEN);
	make_lacking();
	node.repl.applied.seq = 2000;
	expect("force-promote b 9", false, "it is active already");
}

/* The record trusts what is no more: it has to stand in as any other. */
static void test_one_that_lost_its_token_is_named_anew(void **state)
{
	(void)state;
	make_lacking();
	node.my_epoch = 0;
	expect("force-promote b 9", false, "it is active already");
	node.repl.token.byte[3] = 0x77;
	node.peer[A].heard_us = NOW_US - 2900000;
	expect("force-promote b 9", false, "a is heard, or was a moment ago: it is not gone");
	node.peer[A].heard_us = NOW_US - 5000000;
	expect("force-promote b 9", true, "b");
	step(NOW_US);
	assert_int_equal(node.order.want, REPL_WANT_STAND_IN);
	node.repl.state = REPL_DRAINED;
	node.repl.order_generation = node.order.generation;
	carry_out(HB_CHANGE_FORCE);
	assert_int_equal(node.known.in_sync, 1 << B);
	assert_true(token_equal(&node.known.token[B], &node.repl.token));
}

/* It has opened alone since, whatever the other had answered before (L7). */
static void test_the_mark_of_another_does_not_keep_from_opening_again(void **state)
{
	(void)state;
	make_lacking();
	node.known.in_sync = node.acceptor.reg.accepted.in_sync = 1 << B;
	assert_int_equal(wanted().kind, HB_CHANGE_OPEN);
	node.high_water_epoch = node.known.epoch;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	node.high_water_epoch--;
	node.high_water.server = B + 1; /* its own */
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

/* And was given up. */
static void test_a_forced_opening_ends(void **state)
{
	(void)state;
	make_lacking();
	node.known.forced_epoch = node.acceptor.reg.accepted.forced_epoch = 5;
	assert_int_equal(wanted().kind, HB_CHANGE_OPEN);
	node.high_water_epoch = 5;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

/* Not the active, which is gone. */
static void test_the_named_one_is_asked(void **state)
{
	char refused[LOCAL_REASON_BYTES];
	struct hb_message m = {.type = HB_COMMAND, .from = W, .echo_boot = 1};

	(void)state;
	make(W);
	output.outbox.count = 0;
	assert_int_equal(ask("force-promote b 9", refused)->id, 0);
	assert_int_equal(output.outbox.count, 1);
	assert_int_equal(output.outbox.letter[0].to, B);
	m.command = output.outbox.letter[0].message.command;
	assert_int_equal(m.command.version, 9);
	hb_command_tick(&node, NOW_US + 2000000, &output);
	assert_string_equal(output.verdict.text, "b does not answer; whether it has begun: holdfastctl status");
	make_lost();
	output.outbox.count = 0;
	hb_command_message(&node, &m, NOW_US, &output.outbox);
	assert_int_equal(output.outbox.count, 1);
	assert_true(output.outbox.letter[0].message.verdict.started);
	make(A); /* it is not for this one to say */
	m.command.id++;
	output.outbox.count = 0;
	hb_command_message(&node, &m, NOW_US, &output.outbox);
	assert_int_equal(output.outbox.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_role_is_forced),
	    cmocka_unit_test(test_a_role_is_forced_upon_one_that_was_active),
	    cmocka_unit_test(test_words_of_a_forced_role),
	    cmocka_unit_test(test_a_forced_role_is_refused),
	    cmocka_unit_test(test_a_copy_is_refused),
	    cmocka_unit_test(test_a_forced_role_is_called_off),
	    cmocka_unit_test(test_a_forced_role_is_called_off_too_late),
	    cmocka_unit_test(test_a_forced_claim_keeps_its_token),
	    cmocka_unit_test(test_what_may_be_forced),
	    cmocka_unit_test(test_a_forced_opening_ends),
	    cmocka_unit_test(test_the_mark_of_another_does_not_keep_from_opening_again),
	    cmocka_unit_test(test_one_that_lacks_what_was_answered_is_named_anew),
	    cmocka_unit_test(test_one_that_lost_its_token_is_named_anew),
	    cmocka_unit_test(test_the_named_one_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
