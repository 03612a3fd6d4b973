/* Payments, withdrawals and reversals: every state against every act, the boundaries of expiry, fees to the last unit. */
#include "gateway/event.h"
#include "gateway/ledger.h"
#include "gateway/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US UINT64_C(1700000000000000)
#define BODY 4096

enum { PAYER, PAYEE, FEE, CLEARING, ACCOUNTS };

struct bank {
	struct account account[ACCOUNTS];
	struct principal who;
	struct payment payment;
	struct withdrawal withdrawal;
	struct op_message m;
	struct ledger_input in;
	struct ledger_decision d;
	struct text body;
	char buf[BODY];
};

static void set_up(struct bank *b)
{
	memset(b, 0, sizeof(*b));
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		b->account[i].id.byte[15] = (uint8_t)(i + 1);
		b->account[i].kind = i == FEE ? ACCOUNT_FEE : i == CLEARING ? ACCOUNT_CLEARING : ACCOUNT_WALLET;
		b->account[i].has_min = i < FEE;
		b->account[i].created_us = 1;
		memcpy(b->account[i].currency, "CNY", 4);
	}
	b->account[PAYER].posted = 1000;
	b->account[FEE].created_us = 0;
	b->who.scopes = SCOPE_ALL;
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		b->m.text[i] = "";
	memcpy(b->m.op.currency, "CNY", 4);
	b->m.op.hold_seconds = 10;
	b->in = (struct ledger_input){.message = &b->m,
	    .who = &b->who,
	    .from = &b->account[PAYER],
	    .to = &b->account[PAYEE],
	    .fee = &b->account[FEE],
	    .next_seq = 5,
	    .now_us = NOW_US};
	text_init(&b->body, b->buf, sizeof(b->buf));
}

static void act(struct bank *b, uint8_t kind, int64_t amount)
{
	b->m.op.kind = kind;
	b->m.op.amount = amount;
	text_clear(&b->body);
	ledger_decide(&b->in, &b->body, &b->d);
	assert_false(b->body.cut);
	b->buf[b->body.used] = '\0';
	if (kind == OP_PAYMENT_CREATE && b->d.created) {
		b->payment = b->d.payment;
		b->in.payment = &b->payment;
	}
	if (kind == OP_WITHDRAWAL_CREATE && b->d.created) {
		b->withdrawal = b->d.withdrawal;
		b->in.withdrawal = &b->withdrawal;
	}
	assert_int_equal(
	    b->account[PAYER].posted + b->account[PAYEE].posted + b->account[FEE].posted + b->account[CLEARING].posted,
	    1000);
}

static void expect(struct bank *b, unsigned status, const char *words, uint8_t event)
{
	assert_non_null(strstr(b->buf, words));
	assert_int_equal(b->d.status, status);
	assert_int_equal(b->d.event, event);
	assert_true(b->d.stored);
}

static void expect_pending(const struct bank *b, int64_t amount)
{
	assert_int_equal(b->account[PAYER].pending_out, amount);
	assert_int_equal(b->account[PAYEE].pending_in, amount);
}

static void hold(struct bank *b, int64_t amount)
{
	set_up(b);
	b->m.op.manual = 1;
	act(b, OP_PAYMENT_CREATE, amount);
	expect(b, 201, "\"status\":\"authorized\"", EVENT_PAYMENT_AUTHORIZED);
	expect_pending(b, amount);
	assert_null(b->d.moved.debit);
}

/* Two partial captures; then the rest, then nothing is left. */
static void museum5_two_captures_share_what_is_held(void **state)
{
	struct bank b;

	(void)state;
	hold(&b, 100);
	act(&b, OP_PAYMENT_CAPTURE, 60);
	expect(&b, 200, "\"status\":\"partially_captured\"", EVENT_PAYMENT_CAPTURED);
	expect_pending(&b, 40);
	act(&b, OP_PAYMENT_CAPTURE, 60);
	expect(&b, 409, "state_conflict", EVENT_NONE);
	act(&b, OP_PAYMENT_CAPTURE, 40);
	expect(&b, 200, "\"status\":\"captured\"", EVENT_PAYMENT_CAPTURED);
	expect_pending(&b, 0);
	assert_int_equal(b.account[PAYEE].posted, 100);
	act(&b, OP_PAYMENT_CAPTURE, 1);
	expect(&b, 409, "state_conflict", EVENT_NONE);
	act(&b, OP_PAYMENT_VOID, 0);
	expect(&b, 409, "state_conflict", EVENT_NONE);
}

