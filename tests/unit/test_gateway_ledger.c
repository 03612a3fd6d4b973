/* The decisions of the ledger: double entry, limits, idempotency; whatever happens, a currency sums to zero.
 */
#include "gateway/event.h"
#include "gateway/ledger.h"
#include "gateway/scope.h"
#include "gateway/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ACCOUNTS 8
#define KEYS 64
#define BODY 4096

static const struct user_facts nobody;

struct bank {
	struct account account[ACCOUNTS + 1]; /* the last is the clearing account */
	struct principal who;
	struct op_message m;
	struct ledger_input in;
	struct ledger_decision d;
	struct text body, scratch;
	char buf[BODY], merged[BODY];
};

static void set_up(struct bank *b)
{
	memset(b, 0, sizeof(*b));
	for (unsigned i = 0; i <= ACCOUNTS; i++) {
		struct account *a = &b->account[i];

		a->id.byte[15] = (uint8_t)(i + 1);
		a->kind = i == ACCOUNTS ? ACCOUNT_CLEARING : ACCOUNT_WALLET;
		a->has_min = i < ACCOUNTS;
		a->created_us = 1;
		memcpy(a->currency, "CNY", 4);
	}
	b->who.id = 7;
	b->who.scopes = SCOPE_ALL;
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		b->m.text[i] = "";
	b->in = (struct ledger_input){.message = &b->m, .who = &b->who, .next_seq = 5, .now_us = 1700000000000000};
	text_init(&b->body, b->buf, sizeof(b->buf));
	text_init(&b->scratch, b->merged, sizeof(b->merged));
	b->in.scratch = &b->scratch;
}

static void decide(struct bank *b)
{
	text_clear(&b->body);
	ledger_decide(&b->in, &b->body, &b->d);
	assert_false(b->body.cut);
	b->buf[b->body.used] = '\0';
}

static void transfer(struct bank *b, unsigned from, unsigned to, int64_t amount)
{
	b->m.op.kind = OP_TRANSFER_CREATE;
	b->m.op.from = b->account[from].id;
	b->m.op.to = b->account[to].id;
	b->m.op.amount = amount;
	memcpy(b->m.op.currency, "CNY", 4);
	b->in.from = &b->account[from];
	b->in.to = &b->account[to];
	decide(b);
}

static void topup(struct bank *b, unsigned to, int64_t amount)
{
	b->m.op.kind = OP_TOPUP_CREATE;
	b->m.op.from = b->account[ACCOUNTS].id;
	b->m.op.to = b->account[to].id;
	b->m.op.amount = amount;
	memcpy(b->m.op.currency, "CNY", 4);
	memcpy(b->m.op.channel, "bank", 5);
	b->m.text[OP_TEXT_REFERENCE] = "r";
	b->m.op.text_bytes[OP_TEXT_REFERENCE] = 1;
	b->in.from = &b->account[ACCOUNTS];
	b->in.to = &b->account[to];
	decide(b);
}

static void expect(struct bank *b, unsigned status, const char *words, bool stored)
{
	assert_int_equal(b->d.status, status);
	assert_non_null(strstr(b->buf, words));
	assert_int_equal(b->d.stored, stored);
}

static void test_transfer_moves_both_sides(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	topup(&b, 0, 100);
	expect(&b, 201, "\"status\":\"succeeded\"", true);
	assert_int_equal(b.account[ACCOUNTS].posted, -100);
	transfer(&b, 0, 1, 30);
	expect(&b, 201, "\"amount\":30,\"currency\":\"CNY\"", true);
	assert_true(b.d.created && b.d.moved.debit && b.d.has_seq && !b.d.replayed);
	assert_int_equal(b.d.seq, 5);
	assert_int_equal(b.account[0].posted, 70);
	assert_int_equal(b.account[1].posted, 30);
	assert_int_equal(b.account[1].last_seq, 5);
}

