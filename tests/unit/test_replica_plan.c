/* The plan of a replica, tried with every combination of what decides about a step; and of a database that was given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "replication/gate.h"
#include "replication/replica_plan.h"

static const uint32_t switches[] = {F_DATA, F_PROCESS, F_UP, F_HUNG, F_WRITABLE, F_SEMI, F_TOKEN, F_COPY_NEW, F_SLAVE,
    F_SALVAGED, F_IO, F_SQL, F_BROKEN, F_FOLLOWS, F_PAUSED, R_SOURCE, R_SAME, R_OTHER, R_GIVEN};
#define COUNT (sizeof(switches) / sizeof(switches[0]))
#define STEP(id) (1u << STEP_##id)

static bool is_possible(uint32_t f)
{
	const uint32_t of_up = F_WRITABLE | F_SEMI | F_SLAVE | F_IO | F_SQL | F_BROKEN | F_FOLLOWS;

	return !((f & of_up) && !(f & F_UP)) && !((f & (F_UP | F_HUNG)) && !(f & F_PROCESS)) &&
	       !((f & F_UP) && (f & F_HUNG)) && !((f & (F_IO | F_SQL | F_BROKEN)) && !(f & F_SLAVE)) &&
	       !((f & F_FOLLOWS) && (f & (F_IO | F_SQL)) != (F_IO | F_SQL)) && !((f & R_SAME) && (f & R_OTHER)) &&
	       !((f & (R_SAME | R_OTHER)) && !(f & R_SOURCE)) && !((f & F_PROCESS) && !(f & F_DATA));
}

static uint32_t combination(uint32_t n)
{
	uint32_t f = 0;

	for (size_t i = 0; i < COUNT; i++)
		f |= n >> i & 1 ? switches[i] : 0;
	return f;
}

/* What has to hold, and must not, whenever one of the steps is taken. */
static void check(const char *what, uint32_t steps, uint32_t set, uint32_t clear)
{
	unsigned seen = 0;

	for (uint32_t n = 0; n < 1u << COUNT; n++) {
		uint32_t f = combination(n);
		unsigned step;

		if (!is_possible(f))
			continue;
		step = replica_next(f)->step;
		if (!(steps >> step & 1))
			continue;
		seen++;
		if ((f & set) != set || (f & clear))
			fail_msg("%s: %s, facts %x", what, plan_step_text(step), (unsigned)f);
	}
	assert_true(seen > 0);
}

/* It follows nobody in whose history its own was not found, and nothing reaches it while that is looked at. */
static void test_it_follows_only_its_own_history(void **state)
{
	(void)state;
	check("FOLLOW", STEP(FOLLOW), F_UP | R_SOURCE | R_SAME,
	    F_IO | F_SQL | R_OTHER | F_BROKEN | F_COPY_NEW | F_TOKEN | F_WRITABLE);
	check("DRAIN", STEP(DRAIN), F_UP | R_SOURCE | F_SLAVE | F_SQL, F_IO | R_OTHER | F_BROKEN | F_WRITABLE);
	check("COMPARE", STEP(COMPARE), F_UP | R_SOURCE, F_IO | F_SQL | R_SAME | R_OTHER | F_COPY_NEW | F_WRITABLE);
}

/* What it received and nobody else may have is applied before anything purges it: a comparison, after which it is fetched anew, and CHANGE
 * MASTER. With one that cannot be applied the comparison counts it (step_replica.c), and says nothing against the source. */
static void test_what_it_received_is_applied_first(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (uint32_t n = 0; n < 1u << COUNT; n++) {
		uint32_t f = combination(n);
		unsigned step;

		if (!is_possible(f) || (f & F_SALVAGED) || !(f & (F_SLAVE | F_UP)))
			continue;
		step = replica_next(f)->step;
		/* With both threads stopped any START purges. */
		if (step == STEP_START_IO || step == STEP_START_SQL || step == STEP_FOLLOW)
			fail_msg("%s with relay logs, facts %x", plan_step_text(step), (unsigned)f);
		if (step == STEP_COMPARE && !(f & F_BROKEN))
			fail_msg("the histories are compared with relay logs, facts %x", (unsigned)f);
		seen += step == STEP_DRAIN || step == STEP_SALVAGE;
	}
	assert_true(seen > 0);
}

/* What is broken is not known to be worthless: only what is known to be all in the source's goes, or what was found to be another and is
 * exported before (step_seed.c). */
