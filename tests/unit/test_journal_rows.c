/* The ids in the rows of the journal that lie in what mariadb-binlog -v prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "gateway/event.h"
#include "gateway/op.h"
#include "gateway/route.h"
#include "replication/journal_rows.h"

#define ROW "### INSERT INTO `holdfast`.`journal`\n### SET\n###   @1=7\n"
#define TEXT_BYTES 4096
#define PIECE_BYTES 64 /* as little as a line of an id in full needs */

/* What is in the text, each with a blank behind it; read in pieces of at most so many bytes, as fgets() does. */
static const char *ids_in(const char *text, int piece_bytes)
{
	static char ret[TEXT_BYTES];
	struct journal_rows rows = {0};
	struct journal_entry e;
	char piece[TEXT_BYTES];
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	size_t at = 0;

	assert_non_null(f);
	ret[0] = '\0';
	while (fgets(piece, piece_bytes, f))
		if (journal_rows_take(&rows, piece, &e))
			at += (size_t)snprintf(
			    ret + at, sizeof(ret) - at, "%s%s%s ", e.id, e.change ? "=" : "", e.change ? e.change : "");
	(void)fclose(f);
	return ret;
}

/* As mariadb-binlog 10.11 prints them: neither a backslash nor a quote is escaped, and trailing zeros are not there. */
static void test_ids_as_they_are_printed(void **state)
{
	static const struct {
		const char *value;
		uint8_t id[16];
	} good[] = {
	    {"'\\x\\'\\\\'\\x00\\x0a\\x0d \\x1f\x7f\x80\xff"
	     "A'\n",
		{0x5c, 'x', 0x5c, '\'', 0x5c, 0x5c, '\'', 0, 0x0a, 0x0d, ' ', 0x1f, 0x7f, 0x80, 0xff, 'A'}},
	    {"''\\xAB'\n", {'\'', 0x5c, 'x', 'A', 'B'}},
	    {"'\\'\n", {0x5c}},
	    {"''\n", {0}},
	    {"'ABCDEFGHIPQRSTU''\n", "ABCDEFGHIPQRSTU'"},
	    {"'ABCDEFGHIPQRST'\\'\n", "ABCDEFGHIPQRST'\\"},
	    {"'\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x09\\x0a\\x0b\\x0c\\x0d\\x0e\\x0f'\n",
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
	};
	static const char *const bad[] = {
	    "", "NULL\n", "'", "'abc", "'abc\n", "'ABCDEFGHIJKLMNOPQ'\n", "'\\x0", "'\\x", "\n"};
	char text[TEXT_BYTES], buf[ID_TEXT_BYTES], expected[ID_TEXT_BYTES + 1];
	struct ulid id;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memcpy(id.byte, good[i].id, sizeof(id.byte));
		(void)snprintf(text, sizeof(text), ROW "###   @2=%s###   @7=4\n", good[i].value);
		(void)snprintf(expected, sizeof(expected), "%s ", id_format("tr_", &id, buf));
		assert_string_equal(ids_in(text, TEXT_BYTES), expected);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), ROW "###   @2=%s###   @7=4\n", bad[i]);
		assert_string_equal(ids_in(text, TEXT_BYTES), "");
	}
}

/* The API takes them, and for what they are. */
static void test_the_api_knows_what_is_listed(void **state)
{
	static const struct {
		uint8_t made, get;
		const char *path;
	} cases[] = {
	    {OP_ACCOUNT_CREATE, OP_ACCOUNT_GET, "/v1/accounts/"},
	    {OP_TOPUP_CREATE, OP_TOPUP_GET, "/v1/topups/"},
	    {OP_TRANSFER_CREATE, OP_TRANSFER_GET, "/v1/transfers/"},
	    {OP_TRANSFER_REVERSE, OP_TRANSFER_GET, "/v1/transfers/"},
	    {OP_PAYMENT_CREATE, OP_PAYMENT_GET, "/v1/payments/"},
	    {OP_REFUND_CREATE, OP_REFUND_GET, "/v1/refunds/"},
	    {OP_WITHDRAWAL_CREATE, OP_WITHDRAWAL_GET, "/v1/withdrawals/"},
	};
	const struct ulid id = {"0123456789abcdef"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TEXT_BYTES], path[128], param[ROUTE_PARAM_BYTES], allow[ROUTE_ALLOW_BYTES];
		const struct route *route;
		struct ulid got;

		(void)snprintf(text, sizeof(text),
		    ROW "###   @2='0123456789abcdef'\n###   @6=9\n###   @7=%u\n###   @8=201\n", cases[i].made);
		(void)snprintf(path, sizeof(path), "%s%s", cases[i].path, ids_in(text, TEXT_BYTES));
		path[strlen(path) - 1] = '\0'; /* the blank */
		route = route_find("GET", path, strlen(path), param, allow);
		assert_non_null(route);
		assert_int_equal(route->op, cases[i].get);
		assert_true(id_parse(param, strlen(param), route->prefix, &got));
		assert_true(ulid_equal(&got, &id));
	}
}