static void test_limits(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	transfer(&b, 0, 1, 1);
	expect(&b, 402, "insufficient_funds", true);
	assert_false(b.d.moved.debit || b.d.created || b.d.event);
	b.account[0].posted = 10;
	b.account[0].pending_out = 4;
	transfer(&b, 0, 1, 7);
	expect(&b, 402, "insufficient_funds", true);
	transfer(&b, 0, 1, 6);
	expect(&b, 201, "posted", true);
	b.account[2].has_min = false;
	b.account[3].has_max = true;
	b.account[3].max_balance = 5;
	b.account[3].pending_in = 2;
	transfer(&b, 2, 3, 4);
	expect(&b, 402, "limit_exceeded", true);
	transfer(&b, 2, 3, 3);
	expect(&b, 201, "posted", true);
	b.account[4].posted = BALANCE_MAX;
	transfer(&b, 2, 4, 1); /* no number of payments can overflow a balance */
	expect(&b, 402, "limit_exceeded", true);
}

static void test_order_of_errors(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	b.account[0].status = ACCOUNT_FROZEN;
	b.account[1].status = ACCOUNT_CLOSED;
	memcpy(b.account[1].currency, "EUR", 4);
	transfer(&b, 0, 1, 1);
	expect(&b, 409, "account_closed", true);
	b.account[1].status = ACCOUNT_OPEN;
	transfer(&b, 0, 1, 1);
	expect(&b, 409, "account_frozen", true);
	b.account[0].status = ACCOUNT_OPEN;
	transfer(&b, 0, 1, 1);
	expect(&b, 422, "currency_mismatch", false);
	b.in.to = NULL;
	decide(&b);
	expect(&b, 404, "\"param\":\"to\"", false);
	b.who.scopes = SCOPE_LEDGER_READ;
	decide(&b);
	expect(&b, 403, "scope_missing", false);
	b.who.revoked = true;
	decide(&b);
	expect(&b, 401, "key_revoked", false);
	b.in.who = NULL;
	decide(&b);
	expect(&b, 401, "unauthenticated", false);
}

static void test_idempotency(void **state)
{
	struct stored twin = {.seq = 3, .status = 402, .body = "{old}", .body_bytes = 5};
	struct bank b;

	(void)state;
	set_up(&b);
	b.account[0].posted = 100;
	b.in.twin = &twin;
	transfer(&b, 0, 1, 1);
	expect(&b, 402, "{old}", false);
	assert_int_equal(b.body.used, 5);
	assert_true(b.d.replayed && b.d.has_seq);
	assert_int_equal(b.d.seq, 3);
	b.m.op.fingerprint[31] = 1;
	transfer(&b, 0, 1, 1);
	expect(&b, 422, "idempotency_key_reused", false);
	assert_int_equal(b.account[0].posted, 100);
	/* The key is looked up before anything that depends on state. */
	b.in.to = NULL;
	decide(&b);
	expect(&b, 422, "idempotency_key_reused", false);
}

static void test_topup_once(void **state)
{
	struct stored old = {
	    .seq = 3, .status = 201, .body = "{old}", .body_bytes = 5, .amount = 100, .currency = "CNY"};
	struct bank b;

	(void)state;
	set_up(&b);
	old.credit = b.account[0].id;
	b.in.same_reference = &old;
	b.account[0].status = ACCOUNT_CLOSED; /* it came before the account was closed */
	topup(&b, 0, 100);
	expect(&b, 201, "{old}", true);
	assert_true(b.d.replayed && !b.d.moved.debit && !b.d.created && !b.d.event);
	assert_int_equal(b.d.replay_of, 3);
	b.account[0].status = ACCOUNT_OPEN;
	topup(&b, 0, 101);
	expect(&b, 409, "duplicate_reference", true);
	topup(&b, 1, 100);
	expect(&b, 409, "duplicate_reference", true);
	b.in.same_reference = NULL;
	topup(&b, ACCOUNTS, 100);
	expect(&b, 422, "same account", false);
}

