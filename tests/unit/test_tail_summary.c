/* The summary of an export of what was given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "replication/tail_summary.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define FILE_NAME "/var/lib/holdfast/unacknowledged/epoch-7-20261121T211500Z"

static const struct tail_summary usual = {.node = "a",
    .active = "b",
    .when = "2026-11-21 21:15:00 UTC",
    .file = FILE_NAME,
    .opened_epoch = 7,
    .epoch = 9,
    .above = {0, 1, 1200},
    .transactions = 5,
    .first_seq = 1201,
    .last = {0, 1, 1205},
    .made = {.accounts = 1, .topups = 2, .transfers = 31}};

static void has(const struct tail_summary *s, const char *words)
{
	char text[TAIL_SUMMARY_BYTES];

	tail_summary_text(s, text);
	if (!strstr(text, words))
		fail_msg("no \"%s\" in:\n%s", words, text);
	assert_true(strlen(text) + 1 < TAIL_SUMMARY_BYTES);
	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		assert_true(strcspn(line, "\n") <= 120);
}

static void test_what_it_says(void **state)
{
	static const char *const words[] = {
	    "What a wrote and gave up at 2026-11-21 21:15:00 UTC, because b is active now.\n",
	    "\nOpened for writing in epoch 7; given up in epoch 9.\n"
	    "5 transactions, from number 1201 to 0-1-1205: all in its log above 0-1-1200.\n"
	    "They made:\n  31 transfers (tr_)\n  2 top-ups (top_)\n  1 account (acc_)\n\n",
	    "\nepoch-7-20261121T211500Z           a piece",
	    "\nepoch-7-20261121T211500Z.sql       the same",
	    "\nepoch-7-20261121T211500Z.payments  the ids of all that it made, and of what it changed",
	    "Never load the files into the database.\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		has(&usual, words[i]);
}

/* Where the cluster was given up for a promoted replica nearly all of it was answered. */
static void test_of_a_cluster_that_was_given_up(void **state)
{
	struct tail_summary s = usual;

	(void)state;
	s.kind = TAIL_GIVEN_UP;
	s.active = "r";
	has(&s,
	    "What a wrote and gave up at 2026-11-21 21:15:00 UTC, because its cluster was given up for that of r.\n");
	has(&s, "Clients were told \"succeeded\" for it");
	has(&s, "- Go through the whole list");
	s.opened_epoch = 0;
	has(&s, "What a had and gave up");
	has(&s, "\n\nGiven up in epoch 9.\n5 transactions");
	s.above.server = 0;
	has(&s, "Some of it may be in the books all the same");
	s.above.server = 1;
	s.received = true;
	has(&s, "What a received, had not applied and gave up at ");
	has(&s, "all in its relay logs above 0-1-1200.\n");
	has(&s, "Some of it may be in the books all the same");
}

static void test_of_a_replica(void **state)
{
	struct tail_summary s = usual;

	(void)state;
	s.kind = TAIL_REPLICA;
	s.opened_epoch = 0;
	s.node = "r";
	has(&s, "What r had and gave up at 2026-11-21 21:15:00 UTC, because the history of the pair has gone another "
		"way.\n");
	has(&s, "Clients may have been told \"succeeded\" for it:\na role was forced upon a copy that lacks it. It");
	s.active = "r";
	s.received = true;
	has(&s, "because it was promoted and cannot apply it.\n");
}

static void test_what_is_not_known(void **state)
{
	struct tail_summary s = usual;

	(void)state;
	s.opened_epoch = UINT64_MAX;
	s.active = "";
	s.above = (struct gtid){0};
	s.transactions = 1;
	s.made = (struct journal_counts){0};
	has(&s, "Opened for writing in an epoch that is not known any more; given up in epoch 9.\n"
		"1 transaction, from number 1201 to 0-1-1205: all in its log.\n"
		"They made no payment, no top-up and no account.\n");
	has(&s, "because another is active now");
	s.made = (struct journal_counts){.payments = 2, .withdrawals = 1};
	has(&s, "They made:\n  2 payments (pay_)\n  1 withdrawal (wd_)\n\n");
	s.made = (struct journal_counts){.others = 1};
	has(&s, "They made:\n  1 row of a kind that this release does not know\n\n");
}

/* What it did to what was there before is lost as well. */
static void test_what_was_changed(void **state)
{
	struct tail_summary s = usual;

	(void)state;
	s.made = (struct journal_counts){.payments = 1, .captures = 2, .voids = 1};
	has(&s, "They made:\n  1 payment (pay_)\nAnd they changed:\n  2 captures (pay_ captured)\n  1 void (pay_ "
		"voided)\n\n");
	s.made = (struct journal_counts){.expiries = 3, .confirmed = 2, .failed = 1, .changes = 4};
	has(&s,
	    "0-1-1200.\nThey changed:\n  3 holds let go at their time (pay_ expired)\n  2 withdrawals confirmed (wd_ "
	    "succeeded)\n  1 withdrawal given back (wd_ failed)\n"
	    "  4 changes of accounts (acc_ updated, frozen, unfrozen, closed)\n\n");
}

static void test_the_longest_fits(void **state)
{
	static char name[600];
	struct tail_summary s = {.node = name,
	    .active = name,
	    .when = name,
	    .file = name,
	    .opened_epoch = UINT64_MAX - 1,
	    .epoch = UINT64_MAX,
	    .above = {UINT32_MAX, UINT32_MAX, UINT64_MAX},
	    .transactions = UINT64_MAX,
	    .first_seq = UINT64_MAX,
	    .last = {UINT32_MAX, UINT32_MAX, UINT64_MAX},
	    .made = {1ull << 62, 1ull << 61, 1ull << 60, 1ull << 60, 1ull << 60, 1ull << 60, 1ull << 60, 1ull << 60,
		1ull << 60, 1ull << 60, 1ull << 60, 1ull << 60, 1ull << 60, 1ull << 60}};
	char text[TAIL_SUMMARY_BYTES];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	tail_summary_text(&s, text);
	assert_non_null(strstr(text, "reminds of them until then.\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_it_says),
	    cmocka_unit_test(test_of_a_cluster_that_was_given_up),
	    cmocka_unit_test(test_of_a_replica),
	    cmocka_unit_test(test_what_is_not_known),
	    cmocka_unit_test(test_what_was_changed),
	    cmocka_unit_test(test_the_longest_fits),
	};

	return cmocka_run_group_tests_name("tail_summary", tests, NULL, NULL);
}
