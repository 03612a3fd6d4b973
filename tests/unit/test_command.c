/* What operators ask for: which words are taken, what is refused and why, and what it does to the record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/a_node.h"

static int setup(void **state)
{
	(void)state;
	make(A);
	return 0;
}

static void test_words_that_are_not_taken(void **state)
{
	struct hb_command c;
	char why[LOCAL_REASON_BYTES];

	(void)state;
	assert_int_equal(hb_command_parse(&node.known, "", &c, why), -ENOENT);
	assert_int_equal(hb_command_parse(&node.known, "maintenance", &c, why), -ENOENT);
	assert_int_equal(hb_command_parse(&node.known, "switchoverx", &c, why), -ENOENT);
	expect_not_taken("switchover w", "'w' is no gateway; gateways are: a b");
	expect_not_taken("switchover ", "'' is no member; gateways are: a b");
	expect_not_taken("maintenance-on", "name a member of: a b w");
	expect_not_taken("maintenance-on ", "'' is no member; members are: a b w");
	expect_not_taken("maintenance-off zz", "'zz' is no member; members are: a b w");
	expect_not_taken(
	    "maintenance-on a-name-of-more-than-a-name", "'a-name-of-more-t' is no member; members are: a b w");
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

static void test_a_node_is_named_before_the_record_is_known(void **state)
{
	struct hb_record nothing = {0};
	struct hb_command c;
	char why[LOCAL_REASON_BYTES] = "";

	(void)state;
	assert_int_equal(hb_command_parse(&nothing, "maintenance-off b", &c, why), -EAGAIN);
	assert_string_equal(why, "this machine has not heard the role record yet; try again in a moment");
	assert_int_equal(hb_command_parse(&nothing, "switchover", &c, why), 0);
}

static void test_a_standby_goes_and_comes_back(void **state)
{
	struct hb_change add = {.kind = HB_CHANGE_ADD, .self = A, .target = B, .epoch = 4, .token = token_of(B)};
	struct hb_record r;

	(void)state;
	expect("maintenance-on b", true, "b goes into maintenance; a serves alone");
	carry_out(HB_CHANGE_MAINTAIN);
	assert_true(hb_in_maintenance(&node.known, B));
	assert_int_equal(node.known.in_sync, 3); /* in_sync is another change: nobody is released before it is chosen */
	carry_out(HB_CHANGE_SOLO);
	assert_int_equal(node.known.in_sync, 1);
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	assert_false(hb_change_apply(&add, &node.known, &r));
	expect("maintenance-on b", true, "b is in maintenance already");
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	expect("maintenance-off b", true, "b comes back");
	carry_out(HB_CHANGE_MAINTAIN);
	assert_false(hb_in_maintenance(&node.known, B));
	assert_true(hb_change_apply(&add, &node.known, &r));
	expect("maintenance-off b", true, "b is not in maintenance");
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

static void test_the_active_hands_over_first(void **state)
{
	struct hb_change c;
	struct hb_record r;

	(void)state;
	expect("maintenance-on a", true, "a hands over to b, and goes into maintenance");
	assert_true(node.drain.generation);
	c = wanted();
	assert_int_equal(c.kind, HB_CHANGE_HAND);
	assert_true(c.maintain);
	assert_true(hb_change_apply(&c, &node.known, &r));
	assert_int_equal(r.active, B);
	assert_true(hb_in_maintenance(&r, A));
	assert_true(hb_in_sync(&r, A)); /* until the new active has written SOLO: it may be needed */
	expect("maintenance-off a", false, "is handing over already");
}

static void test_one_in_maintenance_is_handed_nothing(void **state)
{
	struct hb_change hand = {.kind = HB_CHANGE_HAND, .self = A, .target = B, .epoch = 4, .token = token_of(B)};
	struct hb_record r;

	(void)state;
	node.known.maintenance = node.acceptor.reg.accepted.maintenance = 1 << B;
	assert_false(hb_change_apply(&hand, &node.known, &r));
	expect("switchover b", false, "b cannot take over: it is in maintenance");
	expect("maintenance-on a", false, "b cannot take over: it is in maintenance");
}

/* One that is named all the same, as the last that has everything, is out of maintenance by it. */
static void test_one_that_claims_is_back(void **state)
{
	struct hb_change claim = {.kind = HB_CHANGE_CLAIM, .self = B, .token = token_of(B)};
	struct hb_record r;

	(void)state;
	node.known.maintenance = 1 << B | 1 << W;
	assert_true(hb_change_apply(&claim, &node.known, &r));
	assert_int_equal(r.maintenance, 1 << W);
}

