#include "replication/ledgerwalk.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "replication/ledgerwalk_parts.h"

#define PIECE_ROWS 5000
#define SLACK_OBJECTS 1000
#define WAIT_SLICE_MS 100

int walk_free_locks(struct walk *w, struct errbuf *e)
{
	/* Gives up the metadata locks of what was read, and keeps the snapshot; in a session that the binary log, if there is one, is not
	 * written for (sql/transaction.cc, trans_rollback_to_savepoint). */
	return w->in_snapshot ? database_run(w->db, e, "ROLLBACK TO SAVEPOINT piece") : 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

bool walk_is_cancelled(const struct walk *w)
{
	return w->given->cancel && atomic_load(w->given->cancel);
}

static void tell_progress(const struct walk *w)
{
	if (w->given->progress)
		w->given->progress(w->given->userdata, &w->progress);
}

/* As long as the share says, for what reading took. */
static void rest(const struct walk *w, uint64_t took_ms)
{
	uint64_t left_ms = took_ms * (100 - w->given->share_percent) / w->given->share_percent;

	while (left_ms && !walk_is_cancelled(w)) {
		uint64_t ms = left_ms < WAIT_SLICE_MS ? left_ms : WAIT_SLICE_MS;

		(void)poll(NULL, 0, (int)ms);
		left_ms -= ms;
		tell_progress(w);
	}
}

/* May it go on? What was changed since the snapshot, the database must keep until it is given up. */
static int look_around(const struct walk *w, struct errbuf *e)
{
	tell_progress(w);
	if (walk_is_cancelled(w))
		return err_set(e, -ECANCELED, "stopped on request");
	if (w->audit.full)
		return err_set(e, -ENOMEM,
		    "the journal names more than its tables have: that does not fit into %zu MiB",
		    w->given->memory_bytes >> 20);
	if (w->in_snapshot && now_ms() - w->snapshot_ms > (uint64_t)w->given->snapshot_s * 1000)
		return err_set(e, -ETIME,
		    "accounts, payments and withdrawals take longer than %u s to read: give it a larger share",
		    w->given->snapshot_s);
	return 0;
}

int walk_pieces(struct walk *w, walk_reader *read, bool in_haste, struct errbuf *e)
{
	unsigned rows = PIECE_ROWS;
	int code = 0;

	w->after = (struct walk_place){0};
	while (!code && rows == PIECE_ROWS) {
		uint64_t began_ms = now_ms();

		code = read(w, PIECE_ROWS, &rows, e);
		if (!code)
			code = walk_free_locks(w, e);
		if (!code)
			code = look_around(w, e);
		if (!code && !in_haste)
			rest(w, now_ms() - began_ms);
	}
	return code;
}

int walk_number(struct walk *w, uint64_t *ret, struct errbuf *e, const char *sql)
{
	struct database_row *row;
	int code = database_query(w->db, &row, e, "%s", sql);

	if (code)
		return code;
	*ret = database_number(row, "n");
	database_row_free(row);
	return walk_free_locks(w, e);
}

static int count_objects(struct walk *w, struct errbuf *e)
{
	static walk_reader *const counters[] = {walk_count_accounts, walk_count_payments, walk_count_withdrawals};
	uint64_t *const counts[] = {&w->result->accounts, &w->result->payments, &w->result->withdrawals};
	int code = 0;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]) && !code; i++) {
		uint64_t before = w->objects;

		code = walk_pieces(w, counters[i], false, e);
		*counts[i] = w->objects - before;
	}
	/* Some more, which the journal may name and the tables lack, or which are made before the last pass. */
	w->objects += w->objects / 4 + SLACK_OBJECTS;
	return code;
}

static int begin_snapshot(struct walk *w, struct errbuf *e)
{
	int code = database_run(w->db, e, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");

	if (!code)
		code = database_run(w->db, e, "SAVEPOINT piece");
	w->in_snapshot = !code;
	w->snapshot_ms = now_ms();
	return code;
}

static int end_snapshot(struct walk *w, struct errbuf *e)
{
	w->in_snapshot = false;
	return database_run(w->db, e, "ROLLBACK");
}

/* What changes, as of one moment. The accounts first and without a rest: InnoDB walks over all that became of a row since the snapshot while
 * it holds the row's page, for which whoever changes a row of that page waits. */
static int read_tables(struct walk *w, struct errbuf *e)
{
	int code = begin_snapshot(w, e);

	if (!code)
		code = walk_head(w, e);
	if (!code)
		code = walk_pieces(w, walk_accounts, true, e);
	if (!code)
		code = walk_pieces(w, walk_payments, false, e);
	if (!code)
		code = walk_pieces(w, walk_withdrawals, false, e);
	return code ? code : end_snapshot(w, e);
}

/* The journal is only ever appended to: up to the head of the snapshot it is now what it was then, and is read without one. An index is
 * read at once, for there is no snapshot behind which each of its entries would have to be looked up in its row. */
static int one_pass(struct walk *w, unsigned pass, unsigned passes, struct errbuf *e)
{
	int code;

	w->progress.pass = pass;
	audit_begin(&w->audit, pass, passes);
	code = read_tables(w, e);
	if (pass == 0) {
		w->progress.rows = w->result->operations * passes;
		if (!code)
			code = walk_keys(w, e);
		if (!code)
			code = walk_reversals(w, e);
	}
	if (!code)
		code = walk_pieces(w, walk_journal, false, e);
	if (!code)
		audit_end(&w->audit);
	return code;
}

static int walk(struct walk *w, struct errbuf *e)
{
	unsigned passes;
	int code = database_run(w->db, e, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");

	if (!code)
		code = walk_constraints(w, e);
	if (!code)
		code = count_objects(w, e);
	if (code)
		return code;
	passes = audit_slices(w->objects, audit_slots(w->given->memory_bytes));
	w->audit.slot_count = audit_slots(w->given->memory_bytes);
	/* No more than is needed. */
	while (w->audit.slot_count > 1024 && audit_slices(w->objects, w->audit.slot_count / 2) == passes)
		w->audit.slot_count /= 2;
	w->audit.slots = calloc(w->audit.slot_count, sizeof(*w->audit.slots));
	if (!w->audit.slots)
		return err_set(e, -ENOMEM, "no memory for %zu MiB", w->given->memory_bytes >> 20);
	w->progress.passes = w->result->passes = passes;
	for (unsigned i = 0; i < passes && !code; i++)
		code = one_pass(w, i, passes, e);
	free(w->audit.slots);
	return code;
}

int ledgerwalk_run(struct database *db, const struct ledgerwalk *given, struct ledgerwalk_result *ret, struct errbuf *e)
{
	struct walk *w = calloc(1, sizeof(*w));
	struct errbuf ignored;
	int code;

	*ret = (struct ledgerwalk_result){0};
	if (!w)
		return err_set(e, -ENOMEM, "out of memory");
	w->db = db;
	w->given = given;
	w->result = ret;
	w->audit.tell = given->found;
	w->audit.userdata = given->userdata;
	code = walk(w, e);
	/* ER_TABLE_DEF_CHANGED has a number of its own, but all that it says is in its words. */
	if (code == -EREMOTEIO && strstr(e->text, "(1412)"))
		code = err_set(e, -EAGAIN, "the schema changed meanwhile: begin again");
	(void)database_run(db, &ignored, "ROLLBACK");
	memcpy(ret->findings, w->audit.findings, sizeof(ret->findings));
	for (size_t i = 0; i < AUDIT_CHECK_END; i++)
		ret->finding_count += ret->findings[i];
	free(w);
	return code;
}
