/* A round of the database thread over a database that is played: who is refused, who is answered, in which order, and what is tried
 * how often. And what is logged of an error of the database. */
#include "gateway/query.h"
#include "gateway/row.h"
#include "gateway/sqltext.h"
#include "gateway/sweep.h"
#include "gateway/writer_parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ENOUGH_US UINT64_C(3600000000)

/* ---- the database: by the id of a request ---- */
/* clang-format off */
enum fate { GOOD, UNREADABLE, UNSELECTABLE, UNWRITABLE, BREAKS, LOST, BUSY_ONCE, HANDED_OVER, READ_BREAKS, READ_BUSY, KNOWN };
/* clang-format on */

static struct {
	enum fate fate[BATCH_REQUESTS_MAX + 1];
	unsigned transactions, commits, image_loads, drops, busy;
	uint64_t done[BATCH_REQUESTS_MAX]; /* ids in the order of execution */
	size_t done_count;
	enum batch_end sweep_end;
} fake;

/* The record, as heartbeatd has it. */
static struct rolepage *page;
static struct role_view view;

static bool has(const struct request *list, enum fate fate)
{
	for (; list; list = list->next)
		if (fake.fate[list->id] == fate)
			return true;
	return false;
}

void batch_begin(struct batch_tools *t)
{
	(void)t;
}

int batch_read(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	t->trust.given = t->trust.acted_on = t->trust.unique && t->trust.streak;
	if (has(list, READ_BREAKS))
		return err_set(e, -EIO, "select: gone (error 2013)");
	if (has(list, UNSELECTABLE))
		return err_set(e, -EBADMSG, "select: statement too long");
	if (has(list, READ_BUSY) && !fake.busy++)
		return err_set(e, -EBUSY, "select: lock wait timeout (error 1205)");
	for (struct request *r = list; r; r = r->next) {
		r->answer.outcome = 0;
		if (fake.fate[r->id] == UNREADABLE)
			r->answer = (struct wire_answer){.outcome = WIRE_DONE, .status = 500};
		else if (!op_is_write(r->message.op.kind))
			r->answer = (struct wire_answer){.outcome = WIRE_DONE, .status = 200};
	}
	return 0;
}

enum batch_end batch_write(struct batch_tools *t, struct request *list, struct request **rest, struct errbuf *e)
{
	*rest = NULL;
	fake.transactions++;
	(void)err_set(e, 0, "transaction: CONSTRAINT `pending` failed (error 4025)");
	if (has(list, UNWRITABLE) || (t->trust.given && has(list, KNOWN)))
		return BATCH_REFUSED;
	if (has(list, BREAKS))
		return BATCH_UNKNOWN;
	if (has(list, LOST))
		return BATCH_LOST;
	if (has(list, BUSY_ONCE) && !fake.busy++)
		return BATCH_BUSY;
	for (struct request *r = list; r; r = r->next) {
		r->answer = (struct wire_answer){.outcome = WIRE_DONE, .status = 201};
		fake.done[fake.done_count++] = r->id;
		if (fake.fate[r->id] == HANDED_OVER)
			view.drain_generation = 1;
	}
	rolepage_write(page, &view);
	fake.commits++;
	t->head.batch_seq++;
	return BATCH_COMMITTED;
}

enum batch_end sweep_run(struct batch_tools *t, struct errbuf *e)
{
	(void)t;
	(void)err_set(e, 0, "transaction: gone (error 2013)");
	return fake.sweep_end;
}

void query_refuse(struct batch_tools *t, struct request *r, const char *detail, const char *why)
{
	(void)t;
	(void)detail;
	(void)why;
	r->answer = (struct wire_answer){.outcome = WIRE_DONE, .status = 500};
}

int row_load_principals(struct store *s, struct image *image, struct text *sql, struct errbuf *e)
{
	(void)s;
	(void)image;
	(void)sql;
	(void)e;
	fake.image_loads++;
	return 0;
}

int store_read_head(struct store *s, struct head *ret, struct errbuf *e)
{
	(void)s;
	(void)ret;
	return err_set(e, -EIO, "not connected");
}

