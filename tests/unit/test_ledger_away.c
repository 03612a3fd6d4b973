/* A ledger that is told to end, or gone for a moment: the role is handed over for it, and not to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/a_node.h"

static int setup(void **state)
{
	(void)state;
	make(A);
	return 0;
}

/* systemctl stop holdfast-ledgerd on the active: as if an operator had asked for a switchover, once. */
static void test_a_ledger_that_leaves_is_handed_over_for(void **state)
{
	struct ledger_report r = {.fit = 1, .ready = 1, .leaves = 1};

	(void)state;
	hb_take_ledger(&node, &r, NOW_US);
	assert_true(node.drain.generation);
	assert_int_equal(node.drain.to, B);
	assert_int_equal(wanted().kind, HB_CHANGE_HAND);
	node.peer[B].facts.fit = 0;
	hb_drain_look(&node, NOW_US);
	assert_false(node.drain.generation); /* it was called off */
	node.peer[B].facts.fit = 1;
	hb_take_ledger(&node, &r, NOW_US + 199999);
	assert_false(node.drain.generation);
	hb_take_ledger(&node, &r, NOW_US + 200000);
	assert_true(node.drain.generation);
}

/* systemctl restart, again and again: the ledger does not die of it. */
static void test_a_ledger_that_leaves_has_not_died(void **state)
{
	struct ledger_report r = {.fit = 1, .ready = 1};

	(void)state;
	make(B);
	for (unsigned i = 0; i < 8; i++) {
		r.leaves = !r.leaves;
		hb_take_ledger(&node, &r, NOW_US);
		if (r.leaves)
			hb_take_ledger(&node, NULL, NOW_US);
	}
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_NONE);
}

static void test_a_ledger_that_leaves_where_nobody_can_take_it(void **state)
{
	struct ledger_report r = {.fit = 1, .ready = 1, .leaves = 1};

	(void)state;
	node.peer[B].facts.fit = 0;
	hb_take_ledger(&node, &r, NOW_US);
	assert_false(node.drain.generation);
	assert_non_null(strstr(node.drain_note, "its ledger is told to end, and b cannot take over"));
	make(B); /* a standby's role is nobody's to hand over */
	hb_take_ledger(&node, &r, NOW_US);
	assert_false(node.drain.generation);
	assert_string_equal(node.drain_note, "");
}

/* For the moment of a restart, too: the role would wait for it. */
static void test_one_without_its_ledger_is_handed_nothing(void **state)
{
	struct ledger_report r = {.fit = 1, .ready = 1};
	struct hb_facts f;

	(void)state;
	make(B);
	hb_take_ledger(&node, NULL, NOW_US);
	hb_node_facts(&node, NOW_US, &f);
	assert_false(f.fit);
	hb_take_ledger(&node, &r, NOW_US);
	hb_node_facts(&node, NOW_US, &f);
	assert_true(f.fit);
	r.leaves = 1;
	hb_take_ledger(&node, &r, NOW_US);
	hb_node_facts(&node, NOW_US, &f);
	assert_false(f.fit);
	make(A); /* who has the role has it back in a moment */
	hb_take_ledger(&node, NULL, NOW_US);
	hb_node_facts(&node, NOW_US, &f);
	assert_true(f.fit);
}

/* systemctl stop of both at once: nothing waits for what does not come. */
static void test_a_hand_over_without_replicationd_is_called_off(void **state)
{
	struct ledger_report r = {.fit = 1, .ready = 1, .leaves = 1};

	(void)state;
	hb_take_ledger(&node, &r, NOW_US);
	assert_true(node.drain.generation);
	hb_take_replication(&node, NULL, NOW_US);
	hb_drain_look(&node, NOW_US);
	assert_false(node.drain.generation);
	assert_non_null(strstr(node.drain_note, "its replicationd is away"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_a_ledger_that_leaves_is_handed_over_for, setup),
	    cmocka_unit_test_setup(test_a_ledger_that_leaves_has_not_died, setup),
	    cmocka_unit_test_setup(test_a_ledger_that_leaves_where_nobody_can_take_it, setup),
	    cmocka_unit_test_setup(test_one_without_its_ledger_is_handed_nothing, setup),
	    cmocka_unit_test_setup(test_a_hand_over_without_replicationd_is_called_off, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
