/* Moves of the role: since when did nobody serve? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/a_node.h"

static int setup(void **state)
{
	(void)state;
	make(A);
	return 0;
}

/* b hears a heartbeat of a. */
static void hear_beat(uint64_t now_us, bool serving, bool fit)
{
	struct hb_message m = {.type = HB_BEAT, .from = A, .boot = 1, .instance = 100, .epoch = 4, .stamp_us = now_us};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .now_us = now_us, .message = &m};

	m.facts = node.peer[A].facts;
	m.facts.serving = serving;
	m.facts.fit = fit;
	hb_node_step(&node, &in, &output);
}

/* Since when did nobody serve, when the role comes to b for that reason? */
static uint64_t gap_began_us(enum hb_reason reason)
{
	struct hb_record r = node.known;

	r.version++;
	r.epoch++;
	r.active = B;
	r.phase = HB_CLAIMED;
	r.reason = (uint8_t)reason;
	hb_learn(&node, (struct hb_ballot){6, A}, &r, NOW_US + 500000);
	assert_true(hb_mine(&node));
	return node.moments.began_us;
}

/* Too small a number is worse than none. */
static void test_since_when_nobody_served(void **state)
{
	(void)state;
	make(B);
	hear_beat(NOW_US, true, true);
	hear_beat(NOW_US + 50000, false, false); /* its database has died, it lives */
	hear_beat(NOW_US + 400000, false, false);
	assert_int_equal(gap_began_us(HB_REASON_DATABASE_DIED), NOW_US);
	make(B);
	assert_int_equal(gap_began_us(HB_REASON_LEASE_EXPIRED), 0); /* b has just started */
	make(B);
	hear_beat(NOW_US, true, true);
	assert_int_equal(gap_began_us(HB_REASON_ACTIVE_UNFIT), 0); /* its HAProxy answered nobody, for some time */
	make(B);
	hear_beat(NOW_US, true, true);
	hear_beat(NOW_US + 50000, true, false); /* what it served, nobody knows */
	hear_beat(NOW_US + 100000, false, false);
	assert_int_equal(gap_began_us(HB_REASON_LEASE_EXPIRED), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_since_when_nobody_served, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
