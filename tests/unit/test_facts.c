/* From sights to facts and reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/fitness.h"
#include "replication/replica_plan.h"
#include "tests/unit/a_sight.h"

#define MS 1000u
#define OF_UP                                                                                                          \
	(F_UP | F_WRITABLE | F_SEMI | F_SLAVE | F_IO | F_SQL | F_BROKEN | F_FOLLOWS | F_CAUGHT_UP | F_SYNCED |         \
	    F_DRAINED | F_ROW | F_ROW_SENT | F_OPENED | F_MARKED)

/* An active that opened this epoch with semi-sync on. */
static struct sight active(void)
{
	struct sight s = {.order = {.want = REPL_WANT_OPEN, .epoch = EPOCH, .semi_sync = 1},
	    .durable = true,
	    .data = true,
	    .process = true,
	    .up = true,
	    .drained_epoch = EPOCH,
	    .marked = true,
	    .sync_mark = at(80),
	    .dirty = {EPOCH, at(70)}};

	memset(s.token.byte, 8, TOKEN_BYTES);
	s.db = (struct observation){.semi_sync = true,
	    .sync_relay = true,
	    .sync_data = true,
	    .semi_clients = 1,
	    .no_tx = 3,
	    .binlog = at(100),
	    .applied = at(100),
	    .ledger_epoch = EPOCH};
	return s;
}

static void test_facts_of_a_standby_and_an_active(void **state)
{
	struct sight s = a_standby(), a = active(), none = {.durable = true};

	(void)state;
	assert_int_equal(facts_of(&s), F_DATA | F_PROCESS | F_UP | F_TOKEN | F_SLAVE | F_IO | F_SQL | F_FOLLOWS |
					   F_CAUGHT_UP | F_SYNCED | F_ROW | F_QUIET);
	assert_int_equal(facts_of(&a), F_DATA | F_PROCESS | F_UP | F_WRITABLE | F_SEMI | F_SEMI_WANTED | F_TOKEN |
					   F_DIRTY | F_DIRTY_NOW | F_SYNCED | F_DRAINED | F_ROW | F_OPENED | F_MARKED);
	assert_int_equal(facts_of(&none), 0);
	s.durable = s.db.sync_relay = false; /* durability = received: relay logs need no fsync, everything else does */
	s.copy_new = s.prepared = s.row_sent = true;
	s.token = (struct token){0};
	assert_int_equal(facts_of(&s), F_DATA | F_PROCESS | F_UP | F_SLAVE | F_IO | F_SQL | F_FOLLOWS | F_CAUGHT_UP |
					   F_SYNCED | F_ROW | F_COPY_NEW | F_PREPARED | F_ROW_SENT | F_QUIET);
	s.db.sync_data = false;
	assert_false(facts_of(&s) & F_SYNCED);
	/* C6: closed, but a commit that was sent before still waits */
	a.db.read_only = true;
	a.db.semi_waits = 1;
	assert_false(facts_of(&a) & F_QUIET);
	a.db.semi_waits = 0;
	assert_true(facts_of(&a) & F_QUIET);
}

/* What was read when it was up says nothing when it is not. */
static void test_a_server_that_is_not_up_has_no_facts(void **state)
{
	struct sight s = a_standby(), a = active();
	struct repl_report r;

	(void)state;
	s.up = a.up = false;
	s.row_sent = true;
	s.db.io_errno = 1236;
	s.db.sql_runs = false;
	s.db.sql_errno = 1062;
	assert_int_equal(facts_of(&s) & OF_UP, 0);
	assert_int_equal(facts_of(&a) & OF_UP, 0);
	assert_int_equal(facts_of(&a), F_DATA | F_PROCESS | F_SEMI_WANTED | F_TOKEN | F_DIRTY | F_DIRTY_NOW);
	r = report_of(&a, REPL_STARTING, "recovers", NULL);
	assert_int_equal(r.state, REPL_STARTING);
	assert_int_equal(r.db_up, 0);
	assert_int_equal(r.fit, 0);
	assert_int_equal(r.dirty, 1);
	assert_true(token_equal(&r.token, &a.token));
	assert_string_equal(r.reason, "recovers");
	assert_int_equal(r.opened_epoch | r.drained_epoch | r.follow_epoch, 0);
	assert_int_equal(r.binlog.seq | r.applied.seq | r.received.seq, 0);
	assert_int_equal(r.sync_marked | r.semi_sync | r.leaks | r.following, 0);
}

