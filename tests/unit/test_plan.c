/*
 * The plan: every want is tried with every combination of facts that can be. What a step may be taken on are the rules
 * and the guards of doc/protocol.md, sections 2 and 4, by whose names the findings go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/plan_facts.h"

/* Wherever one of the steps is taken, a line allows it. */
static void check_steps(const char *rule, uint32_t steps, const struct guard *lines, size_t count)
{
	uint64_t seen = 0;

	for (unsigned want = 0; want < WANTS; want++) {
		for (size_t i = 0; i < combinations; i++) {
			unsigned step = plan_next((enum repl_want)want, combination[i])->step;
			bool allowed = !(steps & 1u << step);

			seen += !allowed;
			for (size_t n = 0; !allowed && n < count; n++)
				allowed = fits(&lines[n], want, combination[i]);
			if (!allowed)
				fail_at(want, combination[i], step, rule);
		}
	}
	assert_true(seen > 0);
}

/* Wherever the line holds, one of the steps is what comes. */
static void check_demand(const char *rule, struct guard line, uint32_t steps)
{
	uint64_t seen = 0;

	for (unsigned want = 0; want < WANTS; want++) {
		for (size_t i = 0; i < combinations; i++) {
			unsigned step;

			if (!fits(&line, want, combination[i]))
				continue;
			seen++;
			step = plan_next((enum repl_want)want, combination[i])->step;
			if (!(steps & 1u << step))
				fail_at(want, combination[i], step, rule);
		}
	}
	assert_true(seen > 0);
}

#define CHECK_STEPS(rule, steps, ...)                                                                                  \
	do {                                                                                                           \
		static const struct guard lines[] = {__VA_ARGS__};                                                     \
		check_steps(rule, steps, lines, sizeof(lines) / sizeof(lines[0]));                                     \
	} while (0)
#define CHECK_DEMAND(rule, wants, set, clear, steps) check_demand(rule, (struct guard){wants, set, clear}, steps)

static void test_every_want_has_a_last_rule(void **state)
{
	(void)state;
	for (unsigned want = 0; want < 32; want++) {
		bool last = false;

		for (size_t i = 0; i < plan_rules_count; i++)
			last =
			    last || ((plan_rules[i].wants & 1u << want) && !plan_rules[i].set && !plan_rules[i].clear);
		assert_true(last);
	}
	for (size_t i = 0; i < plan_rules_count; i++) {
		assert_true(plan_rules[i].step < STEP_COUNT);
		assert_true(plan_rules[i].state <= REPL_QUIET);
		assert_non_null(plan_rules[i].why);
		assert_false(plan_rules[i].set & plan_rules[i].clear);
	}
}

static void test_every_rule_is_reached(void **state)
{
	bool *used = calloc(plan_rules_count, sizeof(*used));

	(void)state;
	assert_non_null(used);
	for (unsigned want = 0; want < WANTS; want++)
		for (size_t i = 0; i < combinations; i++)
			used[plan_next((enum repl_want)want, combination[i]) - plan_rules] = true;
	for (size_t i = 0; i < plan_rules_count; i++)
		if (!used[i])
			fail_msg("rule %zu is never reached: %s", i, plan_rules[i].why);
	free(used);
}

