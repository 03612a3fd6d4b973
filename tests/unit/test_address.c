/* What heartbeatd makes of the address and of keepalived: heartbeat/address.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heartbeat/address.h"

#define TICK_US 20000

struct watched {
	struct address a;
	uint64_t now_us;
	bool deaf;
	unsigned asked, repairs;
	enum address_alarm worst;
};

static int start(void **state)
{
	static struct watched w;

	w = (struct watched){.now_us = 5000000};
	address_start(&w.a, w.now_us);
	*state = &w;
	return 0;
}

/* Looks as heartbeatd does, until ms have passed. */
static void pass(struct watched *w, uint64_t ms)
{
	for (uint64_t end_us = w->now_us + ms * 1000; w->now_us < end_us;) {
		struct address_todo todo;

		w->now_us += TICK_US;
		address_look(&w->a, w->now_us, &todo);
		w->asked += todo.ask;
		w->repairs += todo.repair;
		if (w->a.alarm)
			w->worst = w->a.alarm;
		if (todo.ask && !w->deaf)
			address_heard(&w->a);
	}
}

static void test_all_is_well(void **state)
{
	struct watched *w = *state;

	pass(w, 10000);
	address_set_wanted(&w->a, true, w->now_us);
	pass(w, 100);
	address_set_here(&w->a, true, w->now_us);
	pass(w, 10000);
	address_set_wanted(&w->a, false, w->now_us);
	pass(w, 100);
	address_set_here(&w->a, false, w->now_us);
	pass(w, 10000);
	assert_int_equal(w->worst, ADDRESS_FINE);
	assert_int_equal(w->repairs, 0);
	assert_in_range(w->asked, 100, 125); /* four a second */
}

/* At the first start of a cluster the role is there before keepalived is: no alarm. */
static void test_keepalived_has_not_started_yet(void **state)
{
	struct watched *w = *state;

	w->deaf = true;
	address_set_wanted(&w->a, true, w->now_us);
	pass(w, 5000);
	assert_int_equal(w->worst, ADDRESS_FINE);
	w->deaf = false;
	pass(w, 300);
	address_set_here(&w->a, true, w->now_us);
	pass(w, 3000);
	assert_int_equal(w->worst, ADDRESS_FINE);
	assert_int_equal(w->repairs, 0);
}

/* Hung or dead: seen within a second, put right, and asked for again should that not have helped, ever more rarely. */
static void test_keepalived_does_not_listen(void **state)
{
	struct watched *w = *state;

	pass(w, 1000);
	w->deaf = true;
	pass(w, 1020);
	assert_int_equal(w->a.alarm, ADDRESS_DEAF);
	assert_int_equal(w->repairs, 1);
	pass(w, 60000);
	assert_in_range(w->repairs, 5, 7);
	w->deaf = false;
	pass(w, 300);
	assert_int_equal(w->a.alarm, ADDRESS_FINE);
}

/* A machine that boots: keepalived comes when it comes. */
static void test_keepalived_comes_late(void **state)
{
	struct watched *w = *state;

	w->deaf = true;
	pass(w, 9000);
	assert_int_equal(w->repairs, 0);
	pass(w, 2000);
	assert_int_equal(w->a.alarm, ADDRESS_DEAF);
	assert_int_equal(w->repairs, 1);
}

static void test_the_address_on_the_wrong_node(void **state)
{
	struct watched *w = *state;

	pass(w, 1000);
	address_set_here(&w->a, true, w->now_us);
	pass(w, 1000);
	assert_int_equal(w->a.alarm, ADDRESS_STRAY);
	assert_int_equal(w->repairs, 1);
	address_set_here(&w->a, false, w->now_us);
	pass(w, 100);
	assert_int_equal(w->a.alarm, ADDRESS_FINE);
	assert_int_equal(w->repairs, 1);
}

static void test_the_address_is_missing(void **state)
{
	struct watched *w = *state;

	address_set_wanted(&w->a, true, w->now_us);
	address_set_here(&w->a, true, w->now_us);
	pass(w, 1000);
	address_set_here(&w->a, false, w->now_us);
	pass(w, 1000);
	assert_int_equal(w->a.alarm, ADDRESS_MISSING);
	assert_int_equal(w->repairs, 1);
}

/* keepalived puts back at once what was deleted by hand. */
static void test_a_short_difference_is_none(void **state)
{
	struct watched *w = *state;

	for (unsigned i = 0; i < 10; i++) {
		address_set_wanted(&w->a, i % 2, w->now_us);
		pass(w, 300);
		address_set_here(&w->a, i % 2, w->now_us);
		pass(w, 300);
	}
	assert_int_equal(w->worst, ADDRESS_FINE);
}

/* The machine stood still, keepalived and we with it: that is no silence of keepalived. */
static void test_our_own_pause(void **state)
{
	struct watched *w = *state;

	pass(w, 1000);
	w->deaf = true;
	pass(w, 300);
	address_set_wanted(&w->a, true, w->now_us);
	w->now_us += 5000000;
	pass(w, 300);
	assert_int_equal(w->worst, ADDRESS_FINE);
	w->deaf = false;
	pass(w, 300);
	address_set_here(&w->a, true, w->now_us);
	pass(w, 1000);
	assert_int_equal(w->a.alarm, ADDRESS_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_all_is_well, start),
	    cmocka_unit_test_setup(test_keepalived_has_not_started_yet, start),
	    cmocka_unit_test_setup(test_keepalived_does_not_listen, start),
	    cmocka_unit_test_setup(test_keepalived_comes_late, start),
	    cmocka_unit_test_setup(test_the_address_on_the_wrong_node, start),
	    cmocka_unit_test_setup(test_the_address_is_missing, start),
	    cmocka_unit_test_setup(test_a_short_difference_is_none, start),
	    cmocka_unit_test_setup(test_our_own_pause, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