static void test_maintenance_is_refused(void **state)
{
	(void)state;
	node.peer[W].facts.level = 1;
	expect("maintenance-on b", false, "has not heard of w that its release has maintenance");
	node.peer[W].facts.level = HB_LEVEL;
	node.peer[W].stamp_us = 0; /* never heard */
	expect("maintenance-on b", false, "has not heard of w that its release has maintenance");
	make(A);
	node.lease.until_us[W] = 0;
	expect("maintenance-on b", false, "a does not hold the lease");
	make(A);
	node.serving = false;
	expect("maintenance-on b", false, "a is not serving");
	expect("maintenance-on a", false, "a is not serving");
	assert_int_equal(node.maintain.on, 0);
	assert_int_equal(node.drain.generation, 0);
}

/* Nothing that is asked for is begun with one that is silent, however long the patience with it is. */
static void test_one_that_is_dead_is_counted_out(void **state)
{
	(void)state;
	node.settings.peer_timeout_us = 60000000;
	node.peer[W].heard_us = NOW_US - 1100000;
	expect("maintenance-on b", false, "nothing is heard from w: no majority would be left; first bring w back");
	expect("maintenance-on a", false, "nothing is heard from w: no majority would be left; first bring w back");
	expect("switchover b", true, "a hands over to b");
	make(A);
	node.settings.peer_timeout_us = 60000000;
	node.peer[B].heard_us = NOW_US - 1100000;
	expect("maintenance-on w", false, "nothing is heard from b: no majority would be left; first bring b back");
	expect("switchover b", false, "b cannot take over: nothing is heard from it");
	expect("maintenance-on b", true, "b goes into maintenance; a serves alone");
}

/* Without two of three nothing can be decided. */
static void test_one_at_a_time(void **state)
{
	(void)state;
	expect("maintenance-on w", true, "w goes into maintenance");
	expect("maintenance-on b", false,
	    "w is in maintenance: no majority would be left; first: holdfastctl maintenance off w");
	expect("maintenance-on a", false, "w is in maintenance: no majority would be left");
	assert_int_equal(node.drain.generation, 0);
	carry_out(HB_CHANGE_MAINTAIN);
	expect("maintenance-on b", false, "w is in maintenance: no majority would be left");
	expect("maintenance-on w", true, "w is in maintenance already");
	expect("maintenance-off w", true, "w comes back");
	expect("maintenance-on b", true, "b goes into maintenance");
}

