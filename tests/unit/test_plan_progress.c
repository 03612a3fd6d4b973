/* The plan leads somewhere: a little world that steps act upon, from every combination of facts that can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/plan_facts.h"

#define CONFIGURED (1u << 30) /* replication is configured, also while the server is down */
#define ROW_KEPT (1u << 31)   /* the epoch row is in the data */
#define HIDDEN (CONFIGURED | ROW_KEPT)

struct effect {
	uint32_t set, clear;
};

static const struct effect effects[STEP_COUNT] = {
    [STEP_KILL] = {0, F_PROCESS | F_UP | F_HUNG | OF_UP | F_PREPARED | F_PAUSED},
    [STEP_PREPARE] = {F_PREPARED, F_TOKEN},
    [STEP_START] = {F_PROCESS, 0},
    [STEP_CLEAN] = {0, F_DIRTY | F_DIRTY_NOW | F_PREPARED},
    [STEP_SEED] = {F_DATA | F_COPY_NEW,
	F_TOKEN | F_DIRTY | F_DIRTY_NOW | F_PREPARED | F_PROCESS | F_UP | F_HUNG | OF_UP | HIDDEN | F_PAUSED},
    [STEP_ENTER_POSITION] = {0, F_COPY_NEW},
    [STEP_SEMI_OFF] = {0, F_SEMI},
    [STEP_DESTROY_TOKEN] = {0, F_TOKEN},
    [STEP_FOLLOW] = {F_SLAVE | F_IO | F_SQL | CONFIGURED, F_BROKEN | F_PAUSED},
    [STEP_START_IO] = {F_IO, F_BROKEN | F_PAUSED},
    [STEP_START_SQL] = {F_SQL, F_BROKEN | F_PAUSED},
    [STEP_STOP_IO] = {0, F_IO | F_FOLLOWS | F_CAUGHT_UP},
    [STEP_STOP_SLAVE] = {0, F_IO | F_SQL | F_FOLLOWS | F_CAUGHT_UP},
    [STEP_DRAIN] = {F_SALVAGED, F_SLAVE | F_SQL | CONFIGURED | F_PAUSED},
    [STEP_SALVAGE] = {F_SALVAGED, F_SLAVE | CONFIGURED | F_PAUSED},
    [STEP_SAY_DRAINED] = {F_DRAINED, 0},
    [STEP_RELAX] = {0, F_SYNCED},
    [STEP_SYNC] = {F_SYNCED, 0},
    [STEP_NEW_TOKEN] = {F_TOKEN, 0},
    [STEP_SET_DIRTY] = {F_DIRTY | F_DIRTY_NOW, 0},
    [STEP_SEND_ROW] = {F_ROW_SENT, 0},
    [STEP_WRITABLE] = {F_WRITABLE, F_QUIET},
    [STEP_MARK] = {F_MARKED, 0},
    [STEP_READ_ONLY] = {F_QUIET, F_WRITABLE},
};

