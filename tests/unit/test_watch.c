/* What semi-sync let through by somebody's hand is noticed, and how far it reaches; what the daemons do themselves is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "replication/watch.h"

#define EPOCH 7

static struct watch watch;
static struct repl_order order;
static struct observation db;
static bool opened;
static uint64_t now_us;

static void look(bool marked, uint64_t seq)
{
	db.binlog = (struct gtid){0, 1, seq};
	now_us += 50000;
	watch_look(&watch, &order, opened, marked, &db, now_us);
}

/* An active in SYNC, seen twice. */
static int begin(void **state)
{
	(void)state;
	watch = (struct watch){0};
	opened = false;
	order = (struct repl_order){.want = REPL_WANT_OPEN, .epoch = EPOCH, .semi_sync = 1};
	db = (struct observation){.semi_sync = true, .no_tx = 3};
	look(true, 100);
	look(true, 110);
	return 0;
}

static void expect(bool leaks, uint64_t leaked)
{
	assert_int_equal(watch.leaks, leaks);
	assert_int_equal(watch.leaked.seq, leaked);
}

/* All that is written until it is on again, and found so. */
static void semi_sync_that_is_off_lets_through_what_is_written(void **state)
{
	(void)state;
	expect(false, 0);
	db.semi_sync = false;
	look(true, 120);
	expect(true, 120);
	look(true, 130);
	expect(true, 130);
	/* The plan has switched it on again, and reads the position. */
	db.semi_sync = true;
	look(false, 140);
	expect(true, 140);
	look(true, 141);
	expect(false, 141);
	/* It does not end by itself, nor grow. */
	look(true, 200);
	expect(false, 141);
	db.semi_sync = false;
	look(true, 210);
	expect(true, 210);
}

static void a_query_that_is_killed_is_one(void **state)
{
	(void)state;
	db.no_tx = 4;
	look(true, 120);
	expect(true, 120);
	/* The position is read before the counter. */
	look(true, 125);
	expect(false, 125);
	db.no_tx = 5;
	look(true, 130);
	db.no_tx = 6;
	look(true, 140);
	expect(true, 140);
	look(true, 141);
	expect(false, 141);
	look(true, 150);
	expect(false, 141);
}

/* As it was switched off, what waited was counted. */
static void off_and_on_between_two_looks_is_seen_by_the_counter(void **state)
{
	(void)state;
	db.no_tx = 4;
	look(true, 120);
	look(true, 121);
	expect(false, 121);
}

static void what_the_daemons_do_is_no_leak(void **state)
{
	(void)state;
	/* SOLO is known: the plan switches it off, and what waits goes through. */
	order.semi_sync = 0;
	look(true, 120);
	db.semi_sync = false;
	db.no_tx = 0;
	look(false, 150);
	expect(false, 0);
	/* Somebody is to be added. */
	order.semi_sync = 1;
	look(false, 160);
	db.semi_sync = true;
	db.no_tx = 9;
	look(false, 170);
	look(true, 170);
	expect(false, 0);
	db.no_tx = 10;
	look(true, 180);
	expect(true, 180);
	/* Not added after all. */
	order.semi_sync = 0;
	look(true, 190);
	expect(false, 180);
}

static void a_server_that_starts_again_has_it_off(void **state)
{
	(void)state;
	watch_forget(&watch);
	db.semi_sync = false;
	look(false, 110);
	db.semi_sync = true;
	db.no_tx = 0;
	look(false, 110);
	look(true, 110);
	expect(false, 0);
}

/* Nor what happens before it has read a position itself. */
static void a_replicationd_that_starts_misses_nothing_before_its_mark(void **state)
{
	(void)state;
	watch = (struct watch){0};
	opened = true;
	look(false, 100);
	expect(false, 0);
	db.semi_sync = false;
	look(false, 110);
	expect(true, 110);
}

/* Only one that was open was let through by: the next one to open has it off, and a standby that is only being added too. */
static void a_replicationd_that_starts_finds_it_off(void **state)
{
	(void)state;
	watch = (struct watch){0};
	opened = true;
	db.semi_sync = false;
	db.no_tx = 0;
	look(false, 120);
	expect(true, 120);
	db.semi_sync = true;
	db.no_tx = 3;
	look(false, 130);
	look(true, 130);
	expect(false, 130);
	/* Found on, whatever was counted before. */
	watch = (struct watch){0};
	look(false, 140);
	look(true, 140);
	expect(false, 0);
	/* SOLO. */
	watch = (struct watch){0};
	order.semi_sync = 0;
	db.semi_sync = false;
	look(false, 150);
	expect(false, 0);
	/* Not open yet. */
	watch = (struct watch){0};
	order.semi_sync = 1;
	opened = false;
	look(false, 160);
	expect(false, 0);
}

