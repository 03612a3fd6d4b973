/* Replication that has stopped with an error: what is tried again, when, and when a fresh copy is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/a_sight.h"
#include "replication/sqlerror.h"

#define S 1000000u

static void test_errors_that_heal_and_errors_that_do_not(void **state)
{
	static const struct {
		bool slave, io_runs, sql_runs;
		unsigned io_errno, sql_errno;
		bool broken;
	} cases[] = {
	    {true, true, true, 0, 0, false}, {true, true, false, 0, 0, false}, /* stopped, not broken */
	    {true, true, false, 0, 1062, true},				       /* duplicate key */
	    {true, true, false, 0, 1950, true},				       /* out of order under gtid_strict_mode */
	    {true, true, true, 0, 1062, false},				       /* it was retried */
	    {true, true, true, 2003, 0, false},				       /* cannot connect, tries again */
	    {true, false, true, 2003, 0, false}, {true, false, true, 1593, 0, false},
	    {true, false, true, 1236, 0, true},	 /* not in the active's log */
	    {true, true, true, 1236, 0, false},	 /* tries again */
	    {true, true, false, 0, 1021, false}, /* a full disk says nothing about the copy */
	    {true, true, false, 0, 1205, false}, {true, true, false, 0, 1234, false}, /* not known: at first */
	    {true, false, true, 1234, 0, false},
	    {false, false, false, 1236, 1062, false}, /* replication is not configured */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sight s = a_standby();
		struct repl_report r;

		s.db.slave = cases[i].slave;
		s.db.io_runs = cases[i].io_runs;
		s.db.io_connected = cases[i].io_runs && !cases[i].io_errno;
		s.db.sql_runs = cases[i].sql_runs;
		s.db.io_errno = cases[i].io_errno;
		s.db.sql_errno = cases[i].sql_errno;
		(void)snprintf(s.db.error, sizeof(s.db.error), "its words");
		assert_int_equal((facts_of(&s) & F_BROKEN) != 0, cases[i].broken);
		r = report_of(&s, REPL_IDLE, "why", NULL);
		/* B4, whatever it was that stopped it */
		assert_int_equal(r.fit, !cases[i].broken && (s.db.sql_runs || !s.db.sql_errno || !s.db.slave));
		if (!cases[i].broken && r.fit && s.db.slave &&
		    (s.db.io_runs ? !s.db.io_connected : s.db.io_errno == 2003))
			assert_non_null(strstr(r.reason, "receives nothing from the database of "));
		else
			assert_string_equal(r.reason, (facts_of(&s) & F_BROKEN) ||
							      (s.db.slave && !s.db.sql_runs && s.db.sql_errno) ||
							      (s.db.slave && !s.db.io_runs && s.db.io_errno)
							  ? "its words"
							  : "why");
	}
}

static struct sight stopped(unsigned sql_errno)
{
	struct sight s = a_standby();

	s.order.want = REPL_WANT_FOLLOW_OUT;
	s.looked_us = 1000 * S;
	s.db.sql_runs = false;
	s.db.sql_errno = sql_errno;
	(void)snprintf(s.db.error, sizeof(s.db.error), "its words");
	return s;
}

/* One look, one start of replication that ends with the same error at once, `seconds` later. */
static void fail_again(struct sight *s, uint64_t seconds)
{
	facts_take_look(s);
	assert_true(facts_of(s) & F_PAUSED);
	s->looked_us += seconds * S - 1;
	facts_take_look(s);
	assert_true(facts_of(s) & F_PAUSED);
	s->looked_us++;
	facts_take_look(s);
	assert_false(facts_of(s) & F_PAUSED);
	facts_take_step(s, STEP_FOLLOW, 0, s->looked_us);
}

static void test_a_start_in_vain_is_tried_again_later(void **state)
{
	static const unsigned seconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60, 60};
	struct sight s = stopped(1021);

	(void)state;
	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		fail_again(&s, seconds[i]);
		assert_false(facts_of(&s) & F_BROKEN);
		facts_take_look(&s);
	}
	assert_string_equal(report_of(&s, REPL_FAILED, "why", NULL).reason,
	    "MariaDB error 1021, 11 times, next try after 60 s: disk full");
	assert_int_equal(report_of(&s, REPL_FAILED, "why", NULL).fit, 0);
	/* A start that failed itself is none. */
	facts_take_step(&s, STEP_FOLLOW, -EREMOTEIO, s.looked_us);
	facts_take_look(&s);
	assert_int_equal(s.start.tries, 11);
	/* It has come to the end, and stays there: what comes then is another matter. */
	s.db.sql_runs = true;
	s.db.sql_errno = 0;
	facts_take_look(&s);
	assert_false(facts_of(&s) & F_PAUSED);
	s.looked_us += 5 * S;
	facts_take_look(&s);
	s.db.sql_runs = false;
	s.db.sql_errno = 1205;
	fail_again(&s, 1);
	/* A receiver that stops by itself is not asked to start every few ms either, and says nothing about the copy. */
	s = stopped(0);
	s.db.sql_runs = true;
	s.db.io_runs = s.db.io_connected = false;
	s.db.io_errno = 1593;
	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		fail_again(&s, seconds[i]);
	assert_false(facts_of(&s) & F_BROKEN);
	facts_take_look(&s);
	assert_string_equal(report_of(&s, REPL_FAILED, "why", NULL).reason,
	    "MariaDB error 1593, 11 times, next try after 60 s: its words");
}