void writer_drop(struct writer *w)
{
	fake.drops++;
	atomic_store(&w->epoch, 0);
}

void writer_establish(struct writer *w)
{
	(void)w;
}

void writer_look_at_commit(struct writer *w, const struct landed *l)
{
	(void)w;
	(void)l;
}

/* ---- a round ---- */
static struct writer *make_writer(size_t count)
{
	struct writer *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	memset(&fake, 0, sizeof(fake));
	fake.sweep_end = BATCH_COMMITTED;
	view = (struct role_view){.open = 1,
	    .in_sync = 1,
	    .epoch = 7,
	    .version = 9,
	    .writable_epoch = 7,
	    .mode = ROLE_MODE_SYNC,
	    .looked_us = 1,
	    .gate_until_us = clock_boottime_us() + ENOUGH_US};
	rolepage_write(page, &view);
	w->page = page;
	w->tools.image = image_new();
	w->queue = queue_new();
	assert_true(w->tools.image && w->queue && standing_init(&w->standing));
	atomic_store(&w->epoch, 7);
	for (uint64_t i = 1; i <= count; i++) {
		struct op_message m = {.op = {.kind = OP_TRANSFER_CREATE}};
		struct request *r;

		for (unsigned k = 0; k < OP_TEXT_COUNT; k++)
			m.text[k] = "";
		r = request_new(&m);
		r->id = i;
		r->deadline_us = clock_boottime_us() + ENOUGH_US;
		assert_true(queue_put(w->queue, r));
	}
	return w;
}

static void free_writer(struct writer *w)
{
	standing_free(&w->standing);
	image_free(w->tools.image);
	queue_free(w->queue);
	free(w);
}

/* Runs it, and counts the answers: by outcome, and by status when it is done. */
static void run(struct writer *w, unsigned count[static 600])
{
	struct role_view v = view;
	struct request *next;

	memset(count, 0, 600 * sizeof(*count));
	round_run(w, &v);
	for (struct request *r = queue_take_answers(w->queue); r; r = next) {
		next = r->next;
		count[r->answer.outcome == WIRE_DONE ? r->answer.status : r->answer.outcome]++;
		if (r->answer.outcome == WIRE_DONE)
			assert_int_equal(r->version, 9);
		request_free(r);
	}
}

static void assert_in_order(void)
{
	for (size_t i = 1; i < fake.done_count; i++)
		assert_true(fake.done[i - 1] < fake.done[i]);
}

/* Wherever the culprit is, it alone is refused, and that costs few transactions. */
static void test_one_culprit(void **state)
{
	unsigned count[600];

	(void)state;
	for (unsigned culprit = 1; culprit <= 65; culprit++) {
		struct writer *w = make_writer(65);

		fake.fate[culprit] = culprit % 2 ? UNWRITABLE : UNSELECTABLE;
		run(w, count);
		assert_int_equal(count[500], 1);
		assert_int_equal(count[201], 64);
		assert_int_equal(fake.done_count, 64);
		assert_in_order();
		assert_true(fake.transactions <= 2 * 7 + 1);
		assert_int_equal(w->tools.head.batch_seq, fake.commits);
		assert_int_equal(fake.drops, 0);
		assert_true(fake.image_loads >= 1); /* after what was rolled back */
		free_writer(w);
	}
}

/* A row that cannot be made sense of costs those who name it their answer, and nobody anything else: no second transaction, no image. */
static void test_unreadable_row(void **state)
{
	unsigned count[600];
	struct writer *w = make_writer(65);

	(void)state;
	for (unsigned i = 1; i <= 65; i += 3)
		fake.fate[i] = UNREADABLE;
	run(w, count);
	assert_int_equal(count[500], 22);
	assert_int_equal(count[201], 43);
	assert_int_equal(fake.done_count, 43);
	assert_in_order();
	assert_int_equal(fake.transactions, 1);
	assert_int_equal(fake.image_loads, 0);
	free_writer(w);
}

