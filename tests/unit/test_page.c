/* Query parameters and cursors of lists: what is read out of them, and what is refused. */
#include "gateway/cursor.h"
#include "gateway/event.h"
#include "gateway/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ACC "acc_01ARZ3NDEKTSV4RRFFQ69G5FAV"

static char reference[OP_REFERENCE_BYTES_MAX + 1];

/* "ok", or the code's word and the parameter that it names. */
static const char *read_query(uint8_t kind, const char *query, struct op_message *m)
{
	static char ret[80];
	enum problem_code code;
	const char *param, *why;

	*m = (struct op_message){.op = {.kind = kind}};
	if (page_read(query, m, reference, &code, &param, &why))
		return "ok";
	(void)snprintf(ret, sizeof(ret), "%s %s", problem_word(code), param ? param : "-");
	return ret;
}

struct query_case {
	uint8_t kind;
	const char *query, *is;
};

static const struct query_case query_cases[] = {
    {OP_TRANSFER_LIST, "", "ok"},
    {OP_TRANSFER_LIST, "limit=1", "ok"},
    {OP_TRANSFER_LIST, "limit=100", "ok"},
    {OP_TRANSFER_LIST, "limit=0", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=101", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=1000", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=257", "bad_parameter limit"}, /* 1 in a byte */
    {OP_TRANSFER_LIST, "limit=-1", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=+1", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=1&limit=1", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=%31", "ok"},
    {OP_TRANSFER_LIST, "limit=%3", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "limit=1%00", "bad_parameter limit"},
    {OP_TRANSFER_LIST, "Limit=1", "bad_parameter -"},
    {OP_TRANSFER_LIST, "=1", "bad_parameter -"},
    {OP_TRANSFER_LIST, "&limit=1", "bad_parameter -"},
    {OP_TRANSFER_LIST, "limit=1&", "ok"},
    {OP_TRANSFER_LIST, "types=transfer.posted", "bad_parameter -"},
    {OP_ACCOUNT_LIST, "account=" ACC, "bad_parameter -"},
    {OP_ACCOUNT_LIST, "reference=x", "bad_parameter -"},
    {OP_REFUND_LIST, "status=succeeded", "bad_parameter -"},
    {OP_EVENT_LIST, "created_from=2026-01-01T00:00:00Z", "bad_parameter -"},
    {OP_WITHDRAWAL_LIST, "reference=x", "bad_parameter -"},
    {OP_TRANSFER_LIST, "account=" ACC, "ok"},
    {OP_TRANSFER_LIST, "account=pay_01ARZ3NDEKTSV4RRFFQ69G5FAV", "bad_parameter account"},
    {OP_TRANSFER_LIST, "account=acc_01arz3ndektsv4rrffq69g5fav", "bad_parameter account"},
    {OP_TRANSFER_LIST, "status=posted", "ok"},
    {OP_TRANSFER_LIST, "status=succeeded", "bad_parameter status"},
    {OP_TOPUP_LIST, "status=succeeded", "ok"},
    {OP_PAYMENT_LIST, "status=partially_captured", "ok"},
    {OP_PAYMENT_LIST, "status=declined", "bad_parameter status"},
    {OP_WITHDRAWAL_LIST, "status=pending", "ok"},
    {OP_ACCOUNT_LIST, "status=closed", "ok"},
    {OP_ACCOUNT_LIST, "status=", "bad_parameter status"},
    {OP_PAYMENT_LIST, "reference=", "bad_parameter reference"},
    {OP_PAYMENT_LIST, "reference=4111111111111111", "bad_parameter reference"},
    {OP_PAYMENT_LIST, "reference=4111+1111-1111+1111", "bad_parameter reference"},
    {OP_PAYMENT_LIST, "created_from=2026-02-28T23:59:60.1234567Z", "ok"},
    {OP_PAYMENT_LIST, "created_from=2026-02-28", "bad_parameter created_from"},
    {OP_PAYMENT_LIST, "created_from=2026-13-01T00:00:00Z", "bad_parameter created_from"},
    {OP_PAYMENT_LIST, "created_from=2026-01-01T00:00:00", "bad_parameter created_from"},
    {OP_PAYMENT_LIST, "created_from=2026-01-01T00:00:00.Z", "bad_parameter created_from"},
    {OP_PAYMENT_LIST, "created_from=1969-12-31T23:59:59Z", "bad_parameter created_from"},
    {OP_PAYMENT_LIST, "created_from=1970-01-01T00:00:00%2B00:01", "bad_parameter created_from"},
    {OP_PAYMENT_LIST, "created_to=2026-01-01T00:00:00Zx", "bad_parameter created_to"},
    {OP_EVENT_LIST, "types=transfer.posted,account.frozen", "ok"},
    {OP_EVENT_LIST, "types=", "bad_parameter types"},
    {OP_EVENT_LIST, "types=transfer.posted,", "bad_parameter types"},
    {OP_EVENT_LIST, "types=transfer.posted+account.frozen", "bad_parameter types"},
    {OP_EVENT_LIST, "after=latest", "ok"},
    {OP_TRANSFER_LIST, "after=latest", "bad_cursor after"},
    {OP_TRANSFER_LIST, "after=", "bad_cursor after"},
    {OP_TRANSFER_LIST, "after=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "bad_cursor after"},
};

static void test_queries(void **state)
{
	struct op_message m;

	(void)state;
	for (size_t i = 0; i < sizeof(query_cases) / sizeof(query_cases[0]); i++)
		assert_string_equal(read_query(query_cases[i].kind, query_cases[i].query, &m), query_cases[i].is);
}

static void test_values(void **state)
{
	struct op_message m;
	struct ulid account;

	(void)state;
	assert_string_equal(read_query(OP_TRANSFER_LIST, "", &m), "ok");
	assert_int_equal(m.op.page.limit, 20);
	assert_string_equal(read_query(OP_PAYMENT_LIST,
				"limit=7&account=" ACC "&status=voided&reference=a%26b+c%C3%A9&"
				"created_from=1970-01-02T00:00:00.5Z&created_to=1970-01-02T01:30:00%2B01:30",
				&m),
	    "ok");
	assert_true(id_parse(ACC, strlen(ACC), "acc_", &account));
	assert_int_equal(m.op.page.limit, 7);
	assert_true(m.op.page.has_account && ulid_equal(&m.op.page.account, &account));
	assert_true(m.op.page.has_status && m.op.page.status == 6);
	assert_string_equal(reference, "a&b c\xc3\xa9");
	assert_int_equal(m.op.text_bytes[OP_TEXT_REFERENCE], strlen(reference));
	assert_int_equal(m.op.page.from_us, UINT64_C(86400500000));
	assert_true(m.op.page.has_to && m.op.page.to_us == UINT64_C(86400000000));
	assert_string_equal(read_query(OP_EVENT_LIST, "types=user.created,user.updated", &m), "ok");
	assert_true(m.op.page.types == (1ULL << EVENT_USER_CREATED | 1ULL << EVENT_USER_UPDATED));
	assert_true(page_is_good(&m.op));
}

static void test_references_count_characters(void **state)
{
	char query[8 * PAGE_REFERENCE_CHARS_MAX + 32] = "reference=";
	struct op_message m;

	(void)state;
	for (unsigned i = 0; i < PAGE_REFERENCE_CHARS_MAX; i++)
		strncat(query, "%C3%A9", 7);
	assert_string_equal(read_query(OP_PAYMENT_LIST, query, &m), "ok");
	assert_int_equal(m.op.text_bytes[OP_TEXT_REFERENCE], 2 * PAGE_REFERENCE_CHARS_MAX);
	strncat(query, "x", 2);
	assert_string_equal(read_query(OP_PAYMENT_LIST, query, &m), "bad_parameter reference");
}

/* Asks a list of these filters to go on after the cursor of a list of those. */
static const char *go_on(uint8_t kind, const char *filters, const char *others)
{
	struct ulid position = cursor_of_number(77, 1);
	char query[512], buf[CURSOR_TEXT_BYTES];
	struct op_message m;
	const char *is;

	assert_string_equal(read_query(kind, filters, &m), "ok");
	(void)snprintf(query, sizeof(query), "%s%safter=%s", others, *others ? "&" : "",
	    cursor_format(kind, m.op.fingerprint, &position, buf));
	is = read_query(kind, query, &m);
	if (strcmp(is, "ok") == 0)
		assert_true(m.op.page.has_after && ulid_equal(&m.op.page.after, &position));
	return is;
}

/* A cursor goes on with the list it is of: another limit does not make it another one, another filter does. */
static void test_cursors_are_of_their_filters(void **state)
{
	static const char *const filters[] = {"", "account=" ACC, "account=acc_01ARZ3NDEKTSV4RRFFQ69G5FAW",
	    "status=captured", "status=voided", "reference=x", "reference=y", "created_from=2026-01-01T00:00:00Z",
	    "created_to=2026-01-01T00:00:00Z", "account=" ACC "&status=captured"};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		for (size_t k = 0; k < sizeof(filters) / sizeof(filters[0]); k++)
			assert_string_equal(
			    go_on(OP_PAYMENT_LIST, filters[i], filters[k]), i == k ? "ok" : "bad_cursor after");
	assert_string_equal(go_on(OP_PAYMENT_LIST, "limit=5", "limit=6"), "ok");
	assert_string_equal(go_on(OP_EVENT_LIST, "types=user.created", "types=account.closed"), "ok");
}

static void test_cursors_are_of_their_list(void **state)
{
	uint8_t filters[HASH_BYTES] = {1, 2, 3}, others[HASH_BYTES] = {1, 2, 4};
	struct ulid position = cursor_of_number(UINT64_MAX - 1, 2), got;
	char buf[CURSOR_TEXT_BYTES];
	uint8_t part;

	(void)state;
	(void)cursor_format(OP_PAYMENT_LIST, filters, &position, buf);
	assert_int_equal(strlen(buf), CURSOR_CHARS);
	assert_true(cursor_parse(buf, OP_PAYMENT_LIST, filters, &got));
	assert_true(ulid_equal(&got, &position));
	assert_true(cursor_number(&got, &part) == UINT64_MAX - 1 && part == 2);
	assert_false(cursor_parse(buf, OP_TRANSFER_LIST, filters, &got));
	assert_false(cursor_parse(buf, OP_PAYMENT_LIST, others, &got));
}

/* Each character, changed into each other byte, cut off or one too many. */
static void test_damaged_cursors(void **state)
{
	uint8_t filters[HASH_BYTES] = {9};
	struct ulid position = cursor_of_number(0x0fffffff, 0), got; /* has every kind of digit, '_' among them */
	char buf[CURSOR_TEXT_BYTES], bad[CURSOR_TEXT_BYTES + 1];

	(void)state;
	(void)cursor_format(OP_EVENT_LIST, filters, &position, buf);
	assert_non_null(strchr(buf, '_'));
	for (size_t i = 0; i < CURSOR_CHARS; i++)
		for (unsigned k = 1; k < 256; k++) {
			memcpy(bad, buf, sizeof(buf));
			bad[i] = (char)k;
			assert_true(cursor_parse(bad, OP_EVENT_LIST, filters, &got) == (bad[i] == buf[i]));
		}
	for (size_t i = 0; i < CURSOR_CHARS; i++) {
		memcpy(bad, buf, sizeof(buf));
		bad[i] = '\0';
		assert_false(cursor_parse(bad, OP_EVENT_LIST, filters, &got));
	}
	(void)snprintf(bad, sizeof(bad), "%sA", buf);
	assert_false(cursor_parse(bad, OP_EVENT_LIST, filters, &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_queries),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_references_count_characters),
	    cmocka_unit_test(test_cursors_are_of_their_filters),
	    cmocka_unit_test(test_cursors_are_of_their_list),
	    cmocka_unit_test(test_damaged_cursors),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
