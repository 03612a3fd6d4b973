/* The history: what is kept of the moves of the role, and how it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/ctl_history.h"
#include "heartbeat/daemon.h"

/* What is shown of it, for the caller to free; the history is gone then. */
static char *printed(json_t *history)
{
	char *buf = NULL;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	assert_non_null(f);
	assert_non_null(history);
	ctl_history_print(f, history);
	(void)fclose(f);
	json_decref(history);
	return buf;
}

/* The stages are told apart, and one that has not come yet is not counted. */
static void test_the_history(void **state)
{
	struct daemon d = {.node = {.acceptor.reg.accepted = {.members = 2, .member = {{.name = "a"}, {.name = "b"}}}}};
	struct hb_moments m = {.began_us = 1000000,
	    .end_us = {[HB_STAGE_DETECT] = 1400000,
		[HB_STAGE_VOTE] = 1420000,
		[HB_STAGE_CUT] = 1425000,
		[HB_STAGE_DRAIN] = 1450000,
		[HB_STAGE_PROMOTE] = 1490000,
		[HB_STAGE_ADDRESS] = 1470000}};
	struct hb_transition t = {.epoch = 9, .at_ms = 1000, .from = 0, .to = 1, .reason = HB_REASON_LEASE_EXPIRED};
	const char *text;
	char *buf;

	(void)state;
	hb_transition_stages(&m, &t);
	assert_true(history_note(&d.history, &t));
	m.end_us[HB_STAGE_ANSWER] = 1500000;
	hb_transition_stages(&m, &t);
	assert_true(history_note(&d.history, &t)); /* the same one, of which more is known */
	assert_false(history_note(&d.history, &t));
	assert_int_equal(d.history.count, 1);
	text = status_answer(&d, "history", 2000000);
	assert_string_equal(text,
	    "[{\"epoch\":9,\"from\":\"a\",\"to\":\"b\",\"reason\":\"lease-expired\",\"took_ms\":490,"
	    "\"at\":\"1970-01-01T00:00:01.000Z\",\"stages_ms\":{\"detect\":400,\"vote\":20,\"cut\":5,"
	    "\"drain\":25,\"promote\":40,\"address\":50,\"answer\":10}}]");
	buf = printed(json_loads(text, 0, NULL));
	assert_non_null(
	    strstr(buf, "lease-expired         490      400       20        5       25       40       50       10\n"));
	free(buf);
}

/* No payment has come yet, which takes no time only by the number. */
static void test_a_payment_that_has_not_come_is_not_told_as_one_at_once(void **state)
{
	json_t *history = json_pack("[{s:i,s:s,s:i,s:{s:i,s:i,s:i}}]", "epoch", 2, "reason", "lease-expired", "took_ms",
	    5, "stages_ms", "detect", 5, "address", 0, "answer", 0);
	char *buf = printed(history);

	(void)state;
	assert_non_null(strstr(buf, "        0        -\n"));
	free(buf);
}

/* A stage that took longer than its field can tell is not told as one that took just that. */
static void test_a_long_stage_is_told_to_be_long(void **state)
{
	json_t *history = json_pack(
	    "[{s:i,s:s,s:{s:i,s:i}}]", "epoch", 2, "reason", "start", "stages_ms", "cut", 65534, "answer", 65535);
	char *buf = printed(history);

	(void)state;
	assert_non_null(strstr(buf, "    65534"));
	assert_non_null(strstr(buf, "   >65535\n"));
	free(buf);
}

/* How long nobody served: until the new one did at its address; where the old one went on at it, until the new one did. */
static void test_how_long_a_move_took(void **state)
{
	struct hb_moments m = {.began_us = 1000000,
	    .end_us = {[HB_STAGE_VOTE] = 1100000, [HB_STAGE_PROMOTE] = 1200000, [HB_STAGE_ADDRESS] = 1350000}};
	struct hb_transition t = {.epoch = 9, .reason = HB_REASON_LEASE_EXPIRED};

	(void)state;
	hb_transition_stages(&m, &t);
	assert_int_equal(t.took_ms, 350);
	assert_int_equal(t.stage_ms[HB_STAGE_ADDRESS], 250);
	t.reason = HB_REASON_SWITCHOVER;
	hb_transition_stages(&m, &t);
	assert_int_equal(t.took_ms, 200);
	m.end_us[HB_STAGE_ADDRESS] = 0; /* not yet */
	t.reason = HB_REASON_LEASE_EXPIRED;
	hb_transition_stages(&m, &t);
	assert_int_equal(t.took_ms, 200);
	m.end_us[HB_STAGE_PROMOTE] = 0;
	hb_transition_stages(&m, &t);
	assert_int_equal(t.took_ms, 0);
	m = (struct hb_moments){.end_us = {[HB_STAGE_DETECT] = 1000000, [HB_STAGE_VOTE] = 48000000}};
	hb_transition_stages(&m, &t); /* that ballot was not this one */
	assert_int_equal(t.stage_ms[HB_STAGE_VOTE], 0);
}