/* All of them: each is told so, once; it does not go on for ever. */
static void test_all_culprits(void **state)
{
	struct writer *w = make_writer(BATCH_REQUESTS_MAX);
	unsigned count[600];

	(void)state;
	for (unsigned i = 1; i <= BATCH_REQUESTS_MAX; i++)
		fake.fate[i] = UNWRITABLE;
	run(w, count);
	assert_int_equal(count[500], BATCH_REQUESTS_MAX);
	assert_int_equal(fake.transactions, 2 * BATCH_REQUESTS_MAX - 1);
	assert_int_equal(fake.done_count, 0);
	run(w, count);
	assert_int_equal(fake.transactions, 2 * BATCH_REQUESTS_MAX - 1); /* nothing came back */
	free_writer(w);
}

/* What is not of the data is nobody's fault: one try, then connection and image go. */
static void test_not_of_the_data(void **state)
{
	static const struct {
		enum fate fate;
		unsigned outcome, transactions;
	} cases[] = {
	    {BREAKS, WIRE_UNKNOWN, 1},
	    {LOST, WIRE_NOT_EXECUTED, 1},
	    {READ_BREAKS, WIRE_NOT_EXECUTED, 0},
	};
	unsigned count[600];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writer *w = make_writer(8);

		fake.fate[3] = cases[i].fate;
		run(w, count);
		assert_int_equal(count[cases[i].outcome], 8);
		assert_int_equal(fake.transactions, cases[i].transactions);
		assert_int_equal(fake.drops, 1);
		assert_int_equal(fake.done_count, 0);
		free_writer(w);
	}
}

/* In the middle of a search: those that were committed have their answer, the others may be asked again. */
static void test_breaks_in_the_middle(void **state)
{
	unsigned count[600];
	struct writer *w = make_writer(8);

	(void)state;
	fake.fate[4] = UNWRITABLE;
	fake.fate[5] = BREAKS;
	run(w, count);
	assert_int_equal(count[201], 3);
	assert_int_equal(count[500], 1);
	assert_int_equal(count[WIRE_UNKNOWN], 4); /* 5 to 8 were sent as one */
	assert_int_equal(fake.drops, 1);
	free_writer(w);
	/* The role is being handed over: nothing of the round begins any more (C6). */
	w = make_writer(8);
	fake.fate[4] = HANDED_OVER;
	fake.fate[6] = UNWRITABLE;
	run(w, count);
	assert_int_equal(count[201], 4);
	assert_int_equal(count[WIRE_NOT_EXECUTED], 4);
	assert_int_equal(fake.drops, 0);
	free_writer(w);
}

/* A key that was taken for new is one that the ledger has: once more, with the keys looked up. Where it was not for that, the culprit is looked for. */
static void test_known_key(void **state)
{
	unsigned count[600];

	(void)state;
	for (unsigned known = 0; known < 2; known++) {
		struct writer *w = make_writer(8);

		w->tools.trust = (struct trust){.unique = true, .streak = 64};
		fake.fate[3] = known ? KNOWN : UNWRITABLE;
		run(w, count);
		assert_int_equal(count[201], 7 + known);
		assert_int_equal(count[500], !known);
		assert_true(!known || (fake.transactions == 2 && fake.image_loads == 1));
		assert_in_order();
		free_writer(w);
	}
}

static void test_busy(void **state)
{
	unsigned count[600];
	struct writer *w = make_writer(8);

	(void)state;
	fake.fate[3] = BUSY_ONCE;
	run(w, count);
	assert_int_equal(fake.transactions, 1);
	run(w, count); /* all are there again */
	assert_int_equal(count[201], 8);
	assert_in_order();
	free_writer(w);
	w = make_writer(8);
	fake.fate[3] = READ_BUSY;
	run(w, count);
	assert_int_equal(fake.transactions, 0);
	assert_int_equal(fake.drops, 0);
	run(w, count);
	assert_int_equal(count[201], 8);
	assert_in_order();
	free_writer(w);
}