/* What could not be written while it was wished for is not written long after. */
static void test_a_wish_is_forgotten(void **state)
{
	(void)state;
	expect("maintenance-on b", true, "b goes into maintenance");
	hb_maintain_look(&node, NOW_US + 3100000);
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

static void test_solo_is_forced(void **state)
{
	(void)state;
	node.peer[B].heard_us = NOW_US - 400000; /* silent, and the patience of a second not over */
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	expect("force-solo", true, "a serves alone, without waiting for b any longer");
	assert_int_equal(wanted().reason, HB_REASON_FORCED_SOLO);
	carry_out(HB_CHANGE_SOLO);
	assert_int_equal(node.known.in_sync, 1);
	hb_force_look(&node, NOW_US);
	assert_int_equal(node.force.epoch, 0);
	expect("force-solo", false, "a: serves alone already: the mode is SOLO");

	make(A); /* a commit waits for it */
	node.ledger.commit_since_us = NOW_US - 400000;
	node.repl.semi_waits = 1;
	expect("force-solo", true, "a serves alone, without waiting for b any longer");
	hb_force_look(&node, NOW_US + 3100000);
	assert_int_equal(node.force.epoch, 0);
	expect("force-solo", true, "a serves alone, without waiting for b any longer");
	node.known.epoch++; /* it was said about another */
	assert_false(hb_wants_solo(&node));
}

static void test_forced_solo_is_refused(void **state)
{
	(void)state;
	expect("force-solo", false, "b follows, nothing waits for it; to take it out: holdfastctl maintenance on b");
	expect_not_taken("force-solo b", "force-solo takes no name");
	node.peer[B].heard_us = node.peer[W].heard_us = 1;
	expect("force-solo", false, "a hears no majority, only 1 of 3: the record cannot be changed");
	make(A);
	node.peer[B].heard_us = 1;
	node.repl.looked_us = NOW_US - 600000;
	expect("force-solo", false, "a: has not seen its own database work for half a second");
	make(A);
	node.peer[B].heard_us = 1;
	node.repl.token.byte[0]++;
	expect("force-solo", false, "a: cannot work itself: the other one shall");
	make(A);
	node.known.phase = node.acceptor.reg.accepted.phase = HB_CLAIMED;
	expect("force-solo", false, "a: has not opened: it could not serve alone");
	make(A);
	node.peer[B].heard_us = 1;
	node.proposer.pending = true;
	expect("force-solo", false, "a: is changing the record: try again");
	assert_int_equal(node.force.epoch, 0);
}

/* The active is gone: one that only observes says what it would do, once, and asks nobody for anything. */
static void test_one_that_observes_does_nothing(void **state)
{
	static struct hb_facts f;
	unsigned told = 0;

	(void)state;
	make(B);
	node.settings.observe_only = true;
	hb_node_facts(&node, NOW_US, &f);
	assert_false(f.fit);
	node.stepped_us = NOW_US;
	for (uint64_t t = NOW_US + 10000; t < NOW_US + 1000000; t += 10000) {
		step(t);
		told += output.observed;
		assert_int_equal(node.proposer.step, HB_STEP_IDLE);
	}
	assert_int_equal(told, 1);
	assert_int_equal(node.would, HB_CHANGE_CLAIM);
	assert_int_equal(node.would_reason, HB_REASON_LEASE_EXPIRED);
	assert_string_equal(hb_change_word(node.would), "claim");
	node.settings.observe_only = false;
	step(NOW_US + 1000000);
	assert_int_equal(node.would, HB_CHANGE_NONE);
	assert_int_not_equal(node.proposer.step, HB_STEP_IDLE);
	assert_int_equal(node.proposer.change.kind, HB_CHANGE_CLAIM);
}

static void test_the_active_is_asked(void **state)
{
	char refused[LOCAL_REASON_BYTES];

	(void)state;
	make(W);
	output.outbox.count = 0;
	assert_int_equal(ask("maintenance-on b", refused)->id, 0); /* not answered yet */
	assert_int_equal(output.outbox.count, 1);
	assert_int_equal(output.outbox.letter[0].message.type, HB_COMMAND);
	assert_int_equal(output.outbox.letter[0].to, A);
	expect("maintenance-on b", false, "another command has not been answered yet");
	hb_command_tick(&node, NOW_US + 2000000, &output);
	assert_false(output.verdict.started);
	assert_string_equal(
	    output.verdict.text, "a is active and does not answer; whether it has begun: holdfastctl status");
}

static uint64_t life = 1;

/* As another member passes it on; NULL: no answer. */
static const struct hb_verdict *passed_on(uint64_t id, uint8_t kind, uint8_t target)
{
	struct hb_message m = {
	    .type = HB_COMMAND, .from = W, .echo_boot = life, .command = {.id = id, .kind = kind, .target = target}};

	output.outbox.count = 0;
	hb_command_message(&node, &m, NOW_US, &output.outbox);
	return output.outbox.count ? &output.outbox.letter[0].message.verdict : NULL;
}

/* The answer was lost, and what it began has come to its end meanwhile. */
static void test_one_that_comes_again_is_answered_as_before(void **state)
{
	const struct hb_verdict *v = passed_on(71, HB_COMMAND_SWITCHOVER, HB_NOBODY);

	(void)state;
	assert_non_null(v);
	assert_true(v->started);
	node.known.active = node.acceptor.reg.accepted.active = B;
	node.drain = (struct hb_drain){0};
	assert_null(passed_on(72, HB_COMMAND_SWITCHOVER, HB_NOBODY));
	v = passed_on(71, HB_COMMAND_SWITCHOVER, HB_NOBODY);
	assert_true(v && v->started && v->id == 71);

	make(A);
	assert_true(passed_on(73, HB_COMMAND_MAINTENANCE_ON, B)->started);
	assert_true(passed_on(74, HB_COMMAND_MAINTENANCE_OFF, B)->started);
	assert_true(passed_on(73, HB_COMMAND_MAINTENANCE_ON, B)->started);
	assert_int_equal(wanted().kind, HB_CHANGE_NONE); /* the last word was off */
}

/* Whoever passed it on has said meanwhile that nobody answers. */
static void test_one_that_comes_late_is_not_carried_out(void **state)
{
	struct hb_message m = {.type = HB_COMMAND,
	    .from = W,
	    .echo_boot = life,
	    .echo_us = NOW_US - 1500001,
	    .duration_us = 1500000,
	    .command = {.id = 81, .kind = HB_COMMAND_MAINTENANCE_ON, .target = B}};

	(void)state;
	make(A);
	output.outbox.count = 0;
	hb_command_message(&node, &m, NOW_US, &output.outbox);
	assert_int_equal(output.outbox.count, 0);
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	m.echo_us++;
	hb_command_message(&node, &m, NOW_US, &output.outbox);
	assert_int_equal(output.outbox.count, 1);
	assert_int_equal(wanted().kind, HB_CHANGE_MAINTAIN);
}

static void test_what_another_member_passes_on_is_looked_at(void **state)
{
	(void)state;
	life = 2;
	assert_null(passed_on(80, HB_COMMAND_MAINTENANCE_ON, B)); /* meant for another life of ours */
	life = 1;
	assert_null(passed_on(0, HB_COMMAND_MAINTENANCE_ON, B));
	assert_null(passed_on(81, HB_COMMAND_COUNT, B));
	assert_null(passed_on(82, HB_COMMAND_MAINTENANCE_ON, HB_NOBODY));
	assert_null(passed_on(83, HB_COMMAND_MAINTENANCE_ON, 3));
	assert_null(passed_on(84, HB_COMMAND_SWITCHOVER, 200));
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

/* The note about a hand-over that failed must not be taken for one about what is asked next. */
static void test_the_next_word_takes_the_note_away(void **state)
{
	(void)state;
	(void)snprintf(node.drain_note, sizeof(node.drain_note), "did not hand over to b: it is not fit");
	expect("maintenance-on b", true, "b goes into maintenance");
	assert_string_equal(node.drain_note, "");
}

/* Its heartbeatd was restarted: it has not heard from its replicationd yet, and its database acknowledges all the same. */
static void test_one_that_has_just_started_is_not_lost(void **state)
{
	struct hb_peer *b = &node.peer[B];

	(void)state;
	b->life_us = NOW_US - 50000;
	b->facts.token = (struct token){{0}};
	assert_false(hb_is_lost(&node, B, NOW_US));
	b->facts.token.byte[0] = 0x77;
	assert_true(hb_is_lost(&node, B, NOW_US));
	b->facts.token = (struct token){{0}};
	b->life_us = NOW_US - node.settings.peer_timeout_us;
	assert_true(hb_is_lost(&node, B, NOW_US));
}

/* The record names another already, and only this node does not know: it must not keep the address. */
static void test_the_address_goes_when_a_hand_over_hangs(void **state)
{
	(void)state;
	expect("switchover b", true, "a hands over to b");
	node.leased_us = NOW_US - 100000;
	assert_true(hb_drain_keeps_address(&node, NOW_US));
	assert_false(hb_drain_keeps_address(&node, NOW_US + 1000000));
}

/* What would be asked of the operator first is looked at before: the same verdict, and nothing is done. */
static void test_a_look_changes_nothing(void **state)
{
	struct hb_node before;

	(void)state;
	expect("may switchover b", true, "a hands over to b");
	expect("may maintenance-on a", true, "a hands over to b, and goes into maintenance");
	expect("may force-solo", false, "b follows, nothing waits for it");
	expect("may force-promote a 9", false, "a: ");
	before = node;
	assert_false(hb_is_draining(&before) || before.maintain.on || before.force.epoch || before.stand.version);
	expect_not_taken("may switchover w", "'w' is no gateway; gateways are: a b");
	make(W);
	expect_not_taken("may maintenance-on", "name a member of: a b w");
	make(B);
	expect("may force-promote b 9", false, "b: it has every payment, and takes the role by itself");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_words_that_are_not_taken, setup),
	    cmocka_unit_test_setup(test_a_node_is_named_before_the_record_is_known, setup),
	    cmocka_unit_test_setup(test_a_look_changes_nothing, setup),
	    cmocka_unit_test_setup(test_a_standby_goes_and_comes_back, setup),
	    cmocka_unit_test_setup(test_the_active_hands_over_first, setup),
	    cmocka_unit_test_setup(test_one_in_maintenance_is_handed_nothing, setup),
	    cmocka_unit_test_setup(test_one_that_claims_is_back, setup),
	    cmocka_unit_test_setup(test_maintenance_is_refused, setup),
	    cmocka_unit_test_setup(test_one_that_is_dead_is_counted_out, setup),
	    cmocka_unit_test_setup(test_one_at_a_time, setup),
	    cmocka_unit_test_setup(test_a_wish_is_forgotten, setup),
	    cmocka_unit_test_setup(test_solo_is_forced, setup),
	    cmocka_unit_test_setup(test_forced_solo_is_refused, setup),
	    cmocka_unit_test_setup(test_one_that_observes_does_nothing, setup),
	    cmocka_unit_test_setup(test_the_active_is_asked, setup),
	    cmocka_unit_test_setup(test_one_that_comes_again_is_answered_as_before, setup),
	    cmocka_unit_test_setup(test_one_that_comes_late_is_not_carried_out, setup),
	    cmocka_unit_test_setup(test_what_another_member_passes_on_is_looked_at, setup),
	    cmocka_unit_test_setup(test_the_next_word_takes_the_note_away, setup),
	    cmocka_unit_test_setup(test_one_that_has_just_started_is_not_lost, setup),
	    cmocka_unit_test_setup(test_the_address_goes_when_a_hand_over_hangs, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
