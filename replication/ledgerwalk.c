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
	return database_run(w->db, e, "ROLLBACK TO SAVEPOINT piece");
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

/* As long as the share says, for what reading took. */
static void rest(const struct walk *w, uint64_t took_ms)
{
	uint64_t left_ms = took_ms * (100 - w->given->share_percent) / w->given->share_percent;

	while (left_ms && !walk_is_cancelled(w)) {
		uint64_t ms = left_ms < WAIT_SLICE_MS ? left_ms : WAIT_SLICE_MS;

		(void)poll(NULL, 0, (int)ms);
		left_ms -= ms;
	}
}

int walk_pieces(struct walk *w, walk_reader *read, struct errbuf *e)
{
	unsigned rows = PIECE_ROWS;
	int code = 0;

	while (!code && rows == PIECE_ROWS) {
		uint64_t began_ms = now_ms();

		code = read(w, PIECE_ROWS, &rows, e);
		if (!code)
			code = walk_free_locks(w, e);
		if (!code && walk_is_cancelled(w))
			code = err_set(e, -ECANCELED, "stopped on request");
		if (!code && w->audit.full)
			code = err_set(e, -ENOMEM,
			    "the journal names more than its tables have: that does not fit into %zu MiB",
			    w->given->memory_bytes >> 20);
		if (!code)
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

/* Of each kind as many as its table has, or as the journal made, whatever is more. */
static int count_objects(struct walk *w, uint64_t *ret, struct errbuf *e)
{
	static const struct {
		const char *table, *made;
		size_t offset;
	} kinds[] = {
	    {"SELECT COUNT(*) n FROM holdfast.account", "SELECT COUNT(*) n FROM holdfast.journal WHERE kind=2",
		offsetof(struct ledgerwalk_result, accounts)},
	    {"SELECT COUNT(*) n FROM holdfast.payment", "SELECT COUNT(*) n FROM holdfast.journal WHERE kind=17",
		offsetof(struct ledgerwalk_result, payments)},
	    {"SELECT COUNT(*) n FROM holdfast.withdrawal", "SELECT COUNT(*) n FROM holdfast.journal WHERE kind=24",
		offsetof(struct ledgerwalk_result, withdrawals)},
	};

	*ret = SLACK_OBJECTS;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint64_t rows, made = 0;
		int code = walk_number(w, &rows, e, kinds[i].table);

		if (!code)
			code = walk_number(w, &made, e, kinds[i].made);
		if (code)
			return code;
		memcpy((char *)w->result + kinds[i].offset, &rows, sizeof(rows));
		*ret += rows > made ? rows : made;
	}
	return 0;
}

static int begin(struct walk *w, struct errbuf *e)
{
	int code = database_run(w->db, e, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");

	if (!code)
		code = database_run(w->db, e, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
	if (!code)
		code = database_run(w->db, e, "SAVEPOINT piece");
	return code;
}

static int one_pass(struct walk *w, unsigned pass, unsigned passes, struct errbuf *e)
{
	static walk_reader *const readers[] = {walk_journal, walk_payments, walk_withdrawals, walk_accounts};
	int code = 0;

	audit_begin(&w->audit, pass, passes);
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]) && !code; i++) {
		w->after = (struct walk_place){0};
		w->progress.pass = pass;
		code = walk_pieces(w, readers[i], e);
	}
	if (!code)
		audit_end(&w->audit);
	return code;
}

static int walk(struct walk *w, struct errbuf *e)
{
	uint64_t objects = 0;
	unsigned passes;
	int code = begin(w, e);

	if (!code)
		code = walk_head(w, e);
	if (!code)
		code = walk_constraints(w, e);
	if (!code)
		code = count_objects(w, &objects, e);
	if (code)
		return code;
	passes = audit_slices(objects, audit_slots(w->given->memory_bytes));
	w->audit.slot_count = audit_slots(w->given->memory_bytes);
	/* No more than is needed. */
	while (w->audit.slot_count > 1024 && audit_slices(objects, w->audit.slot_count / 2) == passes)
		w->audit.slot_count /= 2;
	w->audit.slots = calloc(w->audit.slot_count, sizeof(*w->audit.slots));
	if (!w->audit.slots)
		return err_set(e, -ENOMEM, "no memory for %zu MiB", w->given->memory_bytes >> 20);
	w->progress.passes = w->result->passes = passes;
	w->progress.rows = w->result->operations * passes;
	for (unsigned i = 0; i < passes && !code; i++)
		code = one_pass(w, i, passes, e);
	if (!code)
		code = walk_keys(w, e);
	if (!code)
		code = walk_reversals(w, e);
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
