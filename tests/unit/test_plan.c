/*
 * The plan. Every want is tried with every combination of facts that can be: first what a step may be taken
 * on (the rules of design.md section 3, the guards of protocol.md section 4), then that it leads somewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/plan.h"

#define WANTS 8u /* the last one is unknown */
#define UNKNOWN_WANT 7u
#define W(id) (1u << REPL_WANT_##id)
#define IN (W(HOLD_IN) | W(FOLLOW_IN))
#define STANDBY (IN | W(FOLLOW_OUT))
#define ANY 0xffu
#define STEP(id) (1u << STEP_##id)

/* What is true only of a server that answers. */
#define OF_UP                                                                                                \
	(F_WRITABLE | F_SEMI | F_SLAVE | F_IO | F_SQL | F_BROKEN | F_FOLLOWS | F_CAUGHT_UP | F_SYNCED |      \
	    F_DRAINED | F_ROW | F_ROW_SENT | F_OPENED | F_MARKED)

static uint32_t *combination; /* all that can be */
static size_t combinations;

/* What facts_of() and the observation before it cannot say. */
static bool is_possible(uint32_t f)
{
	static const struct {
		uint32_t any, then;
	} laws[] = {
		{ OF_UP, F_UP },
		{ F_UP, F_PROCESS },
		{ F_IO | F_SQL | F_BROKEN, F_SLAVE },
		{ F_DIRTY_NOW, F_DIRTY },
		{ F_FOLLOWS, F_SLAVE | F_IO | F_SQL },
		{ F_CAUGHT_UP, F_FOLLOWS },
	};
	const uint32_t open = F_WRITABLE | F_DIRTY_NOW | F_ROW, threads = F_IO | F_SQL;

	for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++)
		if ((f & laws[i].any) && (f & laws[i].then) != laws[i].then)
			return false;
	if ((f & F_BROKEN) && (f & threads) == threads)
		return false;
	return ((f & open) == open) == ((f & F_OPENED) != 0);
}

static int make_combinations(void **state)
{
	size_t room = 1u << 20;

	(void)state;
	combination = calloc(room, sizeof(*combination));
	for (uint32_t f = 0; combination && f < 1u << PLAN_FACT_COUNT; f++) {
		if (!is_possible(f))
			continue;
		if (combinations == room)
			return -1;
		combination[combinations++] = f;
	}
	return combination ? 0 : -1;
}

static int free_combinations(void **state)
{
	(void)state;
	free(combination);
	return 0;
}

static _Noreturn void fail_at(unsigned want, uint32_t facts, unsigned step, const char *what)
{
	static const char *const names[] = {
#define X(id, text) text,
	    PLAN_FACTS(X)
#undef X
	};
	char text[512] = "";
	size_t n = 0;

	for (unsigned i = 0; i < PLAN_FACT_COUNT; i++)
		if (facts & 1u << i)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", names[i]);
	fail_msg("%s: want %u, step %s, facts:%s", what, want, plan_step_text(step), text);
	abort();
}

/* A line of what is allowed (or demanded): these facts hold, those do not. */
struct guard {
	uint32_t wants, set, clear;
};

static bool fits(const struct guard *g, unsigned want, uint32_t facts)
{
	return (g->wants & 1u << want) && (facts & g->set) == g->set && !(facts & g->clear);
}

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

#define CHECK_STEPS(rule, steps, ...)                                                                        \
	do {                                                                                                 \
		static const struct guard lines[] = { __VA_ARGS__ };                                           \
		check_steps(rule, steps, lines, sizeof(lines) / sizeof(lines[0]));                           \
	} while (0)
#define CHECK_DEMAND(rule, wants, set, clear, steps)                                                         \
	check_demand(rule, (struct guard){ wants, set, clear }, steps)