static void test_account(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	b.m.op.kind = OP_ACCOUNT_CREATE;
	b.m.op.account_kind = ACCOUNT_WALLET;
	b.m.op.has_min = 1;
	memcpy(b.m.op.currency, "JPY", 4);
	b.m.text[OP_TEXT_METADATA] = "{\"a\":\"b\"}";
	b.m.op.text_bytes[OP_TEXT_METADATA] = 9;
	decide(&b);
	expect(&b, 201, "\"min_balance\":0,\"max_balance\":null,\"metadata\":{\"a\":\"b\"}", true);
	assert_true(b.d.created);
	assert_null(b.d.account.metadata);
	assert_string_equal(b.d.account.currency, "JPY");
	b.m.op.has_owner = 1;
	b.in.users = &nobody;
	decide(&b);
	expect(&b, 404, "owner", false);
}

static void act(struct bank *b, uint8_t kind, unsigned account)
{
	b->m.op.kind = kind;
	b->in.account = &b->account[account];
	decide(b);
}

static void test_freeze(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	b.account[0].posted = 10;
	act(&b, OP_ACCOUNT_FREEZE, 0);
	expect(&b, 200, "\"status\":\"frozen\"", true);
	assert_int_equal(b.d.event, EVENT_ACCOUNT_FROZEN);
	assert_int_equal(b.d.touched_count, 1);
	act(&b, OP_ACCOUNT_FREEZE, 0);
	expect(&b, 200, "\"status\":\"frozen\"", true);
	assert_int_equal(b.d.event, EVENT_NONE); /* it is stored for its key, and nothing happened */
	assert_int_equal(b.d.touched_count, 0);
	transfer(&b, 0, 1, 1);
	expect(&b, 409, "account_frozen", true);
	act(&b, OP_ACCOUNT_UNFREEZE, 0);
	expect(&b, 200, "\"status\":\"open\"", true);
	assert_int_equal(b.d.event, EVENT_ACCOUNT_UNFROZEN);
	act(&b, OP_ACCOUNT_UNFREEZE, 0);
	assert_int_equal(b.d.event, EVENT_NONE);
	b.m.op.kind = OP_ACCOUNT_FREEZE;
	b.in.account = NULL;
	decide(&b);
	expect(&b, 404, "not_found", false);
}

static void test_close(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	b.account[0].pending_in = 1;
	act(&b, OP_ACCOUNT_CLOSE, 0);
	expect(&b, 409, "state_conflict", true);
	b.account[0].pending_in = 0;
	b.account[0].posted = -1;
	act(&b, OP_ACCOUNT_CLOSE, 0);
	expect(&b, 409, "state_conflict", true);
	b.account[0].posted = 0;
	b.account[0].status = ACCOUNT_FROZEN;
	act(&b, OP_ACCOUNT_CLOSE, 0);
	expect(&b, 200, "\"status\":\"closed\"", true);
	assert_int_equal(b.d.event, EVENT_ACCOUNT_CLOSED);
	for (uint8_t kind = OP_ACCOUNT_UPDATE; kind <= OP_ACCOUNT_CLOSE; kind++) {
		act(&b, kind, 0);
		expect(&b, 409, "account_closed", true);
	}
}

static void patch(struct bank *b, const char *metadata)
{
	b->m.text[OP_TEXT_METADATA] = metadata;
	b->m.op.text_bytes[OP_TEXT_METADATA] = (uint32_t)strlen(metadata);
	act(b, OP_ACCOUNT_UPDATE, 0);
}

static void test_update(void **state)
{
	char old[] = "{\"a\":\"1\",\"b,\\\"\":\"2\",\"c\":\"3}\"}", many[512] = "{";
	struct bank b;

	(void)state;
	set_up(&b);
	b.account[0].metadata = old;
	patch(&b, "{\"a\":\"x\",\"b,\\\"\":null,\"n\":\"4\",\"z\":null}");
	expect(&b, 200, "\"metadata\":{\"a\":\"x\",\"c\":\"3}\",\"n\":\"4\"}", true);
	assert_true(b.d.has_metadata && b.d.event == EVENT_ACCOUNT_UPDATED);
	patch(&b, "{\"a\":\"1\"}"); /* as it is already */
	assert_true(b.d.status == 200 && b.d.stored && !b.d.has_metadata && !b.d.event && !b.d.touched_count);
	patch(&b, "");
	assert_true(b.d.status == 200 && !b.d.event);
	for (unsigned i = 0; i < 18; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "%s\"m%u\":\"\"", i ? "," : "", i);
	(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "}");
	patch(&b, many);
	expect(&b, 422, "\"param\":\"metadata\"", false);
}

