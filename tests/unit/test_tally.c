/* What worker, ledger and replicationd leave for Prometheus: counted right, each family of theirs there, and no more than fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/ledgertally.h"
#include "gateway/tally.h"
#include "replication/replmetrics.h"

static char *shown(void (*print)(FILE *f, const void *of), const void *of)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(f);
	print(f, of);
	(void)fclose(f);
	return out;
}

static void has(const char *out, const char *line)
{
	if (!strstr(out, line))
		print_message("no '%s' in:\n%s", line, out);
	assert_non_null(strstr(out, line));
}

/* Each of them, and nothing of anybody else. */
static void has_families(const char *out, unsigned first, unsigned end)
{
	for (unsigned id = 0; id < METRICS_COUNT; id++) {
		const char *name = metrics_family((enum metrics_id)id)->name, *at = strstr(out, name);
		bool there = at && (at == out || at[-1] == '\n');

		if (there != (id >= first && id < end))
			print_message("%s\n", name);
		assert_int_equal(there, id >= first && id < end);
	}
}

static void test_a_worker(void **state)
{
	static struct tally t;
	char *out;

	(void)state;
	tally_begin(&t, 2);
	tally_note(&t, 201, 900);
	tally_note(&t, 201, 4000);
	tally_note(&t, 503, 3000000);
	tally_note(&t, 0, 40000000);
	tally_note(&t, 77777, 1);
	t.waiting = 3;
	out = shown(tally_print, &t);
	has(out, "holdfast_http_requests_total{worker=\"2\",status=\"201\"} 2\n");
	has(out, "holdfast_http_requests_total{worker=\"2\",status=\"503\"} 1\n");
	has(out, "holdfast_http_requests_total{worker=\"2\",status=\"none\"} 2\n");
	has(out, "holdfast_http_request_seconds_bucket{worker=\"2\",le=\"0.001\"} 2\n");
	has(out, "holdfast_http_request_seconds_bucket{worker=\"2\",le=\"0.005\"} 3\n");
	has(out, "holdfast_http_request_seconds_bucket{worker=\"2\",le=\"5\"} 4\n");
	has(out, "holdfast_http_request_seconds_bucket{worker=\"2\",le=\"30\"} 4\n");
	has(out, "holdfast_http_request_seconds_bucket{worker=\"2\",le=\"+Inf\"} 5\n");
	has(out, "holdfast_http_request_seconds_count{worker=\"2\"} 5\n");
	has(out, "holdfast_http_request_seconds_sum{worker=\"2\"} 43.004901\n");
	has(out, "holdfast_http_requests_waiting{worker=\"2\"} 3\n");
	has_families(out, METRICS_HTTP_REQUESTS, METRICS_COUNT);
	free(out);
}

static void test_a_ledger(void **state)
{
	static const struct op_message m = {.op.kind = OP_TRANSFER_GET};
	static struct ledgertally t;
	struct queue *q = queue_new();
	struct request *list;
	char *out;

	(void)state;
	assert_non_null(q);
	ledgertally_begin(&t);
	for (unsigned i = 0; i < 3; i++)
		assert_true(queue_put(q, request_new(&m)));
	queue_limit(q, 10, 2);
	list = queue_take(q);
	queue_count(q, &t.writes);
	queue_answer(q, list);
	ledgertally_note(&t, WIRE_DONE, 1500);
	ledgertally_note(&t, WIRE_UNKNOWN, 1500);
	ledgertally_note(&t, 0, 1500);
	ledgertally_note(&t, 99, 1500);
	out = shown(ledgertally_print, &t);
	has(out, "holdfast_ledger_requests_total{way=\"write\"} 3\n");
	has(out, "holdfast_ledger_queue_requests{way=\"write\"} 1\n");
	has(out, "holdfast_ledger_queue_requests{way=\"read\"} 0\n");
	has(out, "holdfast_ledger_batch_requests_bucket{le=\"1\"} 0\n");
	has(out, "holdfast_ledger_batch_requests_bucket{le=\"2\"} 1\n");
	has(out, "holdfast_ledger_answers_total{outcome=\"done\"} 1\n");
	has(out, "holdfast_ledger_answers_total{outcome=\"unknown\"} 1\n");
	has(out, "holdfast_ledger_answer_seconds_count 2\n");
	has(out, "holdfast_ledger_open 0\n");
	has_families(out, METRICS_LEDGER_OPEN, METRICS_HTTP_REQUESTS);
	free(out);
	queue_free(q);
}

static void test_a_database(void **state)
{
	const struct repl_report r = {
	    .state = REPL_FOLLOWING, .fit = 1, .db_up = 1, .applied = {0, 1, 17}, .backlog_ms = 1500};
	char *out = shown(replmetrics_print, &r);

	(void)state;
	has(out, "holdfast_database_up 1\n");
	has(out, "holdfast_replication_state{state=\"following\"} 1\n");
	has(out, "holdfast_replication_state{state=\"open\"} 0\n");
	has(out, "holdfast_transactions_applied 17\n");
	has(out, "holdfast_replication_backlog_seconds 1.5\n");
	has_families(out, METRICS_DATABASE_UP, METRICS_LEDGER_OPEN);
	free(out);
}

static void print_much(FILE *f, const void *of)
{
	for (unsigned i = 0; i < METRICS_TEXT_BYTES / 8; i++)
		(void)fputs(of, f);
}

static void test_a_file_is_left(void **state)
{
	char dir[] = "/tmp/holdfast-tally-XXXXXX", path[64], text[METRICS_TEXT_BYTES] = "";
	static struct tally t;
	struct errbuf e = {""};
	struct stat st;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/metrics", dir);
	tally_begin(&t, 64);
	for (unsigned i = 0; i < TALLY_STATUS_MAX; i += 6) /* more of them than there are */
		t.status[i] = UINT64_MAX;
	assert_int_equal(metrics_leave(path, tally_print, &t, &e), 0);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)fclose(f);
	has(text, "holdfast_http_requests_waiting{worker=\"64\"} 0\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 007, 0);
	assert_int_equal(metrics_leave(path, print_much, "12345678\n", &e), -EFBIG);
	assert_int_equal(metrics_leave("/nowhere/metrics", tally_print, &t, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nowhere/metrics"));
	assert_int_equal(unlink(path) | rmdir(dir), 0); /* and nothing beside it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_worker),
	    cmocka_unit_test(test_a_ledger),
	    cmocka_unit_test(test_a_database),
	    cmocka_unit_test(test_a_file_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