/* A relay that is closed for another source breaks the connection, and the receiver is stopped a moment later: nothing has failed. */
static void test_a_receiver_that_was_stopped_while_it_had_no_way_waits_for_nothing(void **state)
{
	static const unsigned ways[] = {2002, 2003, 2006, 2013, 2026, 2055};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct sight s = stopped(0);

		s.db.io_runs = s.db.io_connected = false;
		s.db.io_errno = ways[i];
		facts_take_look(&s);
		assert_false(facts_of(&s) & (F_PAUSED | F_BROKEN));
		assert_int_equal(s.start.tries, 0);
	}
}

static void test_an_error_that_nobody_knows_costs_a_copy_in_the_end(void **state)
{
	struct sight s = stopped(1234);

	(void)state;
	for (unsigned i = 0; i < SQLERROR_UNSURE_TRIES; i++)
		fail_again(&s, 1u << i);
	assert_false(facts_of(&s) & F_BROKEN);
	facts_take_look(&s);
	assert_int_equal(facts_of(&s) & (F_BROKEN | F_PAUSED), F_BROKEN);
}

/* F6: the reason with count and error, and a limit to how often all of the data is asked for. */
static void test_copies_in_vain_are_taken_later_each_time(void **state)
{
	static const unsigned seconds[] = {2, 4, 8, 16, 32, 64, 128, 240, 240};
	struct sight s = stopped(1950);
	struct repl_order o;

	(void)state;
	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		facts_take_look(&s);
		assert_int_equal(facts_of(&s) & (F_BROKEN | F_PAUSED), F_BROKEN);
		/* Whether it failed, or ended well and the same came at once. */
		facts_take_step(&s, STEP_SEED, i & 1 ? -EIO : 0, s.looked_us);
		s.looked_us += seconds[i] * S - 1;
		facts_take_look(&s);
		assert_int_equal(facts_of(&s) & (F_BROKEN | F_PAUSED), F_BROKEN | F_PAUSED);
		s.looked_us++;
	}
	s.looked_us--;
	assert_string_equal(report_of(&s, REPL_FAILED, "why", NULL).reason,
	    "MariaDB error 1950 after 9 fresh copies, next after 240 s: another transaction has this number");
	s.up = s.data = false;
	s.db = (struct observation){0};
	assert_true(facts_of(&s) & F_PAUSED);
	assert_string_equal(report_of(&s, REPL_FAILED, "why", "no space left").reason,
	    "9 copies in vain, next after 240 s: no space left");
	/* What cost nobody anything does not count, and what another active is asked for is another matter. */
	s.looked_us++;
	facts_take_step(&s, STEP_SEED, -EPIPE, s.looked_us);
	facts_take_step(&s, STEP_SEED, -ECANCELED, s.looked_us);
	facts_take_step(&s, STEP_SEED, -EAGAIN, s.looked_us);
	assert_int_equal(s.copy.tries, 9);
	facts_take_step(&s, STEP_SEED, -EIO, s.looked_us);
	o = s.order;
	facts_take_order(&s, &o);
	assert_true(facts_of(&s) & F_PAUSED);
	o.epoch++;
	facts_take_order(&s, &o);
	assert_false(facts_of(&s) & F_PAUSED);
}

/* Each try to follow is some lines in MariaDB's journal: one that fails is no reason for hundreds a minute. */
static void test_following_in_vain_is_tried_again_later(void **state)
{
	static const uint64_t pauses_us[] = {S / 5, 2 * S / 5, 4 * S / 5, 8 * S / 5, 8 * S / 5};
	struct sight s = stopped(0);
	struct repl_order o;

	(void)state;
	for (unsigned i = 0; i < sizeof(pauses_us) / sizeof(pauses_us[0]); i++) {
		assert_false(facts_must_wait(&s, STEP_FOLLOW));
		facts_take_step(&s, STEP_FOLLOW, -EREMOTEIO, s.looked_us);
		/* Nothing else waits for it, nor does anybody take it for a copy that cannot be trusted. */
		assert_false(facts_must_wait(&s, STEP_SALVAGE) || facts_must_wait(&s, STEP_STOP_IO));
		assert_false(facts_of(&s) & F_PAUSED);
		s.looked_us += pauses_us[i] - 1;
		facts_take_look(&s);
		assert_true(facts_must_wait(&s, STEP_FOLLOW));
		s.looked_us++;
		facts_take_look(&s);
	}
	/* What it only waits for is no failure, and what went well ends it. */
	facts_take_step(&s, STEP_FOLLOW, -EAGAIN, s.looked_us);
	assert_false(facts_must_wait(&s, STEP_FOLLOW));
	facts_take_step(&s, STEP_FOLLOW, 0, s.looked_us);
	facts_take_step(&s, STEP_FOLLOW, -EREMOTEIO, s.looked_us);
	assert_true(facts_must_wait(&s, STEP_FOLLOW));
	s.looked_us += S / 5;
	assert_false(facts_must_wait(&s, STEP_FOLLOW));
	/* Another active is followed at once. */
	facts_take_step(&s, STEP_FOLLOW, -EREMOTEIO, s.looked_us);
	o = s.order;
	facts_take_order(&s, &o);
	assert_true(facts_must_wait(&s, STEP_FOLLOW));
	o.active++;
	facts_take_order(&s, &o);
	assert_false(facts_must_wait(&s, STEP_FOLLOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_errors_that_heal_and_errors_that_do_not),
	    cmocka_unit_test(test_a_start_in_vain_is_tried_again_later),
	    cmocka_unit_test(test_a_receiver_that_was_stopped_while_it_had_no_way_waits_for_nothing),
	    cmocka_unit_test(test_an_error_that_nobody_knows_costs_a_copy_in_the_end),
	    cmocka_unit_test(test_copies_in_vain_are_taken_later_each_time),
	    cmocka_unit_test(test_following_in_vain_is_tried_again_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