/* What happens by itself while nothing is done. */
static uint32_t pass_time(unsigned want, uint32_t w)
{
	bool follow = want == REPL_WANT_FOLLOW_IN || want == REPL_WANT_FOLLOW_OUT;

	if ((w & F_PROCESS) && !(w & (F_UP | F_HUNG)))
		return w | F_UP | (w & CONFIGURED ? F_SLAVE : 0) | (w & ROW_KEPT ? F_ROW : 0) | F_SYNCED;
	if (w & F_ROW_SENT)
		return (w | F_ROW | ROW_KEPT) & ~(uint32_t)F_ROW_SENT;
	if (want == REPL_WANT_DRAIN && (w & F_UP) && !(w & F_WRITABLE))
		return w | F_QUIET;
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
	    {W(NOTHING), 0, 0}, {W(DOWN), 0, F_PROCESS}, {W(HOLD_IN), F_UP, F_WRITABLE | F_SEMI},
	    {W(FOLLOW_IN), F_FOLLOWS, F_WRITABLE | F_SEMI},
	    {W(FOLLOW_OUT), F_FOLLOWS | F_CAUGHT_UP | F_TOKEN, F_WRITABLE | F_SEMI | F_DIRTY | F_COPY_NEW},
	    {W(PROMOTE), F_DRAINED, 0}, {W(OPEN), F_OPENED | F_SEMI | F_SEMI_WANTED, 0},
	    {W(STAND_IN), F_UP | F_TOKEN | F_DRAINED, F_SLAVE | F_WRITABLE | F_SEMI},
	    {W(DRAIN), F_QUIET, F_WRITABLE | F_DIRTY}, {W(DRAIN), 0, F_PROCESS},
	    {W(OPEN), F_OPENED, F_SEMI | F_SEMI_WANTED}, {W(OPEN), 0, F_PROCESS}, /* C7: claimed anew first */
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
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", plan_step_text(step));
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
	/* An active in SOLO waits for nobody, and it falls behind again. */
	w = walk(
	    REPL_WANT_FOLLOW_OUT, w & ~(uint32_t)F_CAUGHT_UP, "destroy-token relax-relay-log sync-relay-log new-token");
	/* The applier stops with an error that heals: with the pause over it goes on, its relay logs fetched anew. */
	w &= ~(uint32_t)(F_IO | F_SQL | F_FOLLOWS | F_CAUGHT_UP);
	assert_int_equal(
	    plan_next(REPL_WANT_FOLLOW_OUT, (w | F_PAUSED) & ~HIDDEN & ~(uint32_t)F_TOKEN)->step, STEP_FAIL);
	w = walk(REPL_WANT_FOLLOW_OUT, w, "destroy-token follow relax-relay-log sync-relay-log new-token");
	/* The same while it counts: nothing that it received is thrown away. */
	w = walk(REPL_WANT_FOLLOW_IN, w & ~(uint32_t)(F_SQL | F_FOLLOWS | F_CAUGHT_UP), "stop-slave salvage follow");
	/* B2: mariadbd ended, and was started again by hand */
	w = walk(REPL_WANT_FOLLOW_IN, act(0, STEP_KILL, w), "start salvage follow");
	/* C1, C2, and the peer comes back */
	w = walk(REPL_WANT_PROMOTE, w, "stop-io drain say-drained");
	w = walk(REPL_WANT_OPEN, w, "set-dirty send-epoch-row read-write");
	w = walk(REPL_WANT_OPEN, w | F_SEMI_WANTED, "set-semi-sync mark");
	/* C6: hands over, follows, and is handed the role again */
	w = walk(REPL_WANT_DRAIN, w, "read-only clear-dirty");
	w = walk(REPL_WANT_FOLLOW_IN, w & ~(uint32_t)F_SEMI_WANTED, "semi-sync-off follow");
	w = walk(REPL_WANT_PROMOTE, w & ~(uint32_t)F_DRAINED, "stop-io drain say-drained");
	w = walk(REPL_WANT_OPEN, (w | F_SEMI_WANTED) & ~ROW_KEPT & ~(uint32_t)F_ROW,
	    "set-semi-sync mark set-dirty send-epoch-row read-write");
	/* called off */
	w = walk(REPL_WANT_DRAIN, w, "read-only clear-dirty");
	w = walk(REPL_WANT_OPEN, w, "set-dirty read-write");
	/* C7: its mariadbd dies, it claims back: master start */
	w = act(0, STEP_KILL, w) & ~(uint32_t)(F_DIRTY_NOW) & ~ROW_KEPT;
	w = walk(REPL_WANT_PROMOTE, w, "start salvage say-drained");
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
	    cmocka_unit_test(test_from_anywhere_to_the_goal_in_20_steps),
	    cmocka_unit_test(test_life_of_a_copy),
	};

	return cmocka_run_group_tests(tests, make_combinations, free_combinations);
}
