/* How long what was received has waited to be applied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replication/backlog.h"

#define MS 1000u

static void test_backlog_is_the_age_of_what_waits(void **state)
{
	struct backlog b = {0};

	(void)state;
	assert_int_equal(backlog_take(&b, 0, 0, 1000 * MS), 0);
	assert_int_equal(backlog_take(&b, 10, 10, 1010 * MS), 0);
	/* Nothing is known of what was there before the first look. */
	assert_int_equal(backlog_take(&b, 20, 10, 1020 * MS), 0);
	assert_int_equal(backlog_take(&b, 30, 10, 1050 * MS), 30);
	assert_int_equal(backlog_take(&b, 30, 19, 1060 * MS), 40);
	assert_int_equal(backlog_take(&b, 30, 20, 1070 * MS), 20);
	assert_int_equal(backlog_take(&b, 30, 30, 1080 * MS), 0);
	assert_int_equal(backlog_take(&b, 30, 31, 1090 * MS), 0);
	assert_int_equal(backlog_take(&b, 32, 31, 1100 * MS), 0);
	assert_int_equal(backlog_take(&b, 33, 31, 1101 * MS), 1);
	assert_int_equal(backlog_take(&b, 20, 15, 1110 * MS), 0); /* another history */
	assert_int_equal(backlog_take(&b, 21, 15, 1115 * MS), 5);
}

static void test_backlog_older_than_the_samples_counts_as_their_age(void **state)
{
	struct backlog b = {0};
	uint64_t now = 0;

	(void)state;
	for (uint64_t i = 1; i <= 3 * BACKLOG_SAMPLES; i++) {
		uint64_t looks = i < BACKLOG_SAMPLES ? i : BACKLOG_SAMPLES;

		now = 1000 * MS + i * 50 * MS;
		assert_int_equal(backlog_take(&b, 100 + i, 5, now), (looks - 1) * 50);
	}
	/* An applier that keeps pace, 10 transactions behind. */
	for (uint64_t i = 1; i <= 3 * BACKLOG_SAMPLES; i++) {
		uint32_t ms = backlog_take(&b, 1000 + i, 990 + i, now + i * 50 * MS);

		assert_in_range(ms, 0, 450);
		if (i > BACKLOG_SAMPLES)
			assert_int_equal(ms, 450);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_backlog_is_the_age_of_what_waits),
	    cmocka_unit_test(test_backlog_older_than_the_samples_counts_as_their_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