static void test_final_capture_and_void(void **state)
{
	struct bank b;

	(void)state;
	hold(&b, 100);
	b.m.op.final = 1;
	act(&b, OP_PAYMENT_CAPTURE, 30);
	expect(&b, 200, "\"captured_amount\":30,\"refunded_amount\":0,\"voided_amount\":70", EVENT_PAYMENT_CAPTURED);
	expect_pending(&b, 0);
	hold(&b, 100);
	act(&b, OP_PAYMENT_CAPTURE, 0); /* all of it */
	expect(&b, 200, "\"status\":\"captured\"", EVENT_PAYMENT_CAPTURED);
	hold(&b, 100);
	act(&b, OP_PAYMENT_VOID, 0);
	expect(&b, 200, "\"status\":\"voided\"", EVENT_PAYMENT_VOIDED);
	expect_pending(&b, 0);
	hold(&b, 100);
	act(&b, OP_PAYMENT_CAPTURE, 1);
	act(&b, OP_PAYMENT_VOID, 0);
	expect(&b, 200, "\"status\":\"captured\"", EVENT_PAYMENT_VOIDED);
	assert_int_equal(b.payment.voided, 99);
}

/* From exactly expires_at on it has expired, whoever comes first, the sweep or a capture. */
static void E4_a_hold_expires_at_its_time(void **state)
{
	struct bank b;

	(void)state;
	hold(&b, 100);
	b.in.now_us = NOW_US + 10000000 - 1;
	act(&b, OP_PAYMENT_EXPIRE, 0);
	assert_false(b.d.stored);
	act(&b, OP_PAYMENT_CAPTURE, 10);
	expect(&b, 200, "partially_captured", EVENT_PAYMENT_CAPTURED);
	for (unsigned swept = 0; swept < 2; swept++) {
		b.in.now_us = NOW_US + 10000000;
		act(&b, OP_PAYMENT_CAPTURE, 10);
		expect(&b, 409, "hold_expired", EVENT_NONE);
		act(&b, OP_PAYMENT_VOID, 0);
		expect(&b, 409, "hold_expired", EVENT_NONE);
		act(&b, OP_PAYMENT_EXPIRE, 0);
		if (swept)
			assert_false(b.d.stored);
		else
			expect(&b, 200, "\"status\":\"captured\"", EVENT_PAYMENT_EXPIRED);
		expect_pending(&b, 0);
	}
	hold(&b, 100);
	b.in.now_us = NOW_US + 10000000;
	act(&b, OP_PAYMENT_EXPIRE, 0);
	expect(&b, 200, "\"status\":\"expired\"", EVENT_PAYMENT_EXPIRED);
	act(&b, OP_REFUND_CREATE, 0);
	expect(&b, 409, "state_conflict", EVENT_NONE);
}

/* Who cleans up comes when all was captured: nothing is left that it could change. */
static void museum7_expiry_after_the_capture_changes_nothing(void **state)
{
	struct bank b;

	(void)state;
	hold(&b, 100);
	act(&b, OP_PAYMENT_CAPTURE, 0);
	expect(&b, 200, "\"status\":\"captured\"", EVENT_PAYMENT_CAPTURED);
	b.in.now_us = NOW_US + 10000000;
	act(&b, OP_PAYMENT_EXPIRE, 0);
	assert_false(b.d.stored || b.d.event);
	assert_int_equal(payment_status(&b.payment), PAYMENT_CAPTURED);
	assert_int_equal(b.account[PAYEE].posted, 100);
	expect_pending(&b, 0);
}