static void test_new_limits(void **state)
{
	struct bank b;

	(void)state;
	set_up(&b);
	b.account[0].posted = 100;
	b.account[0].pending_out = 40;
	b.account[0].pending_in = 5;
	b.m.op.has_min = OP_LIMIT_SET;
	b.m.op.min_balance = 61;
	patch(&b, "");
	expect(&b, 409, "\"param\":\"min_balance\"", true);
	assert_int_equal(b.account[0].min_balance, 0);
	b.m.op.min_balance = 60;
	b.m.op.has_max = OP_LIMIT_SET;
	b.m.op.max_balance = 104;
	patch(&b, "");
	expect(&b, 409, "\"param\":\"max_balance\"", true);
	b.m.op.max_balance = 105;
	patch(&b, "");
	expect(&b, 200, "\"min_balance\":60,\"max_balance\":105", true);
	b.m.op.has_min = b.m.op.has_max = OP_LIMIT_NONE;
	patch(&b, "");
	expect(&b, 200, "\"min_balance\":null,\"max_balance\":null", true);
	assert_int_equal(b.d.event, EVENT_ACCOUNT_UPDATED);
	patch(&b, "");
	assert_int_equal(b.d.event, EVENT_NONE);
}

static uint32_t dice(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

/* Any sequence of operations, with repetitions: sums stay zero, no limit is broken, a key has one outcome. */
static void test_property(void **state)
{
	static struct stored rows[KEYS];
	static char bodies[KEYS][BODY];

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint64_t s = seed;
		struct bank b;

		set_up(&b);
		memset(rows, 0, sizeof(rows));
		for (unsigned step = 0; step < 300; step++) {
			unsigned key = dice(&s) % KEYS, from = dice(&s) % ACCOUNTS, to = dice(&s) % ACCOUNTS;
			int64_t amount = 1 + dice(&s) % 1000, sum = 0;
			struct stored *row = &rows[key];

			b.in.twin = row->status ? row : NULL;
			memset(b.m.op.fingerprint, dice(&s) % 4 ? (int)key : 0xff, HASH_BYTES);
			b.account[dice(&s) % ACCOUNTS].status = dice(&s) % 20 == 0;
			if (dice(&s) % 3)
				transfer(&b, from, to, amount);
			else
				topup(&b, to, amount);
			if (b.in.twin) {
				assert_false(b.d.moved.debit || b.d.stored);
				assert_true(
				    b.d.status == 422 || (b.d.status == row->status && b.body.used == row->body_bytes &&
							     memcmp(b.buf, row->body, row->body_bytes) == 0));
			} else if (b.d.stored) {
				*row = (struct stored){.status = b.d.status,
				    .seq = b.in.next_seq++,
				    .body = bodies[key],
				    .body_bytes = b.body.used};
				memcpy(bodies[key], b.buf, b.body.used);
				memcpy(row->fingerprint, b.m.op.fingerprint, HASH_BYTES);
			}
			for (unsigned i = 0; i <= ACCOUNTS; i++) {
				sum += b.account[i].posted;
				assert_true(i == ACCOUNTS || b.account[i].posted >= 0);
			}
			assert_int_equal(sum, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_transfer_moves_both_sides),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_order_of_errors),
	    cmocka_unit_test(test_idempotency),
	    cmocka_unit_test(test_topup_once),
	    cmocka_unit_test(test_account),
	    cmocka_unit_test(test_freeze),
	    cmocka_unit_test(test_close),
	    cmocka_unit_test(test_update),
	    cmocka_unit_test(test_new_limits),
	    cmocka_unit_test(test_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