static void check_follows_nothing(const struct sight *s)
{
	struct repl_report r = report_of(s, REPL_IDLE, "", NULL);

	assert_int_equal(facts_of(s) & (F_FOLLOWS | F_CAUGHT_UP), 0);
	assert_int_equal(r.following, 0);
	assert_int_equal(r.follow_epoch, 0);
	assert_int_equal(r.received.seq, 0);
	assert_int_equal(r.applied.seq, 95);
}

/* R5, M8: what came over another connection is not known. */
static void test_received_counts_only_over_the_relay_of_this_epoch(void **state)
{
	struct sight s = a_standby();
	struct repl_report r = report_of(&s, REPL_FOLLOWING, "", NULL);

	(void)state;
	assert_int_equal(r.following, 1);
	assert_int_equal(r.follow_epoch, EPOCH);
	assert_int_equal(r.received.seq, 100);
	assert_int_equal(r.fit, 1);
	s.relay_epoch = EPOCH - 1;
	check_follows_nothing(&s);
	s.relay_epoch = 0;
	check_follows_nothing(&s);
	s.order.epoch = 0;
	check_follows_nothing(&s);
	s = a_standby();
	s.order.epoch = EPOCH + 1;
	check_follows_nothing(&s);
	s = a_standby();
	s.db.io_connected = false;
	check_follows_nothing(&s);
	s = a_standby();
	s.db.sql_runs = false;
	check_follows_nothing(&s);
	s = a_standby();
	s.db.slave = false;
	check_follows_nothing(&s);
}

static void test_caught_up_is_near_both_ends(void **state)
{
	struct sight s = a_standby();

	(void)state;
	s.token = (struct token){0};
	s.db.received = at(5000);
	s.db.applied = at(4000);
	assert_true(facts_of(&s) & F_CAUGHT_UP);
	s.db.applied = at(3999);
	assert_false(facts_of(&s) & F_CAUGHT_UP);
	/* Before it syncs each transaction: what it has not applied by then, it would hardly work off any more. */
	s.db.sync_data = false;
	s.db.applied = at(4970);
	assert_true(facts_of(&s) & F_CAUGHT_UP);
	s.db.applied = at(4969);
	assert_false(facts_of(&s) & F_CAUGHT_UP);
	s.db.applied = at(6000);
	assert_true(facts_of(&s) & F_CAUGHT_UP);
	s.order.near = 0;
	assert_false(facts_of(&s) & F_CAUGHT_UP);
	s = a_standby();
	s.token = (struct token){0};
	s.db.received = s.db.applied = at(0);
	assert_false(facts_of(&s) & F_CAUGHT_UP);
	assert_true(facts_of(&s) & F_FOLLOWS);
}

/* Looks at it every 50 ms; true: at the end it counts as caught up. */
static bool stays_caught_up(struct sight *s, uint64_t *now_us, unsigned ms)
{
	for (; ms; ms -= 50) {
		*now_us += 50 * MS;
		s->looked_us = *now_us;
		facts_take_look(s);
	}
	return facts_of(s) & F_CAUGHT_UP;
}

