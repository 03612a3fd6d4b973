/* Pauses that grow, and what is worth trying again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replication/pause.h"
#include "replication/sqlerror.h"

#define S 1000000u

static const struct pause_limits limits = {2 * S, 15 * S, 100 * S};

static void test_each_pause_is_twice_the_last(void **state)
{
	static const uint64_t expected_us[] = {2 * S, 4 * S, 8 * S, 15 * S, 15 * S};
	struct pause p = {0};
	uint64_t now_us = 1000 * S;

	(void)state;
	assert_false(pause_holds(&p, now_us));
	for (unsigned i = 0; i < sizeof(expected_us) / sizeof(expected_us[0]); i++) {
		pause_failed(&p, &limits, now_us);
		assert_int_equal(p.tries, i + 1);
		assert_int_equal(p.length_us, expected_us[i]);
		assert_true(pause_holds(&p, now_us + expected_us[i] - 1));
		now_us += expected_us[i];
		assert_false(pause_holds(&p, now_us));
	}
	/* However often: it does not grow beyond, nor wrap round. */
	for (unsigned i = 0; i < 100; i++)
		pause_failed(&p, &limits, now_us);
	assert_int_equal(p.length_us, 15 * S);
	assert_int_equal(p.tries, 105);
}

static void test_only_one_that_is_well_for_long_begins_anew(void **state)
{
	struct pause p = {0};

	(void)state;
	pause_failed(&p, &limits, 10 * S);
	pause_failed(&p, &limits, 20 * S);
	pause_look(&p, &limits, false, 30 * S);
	pause_look(&p, &limits, true, 40 * S);
	pause_look(&p, &limits, true, 139 * S);
	assert_int_equal(p.tries, 2);
	/* A break, and it counts from the beginning. */
	pause_look(&p, &limits, false, 139 * S);
	pause_look(&p, &limits, true, 140 * S);
	pause_look(&p, &limits, true, 239 * S);
	pause_failed(&p, &limits, 239 * S);
	assert_int_equal(p.length_us, 8 * S);
	pause_look(&p, &limits, true, 240 * S);
	pause_look(&p, &limits, true, 340 * S);
	assert_int_equal(p.tries, 0);
	pause_failed(&p, &limits, 341 * S);
	assert_int_equal(p.length_us, 2 * S);
}

/* The numbers stand once each and in order, and each has words that fit into a reason. */
static void test_table_of_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sqlerrors_count; i++) {
		assert_true(!i || sqlerrors[i - 1].number < sqlerrors[i].number);
		assert_true(sqlerrors[i].cure != SQLERROR_UNSURE);
		assert_int_equal(sqlerrors[i].cure == SQLERROR_WAY, sqlerrors[i].number >= 2000);
		assert_int_equal(sqlerror_cure(sqlerrors[i].number), sqlerrors[i].cure);
		assert_ptr_equal(sqlerror_text(sqlerrors[i].number), sqlerrors[i].text);
	}
	assert_int_equal(sqlerror_cure(1234), SQLERROR_UNSURE);
	assert_null(sqlerror_text(1234));
}

static void test_cures(void **state)
{
	static const unsigned again[] = {
	    28, 135, 146, 149, 1021, 1037, 1040, 1114, 1158, 1160, 1205, 1213, 1317, 1594, 1927};
	static const unsigned copy[] = {
	    120, 121, 1032, 1062, 1146, 1236, 1451, 1452, 1677, 1712, 1945, 1947, 1950, 1955};

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		assert_int_equal(sqlerror_cure(again[i]), SQLERROR_AGAIN);
	for (size_t i = 0; i < sizeof(copy) / sizeof(copy[0]); i++)
		assert_int_equal(sqlerror_cure(copy[i]), SQLERROR_COPY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_pause_is_twice_the_last),
	    cmocka_unit_test(test_only_one_that_is_well_for_long_begins_anew),
	    cmocka_unit_test(test_table_of_errors),
	    cmocka_unit_test(test_cures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