static void test_only_rows_that_made_something(void **state)
{
	static const struct {
		const char *text, *ids;
	} cases[] = {
	    {"", ""},
	    {"###   @2='0'\n###   @7=4\n", ""},
	    {"### INSERT INTO `holdfast`.`account`\n### SET\n###   @2='0'\n###   @7=4\n", ""},
	    {"### UPDATE `holdfast`.`ledger_head`\n### SET\n###   @2='0'\n###   @7=4\n", ""},
	    {ROW "###   @2=NULL\n###   @7=4\n", ""},					  /* refused */
	    {ROW "###   @2='0'\n### INSERT INTO `holdfast`.`journal`\n###   @7=4\n", ""}, /* half a row */
	    {ROW "###   @2='0'\n###   @7=4\n###   @7=4\n", "tr_1G000000000000000000000000 "},
	    {ROW "###   @2='0'\n###   @7=5\n", "1G000000000000000000000000 "}, /* a later release's */
	    {ROW "###   @2='0'\n###   @7=44\n", "1G000000000000000000000000 "},
	    {ROW "###   @2='0'\n###   @7=2\n" ROW "###   @2='1'\n###   @7=3\n",
		"acc_1G000000000000000000000000 top_1H000000000000000000000000 "},
	    /* What a client has written is no line of its own, however long it is. */
	    {ROW "###   @2='0'\n###   @7=4\n###   @19='{\"metadata\":\"012345678901234567890123456789012345678"
		 "###   @2='ABCDEFGHIJKLMNOP'\n###   @7=4\n",
		"tr_1G000000000000000000000000 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(ids_in(cases[i].text, TEXT_BYTES), cases[i].ids);
		assert_string_equal(ids_in(cases[i].text, PIECE_BYTES), cases[i].ids);
	}
}

/* One that changed something: its subject, and what became of that. */
static void test_rows_that_changed_something(void **state)
{
	static const struct {
		uint8_t kind, get, event;
		const char *path, *word;
	} cases[] = {
	    {OP_PAYMENT_CAPTURE, OP_PAYMENT_GET, EVENT_PAYMENT_CAPTURED, "/v1/payments/", "captured"},
	    {OP_PAYMENT_VOID, OP_PAYMENT_GET, EVENT_PAYMENT_VOIDED, "/v1/payments/", "voided"},
	    {OP_PAYMENT_EXPIRE, OP_PAYMENT_GET, EVENT_PAYMENT_EXPIRED, "/v1/payments/", "expired"},
	    {OP_WITHDRAWAL_CONFIRM, OP_WITHDRAWAL_GET, EVENT_WITHDRAWAL_SUCCEEDED, "/v1/withdrawals/", "succeeded"},
	    {OP_WITHDRAWAL_FAIL, OP_WITHDRAWAL_GET, EVENT_WITHDRAWAL_FAILED, "/v1/withdrawals/", "failed"},
	    {OP_ACCOUNT_UPDATE, OP_ACCOUNT_GET, EVENT_ACCOUNT_UPDATED, "/v1/accounts/", "updated"},
	    {OP_ACCOUNT_FREEZE, OP_ACCOUNT_GET, EVENT_ACCOUNT_FROZEN, "/v1/accounts/", "frozen"},
	    {OP_ACCOUNT_UNFREEZE, OP_ACCOUNT_GET, EVENT_ACCOUNT_UNFROZEN, "/v1/accounts/", "unfrozen"},
	    {OP_ACCOUNT_CLOSE, OP_ACCOUNT_GET, EVENT_ACCOUNT_CLOSED, "/v1/accounts/", "closed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TEXT_BYTES], path[128], param[ROUTE_PARAM_BYTES], allow[ROUTE_ALLOW_BYTES], word[32];
		const char *said, *equals;
		const struct route *route;

		(void)snprintf(text, sizeof(text),
		    ROW "###   @2=NULL\n###   @7=%u\n###   @8=200\n###   @19='{}'\n###   @21='0123456789abcdef'\n###   "
			"@26=%u\n",
		    cases[i].kind, cases[i].event);
		said = ids_in(text, TEXT_BYTES);
		assert_string_equal(ids_in(text, PIECE_BYTES), said);
		equals = strchr(said, '=');
		assert_non_null(equals);
		(void)snprintf(word, sizeof(word), "=%s ", cases[i].word);
		assert_string_equal(equals, word);
		/* The word is that of the event, and the id is one of the API. */
		assert_string_equal(strchr(event_word(cases[i].event), '.') + 1, cases[i].word);
		(void)snprintf(path, sizeof(path), "%s%.*s", cases[i].path, (int)(equals - said), said);
		route = route_find("GET", path, strlen(path), param, allow);
		assert_non_null(route);
		assert_int_equal(route->op, cases[i].get);
	}
}

static void test_rows_that_changed_nothing(void **state)
{
	static const char *const cases[] = {
	    ROW "###   @2=NULL\n###   @7=18\n###   @8=409\n###   @21='0'\n###   @26=NULL\n", /* refused */
	    ROW "###   @2=NULL\n###   @7=14\n###   @8=200\n###   @21='0'\n###   @26=NULL\n", /* was frozen already */
	    ROW "###   @2=NULL\n###   @7=70\n###   @8=200\n###   @21=NULL\n###   @26=18\n",  /* of a user */
	    ROW "###   @2=NULL\n###   @7=18\n###   @8=200\n###   @21=NULL\n###   @26=14\n",  /* damaged */
	    ROW "###   @2=NULL\n###   @7=18\n###   @8=200\n###   @21='0'\n" ROW "###   @26=14\n", /* half a row */
	    "### INSERT INTO `holdfast`.`payment`\n###   @7=18\n###   @8=200\n###   @21='0'\n###   @26=14\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(ids_in(cases[i], TEXT_BYTES), "");
	/* A refund names its payment, but what it made is the refund. */
	assert_string_equal(
	    ids_in(ROW "###   @2='0'\n###   @7=21\n###   @8=201\n###   @21='1'\n###   @26=17\n", TEXT_BYTES),
	    "ref_1G000000000000000000000000 ");
}

static void test_what_is_counted(void **state)
{
	static const struct journal_entry entries[] = {{"tr_1G000000000000000000000000", NULL},
	    {"acc_1G000000000000000000000000", NULL}, {"tr_1H000000000000000000000000", NULL},
	    {"top_1G000000000000000000000000", NULL}, {"1G000000000000000000000000", NULL},
	    {"tr_1J000000000000000000000000", NULL}, {"top_1H000000000000000000000000", NULL},
	    {"pay_1G000000000000000000000000", NULL}, {"ref_1G000000000000000000000000", NULL},
	    {"wd_1G000000000000000000000000", NULL}, {"usr_1G000000000000000000000000", NULL},
	    {"pay_1G000000000000000000000000", "captured"}, {"pay_1H000000000000000000000000", "captured"},
	    {"pay_1J000000000000000000000000", "voided"}, {"pay_1K000000000000000000000000", "expired"},
	    {"wd_1G000000000000000000000000", "succeeded"}, {"wd_1H000000000000000000000000", "failed"},
	    {"acc_1G000000000000000000000000", "frozen"}, {"acc_1G000000000000000000000000", "closed"}};
	struct journal_counts c = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		journal_counts_add(&c, &entries[i]);
	assert_int_equal(c.captures, 2);
	assert_int_equal(c.voids, 1);
	assert_int_equal(c.expiries, 1);
	assert_int_equal(c.confirmed, 1);
	assert_int_equal(c.failed, 1);
	assert_int_equal(c.changes, 2);
	assert_int_equal(c.transfers, 3);
	assert_int_equal(c.topups, 2);
	assert_int_equal(c.accounts, 1);
	assert_int_equal(c.others, 1);
	assert_int_equal(c.payments, 1);
	assert_int_equal(c.refunds, 1);
	assert_int_equal(c.withdrawals, 1);
	assert_int_equal(c.users, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ids_as_they_are_printed),
	    cmocka_unit_test(test_the_api_knows_what_is_listed),
	    cmocka_unit_test(test_only_rows_that_made_something),
	    cmocka_unit_test(test_rows_that_changed_something),
	    cmocka_unit_test(test_rows_that_changed_nothing),
	    cmocka_unit_test(test_what_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