static void test_every_want_has_a_last_rule(void **state)
{
	(void)state;
	for (unsigned want = 0; want < 32; want++) {
		bool last = false;

		for (size_t i = 0; i < plan_rules_count; i++)
			last = last || ((plan_rules[i].wants & 1u << want) && !plan_rules[i].set &&
					   !plan_rules[i].clear);
		assert_true(last);
	}
	for (size_t i = 0; i < plan_rules_count; i++) {
		assert_true(plan_rules[i].step < STEP_COUNT);
		assert_true(plan_rules[i].state <= REPL_FAILED);
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
	static const unsigned wants[] = { 7, 8, 30, 31, 32, 255, 0x7fffffff };

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
	CHECK_STEPS("R7 SEMI_OFF", STEP(SEMI_OFF), { STANDBY, F_UP | F_SEMI, F_WRITABLE | F_DIRTY });
	CHECK_STEPS("KILL", STEP(KILL), { W(DOWN), F_PROCESS, 0 }, { STANDBY, F_UP | F_WRITABLE, 0 },
		{ STANDBY, F_UP | F_SEMI | F_DIRTY, 0 }, { W(FOLLOW_OUT), F_PROCESS | F_DIRTY, F_PREPARED });
}

static void test_r8_m13_role_of_a_start(void **state)
{
	(void)state;
	CHECK_STEPS("R8 M13 START", STEP(START), { W(FOLLOW_OUT), F_DATA | F_PREPARED, F_PROCESS | F_TOKEN },
		{ IN | W(PROMOTE), F_DATA | F_TOKEN, F_PROCESS });
	CHECK_STEPS("R8 PREPARE", STEP(PREPARE), { W(FOLLOW_OUT), F_DATA, F_PROCESS });
	CHECK_STEPS(
	    "R8 CLEAN", STEP(CLEAN), { W(FOLLOW_OUT), F_UP | F_DIRTY | F_PREPARED, F_WRITABLE | F_SEMI });
	CHECK_STEPS("R8 FAIL", STEP(FAIL), { IN | W(PROMOTE), 0, F_DATA },
		{ IN | W(PROMOTE), 0, F_PROCESS | F_TOKEN }, { IN | W(PROMOTE), F_BROKEN, 0 }, { W(OPEN), F_SLAVE, 0 },
		{ 1u << UNKNOWN_WANT, 0, 0 });
}

static void test_m14_relay_logs_are_salvaged_before_they_go(void **state)
{
	(void)state;
	CHECK_STEPS("M14 FOLLOW", STEP(FOLLOW), { W(FOLLOW_IN), F_UP, F_SLAVE | F_WRITABLE | F_SEMI },
		{ W(FOLLOW_OUT), F_UP, F_TOKEN | F_SQL | F_DIRTY | F_COPY_NEW | F_BROKEN | F_WRITABLE | F_SEMI });
	CHECK_DEMAND("M14 B2 stopped with relay logs", IN | W(PROMOTE), F_DATA | F_SLAVE,
	    F_WRITABLE | F_SEMI | F_IO | F_SQL | F_BROKEN | F_DRAINED, STEP(SALVAGE));
	CHECK_STEPS("M14 SALVAGE", STEP(SALVAGE),
		{ IN | W(PROMOTE), F_UP | F_SLAVE, F_IO | F_SQL | F_BROKEN | F_WRITABLE });
	/* With GTID, starting one thread throws relay logs away only if the other one is stopped. */
	CHECK_STEPS(
	    "M14 START_IO", STEP(START_IO), { W(FOLLOW_OUT) | W(FOLLOW_IN), F_UP | F_SLAVE | F_SQL, F_IO });
	CHECK_STEPS("M14 START_SQL", STEP(START_SQL),
		{ W(FOLLOW_OUT) | W(FOLLOW_IN), F_UP | F_SLAVE | F_IO, F_SQL | F_BROKEN });
	/* Which destroys the token itself, before anything else (step.c). */
	CHECK_STEPS("M14 SEED", STEP(SEED), { W(FOLLOW_OUT), 0, F_DATA },
		{ W(FOLLOW_OUT), F_UP | F_SLAVE | F_BROKEN, F_WRITABLE | F_DIRTY });
	CHECK_STEPS("M14 ENTER_POSITION", STEP(ENTER_POSITION),
		{ W(FOLLOW_OUT), F_UP | F_COPY_NEW, F_TOKEN | F_DIRTY | F_WRITABLE });
	CHECK_STEPS("DESTROY_TOKEN", STEP(DESTROY_TOKEN), { W(FOLLOW_OUT), F_UP | F_TOKEN, F_WRITABLE });
}

static void test_r6_promotion_cuts_then_drains(void **state)
{
	(void)state;
	CHECK_STEPS("R6 SAY_DRAINED", STEP(SAY_DRAINED),
		{ W(PROMOTE), F_UP, F_SLAVE | F_IO | F_SQL | F_BROKEN }, { W(PROMOTE), F_UP | F_WRITABLE, 0 });
	CHECK_STEPS(
	    "R6 DRAIN", STEP(DRAIN), { W(PROMOTE), F_UP | F_SLAVE | F_SQL, F_IO | F_BROKEN | F_WRITABLE });
	CHECK_STEPS("R6 B4 STOP_IO", STEP(STOP_IO),
		{ W(PROMOTE), F_UP | F_SLAVE | F_IO, F_WRITABLE | F_BROKEN },
		{ IN | W(PROMOTE), F_UP | F_IO | F_BROKEN, F_WRITABLE });
	CHECK_DEMAND("B4 broken stops acknowledging", IN, F_DATA | F_BROKEN | F_IO, F_WRITABLE | F_SEMI,
	    STEP(STOP_IO));
}

static void test_r6_order_of_an_opening(void **state)
{
	(void)state;
	CHECK_STEPS("R6 WRITABLE", STEP(WRITABLE),
		{ W(OPEN), F_DIRTY_NOW | F_ROW | F_SEMI_WANTED | F_SEMI | F_MARKED, F_SLAVE },
		{ W(OPEN), F_DIRTY_NOW | F_ROW, F_SEMI_WANTED | F_SEMI | F_SLAVE });
	CHECK_STEPS("R6 SEND_ROW", STEP(SEND_ROW),
		{ W(OPEN), F_DIRTY_NOW | F_SEMI_WANTED | F_SEMI | F_MARKED, F_SLAVE | F_ROW | F_ROW_SENT },
		{ W(OPEN), F_DIRTY_NOW, F_SEMI_WANTED | F_SEMI | F_SLAVE | F_ROW | F_ROW_SENT });
	CHECK_STEPS("R6 SET_DIRTY", STEP(SET_DIRTY), { W(OPEN), F_UP, F_SLAVE | F_DIRTY_NOW });
	CHECK_STEPS("R4 SET_SEMI", STEP(SET_SEMI), { W(OPEN), F_UP | F_SEMI, F_SEMI_WANTED | F_SLAVE },
		{ W(OPEN), F_UP | F_SEMI_WANTED, F_SEMI | F_SLAVE });
	CHECK_STEPS("R5 MARK", STEP(MARK), { W(OPEN), F_UP | F_SEMI | F_SEMI_WANTED, F_SLAVE | F_MARKED });
	CHECK_STEPS("WAIT", STEP(WAIT), { STANDBY | W(PROMOTE) | W(OPEN), F_PROCESS, F_UP },
		{ W(OPEN), F_ROW_SENT, F_ROW });
}

static void test_r5_token_only_when_level(void **state)
{
	(void)state;
	CHECK_STEPS("R5 NEW_TOKEN", STEP(NEW_TOKEN),
		{ W(FOLLOW_OUT), F_FOLLOWS | F_CAUGHT_UP | F_SYNCED,
		F_TOKEN | F_DIRTY | F_COPY_NEW | F_WRITABLE | F_BROKEN },
		{ W(FOLLOW_OUT), F_FOLLOWS | F_CAUGHT_UP | F_LOOSE,
		F_TOKEN | F_DIRTY | F_COPY_NEW | F_WRITABLE | F_BROKEN });
	/* A token says that relay logs were fsynced as long as it lay there (S7). */
	CHECK_STEPS("S7 RELAX", STEP(RELAX), { W(FOLLOW_OUT), F_FOLLOWS | F_SYNCED, F_TOKEN | F_CAUGHT_UP });
	CHECK_STEPS(
	    "S7 SYNC", STEP(SYNC), { W(FOLLOW_OUT), F_FOLLOWS | F_CAUGHT_UP, F_TOKEN | F_SYNCED | F_LOOSE });
}

/* ---- progress: a little world that a step acts upon ---- */

#define CONFIGURED (1u << 30) /* replication is configured, also while the server is down */
#define ROW_KEPT (1u << 31)   /* the epoch row is in the data */
#define HIDDEN (CONFIGURED | ROW_KEPT)

struct effect {
	uint32_t set, clear;
};

static const struct effect effects[STEP_COUNT] = {
	[STEP_KILL] = { 0, F_PROCESS | F_UP | OF_UP | F_PREPARED },
	[STEP_PREPARE] = { F_PREPARED, F_TOKEN },
	[STEP_START] = { F_PROCESS, 0 },
	[STEP_CLEAN] = { 0, F_DIRTY | F_DIRTY_NOW | F_PREPARED },
	[STEP_SEED] = { F_DATA | F_COPY_NEW,
	F_TOKEN | F_DIRTY | F_DIRTY_NOW | F_PREPARED | F_PROCESS | F_UP | OF_UP | HIDDEN },
	[STEP_ENTER_POSITION] = { 0, F_COPY_NEW },
	[STEP_SEMI_OFF] = { 0, F_SEMI },
	[STEP_DESTROY_TOKEN] = { 0, F_TOKEN },
	[STEP_FOLLOW] = { F_SLAVE | F_IO | F_SQL | CONFIGURED, F_BROKEN },
	[STEP_START_IO] = { F_IO, F_BROKEN },
	[STEP_START_SQL] = { F_SQL, F_BROKEN },
	[STEP_STOP_IO] = { 0, F_IO | F_FOLLOWS | F_CAUGHT_UP },
	[STEP_DRAIN] = { 0, F_SLAVE | F_SQL | CONFIGURED },
	[STEP_SALVAGE] = { 0, F_SLAVE | CONFIGURED },
	[STEP_SAY_DRAINED] = { F_DRAINED, 0 },
	[STEP_RELAX] = { 0, F_SYNCED },
	[STEP_SYNC] = { F_SYNCED, 0 },
	[STEP_NEW_TOKEN] = { F_TOKEN, 0 },
	[STEP_SET_DIRTY] = { F_DIRTY | F_DIRTY_NOW, 0 },
	[STEP_SEND_ROW] = { F_ROW_SENT, 0 },
	[STEP_WRITABLE] = { F_WRITABLE, 0 },
	[STEP_MARK] = { F_MARKED, 0 },
};

/* What happens by itself while nothing is done. */
static uint32_t pass_time(unsigned want, uint32_t w)
{
	bool follow = want == REPL_WANT_FOLLOW_IN || want == REPL_WANT_FOLLOW_OUT;

	if ((w & F_PROCESS) && !(w & F_UP))
		return w | F_UP | (w & CONFIGURED ? F_SLAVE : 0) | (w & ROW_KEPT ? F_ROW : 0) |
		       (w & F_LOOSE ? 0 : F_SYNCED);
	if (w & F_ROW_SENT)
		return (w | F_ROW | ROW_KEPT) & ~(uint32_t)F_ROW_SENT;
	if (follow && (w & F_FOLLOWS))
		return w | F_CAUGHT_UP;
	return follow && (w & F_IO) && (w & F_SQL) ? w | F_FOLLOWS : w;
}

static uint32_t act(unsigned want, unsigned step, uint32_t w)
{
	const uint32_t open = F_WRITABLE | F_DIRTY_NOW | F_ROW;

	if (step == STEP_NONE || step == STEP_WAIT)
		w = pass_time(want, w);
	w = (w | effects[step].set) & ~effects[step].clear;
	if (step == STEP_SET_SEMI)
		w = (w ^ F_SEMI) & ~(uint32_t)F_MARKED;
	return (w & open) == open ? w | F_OPENED : w & ~(uint32_t)F_OPENED;
}

static bool is_reached(unsigned want, uint32_t w)
{
	const struct guard goals[] = {
		{ W(NOTHING), 0, 0 }, { W(DOWN), 0, F_PROCESS }, { W(HOLD_IN), F_UP, F_WRITABLE | F_SEMI },
		{ W(FOLLOW_IN), F_FOLLOWS, F_WRITABLE | F_SEMI },
		{ W(FOLLOW_OUT), F_FOLLOWS | F_CAUGHT_UP | F_TOKEN, F_WRITABLE | F_SEMI | F_DIRTY | F_COPY_NEW },
		{ W(PROMOTE), F_DRAINED, 0 }, { W(OPEN), F_OPENED | F_SEMI | F_SEMI_WANTED, 0 },
		{ W(OPEN), F_OPENED, F_SEMI | F_SEMI_WANTED }, { W(OPEN), 0, F_PROCESS }, /* C7: claimed anew first */
	};

	for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++)
		if (fits(&goals[i], want, w))
			return true;
	return false;
}

