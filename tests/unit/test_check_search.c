/* The search for an order of operations: against all orders there are, and on histories that are long. */
#include "tests/chaos/check_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STATES 1000000
#define SMALL 7
#define LONG 3000

static uint64_t die = 0x2545f4914f6cdd1d;

static uint64_t dice(uint64_t below)
{
	die ^= die >> 12;
	die ^= die << 25;
	die ^= die >> 27;
	return die * UINT64_C(2685821657736338717) % below;
}

static bool fits(const struct search_op *op, int64_t balance)
{
	if (op->kind == SEARCH_READ)
		return balance == op->amount;
	if (op->kind == SEARCH_REFUSED)
		return balance < op->amount;
	return op->amount >= 0 || balance + op->amount >= 0;
}

/* By the definition: some operation comes first that none of the others has to come before. */
static bool every_order(const struct search_op *op, size_t n, unsigned placed, int64_t balance)
{
	bool done = true;

	for (size_t i = 0; i < n; i++)
		done = done && ((placed & 1u << i) || op[i].optional);
	if (done)
		return true;
	for (size_t i = 0; i < n; i++) {
		bool may = !(placed & 1u << i) && fits(&op[i], balance);

		for (size_t k = 0; may && k < n; k++)
			may = (placed & 1u << k) || k == i || op[k].optional || op[k].return_us >= op[i].call_us;
		if (may &&
		    every_order(op, n, placed | 1u << i, balance + (op[i].kind == SEARCH_ADD ? op[i].amount : 0)))
			return true;
	}
	return false;
}

static struct search_op draw(void)
{
	static const enum search_kind kinds[] = {SEARCH_ADD, SEARCH_ADD, SEARCH_READ, SEARCH_REFUSED};
	struct search_op op = {.kind = kinds[dice(4)], .call_us = dice(12)};

	op.return_us = op.call_us + dice(6);
	op.amount = op.kind == SEARCH_ADD ? (int64_t)dice(5) - 2 : (int64_t)dice(4);
	if (op.kind == SEARCH_ADD && dice(4) == 0) {
		op.return_us = SEARCH_NEVER;
		op.optional = dice(2);
	}
	return op;
}

/* The same as all orders, of everything small. */
static void test_against_every_order(void **state)
{
	size_t found = 0, impossible = 0;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct search_op op[SMALL];
		size_t n = 1 + dice(SMALL), stuck = SIZE_MAX;
		bool want;
		enum search_result result;

		for (size_t i = 0; i < n; i++)
			op[i] = draw();
		want = every_order(op, n, 0, 0);
		result = search_run(op, n, STATES, &stuck);
		assert_int_equal(result, want ? SEARCH_FOUND : SEARCH_IMPOSSIBLE);
		if (!want)
			assert_true(stuck < n);
		found += want;
		impossible += !want;
	}
	assert_true(found > 1000 && impossible > 1000);
}

/* A history that happened: eight clients, each does one thing after the other, and something that nobody knows the end of. */
static void happen(struct search_op *op, size_t n)
{
	uint64_t free_us[8] = {0}, now_us = 0;
	int64_t balance = 0;

	for (size_t i = 0; i < n; i++) {
		size_t client = i % 8;
		uint64_t at_us;

		op[i] = (struct search_op){.kind = dice(3) ? SEARCH_ADD : SEARCH_READ, .call_us = free_us[client]};
		at_us = now_us += 10; /* it takes effect now, which is between its call and its return */
		if (op[i].call_us > at_us)
			op[i].call_us = at_us;
		op[i].return_us = at_us + dice(60);
		free_us[client] = op[i].return_us + 1;
		op[i].amount = op[i].kind == SEARCH_READ ? balance : (int64_t)dice(2000) - (balance > 1000 ? 1000 : 0);
		if (op[i].kind == SEARCH_ADD)
			balance += op[i].amount;
		if (op[i].kind == SEARCH_ADD && dice(300) == 0) {
			op[i].return_us = SEARCH_NEVER;
			op[i].optional = true;
		}
	}
}

static void test_long(void **state)
{
	static struct search_op op[LONG];
	size_t stuck, changed = 0;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		size_t i = LONG / 2;

		happen(op, LONG);
		assert_int_equal(search_run(op, LONG, STATES, &stuck), SEARCH_FOUND);
		while (op[i].kind != SEARCH_READ)
			i++;
		op[i].amount += 100003; /* never was, and never was added */
		assert_int_equal(search_run(op, LONG, STATES, &stuck), SEARCH_IMPOSSIBLE);
		changed++;
	}
	assert_int_equal(changed, 20);
}

/* A read that is right, but of a moment that was over when it began. */
static void test_stale(void **state)
{
	struct search_op op[] = {
	    {.call_us = 0, .return_us = 10, .amount = 5},
	    {.call_us = 20, .return_us = 30, .amount = 7},
	    {.call_us = 31, .return_us = 40, .amount = 5, .kind = SEARCH_READ},
	};
	size_t stuck = 9;

	(void)state;
	assert_int_equal(search_run(op, 3, STATES, &stuck), SEARCH_IMPOSSIBLE);
	assert_int_equal(stuck, 2);
	op[2].call_us = 30; /* at the same microsecond nothing is proved */
	assert_int_equal(search_run(op, 3, STATES, &stuck), SEARCH_FOUND);
	op[2].amount = 12;
	assert_int_equal(search_run(op, 3, STATES, &stuck), SEARCH_FOUND);
}

/* Two reads that exclude each other, though each alone is right: whoever looks at one after the other does not see it. */
static void test_two_reads(void **state)
{
	struct search_op op[] = {
	    {.call_us = 0, .return_us = 100, .amount = 1},
	    {.call_us = 0, .return_us = 100, .amount = 2},
	    {.call_us = 0, .return_us = 100, .amount = 1, .kind = SEARCH_READ},
	    {.call_us = 0, .return_us = 100, .amount = 2, .kind = SEARCH_READ},
	};
	size_t stuck;

	(void)state;
	assert_int_equal(search_run(op, 3, STATES, &stuck), SEARCH_FOUND);
	assert_int_equal(search_run(op, 4, STATES, &stuck), SEARCH_IMPOSSIBLE);
}

/* Who gives up says so. */
static void test_limit(void **state)
{
	struct search_op op[24];
	size_t stuck;

	(void)state;
	for (size_t i = 0; i < 23; i++)
		op[i] = (struct search_op){.call_us = 0, .return_us = 100, .amount = INT64_C(2) << i};
	op[23] = (struct search_op){.call_us = 0, .return_us = 100, .amount = 1, .kind = SEARCH_READ};
	assert_int_equal(search_run(op, 24, 1000, &stuck), SEARCH_UNDECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_against_every_order),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_stale),
	    cmocka_unit_test(test_two_reads),
	    cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
