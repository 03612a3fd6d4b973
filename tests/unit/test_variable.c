/* What a variable has to be depends on what the copy is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "replication/variable.h"

#define BIT(id) (1u << VARIABLE_##id)
#define ANYWHERE                                                                                                       \
	(BIT(WAIT_POINT) | BIT(TIMEOUT) | BIT(NO_SLAVE) | BIT(SLAVE) | BIT(STRICT) | BIT(DOMAIN) | BIT(FORMAT) |       \
	    BIT(IMAGE) | BIT(UPDATES))

static struct variable_values right(void)
{
	struct variable_values v;

	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		(void)snprintf(v.text[i], VARIABLE_VALUE_BYTES, "%s", variables[i].wanted);
	return v;
}

static uint32_t wrong_as(const struct variable_values *v, enum repl_want want, bool token, bool durable)
{
	struct repl_order order = {.want = want};

	return variables_wrong(v, &order, token, durable);
}

static void test_what_is_right_is_right_for_all(void **state)
{
	struct variable_values v = right(), unread = {0};

	(void)state;
	for (unsigned want = 0; want <= REPL_WANT_STAND_IN; want++) {
		for (unsigned i = 0; i < 4; i++) {
			assert_int_equal(wrong_as(&v, (enum repl_want)want, i & 1, i & 2), 0);
			assert_int_equal(wrong_as(&unread, (enum repl_want)want, i & 1, i & 2), 0);
		}
	}
}

static void test_each_alone_is_noticed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VARIABLE_COUNT; i++) {
		struct variable_values v = right();

		v.text[i][0]++;
		assert_int_equal(wrong_as(&v, REPL_WANT_OPEN, true, true), 1u << i & ~BIT(RELAY));
		assert_int_equal(wrong_as(&v, REPL_WANT_FOLLOW_IN, true, true), 1u << i);
	}
}

/* A standby that does not count yet syncs nothing (RELAX), and the active has no relay logs that matter. */
static void test_durability_is_asked_of_who_counts(void **state)
{
	struct variable_values v = {0};
	const uint32_t data = BIT(BINLOG) | BIT(REDO);

	(void)state;
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		memcpy(v.text[i], "0", 2);
	memcpy(v.text[VARIABLE_DOMAIN], "1", 2);
	assert_int_equal(wrong_as(&v, REPL_WANT_FOLLOW_OUT, false, true), ANYWHERE);
	assert_int_equal(wrong_as(&v, REPL_WANT_FOLLOW_OUT, true, true), ANYWHERE | data | BIT(RELAY));
	assert_int_equal(wrong_as(&v, REPL_WANT_PROMOTE, true, true), ANYWHERE | data | BIT(RELAY));
	assert_int_equal(wrong_as(&v, REPL_WANT_FOLLOW_IN, true, false), ANYWHERE | data);
	assert_int_equal(wrong_as(&v, REPL_WANT_OPEN, false, true), ANYWHERE | data);
	assert_int_equal(wrong_as(&v, REPL_WANT_DRAIN, true, true), ANYWHERE | data);
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		assert_int_equal(variable_is_durability((enum variable)i), !(ANYWHERE & 1u << i));
}

static void test_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VARIABLE_COUNT; i++) {
		assert_true(strlen(variables[i].wanted) < VARIABLE_VALUE_BYTES);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(variables[i].name, variables[k].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_right_is_right_for_all),
	    cmocka_unit_test(test_each_alone_is_noticed),
	    cmocka_unit_test(test_durability_is_asked_of_who_counts),
	    cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