/* Who cleans up comes while the hold is in use: it looks at what is now, and waits for its time. */
static void museum8_expiry_of_a_payment_in_use_waits(void **state)
{
	struct bank b;

	(void)state;
	hold(&b, 100);
	act(&b, OP_PAYMENT_CAPTURE, 30);
	act(&b, OP_PAYMENT_EXPIRE, 0);
	assert_false(b.d.stored || b.d.event);
	expect_pending(&b, 70);
	b.in.now_us = NOW_US + 10000000;
	act(&b, OP_PAYMENT_EXPIRE, 0);
	expect(&b, 200, "\"captured_amount\":30,\"refunded_amount\":0,\"voided_amount\":70", EVENT_PAYMENT_EXPIRED);
	expect_pending(&b, 0);
}

static void museum1_two_refunds_of_60_on_100(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	act(&b, OP_PAYMENT_CREATE, 100);
	expect(&b, 201, "\"status\":\"captured\"", EVENT_PAYMENT_CAPTURED);
	act(&b, OP_REFUND_CREATE, 60);
	expect(&b, 201, "\"object\":\"refund\"", EVENT_REFUND_SUCCEEDED);
	assert_int_equal(payment_status(&b.payment), PAYMENT_PARTIALLY_REFUNDED);
	act(&b, OP_REFUND_CREATE, 60);
	expect(&b, 409, "state_conflict", EVENT_NONE);
	act(&b, OP_REFUND_CREATE, 0);
	expect(&b, 201, "\"amount\":40", EVENT_REFUND_SUCCEEDED);
	assert_int_equal(payment_status(&b.payment), PAYMENT_REFUNDED);
	assert_int_equal(b.account[PAYER].posted, 1000);
	act(&b, OP_REFUND_CREATE, 0);
	expect(&b, 409, "Nothing is left", EVENT_NONE);
	assert_null(strstr(b.buf, "\"param\"")); /* no amount was sent that could be wrong */
}

static void museum2_six_holds_on_money_for_five(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	b.m.op.manual = 1;
	for (unsigned i = 0; i < 6; i++) {
		act(&b, OP_PAYMENT_CREATE, 200);
		assert_int_equal(b.d.status, i < 5 ? 201 : 402);
	}
	expect_pending(&b, 1000);
}