/* Until nothing changes any more; true: at the goal, or at a refusal that the guards above allow. */
static bool settle(unsigned want, uint32_t w, unsigned *steps)
{
	*steps = 0;
	for (unsigned turn = 0; turn < 40; turn++) {
		unsigned step = plan_next((enum repl_want)want, w & ~HIDDEN)->step;
		uint32_t next;

		if (step == STEP_FAIL)
			return true;
		next = act(want, step, w);
		if (!is_possible(next & ~HIDDEN))
			fail_at(want, next, step, "the little world does what cannot be");
		if (step == STEP_NONE && next == w)
			return is_reached(want, w);
		if (next == w)
			return false;
		*steps += step != STEP_NONE && step != STEP_WAIT;
		w = next;
	}
	return false;
}

/* The data says what is hidden while the server is down: both are tried. */
static uint32_t hide(uint32_t facts, unsigned variant)
{
	if (facts & F_UP)
		return facts | (facts & F_SLAVE ? CONFIGURED : 0) | (facts & F_ROW ? ROW_KEPT : 0);
	return facts | (variant & 1 ? CONFIGURED : 0) | (variant & 2 ? ROW_KEPT : 0);
}

static void test_from_anywhere_to_the_goal_in_20_steps(void **state)
{
	(void)state;
	for (unsigned want = 0; want < UNKNOWN_WANT; want++) {
		for (size_t i = 0; i < combinations; i++) {
			for (unsigned variant = 0; variant < (combination[i] & F_UP ? 1 : 4); variant++) {
				unsigned steps;

				if (!settle(want, hide(combination[i], variant), &steps))
					fail_at(want, combination[i], STEP_COUNT, "no progress");
				if (steps > 20)
					fail_at(want, combination[i], STEP_COUNT, "more than 20 steps");
			}
		}
	}
}