/* S7: the token goes before anything is relaxed, and not for a burst. */
static void test_a_token_outlives_a_burst_but_no_lag_of_10_s(void **state)
{
	struct sight s = a_standby();
	uint64_t now_us = 100000 * MS;

	(void)state;
	s.order.want = REPL_WANT_FOLLOW_OUT;
	assert_true(stays_caught_up(&s, &now_us, 60000));
	s.db.applied = at(4000);
	s.db.received = at(5001);
	assert_true(stays_caught_up(&s, &now_us, 10000));
	s.db.received = at(5000);
	assert_true(stays_caught_up(&s, &now_us, 50));
	s.order.near = 0;
	assert_true(stays_caught_up(&s, &now_us, 10000));
	assert_false(stays_caught_up(&s, &now_us, 50));
	s.order.near = 1;
	assert_true(stays_caught_up(&s, &now_us, 50));
	/* While it does not follow it cannot come near. */
	s.order.near = 0;
	assert_true(stays_caught_up(&s, &now_us, 9000));
	s.db.io_connected = false;
	assert_false(stays_caught_up(&s, &now_us, 9000));
	s.db.io_connected = true;
	assert_true(stays_caught_up(&s, &now_us, 1000));
	/* In in_sync it is the second copy, and nothing of the kind may ever be asked. */
	s.order.want = REPL_WANT_FOLLOW_IN;
	assert_true(stays_caught_up(&s, &now_us, 60000));
}

/* A cable that was out for seconds: what is lacking is worked off in a second when it is not synced, and in half a minute when it is. */
static void test_who_was_left_behind_does_not_keep_a_token_for_long(void **state)
{
	struct sight s = a_standby();
	uint64_t now_us = 100000 * MS;

	(void)state;
	assert_true(stays_caught_up(&s, &now_us, 60000));
	s.order.want = REPL_WANT_FOLLOW_OUT;
	s.order.near = 0;
	assert_true(stays_caught_up(&s, &now_us, 1000));
	assert_false(stays_caught_up(&s, &now_us, 50));
	/* A gap that was worked off in that time is a burst from then on. */
	s = a_standby();
	s.order.want = REPL_WANT_FOLLOW_OUT;
	s.order.near = 0;
	assert_true(stays_caught_up(&s, &now_us, 1000));
	s.order.near = 1;
	assert_true(stays_caught_up(&s, &now_us, 50));
	s.order.near = 0;
	assert_true(stays_caught_up(&s, &now_us, 10000));
	assert_false(stays_caught_up(&s, &now_us, 50));
}

/* The active may be adding it by the last heartbeat that named a token. */
static void test_nothing_is_relaxed_soon_after_a_token(void **state)
{
	struct sight s = a_standby();
	uint64_t now_us = 100000 * MS;

	(void)state;
	s.peer_timeout_us = 500 * MS;
	(void)stays_caught_up(&s, &now_us, 1000);
	assert_false(facts_may_relax(&s, now_us + 60000 * MS));
	s.token = (struct token){0};
	assert_false(facts_may_relax(&s, now_us + 1000 * MS - 1));
	assert_true(facts_may_relax(&s, now_us + 1000 * MS));
	(void)stays_caught_up(&s, &now_us, 950);
	assert_false(facts_may_relax(&s, now_us));
	/* What went out before this replicationd began, it cannot know. */
	s = a_standby();
	s.token = (struct token){0};
	s.peer_timeout_us = 500 * MS;
	(void)stays_caught_up(&s, &now_us, 50);
	assert_false(facts_may_relax(&s, now_us + 999 * MS));
	assert_true(facts_may_relax(&s, now_us + 1000 * MS));
}

static void test_open_needs_mark_row_and_read_only(void **state)
{
	(void)state;
	for (unsigned wrong = 0; wrong < 6; wrong++) {
		struct sight a = active();
		struct repl_report r;

		a.db.read_only = wrong == 1;
		a.dirty.epoch = wrong == 2 ? 0 : wrong == 3 ? EPOCH - 1 : EPOCH;
		a.db.ledger_epoch = wrong == 4 ? EPOCH - 1 : wrong == 5 ? 0 : EPOCH;
		r = report_of(&a, REPL_OPEN, "", NULL);
		assert_int_equal((facts_of(&a) & F_OPENED) != 0, wrong == 0);
		assert_int_equal(r.opened_epoch, wrong ? 0 : EPOCH);
		assert_int_equal(r.opened_at.seq, wrong ? 0 : 70);
	}
}

