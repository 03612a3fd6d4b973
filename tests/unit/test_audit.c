/* What the audit of a ledger says of rows, without a database: tests/unit/test_verify.sh has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/account.h"
#include "gateway/op.h"
#include "gateway/payment.h"
#include "gateway/withdrawal.h"
#include "replication/audit_parts.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SLOTS 1024
#define LOG_BYTES 4096

/* "word what expected found; ..." */
struct log {
	char text[LOG_BYTES];
	size_t used;
};

static void note(void *userdata, const struct audit_finding *f)
{
	struct log *l = userdata;
	int n = snprintf(l->text + l->used, sizeof(l->text) - l->used, "%s %s %s %s; ", audit_check_word(f->check),
	    f->what, f->expected, f->found);

	assert_in_range(n, 1, sizeof(l->text) - l->used - 1);
	l->used += (size_t)n;
}

static void begin(struct audit *a, struct audit_slot *slots, struct log *l, uint64_t operations)
{
	*l = (struct log){.used = 0};
	*a = (struct audit){.tell = note,
	    .userdata = l,
	    .slots = slots,
	    .slot_count = SLOTS,
	    .head = {.batch_seq = 1000, .next_seq = operations + 1, .next_event = operations + 1, .last_us = 1000}};
}

static struct ulid id(unsigned n)
{
	return (struct ulid){{1, 2, 3, 4, 5, 6, (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct audit_row move(
    uint64_t seq, unsigned from, unsigned to, int64_t amount, int64_t from_after, int64_t to_after)
{
	struct audit_row r = {.seq = seq,
	    .batch_seq = seq,
	    .created_us = seq,
	    .event = 11,
	    .event_seq = seq,
	    .kind = KIND_TRANSFER_CREATE,
	    .status = 201,
	    .amount = amount,
	    .has_debit = true,
	    .has_credit = true,
	    .has_debit_after = true,
	    .has_credit_after = true,
	    .debit = id(from),
	    .credit = id(to),
	    .debit_after = from_after,
	    .credit_after = to_after,
	    .currency = "CNY"};

	return r;
}

static struct audit_account account(unsigned n, int64_t posted, uint64_t last_seq)
{
	return (struct audit_account){.id = id(n), .currency = "CNY", .posted = posted, .last_seq = last_seq};
}

/* The whole ledger, in one pass. */
static void take_all(struct audit *a, const struct audit_row *rows, size_t row_count,
    const struct audit_account *accounts, size_t account_count)
{
	audit_begin(a, 0, 1);
	for (size_t i = 0; i < row_count; i++)
		audit_take_row(a, &rows[i]);
	for (size_t i = 0; i < account_count; i++)
		audit_take_account(a, &accounts[i]);
	audit_end(a);
}

/* The numbers that are the gateway's. */
static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(KIND_ACCOUNT_CREATE, OP_ACCOUNT_CREATE);
	assert_int_equal(KIND_TOPUP_CREATE, OP_TOPUP_CREATE);
	assert_int_equal(KIND_TRANSFER_CREATE, OP_TRANSFER_CREATE);
	assert_int_equal(KIND_ACCOUNT_FREEZE, OP_ACCOUNT_FREEZE);
	assert_int_equal(KIND_ACCOUNT_UNFREEZE, OP_ACCOUNT_UNFREEZE);
	assert_int_equal(KIND_ACCOUNT_CLOSE, OP_ACCOUNT_CLOSE);
	assert_int_equal(KIND_PAYMENT_CREATE, OP_PAYMENT_CREATE);
	assert_int_equal(KIND_PAYMENT_CAPTURE, OP_PAYMENT_CAPTURE);
	assert_int_equal(KIND_PAYMENT_VOID, OP_PAYMENT_VOID);
	assert_int_equal(KIND_PAYMENT_EXPIRE, OP_PAYMENT_EXPIRE);
	assert_int_equal(KIND_REFUND_CREATE, OP_REFUND_CREATE);
	assert_int_equal(KIND_WITHDRAWAL_CREATE, OP_WITHDRAWAL_CREATE);
	assert_int_equal(KIND_WITHDRAWAL_CONFIRM, OP_WITHDRAWAL_CONFIRM);
	assert_int_equal(KIND_WITHDRAWAL_FAIL, OP_WITHDRAWAL_FAIL);
	assert_int_equal(KIND_TRANSFER_REVERSE, OP_TRANSFER_REVERSE);
	assert_int_equal(KIND_TRANSFER_BATCH, OP_TRANSFER_BATCH);
	assert_int_equal(KIND_USER_CREATE, OP_USER_CREATE);
	assert_int_equal(STATE_OPEN, ACCOUNT_OPEN);
	assert_int_equal(STATE_FROZEN, ACCOUNT_FROZEN);
	assert_int_equal(STATE_CLOSED, ACCOUNT_CLOSED);
	assert_int_equal(STATE_HELD, HOLD_OPEN);
	assert_int_equal(STATE_SETTLED, HOLD_SETTLED);
	assert_int_equal(STATE_VOIDED, HOLD_VOIDED);
	assert_int_equal(STATE_EXPIRED, HOLD_EXPIRED);
	assert_int_equal(STATE_PENDING, WITHDRAWAL_PENDING);
	assert_int_equal(STATE_SUCCEEDED, WITHDRAWAL_SUCCEEDED);
	assert_int_equal(STATE_FAILED, WITHDRAWAL_FAILED);
}

/* 1 pays 2 three times; what the rows after the changed one say is right again. */
static void test_an_entry_is_told_once(void **state)
{
	static struct audit_slot slots[SLOTS];
	const struct audit_row rows[] = {
	    move(1, 1, 2, 5, -5, 5), move(2, 1, 2, 5, -9, 10), move(3, 1, 2, 5, -15, 15), move(4, 2, 1, 1, 14, -14)};
	const struct audit_account accounts[] = {account(1, -14, 4), account(2, 14, 4)};
	struct audit a;
	struct log l;

	(void)state;
	begin(&a, slots, &l, COUNT(rows));
	take_all(&a, rows, COUNT(rows), accounts, COUNT(accounts));
	assert_string_equal(l.text, "after-balance debit_after -10 -9; ");
	assert_int_equal(a.findings[AUDIT_AFTER], 1);
}

static void test_a_lost_row(void **state)
{
	static struct audit_slot slots[SLOTS];
	const struct audit_row rows[] = {move(1, 1, 2, 5, -5, 5), move(3, 1, 2, 5, -15, 15), move(4, 1, 2, 5, -20, 20)};
	const struct audit_account accounts[] = {account(1, -20, 4), account(2, 20, 4)};
	struct audit a;
	struct log l;

	(void)state;
	begin(&a, slots, &l, 4);
	take_all(&a, rows, COUNT(rows), accounts, COUNT(accounts));
	assert_string_equal(l.text, "sequence seq 2 3; event event_seq 2 3; after-balance debit_after -10 -15; "
				    "after-balance credit_after 10 15; balance posted -15 -20; balance posted 15 20; ");
}

/* However many passes: the same findings, each once. */
static void test_slices(void **state)
{
	enum { ACCOUNTS = 300 };
	static struct audit_slot slots[SLOTS];

	(void)state;
	for (unsigned slices = 1; slices <= 7; slices++) {
		struct audit a;
		struct log l;

		begin(&a, slots, &l, ACCOUNTS - 1);
		for (unsigned slice = 0; slice < slices; slice++) {
			audit_begin(&a, slice, slices);
			for (unsigned n = 1; n < ACCOUNTS; n++) {
				struct audit_row r = move(n, 0, n, 3, -3 * (int64_t)n, 3);

				audit_take_row(&a, &r);
			}
			for (unsigned n = 0; n < ACCOUNTS; n++) {
				struct audit_account c = account(n, n ? 3 : -3 * (ACCOUNTS - 1), n ? n : ACCOUNTS - 1);

				c.posted += n == 77;
				audit_take_account(&a, &c);
			}
			audit_end(&a);
			assert_false(a.full);
		}
		assert_int_equal(a.findings[AUDIT_BALANCE], 1);
		assert_int_equal(a.findings[AUDIT_CURRENCY], 1);
		assert_true(strstr(l.text, "balance posted 3 4; "));
	}
}

static void test_the_table_is_bounded(void **state)
{
	static struct audit_slot slots[SLOTS];
	struct audit a;
	struct log l;

	(void)state;
	assert_int_equal(audit_slices(0, SLOTS), 1);
	assert_int_equal(audit_slices(1, SLOTS), 1);
	assert_int_equal(audit_slices(600, SLOTS), 1);
	assert_int_equal(audit_slices(100000, SLOTS), 149);
	assert_true(audit_slots(1 << 20) * sizeof(struct audit_slot) <= 1 << 20);
	assert_true(audit_slots(1 << 20) * sizeof(struct audit_slot) > 1 << 18);
	begin(&a, slots, &l, 1);
	audit_begin(&a, 0, 1);
	for (unsigned n = 0; n < SLOTS && !a.full; n++) {
		struct audit_account c = account(n, 0, 0);

		audit_take_account(&a, &c);
	}
	assert_true(a.full);
	assert_int_equal(a.used, SLOTS * 75 / 100);
}

/* Whatever a row may have: nothing overflows, and nothing is read behind its end. */
static void test_the_largest_numbers(void **state)
{
	static struct audit_slot slots[SLOTS];
	struct audit_row r = move(1, 1, 2, INT64_MIN, INT64_MAX, INT64_MIN);
	struct audit_account c = account(1, INT64_MIN, UINT64_MAX);
	struct audit_payment p = {.id = id(3),
	    .authorized = INT64_MIN,
	    .captured = INT64_MAX,
	    .refunded = INT64_MIN,
	    .voided = INT64_MAX,
	    .hold = 255,
	    .expires_us = UINT64_MAX};
	struct audit_withdrawal w = {.id = id(4), .amount = INT64_MIN, .status = 1};
	struct audit a;
	struct log l;
	char body[] = "{\"amount\":9223372036854775807000,\"captured_amount\":";

	(void)state;
	begin(&a, slots, &l, 1);
	audit_begin(&a, 0, 1);
	r.fee = INT64_MIN;
	r.has_fee_account = true;
	r.body = body;
	r.body_bytes = sizeof(body) - 1;
	r.has_id = r.has_subject = true;
	for (unsigned kind = 0; kind < 110; kind++) {
		r.kind = kind;
		l.used = 0;
		audit_take_row(&a, &r);
		l.used = 0;
		audit_take_row(&a, &r);
	}
	l.used = 0;
	p.id = r.id;
	w.id = r.subject;
	audit_take_payment(&a, &p);
	p.hold = 1;
	audit_take_payment(&a, &p);
	audit_take_withdrawal(&a, &w);
	l.used = 0;
	c.has_min = c.has_max = true;
	audit_take_account(&a, &c);
	audit_end(&a);
	assert_true(a.findings[AUDIT_MOVEMENT] > 0);
}

static void test_numbers_of_answers(void **state)
{
	static const struct {
		const char *body;
		bool there;
		int64_t value;
	} cases[] = {
	    {"{\"amount\":12,\"x\":1}", true, 12},
	    {"{\"amount\":0}", true, 0},
	    {"{\"amounts\":12}", false, 0},
	    {"{\"amount\":", false, 0},
	    {"{\"amount\":-1}", false, 0},
	    {"{\"amount\":null}", false, 0},
	    {"", false, 0},
	    {"{\"amount\":9007199254740991", true, 9007199254740991},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct audit_row r = {.body_bytes = strlen(cases[i].body)};
		char *exact = malloc(r.body_bytes + 1);
		int64_t v = -7;

		assert_non_null(exact);
		memcpy(exact, cases[i].body, r.body_bytes + 1);
		r.body = exact;
		assert_int_equal(audit_body_number(&r, "amount", &v), cases[i].there);
		assert_int_equal(v, cases[i].there ? cases[i].value : -7);
		free(exact);
	}
}

/* A terminal obeys nothing of what is found. */
static void test_what_is_shown(void **state)
{
	struct audit_slot slots[1];
	struct audit a;
	struct log l;

	(void)state;
	begin(&a, slots, &l, 0);
	audit_tell(&a, AUDIT_ANSWER, 1, "", "body", "a\x1b[2Jb", "\xff\n");
	assert_string_equal(l.text, "answer body a?[2Jb ??; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_an_entry_is_told_once),
	    cmocka_unit_test(test_a_lost_row),
	    cmocka_unit_test(test_slices),
	    cmocka_unit_test(test_the_table_is_bounded),
	    cmocka_unit_test(test_the_largest_numbers),
	    cmocka_unit_test(test_numbers_of_answers),
	    cmocka_unit_test(test_what_is_shown),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