/* Walks until nothing changes and compares the steps that were not to wait. */
static uint32_t walk(unsigned want, uint32_t w, const char *expected)
{
	char text[512] = "";
	size_t n = 0;

	for (unsigned turn = 0; turn < 40; turn++) {
		unsigned step = plan_next((enum repl_want)want, w & ~HIDDEN)->step;
		uint32_t next = act(want, step, w);

		if (next == w)
			break;
		if (step != STEP_NONE && step != STEP_WAIT)
			n += (size_t)snprintf(
			    text + n, sizeof(text) - n, "%s%s", n ? " " : "", plan_step_text(step));
		w = next;
	}
	assert_string_equal(text, expected);
	assert_true(is_reached(want, w));
	return w;
}

static void test_life_of_a_copy(void **state)
{
	uint32_t w = walk(REPL_WANT_FOLLOW_OUT, 0,
	    "seed prepare-slave-start start enter-position follow relax-relay-log sync-relay-log new-token");

	(void)state;
	/* B2: mariadbd ended, and was started again by hand */
	w = walk(REPL_WANT_FOLLOW_IN, act(0, STEP_KILL, w), "start salvage follow");
	/* C1, C2, and the peer comes back */
	w = walk(REPL_WANT_PROMOTE, w, "stop-io drain say-drained");
	w = walk(REPL_WANT_OPEN, w, "set-dirty send-epoch-row read-write");
	w = walk(REPL_WANT_OPEN, w | F_SEMI_WANTED, "set-semi-sync mark");
	/* C7: its mariadbd dies, it claims back: master start */
	w = act(0, STEP_KILL, w) & ~(uint32_t)(F_DIRTY_NOW) & ~ROW_KEPT;
	w = walk(REPL_WANT_PROMOTE, w, "start say-drained");
	w = walk(REPL_WANT_OPEN, w, "set-semi-sync mark set-dirty send-epoch-row read-write");
	/* deposed: fenced, then its tail is cut off (B3, B1) */
	w = walk(REPL_WANT_DOWN, w & ~(uint32_t)F_DIRTY_NOW, "kill");
	(void)walk(REPL_WANT_FOLLOW_OUT, w,
	    "prepare-slave-start start clear-dirty follow relax-relay-log sync-relay-log new-token");
	/* never fenced: the same */
	w = F_DATA | F_PROCESS | F_UP | F_WRITABLE | F_SEMI | F_TOKEN | F_DIRTY | F_SYNCED | F_MARKED;
	(void)walk(REPL_WANT_FOLLOW_OUT, w,
	    "kill prepare-slave-start start clear-dirty follow relax-relay-log sync-relay-log new-token");
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
		cmocka_unit_test(test_r6_order_of_an_opening),
		cmocka_unit_test(test_r5_token_only_when_level),
		cmocka_unit_test(test_from_anywhere_to_the_goal_in_20_steps),
		cmocka_unit_test(test_life_of_a_copy),
	};

	return cmocka_run_group_tests(tests, make_combinations, free_combinations);
}