/* Its time-out ran out, or nobody is connected and it does not wait for that: on, and of no use. */
static void one_that_sleeps_lets_through(void **state)
{
	(void)state;
	db.asleep = true;
	look(true, 120);
	expect(true, 120);
	look(true, 130);
	expect(true, 130);
	db.asleep = false;
	look(true, 140);
	expect(false, 140);
}

/* Everybody reads what nobody has acknowledged. */
static void waiting_after_the_commit_lets_through(void **state)
{
	char *wait_point = db.variables.text[VARIABLE_WAIT_POINT];

	(void)state;
	(void)snprintf(wait_point, VARIABLE_VALUE_BYTES, "AFTER_SYNC");
	look(true, 120);
	expect(false, 0);
	(void)snprintf(wait_point, VARIABLE_VALUE_BYTES, "AFTER_COMMIT");
	look(true, 130);
	expect(true, 130);
	(void)snprintf(wait_point, VARIABLE_VALUE_BYTES, "AFTER_SYNC");
	look(true, 140);
	expect(false, 140);
}

/* M28: a replica that is none of ours acknowledges, too. Not one that connects anew, and whose old connection is still there. */
static void a_stranger_lets_through(void **state)
{
	(void)state;
	db.semi_clients = 2;
	for (unsigned i = 0; i < 20; i++)
		look(true, 120);
	expect(false, 0);
	db.semi_clients = 1;
	look(true, 120);
	db.semi_clients = 2;
	for (unsigned i = 0; i < 20; i++)
		look(true, 130);
	expect(false, 0);
	assert_false(watch.crowded);
	look(true, 131);
	expect(true, 131);
	assert_true(watch.crowded);
	/* For as long as it is there: it is told, and the other is left behind. */
	look(true, 140);
	expect(true, 140);
	order.semi_sync = 0;
	look(true, 150);
	assert_true(watch.crowded);
	db.semi_sync = false;
	db.semi_clients = 0;
	look(false, 160);
	expect(false, 140);
	assert_false(watch.crowded);
}

static void another_epoch_settles_it(void **state)
{
	(void)state;
	db.no_tx = 4;
	look(true, 120);
	expect(true, 120);
	order.epoch++;
	look(false, 130);
	expect(false, 0);
	db.no_tx = 5;
	look(false, 140);
	look(true, 140);
	expect(false, 0);
}

/* C6: it stays on for what waits still; who follows has it off, and waits for nobody. */
static void a_hand_over_keeps_it(void **state)
{
	(void)state;
	order.want = REPL_WANT_DRAIN;
	order.semi_sync = 0;
	look(true, 120);
	expect(false, 0);
	db.semi_sync = false;
	look(true, 121);
	expect(true, 121);
	look(true, 122);
	expect(true, 122);
	order.want = REPL_WANT_FOLLOW_IN;
	look(true, 130);
	expect(false, 122);
}

static void a_hand_over_in_solo_has_nothing_to_keep(void **state)
{
	(void)state;
	order.semi_sync = 0;
	db.semi_sync = false;
	look(false, 120);
	order.want = REPL_WANT_DRAIN;
	look(false, 130);
	expect(false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(semi_sync_that_is_off_lets_through_what_is_written, begin),
	    cmocka_unit_test_setup(a_query_that_is_killed_is_one, begin),
	    cmocka_unit_test_setup(off_and_on_between_two_looks_is_seen_by_the_counter, begin),
	    cmocka_unit_test_setup(what_the_daemons_do_is_no_leak, begin),
	    cmocka_unit_test_setup(a_server_that_starts_again_has_it_off, begin),
	    cmocka_unit_test_setup(a_replicationd_that_starts_misses_nothing_before_its_mark, begin),
	    cmocka_unit_test_setup(a_replicationd_that_starts_finds_it_off, begin),
	    cmocka_unit_test_setup(one_that_sleeps_lets_through, begin),
	    cmocka_unit_test_setup(waiting_after_the_commit_lets_through, begin),
	    cmocka_unit_test_setup(a_stranger_lets_through, begin),
	    cmocka_unit_test_setup(another_epoch_settles_it, begin),
	    cmocka_unit_test_setup(a_hand_over_keeps_it, begin),
	    cmocka_unit_test_setup(a_hand_over_in_solo_has_nothing_to_keep, begin),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