static void test_fee_arithmetic(void **state)
{
	static const struct {
		int64_t amount;
		uint32_t bps;
		int64_t fixed;
		bool first;
		int64_t fee;
	} cases[] = {
	    {100, 50, 0, true, 0}, /* 0.5: to the even 0 */
	    {300, 50, 0, true, 2}, /* 1.5: to the even 2 */
	    {500, 50, 0, true, 2}, /* 2.5: to the even 2 */
	    {101, 50, 0, true, 1},
	    {99, 50, 0, true, 0},
	    {100, 290, 30, true, 33},
	    {100, 290, 30, false, 3},
	    {AMOUNT_MAX, 10000, 0, true, AMOUNT_MAX},
	    {AMOUNT_MAX, 9999, 0, true, INT64_C(9006298534815517)},
	    {AMOUNT_MAX, 0, AMOUNT_MAX, true, AMOUNT_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    payment_fee(cases[i].amount, cases[i].bps, cases[i].fixed, cases[i].first), cases[i].fee);
}

static void test_fee(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	b.m.op.has_fee = b.m.op.manual = 1;
	b.m.op.fee_bps = 1000;
	b.m.op.fee_fixed = 5;
	act(&b, OP_PAYMENT_CREATE, 4);
	assert_int_equal(b.d.status, 422);
	act(&b, OP_PAYMENT_CREATE, 100);
	assert_int_equal(b.account[FEE].created_us, 0);
	act(&b, OP_PAYMENT_CAPTURE, 5); /* 5 of 5 are no more than it, 6 are */
	assert_int_equal(b.d.status, 200);
	assert_int_equal(b.account[FEE].posted, 5);
	assert_int_equal(b.account[FEE].created_us, NOW_US);
	act(&b, OP_PAYMENT_CAPTURE, 50);
	expect(&b, 200, "\"fee_amount\":10", EVENT_PAYMENT_CAPTURED);
	assert_ptr_equal(b.d.moved.fee, &b.account[FEE]);
	assert_int_equal(b.d.moved.credit_after, 50);
	assert_int_equal(b.d.moved.fee_amount, 5);
	assert_int_equal(b.d.moved.fee_after, 10);
	assert_int_equal(b.account[PAYEE].posted, 45);
	act(&b, OP_REFUND_CREATE, 0);
	expect(&b, 402, "insufficient_funds", EVENT_NONE); /* the fee is not given back */
	act(&b, OP_REFUND_CREATE, 45);
	expect(&b, 201, "refund", EVENT_REFUND_SUCCEEDED);
	b.account[FEE].status = ACCOUNT_CLOSED;
	act(&b, OP_PAYMENT_CAPTURE, 10);
	expect(&b, 409, "account_closed", EVENT_NONE);
}

/* Frozen: nothing new, but what existed goes on. */
static void test_frozen(void **state)
{
	struct bank b;

	(void)state;
	hold(&b, 100);
	b.account[PAYER].status = b.account[PAYEE].status = ACCOUNT_FROZEN;
	act(&b, OP_PAYMENT_CREATE, 1);
	expect(&b, 409, "account_frozen", EVENT_NONE);
	act(&b, OP_PAYMENT_CAPTURE, 50);
	assert_int_equal(b.d.status, 200);
	act(&b, OP_REFUND_CREATE, 10);
	assert_int_equal(b.d.status, 201);
	act(&b, OP_PAYMENT_VOID, 0);
	assert_int_equal(b.d.status, 200);
}

static void test_withdrawal(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	memcpy(b.m.op.channel, "bank", 5);
	act(&b, OP_WITHDRAWAL_CREATE, 1001);
	expect(&b, 402, "insufficient_funds", EVENT_NONE);
	for (unsigned confirmed = 0; confirmed < 2; confirmed++) {
		b.in.to = &b.account[PAYEE];
		act(&b, OP_WITHDRAWAL_CREATE, 400);
		expect(&b, 201, "\"status\":\"pending\"", EVENT_WITHDRAWAL_PENDING);
		assert_int_equal(b.account[PAYER].pending_out, 400);
		b.in.to = &b.account[CLEARING];
		act(&b, confirmed ? OP_WITHDRAWAL_CONFIRM : OP_WITHDRAWAL_FAIL, 0);
		expect(&b, 200, confirmed ? "\"status\":\"succeeded\"" : "\"status\":\"failed\"",
		    confirmed ? EVENT_WITHDRAWAL_SUCCEEDED : EVENT_WITHDRAWAL_FAILED);
		assert_int_equal(b.account[PAYER].pending_out, 0);
		assert_int_equal(b.account[CLEARING].posted, confirmed ? 400 : 0);
		act(&b, confirmed ? OP_WITHDRAWAL_FAIL : OP_WITHDRAWAL_CONFIRM, 0);
		expect(&b, 409, "state_conflict", EVENT_NONE);
	}
}

/* There is no entry with one side: what is paid into itself could never be confirmed. */
static void test_withdrawal_into_itself(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	memcpy(b.m.op.channel, "bank", 5);
	memcpy(b.account[CLEARING].channel, "bank", 5);
	b.in.from = &b.account[CLEARING];
	act(&b, OP_WITHDRAWAL_CREATE, 400);
	assert_int_equal(b.d.status, 422);
	assert_false(b.d.stored);
	assert_int_equal(b.account[CLEARING].pending_out, 0);
	memcpy(b.m.op.channel, "card", 5); /* another one's is an account like any other */
	act(&b, OP_WITHDRAWAL_CREATE, 400);
	expect(&b, 201, "\"status\":\"pending\"", EVENT_WITHDRAWAL_PENDING);
	b.in.to = b.in.from;
	act(&b, OP_WITHDRAWAL_CONFIRM, 0); /* one that an older release let in */
	expect(&b, 409, "state_conflict", EVENT_NONE);
	act(&b, OP_WITHDRAWAL_FAIL, 0);
	expect(&b, 200, "\"status\":\"failed\"", EVENT_WITHDRAWAL_FAILED);
	assert_int_equal(b.account[CLEARING].pending_out, 0);
}

/* What appears by itself cannot appear again: it stays. Nor is anything held for a fee account that may not have it. */
static void test_ledgers_own_accounts(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	memcpy(b.account[CLEARING].channel, "bank", 5);
	b.account[FEE].created_us = 1;
	for (int i = FEE; i < ACCOUNTS; i++) {
		b.in.account = &b.account[i];
		act(&b, OP_ACCOUNT_CLOSE, 0);
		expect(&b, 409, "state_conflict", EVENT_NONE);
		assert_int_equal(b.account[i].status, ACCOUNT_OPEN);
	}
	b.account[FEE].id.byte[0] = 1; /* one that somebody opened */
	b.in.account = &b.account[FEE];
	act(&b, OP_ACCOUNT_CLOSE, 0);
	expect(&b, 200, "closed", EVENT_ACCOUNT_CLOSED);
	b.m.op.has_fee = b.m.op.manual = 1;
	b.m.op.fee_bps = 1000;
	act(&b, OP_PAYMENT_CREATE, 100);
	expect(&b, 409, "account_closed", EVENT_NONE);
	b.account[FEE].status = ACCOUNT_FROZEN;
	act(&b, OP_PAYMENT_CREATE, 100);
	expect(&b, 409, "account_frozen", EVENT_NONE);
	expect_pending(&b, 0);
	act(&b, OP_PAYMENT_CREATE, 1); /* no fee of that */
	expect(&b, 201, "authorized", EVENT_PAYMENT_AUTHORIZED);
}

static void test_reversal(void **state)
{
	struct transfer t = {.amount = 300, .currency = "CNY"};
	struct bank b;

	(void)state;
	set_up(&b);
	b.in.transfer = &t;
	b.account[PAYER].posted = 701;
	b.account[PAYEE].posted = 299;
	act(&b, OP_TRANSFER_REVERSE, 0);
	expect(&b, 402, "insufficient_funds", EVENT_NONE);
	b.account[PAYER].posted = 700;
	b.account[PAYEE].posted = 300;
	act(&b, OP_TRANSFER_REVERSE, 0);
	expect(&b, 201, "\"reverses\":\"tr_", EVENT_TRANSFER_REVERSED);
	assert_int_equal(b.account[PAYER].posted, 1000);
	act(&b, OP_TRANSFER_REVERSE, 0);
	expect(&b, 409, "state_conflict", EVENT_NONE);
	t = (struct transfer){.amount = 1, .currency = "CNY", .is_reversal = true};
	act(&b, OP_TRANSFER_REVERSE, 0);
	expect(&b, 409, "state_conflict", EVENT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(museum5_two_captures_share_what_is_held),
	    cmocka_unit_test(test_final_capture_and_void),
	    cmocka_unit_test(E4_a_hold_expires_at_its_time),
	    cmocka_unit_test(museum7_expiry_after_the_capture_changes_nothing),
	    cmocka_unit_test(museum8_expiry_of_a_payment_in_use_waits),
	    cmocka_unit_test(museum1_two_refunds_of_60_on_100),
	    cmocka_unit_test(museum2_six_holds_on_money_for_five),
	    cmocka_unit_test(test_fee_arithmetic),
	    cmocka_unit_test(test_fee),
	    cmocka_unit_test(test_frozen),
	    cmocka_unit_test(test_withdrawal),
	    cmocka_unit_test(test_withdrawal_into_itself),
	    cmocka_unit_test(test_ledgers_own_accounts),
	    cmocka_unit_test(test_reversal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