/* It is open for the epoch in which it was opened, whatever the order says now. */
static void test_open_for_an_earlier_epoch(void **state)
{
	struct sight a = active();

	(void)state;
	a.order.epoch = EPOCH + 1;
	assert_false(facts_of(&a) & (F_OPENED | F_DIRTY_NOW | F_ROW | F_DRAINED));
	assert_int_equal(report_of(&a, REPL_DRAINED, "", NULL).opened_epoch, EPOCH);
	/* A mark that cannot be read is of no epoch that there is. */
	a.dirty.epoch = UINT64_MAX;
	assert_int_equal(report_of(&a, REPL_DRAINED, "", NULL).opened_epoch, 0);
	assert_true(facts_of(&a) & F_DIRTY);
	assert_false(facts_of(&a) & F_DIRTY_NOW);
	/* Epoch 0 is none. */
	a.order.epoch = a.dirty.epoch = a.db.ledger_epoch = a.drained_epoch = 0;
	assert_false(facts_of(&a) & (F_OPENED | F_DIRTY | F_DIRTY_NOW | F_DRAINED));
}

static void test_reasons(void **state)
{
	struct sight s = a_standby();
	char longer[2 * LOCAL_REASON_BYTES];
	struct repl_report r;

	(void)state;
	memset(longer, 'x', sizeof(longer));
	for (size_t n = LOCAL_REASON_BYTES - 2; n <= LOCAL_REASON_BYTES + 1; n++) {
		longer[n] = '\0';
		r = report_of(&s, REPL_IDLE, "", longer);
		assert_int_equal(strlen(r.reason), n < LOCAL_REASON_BYTES ? n : LOCAL_REASON_BYTES - 1);
		assert_memory_equal(r.reason, longer, strlen(r.reason));
		longer[n] = 'x';
	}
	memset(s.db.error, 'y', sizeof(s.db.error) - 1);
	s.db.sql_runs = false;
	s.db.sql_errno = 1062;
	r = report_of(&s, REPL_IDLE, "", NULL);
	assert_int_equal(strlen(r.reason), LOCAL_REASON_BYTES - 1);
	s.db.sql_runs = true;
	/* That nothing comes is said in words of ours: its own name the relay. */
	s.db.io_connected = false;
	s.db.io_errno = 2003;
	s.order.active = 1;
	memcpy(s.order.member_name[1], "abcdefghijklmno", 16);
	assert_string_equal(report_of(&s, REPL_IDLE, "", NULL).reason,
	    "receives nothing from the database of abcdefghijklmno: does it "
	    "run, are 7445 and 3306 open? (MariaDB error 2003)");
	/* The step that failed says more than the error it met, and that more than the rule. */
	assert_string_equal(report_of(&s, REPL_IDLE, "why", "failed").reason, "failed");
	s = a_standby();
	assert_string_equal(report_of(&s, REPL_IDLE, "why", NULL).reason, "why");
	/* Where it should be. */
	assert_string_equal(report_of(&s, REPL_FOLLOWING, "catches up", NULL).reason, "");
	assert_string_equal(report_of(&s, REPL_OPEN, "why", NULL).reason, "");
	assert_string_equal(report_of(&s, REPL_OPEN, "why", "failed").reason, "failed");
}

static void test_report_of_an_active(void **state)
{
	struct sight a = active();
	struct repl_report r;

	(void)state;
	a.backlog_ms = 12;
	r = report_of(&a, REPL_OPEN, "", NULL);
	assert_int_equal(r.state, REPL_OPEN);
	assert_int_equal(r.drained_epoch, EPOCH);
	assert_int_equal(r.semi_sync, 1);
	assert_int_equal(r.semi_clients, 1);
	assert_int_equal(r.sync_marked, 1);
	assert_int_equal(r.sync_mark.seq, 80);
	assert_int_equal(r.leaks | r.leaked.seq, 0);
	assert_int_equal(r.backlog_ms, 12);
	assert_int_equal(r.received.seq, 0);
	a.db.semi_clients = 300;
	facts_take_look(&a);
	a.db.no_tx = 4;
	facts_take_look(&a);
	r = report_of(&a, REPL_OPEN, "", NULL);
	assert_int_equal(r.semi_clients, 255);
	assert_int_equal(r.leaks, 1);
	facts_take_look(&a);
	r = report_of(&a, REPL_OPEN, "", NULL);
	assert_int_equal(r.leaks, 0);
	assert_int_equal(r.leaked.seq, 100);
	/* R5: the mark is worth nothing once semi-sync is off. */
	a.db.semi_sync = false;
	r = report_of(&a, REPL_OPEN, "", NULL);
	assert_int_equal(r.sync_marked, 0);
	assert_int_equal(report_of(&a, REPL_FAILED, "", NULL).fit, 0);
}