/* While a culprit is looked for: what waits for a lock keeps its place before all that comes after it. */
static void test_busy_in_the_middle(void **state)
{
	unsigned count[600];

	(void)state;
	for (unsigned busy = 1; busy <= 8; busy++) {
		struct writer *w = make_writer(8);

		fake.fate[busy] = BUSY_ONCE;
		if (busy != 7)
			fake.fate[7] = UNWRITABLE;
		run(w, count);
		run(w, count);
		assert_int_equal(fake.done_count, busy != 7 ? 7 : 8);
		assert_in_order();
		free_writer(w);
	}
}

static void test_late(void **state)
{
	unsigned count[600];
	struct writer *w = make_writer(2);
	struct request *list = queue_take(w->queue);

	(void)state;
	list->deadline_us = 1;
	queue_return(w->queue, list);
	run(w, count);
	assert_int_equal(count[WIRE_NOT_EXECUTED], 1);
	assert_int_equal(count[201], 1);
	free_writer(w);
	w = make_writer(2);
	fake.sweep_end = BATCH_LOST;
	run(w, count);
	assert_int_equal(count[WIRE_NOT_EXECUTED], 2);
	assert_int_equal(fake.drops, 1);
	free_writer(w);
}

static void test_no_values(void **state)
{
	static const struct {
		const char *said, *logged;
	} cases[] = {
	    {"Duplicate entry 'bob@example.com' for key 'login_key'", "Duplicate entry '...' for key 'login_key'"},
	    {"Duplicate entry 'a' for key 'b' for key 'login_key'", "Duplicate entry '...' for key 'login_key'"},
	    {"Duplicate entry '' for key 'k'", "Duplicate entry '...' for key 'k'"},
	    {"Incorrect string value: '\\xF0\\x9F' for column `holdfast`.`journal`.`reference` at row 1",
		"Incorrect string value: '...' for column `holdfast`.`journal`.`reference` at row 1"},
	    {"Data too long for column 'reference' at row 1", "Data too long for column 'reference' at row 1"},
	    {"CONSTRAINT `above_min` failed for `holdfast`.`account`",
		"CONSTRAINT `above_min` failed for `holdfast`.`account`"},
	    {"You have an error in your SQL syntax near 'x'00ff',7)' at line 1",
		"You have an error in your SQL syntax near '...'"},
	    {"cut off near 'abcdefgh", "cut off near '...'"},
	    {"", ""},
	};
	char buf[128];
	struct text t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_init(&t, buf, sizeof(buf));
		sqltext_put(&t, cases[i].said);
		assert_int_equal(t.used, strlen(cases[i].logged));
		assert_memory_equal(buf, cases[i].logged, t.used);
	}
}

/* A damaged table, an index that is not there, a full disk: a culprit is looked for only where another request would be spared. */
static void test_of_data_is_what_a_value_can_cause(void **state)
{
	static const unsigned data[] = {1062, 4025, 1264, 1406, 1366, 1452};
	static const unsigned other[] = {
	    126, 127, 1030, 1034, 1054, 1064, 1146, 1194, 1712, 1817, 1877, 1932, 1021, 1205, 1213, 2006, 2013};

	(void)state;
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		assert_true(sqltext_is_of_data(data[i]));
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_false(sqltext_is_of_data(other[i]));
}

static int set_up(void **state)
{
	char path[] = "/tmp/holdfast-round.XXXXXX";
	struct errbuf e = {""};
	int fd = mkstemp(path), code;

	(void)state;
	if (fd < 0)
		return -1;
	(void)close(fd);
	(void)unlink(path);
	code = rolepage_create(path, &page, &e);
	(void)unlink(path);
	return code;
}

static int tear_down(void **state)
{
	(void)state;
	rolepage_close(page);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_culprit),
	    cmocka_unit_test(test_unreadable_row),
	    cmocka_unit_test(test_all_culprits),
	    cmocka_unit_test(test_not_of_the_data),
	    cmocka_unit_test(test_breaks_in_the_middle),
	    cmocka_unit_test(test_known_key),
	    cmocka_unit_test(test_busy),
	    cmocka_unit_test(test_busy_in_the_middle),
	    cmocka_unit_test(test_late),
	    cmocka_unit_test(test_no_values),
	    cmocka_unit_test(test_of_data_is_what_a_value_can_cause),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