static void test_nothing_goes_before_it_was_compared(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (uint32_t n = 0; n < 1u << COUNT; n++) {
		uint32_t f = combination(n);

		if (!is_possible(f) || !(f & F_DATA) || replica_next(f)->step != STEP_SEED)
			continue;
		seen++;
		if (!(f & (R_SAME | R_OTHER)))
			fail_msg("a copy that nobody has looked at is thrown away, facts %x", (unsigned)f);
	}
	assert_true(seen > 0);
	assert_int_equal(
	    replica_next(F_DATA | F_PROCESS | F_UP | F_SLAVE | F_BROKEN | R_SOURCE | R_GIVEN)->step, STEP_COMPARE);
	assert_int_equal(replica_next(F_DATA | F_PROCESS | F_UP | F_SLAVE | F_BROKEN | R_GIVEN)->step, STEP_FAIL);
}

/* A promotion is not kept waiting for what cannot be applied; that of a gateway is. */
static void test_it_stands_in_with_what_it_can_apply(void **state)
{
	struct sight s = {.order = {.want = REPL_WANT_STAND_IN, .self = REPL_REPLICA, .epoch = 7},
	    .data = true,
	    .process = true,
	    .up = true,
	    .db = {.read_only = true, .slave = true, .sql_errno = 1062}};
	struct repl_report r;

	(void)state;
	assert_int_equal(plan_next(REPL_WANT_STAND_IN, stand_in_facts(&s))->step, STEP_SALVAGE);
	facts_report(&s, plan_next(REPL_WANT_STAND_IN, stand_in_facts(&s)), NULL, &r);
	assert_true(r.stuck);
	s.order.self = 1;
	assert_int_equal(plan_next(REPL_WANT_STAND_IN, stand_in_facts(&s))->step, STEP_FAIL);
	facts_report(&s, plan_next(REPL_WANT_STAND_IN, stand_in_facts(&s)), NULL, &r);
	assert_false(r.stuck);
	/* Nor a replica whose applier runs; what it found out about its history goes with each report. */
	s.order.self = REPL_REPLICA;
	s.db.sql_errno = 0;
	s.noted = (struct lineage_note){.epoch = 6, .other = true, .parted_seq = 150};
	facts_report(&s, plan_next(REPL_WANT_STAND_IN, stand_in_facts(&s)), NULL, &r);
	assert_false(r.stuck);
	assert_true(r.astray && r.astray_seq == 150 && r.compared_epoch == 6);
	s.salvage_tries = 1;
	facts_report(&s, plan_next(REPL_WANT_STAND_IN, stand_in_facts(&s)), NULL, &r);
	assert_true(r.stuck);
}

static void test_a_copy_is_taken_only_where_it_is_given(void **state)
{
	(void)state;
	check("SEED", STEP(SEED), R_GIVEN, F_PAUSED);
	for (uint32_t n = 0; n < 1u << COUNT; n++) {
		uint32_t f = combination(n);
		bool whole = (f & F_DATA) && !(f & (R_OTHER | F_BROKEN));

		if (is_possible(f) && whole && replica_next(f)->step == STEP_SEED)
			fail_msg("a copy that is good is thrown away, facts %x", (unsigned)f);
	}
}

/* Whatever is true, it takes no step of those that may count, acknowledge or write. */
static void test_it_never_counts(void **state)
{
	const uint32_t never = STEP(NEW_TOKEN) | STEP(SET_SEMI) | STEP(SET_DIRTY) | STEP(SEND_ROW) | STEP(WRITABLE) |
			       STEP(SAY_DRAINED) | STEP(MARK) | STEP(RELAX) | STEP(CLEAN);

	(void)state;
	for (uint32_t n = 0; n < 1u << COUNT; n++) {
		uint32_t f = combination(n);

		if (is_possible(f) && (never >> replica_next(f)->step & 1))
			fail_msg("%s, facts %x", plan_step_text(replica_next(f)->step), (unsigned)f);
		if (is_possible(f) && (f & F_TOKEN) && (f & F_DATA) && !(f & (F_HUNG | F_WRITABLE | R_OTHER)))
			assert_int_equal(replica_next(f)->step, STEP_DESTROY_TOKEN);
	}
	check("a database that writes is killed", STEP(KILL), F_PROCESS, 0);
}

static void test_it_rests_when_whom_to_follow_is_not_known(void **state)
{
	const uint32_t up = F_DATA | F_PROCESS | F_UP | F_SLAVE;

	(void)state;
	/* What it has received is applied all the same. */
	assert_int_equal(replica_next(up | F_IO | F_SQL)->step, STEP_STOP_IO);
	assert_int_equal(replica_next(up | F_SQL)->step, STEP_NONE);
	assert_int_equal(replica_next(up | F_IO | F_SQL | R_SOURCE)->step, STEP_STOP_IO);
	assert_int_equal(replica_next(up | F_SQL | R_SOURCE)->step, STEP_DRAIN);
	assert_int_equal(replica_next(up | R_SOURCE)->step, STEP_SALVAGE);
	assert_int_equal(replica_next(up | R_SOURCE | F_SALVAGED)->step, STEP_COMPARE);
	assert_int_equal(replica_next(up | R_SOURCE | R_SAME)->step, STEP_SALVAGE);
	assert_int_equal(replica_next(up | R_SOURCE | R_SAME | F_SALVAGED)->step, STEP_FOLLOW);
	assert_int_equal(replica_next(up | F_IO | F_SQL | R_SOURCE | R_SAME | F_FOLLOWS)->state, REPL_FOLLOWING);
}

