/* The gate before mariadbd: when it opens, and the line that says so; and when the relay may be open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "replication/gate.h"
#include "replication/plan.h"

#define WANTS 12u /* the last one is unknown */
/* What is known of a server that does not run. */
#define BESIDE ((uint32_t)(F_DATA | F_SEMI_WANTED | F_TOKEN | F_DIRTY | F_DIRTY_NOW | F_PREPARED | F_COPY_NEW))
#define ALL_FACTS ((1u << PLAN_FACT_COUNT) - 1)

static enum gate_role expected(unsigned want, uint32_t facts)
{
	const uint32_t copy = facts & (F_DATA | F_TOKEN | F_PREPARED);

	if (want == REPL_WANT_FOLLOW_OUT)
		return copy == (F_DATA | F_PREPARED) ? GATE_SLAVE : GATE_REFUSED;
	if (want == REPL_WANT_REPLICA)
		return (facts & (F_DATA | F_TOKEN)) == F_DATA ? GATE_SLAVE : GATE_REFUSED;
	if (want == REPL_WANT_STAND_IN)
		return (facts & (F_DATA | F_COPY_NEW)) == F_DATA ? GATE_MASTER : GATE_REFUSED;
	if (want != REPL_WANT_HOLD_IN && want != REPL_WANT_FOLLOW_IN && want != REPL_WANT_PROMOTE)
		return GATE_REFUSED;
	return (copy & F_DATA) && (copy & F_TOKEN) ? GATE_MASTER : GATE_REFUSED;
}

/* R8. What is believed of a running server makes no difference: systemd asks when none runs. */
static void test_gate_opens_with_the_role_of_the_order(void **state)
{
	static const uint32_t believed[] = {0, F_PROCESS, F_PROCESS | F_UP, ALL_FACTS & ~BESIDE};

	(void)state;
	for (unsigned want = 0; want < WANTS; want++) {
		for (uint32_t f = 0;; f = ((f | ~BESIDE) + 1u) & BESIDE) {
			for (size_t i = 0; i < sizeof(believed) / sizeof(believed[0]); i++) {
				const char *why = NULL;
				enum gate_role role = gate_decide((enum repl_want)want, f | believed[i], &why);

				assert_non_null(why);
				assert_int_equal(role, expected(want, f));
			}
			/* A replica has a plan of its own. */
			if (want != REPL_WANT_REPLICA)
				assert_int_equal(plan_next((enum repl_want)want, f)->step == STEP_START,
				    expected(want, f) != GATE_REFUSED);
			if (f == BESIDE)
				break;
		}
	}
}

static void test_gate_line_round_trip(void **state)
{
	char line[GATE_LINE_BYTES];
	enum gate_role role;
	const char *why;
	unsigned id;

	(void)state;
	for (unsigned i = 1; i < 256; i++) {
		for (enum gate_role want = GATE_MASTER; want <= GATE_SLAVE; want++) {
			gate_format(want, i, "", line);
			assert_true(gate_parse(line, &role, &id, &why));
			assert_int_equal(role, want);
			assert_int_equal(id, i);
		}
	}
	for (size_t i = 0; i < plan_rules_count; i++) {
		gate_format(GATE_REFUSED, 1, plan_rules[i].why, line);
		assert_true(gate_parse(line, &role, &id, &why));
		assert_int_equal(role, GATE_REFUSED);
		assert_string_equal(why, plan_rules[i].why);
	}
}

static void test_damaged_gate_lines_are_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "start", "start\n", "start MASTER\n", "start MASTER 0\n",
	    "start MASTER 256\n", "start MASTER -1\n", "start MASTER 4294967297\n", "start master 1\n",
	    "start MASTER 1", "start MASTER 12", "start MASTER 1 \n", "start MASTER 1 2\n", "start MASTER 1x\n",
	    "start MASTER 01\n", "start  MASTER 1\n", "startMASTER 1\n", "start MASTERSLAVE 1\n", "start MASTER1 1\n",
	    " start MASTER 1\n", "start SLAVES 1\n", "stop SLAVE 1\n", "refused", "refused:\n",
	    "refused: ", "Refused: x\n"};
	char line[GATE_LINE_BYTES];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum gate_role role = GATE_REFUSED;
		unsigned id = 0;

		(void)snprintf(line, sizeof(line), "%s", bad[i]);
		if (gate_parse(line, &role, &id, &why))
			fail_msg("'%s' was taken", bad[i]);
	}
}

static void test_relay_is_open_only_to_follow(void **state)
{
	struct repl_order o = {.epoch = 3, .self = 1, .active = 0, .active_address = "10.77.0.1"};

	(void)state;
	for (unsigned want = 0; want < WANTS; want++) {
		bool follow = want == REPL_WANT_FOLLOW_IN || want == REPL_WANT_FOLLOW_OUT || want == REPL_WANT_REPLICA;

		o.want = want;
		assert_int_equal(plan_relay(&o), want == REPL_WANT_NOTHING ? -1 : follow);
	}
	o.want = REPL_WANT_FOLLOW_IN;
	o.active = 1;
	assert_int_equal(plan_relay(&o), 0);
	o.active = 0;
	o.active_address[0] = '\0';
	assert_int_equal(plan_relay(&o), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gate_opens_with_the_role_of_the_order),
	    cmocka_unit_test(test_gate_line_round_trip),
	    cmocka_unit_test(test_damaged_gate_lines_are_refused),
	    cmocka_unit_test(test_relay_is_open_only_to_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
