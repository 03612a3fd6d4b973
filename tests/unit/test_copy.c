/* When the other's copy counts: how near it has to be. */
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
	node.peer[A].facts.opened_epoch = 3;
	assert_false(hb_is_near(&node, NOW_US));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_is_near_stays_near_while_it_syncs),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
