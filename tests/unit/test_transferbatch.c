/* gateway/transferbatch.c while holds that have expired wait to be let go: what would be refused comes again, and nothing of it is left. */
#include "gateway/batch_parts.h"
#include "gateway/items.h"
#include "gateway/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US UINT64_C(1700000000000000)
#define FIRST_SEQ 5
#define WAS 1000

enum { FROM, TO, ACCOUNTS, NOBODY = ACCOUNTS };

static const uint8_t secret[HASH_BYTES] = {7};
static struct batch_tools tools;
static struct plan plan;

struct leg {
	int64_t amount;
	int to;
};

static struct ulid account_id(int i)
{
	return (struct ulid){.byte = {[15] = (uint8_t)(i + 1)}};
}

static int set_up(void **state)
{
	struct principal who = {.id = 1, .scopes = SCOPE_ALL};

	(void)state;
	if (!tools.image) {
		tools.image = image_new();
		if (!tools.image || batch_tools_init(&tools))
			return -1;
	}
	image_clear(tools.image);
	memcpy(who.secret_hash, secret, HASH_BYTES);
	if (!image_add_principal(tools.image, &who))
		return -1;
	for (int i = 0; i < ACCOUNTS; i++) {
		struct account a = {.id = account_id(i),
		    .kind = ACCOUNT_WALLET,
		    .has_min = true,
		    .created_us = 1,
		    .currency = "CNY",
		    .posted = i == FROM ? WAS : 0};

		if (!image_add_account(tools.image, &a, NULL, 0))
			return -1;
	}
	text_clear(&tools.journal);
	tools.head = (struct head){.next_seq = FIRST_SEQ, .next_event = 1, .last_us = NOW_US};
	tools.now_us = NOW_US;
	memset(&plan, 0, sizeof(plan));
	plan.next = tools.head;
	plan.mark = ++tools.mark;
	return 0;
}

static void key_of(size_t i, uint8_t ret[static HASH_BYTES])
{
	memset(ret, 0, HASH_BYTES);
	i++;
	memcpy(ret, &i, sizeof(i));
}

/* The batch, decided when the next hold expires at that time; the caller frees it. */
static struct request *decide(bool atomic, uint64_t next_expiry_us, const struct leg *legs, size_t count)
{
	static char bytes[ITEMS_MAX * sizeof(struct item)];
	struct op_message m = {
	    .op = {.kind = OP_TRANSFER_BATCH, .atomic = atomic, .item_count = (uint32_t)count, .key_hash = {0xff}}};
	struct errbuf e = {""};
	struct request *r;
	size_t used = 0;

	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		m.text[i] = "";
	for (size_t i = 0; i < count; i++) {
		struct item item = {.from = account_id(FROM),
		    .to = account_id(legs[i].to),
		    .amount = legs[i].amount,
		    .currency = "CNY"};

		key_of(i, item.key_hash);
		assert_true(used + items_bytes(&item) <= sizeof(bytes));
		items_put(bytes + used, &item, "", "");
		used += items_bytes(&item);
	}
	m.text[OP_TEXT_ITEMS] = bytes;
	m.op.text_bytes[OP_TEXT_ITEMS] = (uint32_t)used;
	memcpy(m.op.secret_hash, secret, HASH_BYTES);
	r = request_new(&m);
	assert_non_null(r);
	tools.next_expiry_us = next_expiry_us;
	assert_int_equal(transferbatch_decide(&tools, &plan, r, &e), 0);
	return r;
}

static void expect_balances(int64_t from, int64_t to)
{
	struct ulid ids[] = {account_id(FROM), account_id(TO)};

	assert_int_equal(image_account(tools.image, &ids[0])->posted, from);
	assert_int_equal(image_account(tools.image, &ids[1])->posted, to);
}