static void test_an_order_forgets_what_was_for_another(void **state)
{
	struct sight s = a_standby();
	struct repl_order o = s.order;

	(void)state;
	s.prepared = s.marked = true;
	o.want = REPL_WANT_FOLLOW_OUT;
	facts_take_order(&s, &o);
	assert_true(s.prepared && s.marked);
	assert_int_equal(s.order.want, REPL_WANT_FOLLOW_OUT);
	o.epoch++;
	facts_take_order(&s, &o);
	assert_true(s.prepared);
	assert_false(s.marked);
	/* R11: a MASTER start may follow, and a tail of its own. */
	for (uint32_t want = 0; want <= REPL_WANT_DRAIN; want++) {
		s.prepared = true;
		o.want = want;
		facts_take_order(&s, &o);
		assert_int_equal(s.prepared, want == REPL_WANT_FOLLOW_OUT);
	}
	/* R11: what was enough to follow saved nothing, if it did not count. */
	o.want = REPL_WANT_FOLLOW_OUT;
	facts_take_order(&s, &o);
	s.prepared = true;
	o.want = REPL_WANT_GIVEN_UP;
	facts_take_order(&s, &o);
	assert_false(s.prepared);
	s.prepared = true;
	facts_take_order(&s, &o);
	assert_true(s.prepared);
}

/* heartbeatd knows by the empty reason that all is saved. */
static void test_one_that_was_given_up_says_what_it_still_saves(void **state)
{
	struct sight s = {.data = true, .order.want = REPL_WANT_GIVEN_UP};
	struct repl_report report;

	(void)state;
	facts_report(&s, given_up_next(F_DATA), NULL, &report);
	assert_string_equal(report.reason, "saves what only it has");
	facts_report(&s, given_up_next(F_DATA), "no room", &report);
	assert_string_equal(report.reason, "no room");
	facts_report(&s, given_up_next(F_DATA | F_PREPARED), NULL, &report);
	assert_string_equal(report.reason, "");
}

/* It recovers as long as it likes; only one that has answered in this life can hang. */
static void test_hung_is_who_answered_once(void **state)
{
	struct sight s = {.process = true, .data = true, .looked_us = 100 * 1000000u};

	(void)state;
	assert_int_equal(facts_of(&s) & F_HUNG, 0);
	s.answered = true;
	s.mute_us = s.looked_us - FIT_HUNG_US;
	assert_int_equal(facts_of(&s) & F_HUNG, 0);
	s.looked_us++;
	assert_int_equal(facts_of(&s) & F_HUNG, F_HUNG);
	s.process = false;
	assert_int_equal(facts_of(&s) & F_HUNG, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_that_was_given_up_says_what_it_still_saves),
	    cmocka_unit_test(test_facts_of_a_standby_and_an_active),
	    cmocka_unit_test(test_a_server_that_is_not_up_has_no_facts),
	    cmocka_unit_test(test_received_counts_only_over_the_relay_of_this_epoch),
	    cmocka_unit_test(test_caught_up_is_near_both_ends),
	    cmocka_unit_test(test_a_token_outlives_a_burst_but_no_lag_of_10_s),
	    cmocka_unit_test(test_who_was_left_behind_does_not_keep_a_token_for_long),
	    cmocka_unit_test(test_nothing_is_relaxed_soon_after_a_token),
	    cmocka_unit_test(test_open_needs_mark_row_and_read_only),
	    cmocka_unit_test(test_open_for_an_earlier_epoch),
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_report_of_an_active),
	    cmocka_unit_test(test_an_order_forgets_what_was_for_another),
	    cmocka_unit_test(test_hung_is_who_answered_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
