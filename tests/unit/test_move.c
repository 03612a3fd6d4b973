/* Moves of the role: what makes one, and since when nobody served. */
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
	r.reason = reason;
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

/* Without keepalived nobody reaches it: the other takes over, and it is not handed the role back. */
static void test_the_address_cannot_come(void **state)
{
	(void)state;
	node.repl.semi_sync = 1;
	node.repl.opened_epoch = 4;
	node.host_deaf = true;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE); /* the address is there all the same */
	assert_false(hb_is_fit(&node, NOW_US));
	node.no_vip_us = NOW_US - 4900000;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
	node.no_vip_us = NOW_US - 5100000;
	assert_int_equal(hb_ill(&node, NOW_US), HB_ILL_ADDRESS_GONE);
	assert_int_equal(wanted().kind, HB_CHANGE_HAND);
	assert_true(hb_fit_to_renew(&node, NOW_US)); /* as long as nobody else can */
	node.peer[B].facts.fit = 0;
	assert_int_equal(wanted().kind, HB_CHANGE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_since_when_nobody_served, setup),
	    cmocka_unit_test_setup(test_the_address_cannot_come, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