/* A start: since when nobody served is not known, which is not no time at all. */
static void test_a_move_of_which_the_time_is_not_known(void **state)
{
	struct daemon d = {.node = {.acceptor.reg.accepted = {.members = 2, .member = {{.name = "a"}, {.name = "b"}}}}};
	struct hb_moments m = {.end_us = {[HB_STAGE_VOTE] = 1420000,
				   [HB_STAGE_CUT] = 1425000,
				   [HB_STAGE_DRAIN] = 1450000,
				   [HB_STAGE_PROMOTE] = 1490000,
				   [HB_STAGE_ADDRESS] = 1470000}};
	struct hb_transition t = {.epoch = 9, .at_ms = 1000, .from = 0, .to = 0, .reason = HB_REASON_START};
	const char *text;
	char *buf;

	(void)state;
	hb_transition_stages(&m, &t);
	assert_true(history_note(&d.history, &t));
	text = status_answer(&d, "history", 2000000);
	assert_non_null(strstr(text, "\"took_ms\":null,"));
	buf = printed(json_loads(text, 0, NULL));
	assert_non_null(
	    strstr(buf, "start                   -        -        -        5       25       40       50        -\n"));
	free(buf);
}

static void test_the_history_keeps_the_last(void **state)
{
	struct history h = {0};

	(void)state;
	assert_false(history_note(&h, &(struct hb_transition){.epoch = 0}));
	for (uint64_t e = 2; e <= 200; e += 2)
		assert_true(history_note(&h, &(struct hb_transition){.epoch = e}));
	assert_int_equal(h.count, HISTORY_MAX);
	assert_int_equal(h.entry[HISTORY_MAX - 1].epoch, 200);
	assert_true(history_note(&h, &(struct hb_transition){.epoch = 199})); /* heard late */
	assert_int_equal(h.entry[HISTORY_MAX - 2].epoch, 199);
	assert_int_equal(h.entry[HISTORY_MAX - 1].epoch, 200);
	assert_false(history_note(&h, &(struct hb_transition){.epoch = 3})); /* too old */
	assert_int_equal(h.entry[0].epoch, 76);
}

/* What another life of heartbeatd reads; and what it does not. */
static void test_the_history_is_kept_as_text(void **state)
{
	static const char *const bad[] = {"", "7", "8\n", "7\n1", "7\n1 2 3 0 1 1 1 2 3 4 5 6\n",
	    "7\n1 2 3 0 1 1 1 2 3 4 5 6 7 8\n", "7\n0 2 3 0 1 1 1 2 3 4 5 6 7\n", "7\n1 2 3 9 1 1 1 2 3 4 5 6 7\n",
	    "7\n1 2 3 0 1 99 1 2 3 4 5 6 7\n", "7\n1 2 3 0 1 1 1 2 3 4 5 6 70000\n",
	    "7\n1 2 4294967296 0 1 1 1 2 3 4 5 6 7\n", "7\n-1 2 3 0 1 1 1 2 3 4 5 6 7\n",
	    "7\n18446744073709551616 2 3 0 1 1 1 2 3 4 5 6 7\n"};
	struct history h = {0}, again = {0};
	char text[HISTORY_TEXT_BYTES];

	(void)state;
	for (uint64_t e = 1; e <= HISTORY_MAX; e++) {
		struct hb_transition t = {.epoch = UINT64_MAX - e,
		    .at_ms = UINT64_MAX,
		    .took_ms = UINT32_MAX,
		    .from = HB_MEMBERS_MAX - 1,
		    .to = 1,
		    .reason = HB_REASON_COUNT - 1};

		memset(t.stage_ms, 0xff, sizeof(t.stage_ms));
		t.stage_ms[0] = (uint16_t)e;
		assert_true(history_note(&h, &t));
	}
	assert_in_range(history_format(&h, UINT64_MAX, text), 1, sizeof(text) - 1);
	assert_false(history_parse(text, 7, &again));
	assert_true(history_parse(text, UINT64_MAX, &again));
	assert_int_equal(again.count, HISTORY_MAX);
	for (unsigned i = 0; i < HISTORY_MAX; i++)
		assert_false(history_note(&again, &h.entry[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(history_parse(bad[i], 7, &again));
	assert_int_equal(again.count, HISTORY_MAX);
	assert_true(history_parse("7\n1 2 3 0 1 1 1 2 3 4 5 6 7\n", 7, &(struct history){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_history),
	    cmocka_unit_test(test_the_history_is_kept_as_text),
	    cmocka_unit_test(test_a_payment_that_has_not_come_is_not_told_as_one_at_once),
	    cmocka_unit_test(test_a_long_stage_is_told_to_be_long),
	    cmocka_unit_test(test_how_long_a_move_took),
	    cmocka_unit_test(test_a_move_of_which_the_time_is_not_known),
	    cmocka_unit_test(test_the_history_keeps_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
