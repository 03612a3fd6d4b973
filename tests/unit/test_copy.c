/* When the other's copy counts: how near it has to be, and what it has to have of what semi-sync let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/a_node.h"

/* To sync what it has takes a second, in which an active under full load writes more than the distance that it began at. */
static void who_is_near_stays_near_while_it_syncs(void **state)
{
	(void)state;
	make(B);
	node.order = (struct repl_order){.want = REPL_WANT_FOLLOW_OUT, .epoch = 4};
	node.peer[A].facts.opened_epoch = 4;
	node.peer[A].facts.binlog.seq = 5000;
	node.repl.received.seq = 4799;
	assert_false(hb_is_near(&node, NOW_US));
	node.repl.received.seq = 4800;
	assert_true(hb_is_near(&node, NOW_US));
	node.order.near = 1;
	node.peer[A].facts.binlog.seq = 6800;
	assert_true(hb_is_near(&node, NOW_US));
	node.peer[A].facts.binlog.seq = 6801;
	assert_false(hb_is_near(&node, NOW_US));
	/* An old report says nothing about now: neither that it has come near, nor that it is not any more. */
	node.peer[A].heard_us = NOW_US + 280000;
	assert_true(hb_is_near(&node, NOW_US + 300000));
	node.order.near = 0;
	assert_false(hb_is_near(&node, NOW_US + 300000));
	/* Of another order, or another active. */
	node.order.near = 1;
	node.order.want = REPL_WANT_FOLLOW_IN;
	assert_false(hb_is_near(&node, NOW_US + 300000));
	node.order.want = REPL_WANT_FOLLOW_OUT;
	node.order.epoch = 3;
	assert_false(hb_is_near(&node, NOW_US + 300000));
	node.order.epoch = 4;
	assert_true(hb_is_near(&node, NOW_US + 300000));
	node.peer[A].facts.opened_epoch = 3;
	assert_false(hb_is_near(&node, NOW_US + 300000));
}

/* What it was near to when the cable was cut goes on, and nobody here hears how far. */
static void who_hears_nothing_of_the_active_is_not_near(void **state)
{
	uint64_t silence_us;

	(void)state;
	make(B);
	silence_us = hb_silence_us(&node.settings);
	node.order = (struct repl_order){.want = REPL_WANT_FOLLOW_OUT, .epoch = 4, .near = 1};
	node.peer[A].facts.opened_epoch = 4;
	node.peer[A].facts.binlog.seq = node.repl.received.seq = 5000;
	node.peer[A].heard_us = NOW_US;
	assert_true(hb_is_near(&node, NOW_US + silence_us - 1));
	assert_false(hb_is_near(&node, NOW_US + silence_us));
	/* Heard again, it has to come as near as at first. */
	node.order.near = 0;
	node.peer[A].facts.binlog.seq = 5800;
	node.peer[A].heard_us = NOW_US + silence_us;
	assert_false(hb_is_near(&node, NOW_US + silence_us));
}

/* a in SYNC, whose replicationd tells of a leak up to 1200; b had received up to 1000 then. */
static void make_leak(void)
{
	make(A);
	node.repl.opened_epoch = 4;
	node.repl.semi_sync = 1;
	node.ledger.barrier_epoch = 4;
	node.peer[B].facts.follow_epoch = 4;
	hb_leak_look(&node, NOW_US);
	assert_false(hb_leaks(&node));
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_NONE);
	node.repl.leaks = 1;
	hb_leak_look(&node, NOW_US);
	assert_true(hb_leaks(&node));
	node.repl.leaks = 0;
	node.repl.leaked.seq = 1200;
	hb_leak_look(&node, NOW_US);
	assert_true(hb_leaks(&node));
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_LEAKED);
	assert_int_equal(wanted().kind, HB_CHANGE_NONE); /* it is not handed over, and keeps the role */
	assert_true(hb_fit_to_renew(&node, NOW_US));
}

static void what_was_let_through_stops_all_until_the_other_has_it(void **state)
{
	struct hb_facts *f = &node.peer[B].facts;

	(void)state;
	make_leak();
	step(NOW_US);
	assert_false(node.serving);
	assert_int_equal(output.view.gate_until_us, 0);
	f->received.seq = 1199;
	hb_leak_look(&node, NOW_US);
	assert_true(hb_leaks(&node));
	/* Over a connection of another epoch, or under another token, it says nothing. */
	f->received.seq = 1200;
	f->follow_epoch = 3;
	hb_leak_look(&node, NOW_US);
	assert_true(hb_leaks(&node));
	f->follow_epoch = 4;
	f->token.byte[0]++;
	hb_leak_look(&node, NOW_US);
	assert_true(hb_leaks(&node));
	f->token = token_of(B);
	hb_leak_look(&node, NOW_US);
	assert_false(hb_leaks(&node));
	/* Settled for good: a replicationd that starts again, or a standby that does, takes nothing back. */
	f->follow_epoch = 0;
	f->received.seq = 0;
	hb_leak_look(&node, NOW_US);
	assert_false(hb_leaks(&node));
	node.repl.leaked.seq = 0;
	hb_leak_look(&node, NOW_US);
	assert_false(hb_leaks(&node));
	node.repl.leaked.seq = 1300;
	hb_leak_look(&node, NOW_US);
	assert_true(hb_leaks(&node));
}

static void a_replicationd_that_forgets_ends_no_leak(void **state)
{
	(void)state;
	make_leak();
	node.repl.leaked.seq = 0;
	hb_leak_look(&node, NOW_US);
	assert_true(hb_leaks(&node));
	node.my_epoch = node.known.epoch = node.acceptor.reg.accepted.epoch = 5;
	hb_leak_look(&node, NOW_US);
	assert_false(hb_leaks(&node));
}

/* Then it is no second copy, and goes on alone; who is added later has to have all there is anyway. */
static void who_does_not_get_it_is_left_behind(void **state)
{
	uint64_t late_us;

	(void)state;
	make_leak();
	late_us = NOW_US + node.settings.peer_timeout_us;
	node.peer[B].heard_us = node.repl_us = node.ledger_us = late_us;
	assert_false(hb_is_lost(&node, B, late_us));
	node.repl.looked_us = late_us + 1;
	assert_true(hb_is_lost(&node, B, late_us + 1));
	node.repl.looked_us = node.repl_us = node.ledger_us = node.peer[B].heard_us = NOW_US;
	assert_false(hb_is_lost(&node, B, NOW_US));
	node.leak.since_us = NOW_US - node.settings.peer_timeout_us - 1;
	assert_int_equal(wanted().kind, HB_CHANGE_SOLO);
	carry_out(HB_CHANGE_SOLO);
	hb_leak_look(&node, NOW_US);
	assert_false(hb_leaks(&node));
	node.known.in_sync = node.acceptor.reg.accepted.in_sync = 1 << A | 1 << B;
	hb_leak_look(&node, NOW_US);
	assert_false(hb_leaks(&node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_is_near_stays_near_while_it_syncs),
	    cmocka_unit_test(who_hears_nothing_of_the_active_is_not_near),
	    cmocka_unit_test(what_was_let_through_stops_all_until_the_other_has_it),
	    cmocka_unit_test(a_replicationd_that_forgets_ends_no_leak),
	    cmocka_unit_test(who_does_not_get_it_is_left_behind),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