/* Nothing of it is left: neither money nor rows nor numbers, and its keys are free. */
static void expect_nothing(const struct request *r, size_t count)
{
	uint8_t key[HASH_BYTES];

	assert_int_equal(r->answer.outcome, WIRE_NOT_EXECUTED);
	expect_balances(WAS, 0);
	assert_int_equal(plan.row_count, 0);
	assert_int_equal(plan.next.next_seq, FIRST_SEQ);
	assert_int_equal(plan.next.next_event, 1);
	assert_int_equal(tools.journal.used, 0);
	for (size_t i = 0; i < count; i++) {
		key_of(i, key);
		assert_null(image_stored(tools.image, 1, key));
	}
	assert_null(image_stored(tools.image, 1, r->message.op.key_hash));
}

static const struct leg good[] = {{300, TO}, {700, TO}}, poor[] = {{300, TO}, {200, TO}, {501, TO}, {1, TO}},
			unknown[] = {{300, TO}, {1, NOBODY}};
#define COUNT(legs) (sizeof(legs) / sizeof((legs)[0]))

static void of_which_nothing_is_refused_is_executed(void **state)
{
	(void)state;
	for (int atomic = 0; atomic < 2; atomic++) {
		struct request *r;

		assert_int_equal(set_up(NULL), 0);
		r = decide(atomic, NOW_US, good, COUNT(good));
		assert_int_equal(r->answer.outcome, WIRE_DONE);
		assert_int_equal(r->answer.status, 200);
		expect_balances(0, WAS);
		assert_int_equal(plan.row_count, COUNT(good) + 1);
		request_free(r);
	}
}

static void of_which_one_would_be_refused_comes_again(void **state)
{
	(void)state;
	for (int atomic = 0; atomic < 2; atomic++) {
		struct request *r;

		assert_int_equal(set_up(NULL), 0);
		r = decide(atomic, NOW_US, poor, COUNT(poor));
		expect_nothing(r, COUNT(poor));
		request_free(r);
		/* And it is as if it had never been there. */
		r = decide(atomic, NOW_US + 1, poor, COUNT(poor));
		assert_int_equal(r->answer.status, atomic ? 402 : 200);
		expect_balances(atomic ? WAS : WAS - 501, atomic ? 0 : 501);
		assert_int_equal(plan.row_count, atomic ? 1 : COUNT(poor) + 1);
		assert_int_equal(plan.next.next_seq, FIRST_SEQ + plan.row_count);
		request_free(r);
	}
}

/* What is not stored may be told at once: the key stays free. */
static void of_which_one_is_refused_for_now_is_answered(void **state)
{
	(void)state;
	for (int atomic = 0; atomic < 2; atomic++) {
		struct request *r;

		assert_int_equal(set_up(NULL), 0);
		r = decide(atomic, NOW_US, unknown, COUNT(unknown));
		assert_int_equal(r->answer.status, atomic ? 404 : 200);
		expect_balances(atomic ? WAS : WAS - 300, atomic ? 0 : 300);
		request_free(r);
	}
}

/* Nothing is remembered beyond its place, and the oldest state comes back: each item has the same two accounts. */
static void the_largest_is_taken_back_whole(void **state)
{
	static struct leg legs[ITEMS_MAX];
	struct request *r;

	(void)state;
	for (size_t i = 0; i < COUNT(legs); i++)
		legs[i] = (struct leg){i + 1 < COUNT(legs) ? 1 : WAS, TO}; /* the last one fails */
	r = decide(false, NOW_US, legs, COUNT(legs));
	expect_nothing(r, COUNT(legs));
	request_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(of_which_nothing_is_refused_is_executed, set_up),
	    cmocka_unit_test_setup(of_which_one_would_be_refused_comes_again, set_up),
	    cmocka_unit_test_setup(of_which_one_is_refused_for_now_is_answered, set_up),
	    cmocka_unit_test_setup(the_largest_is_taken_back_whole, set_up),
	};
	int failed = cmocka_run_group_tests_name("transferbatch", tests, NULL, NULL);

	image_free(tools.image);
	batch_tools_free(&tools);
	return failed;
}
