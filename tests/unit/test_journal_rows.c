/* The ids in the rows of the journal that lie in what mariadb-binlog -v prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

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
	char piece[TEXT_BYTES], id[ID_TEXT_BYTES];
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	size_t at = 0;

	assert_non_null(f);
	ret[0] = '\0';
	while (fgets(piece, piece_bytes, f))
		if (journal_rows_take(&rows, piece, id))
			at += (size_t)snprintf(ret + at, sizeof(ret) - at, "%s ", id);
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

static void test_what_is_counted(void **state)
{
	static const char *const ids[] = {"tr_1G000000000000000000000000", "acc_1G000000000000000000000000",
	    "tr_1H000000000000000000000000", "top_1G000000000000000000000000", "1G000000000000000000000000",
	    "tr_1J000000000000000000000000", "top_1H000000000000000000000000", "pay_1G000000000000000000000000",
	    "ref_1G000000000000000000000000", "wd_1G000000000000000000000000", "usr_1G000000000000000000000000"};
	struct journal_counts c = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		journal_counts_add(&c, ids[i]);
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
	    cmocka_unit_test(test_what_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