static void test_every_rule_is_reached(void **state)
{
	bool used[64] = {false};

	(void)state;
	assert_true(replica_rules_count <= sizeof(used));
	for (uint32_t n = 0; n < 1u << COUNT; n++)
		if (is_possible(combination(n)))
			used[replica_next(combination(n)) - replica_rules] = true;
	for (size_t i = 0; i < replica_rules_count; i++)
		if (!used[i])
			fail_msg("rule %zu is never reached: %s", i, replica_rules[i].why);
}

static void test_the_gate_starts_a_copy_only(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(gate_decide(REPL_WANT_REPLICA, F_DATA, &why), GATE_SLAVE);
	assert_int_equal(gate_decide(REPL_WANT_REPLICA, 0, &why), GATE_REFUSED);
	assert_int_equal(gate_decide(REPL_WANT_REPLICA, F_DATA | R_OTHER | R_GIVEN, &why), GATE_REFUSED);
	for (uint32_t f = 0; f < 1u << COUNT; f++)
		assert_int_equal(gate_decide(REPL_WANT_GIVEN_UP, combination(f), &why), GATE_REFUSED);
}

static void test_what_was_given_up_is_saved_and_stays_down(void **state)
{
	(void)state;
	assert_int_equal(given_up_next(F_DATA | F_PROCESS | F_UP | F_WRITABLE | F_SEMI)->step, STEP_KILL);
	assert_int_equal(given_up_next(F_DATA | F_PROCESS | F_PREPARED)->step, STEP_KILL);
	assert_int_equal(given_up_next(F_DATA | F_TOKEN)->step, STEP_PREPARE);
	assert_int_equal(given_up_next(F_DATA | F_PREPARED)->step, STEP_NONE);
	assert_int_equal(given_up_next(0)->step, STEP_NONE);
}

/* What a replica looked at under one order says nothing under another. */
static void test_what_was_compared_is_of_one_order(void **state)
{
	struct sight s = {.order = {.want = REPL_WANT_REPLICA, .epoch = 7, .active = 1, .copy_from = 255}};

	(void)state;
	assert_int_equal(replica_facts(&s) & (R_SOURCE | R_SAME | R_OTHER | R_GIVEN), 0);
	s.order.active_address[0] = '1';
	s.lineage_known = true;
	s.lineage = LINEAGE_BEGINNING;
	s.lineage_epoch = 7;
	s.lineage_source = 1;
	assert_int_equal(replica_facts(&s) & (R_SOURCE | R_SAME | R_OTHER | R_GIVEN), R_SOURCE | R_SAME);
	s.order.active = 0;
	assert_int_equal(replica_facts(&s) & (R_SAME | R_OTHER), 0);
	s.order.active = 1;
	s.order.epoch = 8;
	assert_int_equal(replica_facts(&s) & (R_SAME | R_OTHER), 0);
	s.order.epoch = 7;
	s.lineage = LINEAGE_OTHER;
	s.order.copy_from = 0;
	assert_int_equal(replica_facts(&s) & (R_SAME | R_OTHER | R_GIVEN), R_OTHER | R_GIVEN);
	s.order.active = 255; /* nobody */
	s.lineage_source = 255;
	assert_int_equal(replica_facts(&s) & R_SOURCE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_it_follows_only_its_own_history),
	    cmocka_unit_test(test_what_it_received_is_applied_first),
	    cmocka_unit_test(test_nothing_goes_before_it_was_compared),
	    cmocka_unit_test(test_it_stands_in_with_what_it_can_apply),
	    cmocka_unit_test(test_a_copy_is_taken_only_where_it_is_given),
	    cmocka_unit_test(test_it_never_counts),
	    cmocka_unit_test(test_it_rests_when_whom_to_follow_is_not_known),
	    cmocka_unit_test(test_every_rule_is_reached),
	    cmocka_unit_test(test_the_gate_starts_a_copy_only),
	    cmocka_unit_test(test_what_was_given_up_is_saved_and_stays_down),
	    cmocka_unit_test(test_what_was_compared_is_of_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