static void test_unknown_want_fails(void **state)
{
	static const unsigned wants[] = {9, 10, 30, 31, 32, 255, 0x7fffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		for (uint32_t f = 0; f < 1u << PLAN_FACT_COUNT; f += 4099)
			assert_int_equal(plan_next((enum repl_want)wants[i], f)->step, STEP_FAIL);
	assert_string_equal(plan_step_text(STEP_COUNT), "unknown");
	assert_string_equal(plan_step_text(STEP_WRITABLE), "read-write");
}

static void test_nothing_and_down_start_nothing(void **state)
{
	(void)state;
	CHECK_DEMAND("record unknown: change nothing", W(NOTHING), 0, 0, STEP(NONE));
	CHECK_DEMAND("R7 fenced", W(DOWN), F_PROCESS, 0, STEP(KILL));
	CHECK_DEMAND("fenced and down", W(DOWN), 0, F_PROCESS, STEP(NONE));
}

static void test_r7_deposed_is_killed_first(void **state)
{
	(void)state;
	CHECK_DEMAND("R7 writable standby", STANDBY, F_UP | F_WRITABLE, 0, STEP(KILL));
	/* Its commits wait: switching semi-sync off would answer them. */
	CHECK_DEMAND("R7 deposed while opening", STANDBY, F_UP | F_SEMI | F_DIRTY, 0, STEP(KILL));
	CHECK_DEMAND("B1 tail not cut off", W(FOLLOW_OUT), F_PROCESS | F_DIRTY, F_PREPARED, STEP(KILL));
	CHECK_DEMAND("R7 writable stand-in", W(STAND_IN), F_UP | F_WRITABLE, 0, STEP(KILL));
	CHECK_STEPS("R7 SEMI_OFF", STEP(SEMI_OFF), {STANDBY, F_UP | F_SEMI, F_WRITABLE | F_DIRTY},
	    {W(STAND_IN), F_UP | F_SEMI, F_WRITABLE | F_DIRTY});
	CHECK_STEPS("KILL", STEP(KILL), {W(DOWN), F_PROCESS, 0}, {STANDBY | W(STAND_IN), F_UP | F_WRITABLE, 0},
	    {STANDBY | W(STAND_IN), F_UP | F_SEMI | F_DIRTY, 0}, {W(FOLLOW_OUT), F_PROCESS | F_DIRTY, F_PREPARED},
	    {STANDBY | W(PROMOTE) | W(OPEN) | W(DRAIN) | W(STAND_IN), F_PROCESS | F_HUNG, 0});
	CHECK_DEMAND("hung is killed", STANDBY | W(PROMOTE) | W(OPEN) | W(DRAIN), F_PROCESS | F_HUNG, 0, STEP(KILL));
}

static void test_r8_m13_role_of_a_start(void **state)
{
	(void)state;
	CHECK_STEPS("R8 M13 START", STEP(START), {W(FOLLOW_OUT), F_DATA | F_PREPARED, F_PROCESS | F_TOKEN},
	    {IN | W(PROMOTE), F_DATA | F_TOKEN, F_PROCESS},
	    /* It is to be the active: nothing is truncated. */
	    {W(STAND_IN), F_DATA, F_PROCESS | F_COPY_NEW});
	CHECK_STEPS("R8 PREPARE", STEP(PREPARE), {W(FOLLOW_OUT), F_DATA, F_PROCESS});
	CHECK_STEPS("R8 CLEAN", STEP(CLEAN), {W(FOLLOW_OUT), F_UP | F_DIRTY | F_PREPARED, F_WRITABLE | F_SEMI},
	    {W(DRAIN), F_UP | F_DIRTY | F_QUIET, F_WRITABLE});
	CHECK_STEPS("R8 FAIL", STEP(FAIL), {IN | W(PROMOTE), 0, F_DATA}, {IN | W(PROMOTE), 0, F_PROCESS | F_TOKEN},
	    {W(PROMOTE), 0, F_TOKEN}, {IN | W(PROMOTE), F_BROKEN, 0}, {W(OPEN), F_SLAVE, 0}, {W(STAND_IN), 0, F_DATA},
	    {W(FOLLOW_OUT), F_PAUSED, 0}, {W(STAND_IN), F_COPY_NEW, 0}, {W(STAND_IN), F_UP | F_BROKEN, 0},
	    {1u << UNKNOWN_WANT, 0, 0});
	CHECK_DEMAND(
	    "FORCE keeps a tail of its own", W(STAND_IN), F_DATA | F_DIRTY, F_PROCESS | F_COPY_NEW, STEP(START));
	CHECK_DEMAND("FORCE names no copy that is not whole", W(STAND_IN), F_DATA | F_UP | F_COPY_NEW,
	    F_WRITABLE | F_DIRTY, STEP(FAIL));
}

static void test_m14_relay_logs_are_salvaged_before_they_go(void **state)
{
	(void)state;
	CHECK_STEPS("M14 FOLLOW", STEP(FOLLOW), {W(FOLLOW_IN), F_UP | F_SALVAGED, F_SLAVE | F_WRITABLE | F_SEMI},
	    {W(FOLLOW_OUT), F_UP, F_TOKEN | F_SQL | F_DIRTY | F_COPY_NEW | F_BROKEN | F_WRITABLE | F_SEMI});
	CHECK_DEMAND("M14 B2 stopped with relay logs", IN | W(PROMOTE), F_DATA | F_TOKEN | F_SLAVE,
	    F_WRITABLE | F_SEMI | F_IO | F_SQL | F_BROKEN | F_DRAINED, STEP(SALVAGE));
	CHECK_STEPS("M14 SALVAGE", STEP(SALVAGE),
	    {IN | W(PROMOTE), F_UP | F_SLAVE, F_IO | F_SQL | F_BROKEN | F_WRITABLE},
	    {IN | W(PROMOTE), F_UP, F_SLAVE | F_SALVAGED | F_WRITABLE},
	    {W(STAND_IN), F_UP | F_SLAVE, F_IO | F_SQL | F_BROKEN | F_WRITABLE},
	    {W(STAND_IN), F_UP, F_SLAVE | F_SALVAGED | F_WRITABLE});
	/* With GTID, starting one thread throws relay logs away if the other one has stopped meanwhile. */
	CHECK_STEPS("M14 START_IO", STEP(START_IO), {W(FOLLOW_OUT), F_UP | F_SLAVE | F_SQL, F_IO | F_TOKEN});
	CHECK_STEPS(
	    "M14 START_SQL", STEP(START_SQL), {W(FOLLOW_OUT), F_UP | F_SLAVE | F_IO, F_SQL | F_BROKEN | F_TOKEN});
	CHECK_DEMAND("an applier that stopped goes on", W(FOLLOW_OUT), F_DATA | F_SLAVE | F_IO,
	    F_SQL | F_BROKEN | F_WRITABLE | F_SEMI | F_DIRTY | F_COPY_NEW | F_TOKEN | F_PAUSED, STEP(START_SQL));
	CHECK_STEPS("STOP_SLAVE", STEP(STOP_SLAVE), {IN, F_UP | F_SLAVE | F_IO, F_SQL | F_BROKEN},
	    {W(FOLLOW_IN), F_UP | F_SLAVE | F_SQL, F_IO | F_BROKEN});
	CHECK_DEMAND("S7 a copy that counts stops whole", IN, F_DATA | F_UP | F_SLAVE | F_IO,
	    F_SQL | F_BROKEN | F_WRITABLE | F_SEMI, STEP(STOP_SLAVE));
	/* Which destroys the token itself, before anything else (step.c). */
	CHECK_STEPS("M14 SEED", STEP(SEED), {W(FOLLOW_OUT), 0, F_DATA | F_PAUSED},
	    {W(FOLLOW_OUT), F_UP | F_SLAVE | F_BROKEN, F_WRITABLE | F_DIRTY | F_PAUSED});
	CHECK_DEMAND("M53 what was tried in vain is not tried again at once", W(FOLLOW_OUT), F_UP | F_DATA | F_PAUSED,
	    F_WRITABLE | F_SEMI | F_DIRTY | F_COPY_NEW, STEP(DESTROY_TOKEN) | STEP(STOP_IO) | STEP(FAIL));
	CHECK_DEMAND("M53 nor a copy", W(FOLLOW_OUT), F_PAUSED, F_PROCESS | F_DATA, STEP(FAIL));
	/* It is the last copy, or may be: what stopped its applier may have healed, or heals while it is tried. */
	CHECK_DEMAND("M53 an applier that stopped keeps nobody from promotion", W(PROMOTE),
	    F_DATA | F_TOKEN | F_SLAVE | F_PAUSED, F_WRITABLE | F_IO | F_SQL | F_BROKEN | F_DRAINED, STEP(SALVAGE));
	CHECK_STEPS("M14 ENTER_POSITION", STEP(ENTER_POSITION),
	    {W(FOLLOW_OUT), F_UP | F_COPY_NEW, F_TOKEN | F_DIRTY | F_WRITABLE});
	CHECK_STEPS("DESTROY_TOKEN", STEP(DESTROY_TOKEN), {W(FOLLOW_OUT), F_UP | F_TOKEN, F_WRITABLE});
}

static void test_r6_promotion_cuts_then_drains(void **state)
{
	(void)state;
	CHECK_STEPS("R6 SAY_DRAINED", STEP(SAY_DRAINED),
	    {W(PROMOTE), F_UP | F_TOKEN, F_SLAVE | F_IO | F_SQL | F_BROKEN},
	    {W(PROMOTE), F_UP | F_TOKEN | F_WRITABLE, 0},
	    {W(STAND_IN), F_UP | F_TOKEN | F_SALVAGED, F_SLAVE | F_IO | F_SQL | F_BROKEN | F_WRITABLE});
	CHECK_DEMAND("R3 no promotion without a token", W(PROMOTE), F_DATA | F_PROCESS, F_TOKEN | F_HUNG, STEP(FAIL));
	CHECK_STEPS(
	    "R6 DRAIN", STEP(DRAIN), {W(PROMOTE) | W(STAND_IN), F_UP | F_SLAVE | F_SQL, F_IO | F_BROKEN | F_WRITABLE});
	CHECK_STEPS("R6 B4 STOP_IO", STEP(STOP_IO),
	    {W(PROMOTE) | W(STAND_IN), F_UP | F_SLAVE | F_IO, F_WRITABLE | F_BROKEN},
	    {IN | W(PROMOTE), F_UP | F_IO | F_BROKEN, F_WRITABLE},
	    {W(FOLLOW_OUT), F_UP | F_SLAVE | F_IO | F_PAUSED, F_SQL | F_TOKEN | F_WRITABLE});
	CHECK_DEMAND("B4 broken stops acknowledging", IN, F_DATA | F_BROKEN | F_IO, F_WRITABLE | F_SEMI, STEP(STOP_IO));
}

static void test_c6_drain(void **state)
{
	(void)state;
	CHECK_DEMAND("C6 closed", W(DRAIN), F_WRITABLE, 0, STEP(READ_ONLY));
	CHECK_STEPS("C6 READ_ONLY", STEP(READ_ONLY), {W(DRAIN), F_UP | F_WRITABLE, 0});
	CHECK_DEMAND("C6 settled when nothing waits", W(DRAIN), F_DIRTY | F_QUIET, 0, STEP(CLEAN));
	CHECK_DEMAND("C6 somebody waits", W(DRAIN), F_UP, F_WRITABLE | F_QUIET, STEP(WAIT));
	/* Semi-sync stays as it is, and so does all else. */
	CHECK_DEMAND("C6 nothing else", W(DRAIN), F_QUIET, F_DIRTY, STEP(NONE));
}

static void test_r6_order_of_an_opening(void **state)
{
	(void)state;
	CHECK_STEPS("R6 WRITABLE", STEP(WRITABLE),
	    {W(OPEN), F_DIRTY_NOW | F_ROW | F_SEMI_WANTED | F_SEMI | F_MARKED, F_SLAVE},
	    {W(OPEN), F_DIRTY_NOW | F_ROW, F_SEMI_WANTED | F_SEMI | F_SLAVE});
	CHECK_STEPS("R6 SEND_ROW", STEP(SEND_ROW),
	    {W(OPEN), F_DIRTY_NOW | F_SEMI_WANTED | F_SEMI | F_MARKED, F_SLAVE | F_ROW | F_ROW_SENT},
	    {W(OPEN), F_DIRTY_NOW, F_SEMI_WANTED | F_SEMI | F_SLAVE | F_ROW | F_ROW_SENT});
	CHECK_STEPS("R6 SET_DIRTY", STEP(SET_DIRTY), {W(OPEN), F_UP, F_SLAVE | F_DIRTY_NOW});
	CHECK_STEPS("R4 SET_SEMI", STEP(SET_SEMI), {W(OPEN), F_UP | F_SEMI, F_SEMI_WANTED | F_SLAVE},
	    {W(OPEN), F_UP | F_SEMI_WANTED, F_SEMI | F_SLAVE});
	CHECK_STEPS("R5 MARK", STEP(MARK), {W(OPEN), F_UP | F_SEMI | F_SEMI_WANTED, F_SLAVE | F_MARKED});
	CHECK_STEPS("WAIT", STEP(WAIT), {STANDBY | W(PROMOTE) | W(OPEN) | W(STAND_IN), F_PROCESS, F_UP},
	    {W(OPEN), F_ROW_SENT, F_ROW}, {W(DRAIN), F_UP, F_WRITABLE | F_QUIET});
}

static void test_r5_token_only_when_level(void **state)
{
	(void)state;
	CHECK_STEPS("R5 NEW_TOKEN", STEP(NEW_TOKEN),
	    {W(FOLLOW_OUT), F_FOLLOWS | F_CAUGHT_UP | F_SYNCED, F_TOKEN | F_DIRTY | F_COPY_NEW | F_WRITABLE | F_BROKEN},
	    /* The last copy there is: all that was received is in the data, and that is on disk. */
	    {W(STAND_IN), F_SALVAGED | F_SYNCED, F_TOKEN | F_SLAVE | F_COPY_NEW | F_WRITABLE});
	/* A token says that relay logs were fsynced as long as it lay there (S7). */
	CHECK_DEMAND("S7 the token goes before the syncing does", W(FOLLOW_OUT),
	    F_DATA | F_UP | F_FOLLOWS | F_SYNCED | F_TOKEN,
	    F_CAUGHT_UP | F_WRITABLE | F_SEMI | F_DIRTY | F_COPY_NEW | F_BROKEN, STEP(DESTROY_TOKEN));
	CHECK_STEPS("S7 RELAX", STEP(RELAX), {W(FOLLOW_OUT), F_FOLLOWS | F_SYNCED, F_TOKEN | F_CAUGHT_UP});
	CHECK_STEPS("S7 SYNC", STEP(SYNC), {W(FOLLOW_OUT), F_FOLLOWS | F_CAUGHT_UP, F_TOKEN | F_SYNCED},
	    {W(STAND_IN), F_SALVAGED, F_TOKEN | F_SYNCED | F_SLAVE});
}

static void test_states_tell_what_is(void **state)
{
	(void)state;
	for (unsigned want = 0; want < UNKNOWN_WANT; want++) {
		for (size_t i = 0; i < combinations; i++) {
			uint32_t f = combination[i];
			const struct plan_rule *r = plan_next((enum repl_want)want, f);
			bool stays = r->step == STEP_NONE;

			if ((r->state == REPL_OPEN) != (stays && want == REPL_WANT_OPEN && (f & F_OPENED)))
				fail_at(want, f, r->step, "state open");
			if ((r->state == REPL_QUIET) != (stays && want == REPL_WANT_DRAIN && (f & F_QUIET)))
				fail_at(want, f, r->step, "state quiet");
			if (r->state == REPL_FOLLOWING && !(f & F_FOLLOWS))
				fail_at(want, f, r->step, "state following");
			if (stays && r->state == REPL_DOWN && (f & F_UP))
				fail_at(want, f, r->step, "state down");
			if (stays && r->state == REPL_IDLE &&
			    (!(f & F_UP) || ((STANDBY & ~W(HOLD_IN) & 1u << want) && (f & F_FOLLOWS))))
				fail_at(want, f, r->step, "state idle");
			if ((r->state == REPL_FAILED) !=
			    (r->step == STEP_FAIL || (r->step == STEP_STOP_IO && (f & (F_BROKEN | F_PAUSED)) &&
							 want != REPL_WANT_PROMOTE && want != REPL_WANT_STAND_IN)))
				fail_at(want, f, r->step, "state failed");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_want_has_a_last_rule),
	    cmocka_unit_test(test_every_rule_is_reached),
	    cmocka_unit_test(test_unknown_want_fails),
	    cmocka_unit_test(test_nothing_and_down_start_nothing),
	    cmocka_unit_test(test_r7_deposed_is_killed_first),
	    cmocka_unit_test(test_r8_m13_role_of_a_start),
	    cmocka_unit_test(test_m14_relay_logs_are_salvaged_before_they_go),
	    cmocka_unit_test(test_r6_promotion_cuts_then_drains),
	    cmocka_unit_test(test_c6_drain),
	    cmocka_unit_test(test_r6_order_of_an_opening),
	    cmocka_unit_test(test_r5_token_only_when_level),
	    cmocka_unit_test(test_states_tell_what_is),
	};

	return cmocka_run_group_tests(tests, make_combinations, free_combinations);
}
