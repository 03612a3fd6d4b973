/* The checker of the chaos tests: an honest history and honest databases have nothing wrong with them, and every error that is planted is
 * found, as what it is. */
#include "tests/chaos/check_accounts.h"
#include "tests/chaos/payer_balance.h"
#include "tests/unit/a_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(struct world *w)
{
	struct check_effort effort;

	assert_non_null(w->f);
	check_accounts(&w->r, NULL, w->f, &effort);
	assert_int_equal(effort.accounts, WORLD_ACCOUNTS);
	check_databases(&w->d[0], &w->d[1], w->f);
	check_journal(&w->d[0], WORLD_AFTER, w->f);
	assert_int_equal(check_operations(&w->r, &w->d[0], w->executed, w->posted, w->f), 0);
	balance_check_final(&w->r, w->executed, w->posted, w->f);
	balance_check_reads(&w->r, w->executed, w->f);
	check_pages(&w->r, &w->d[0], w->f);
	check_looks(&w->r, w->f);
	check_sessions(&w->r, w->f);
	record_check_order(&w->r, w->f);
	check_accounts(&w->r, w->executed, w->f, &effort);
}

static void test_honest(void **state)
{
	static struct world w;
	size_t unknown = 0, refused = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		world_make(&w, seed);
		check(&w);
		for (int class = 0; class < FINDING_CLASSES; class ++)
			if (findings_count(w.f, (enum finding_class) class))
				fail_msg("seed %llu: %s", (unsigned long long)seed, findings_word[class]);
		for (size_t i = 0; i < WORLD_OPS; i++) {
			unknown += !w.op[i].status;
			refused += w.op[i].status == 402;
		}
		findings_free(w.f);
	}
	assert_true(unknown > 100 && refused > 100);
}

/* One that was acknowledged and moved money. */
static struct record_op *some_payment(struct world *w)
{
	size_t i = WORLD_OPS / 2 + world_dice(w, WORLD_OPS / 4);

	while (w->op[i].status != 201)
		i++;
	return &w->op[i];
}

static struct dump_row *row_at(struct world *w, int side, uint64_t seq)
{
	return &w->row[side][seq - WORLD_AFTER - 1];
}

static void without_row(struct world *w, int side, size_t i)
{
	memmove(&w->row[side][i], &w->row[side][i + 1], (w->d[side].rows - i - 1) * sizeof(w->row[0][0]));
	w->d[side].rows--;
}

/* The journal has it as something else, on both sides: as after a fail-over that dropped it. */
static void lose(struct world *w)
{
	const struct record_op *op = some_payment(w);

	for (int side = 0; side < 2; side++)
		*row_at(w, side, op->ledger_seq)->reference = '\0';
}

static void execute_twice(struct world *w)
{
	const struct record_op *op = some_payment(w);

	for (int side = 0; side < 2; side++) {
		struct dump_row *row = &w->row[side][w->d[side].rows++ - 1];

		row[1] = row[0];
		row[0] = *row_at(w, side, op->ledger_seq);
		row[0].seq = w->seq;
		row[1].seq = w->seq + 1;
		w->d[side].next_seq = w->seq + 2;
	}
}

static void execute_refused(struct world *w)
{
	size_t i = 0;

	while (w->op[i].status != 402)
		i++;
	for (int side = 0; side < 2; side++) {
		struct dump_row *row = row_at(w, side, w->op[i].ledger_seq);

		row->moves = true;
		row->debit = w->balance[0][0].id;
		row->credit = w->balance[0][1].id;
		row->amount = 5;
		(void)snprintf(row->reference, sizeof(row->reference), "%s", w->op[i].key);
	}
}

static void pay_unasked(struct world *w)
{
	const struct record_op *op = some_payment(w);

	for (int side = 0; side < 2; side++)
		(void)snprintf(row_at(w, side, op->ledger_seq)->reference, DUMP_REFERENCE_BYTES, "stranger");
}

static struct record_read *late_read(struct world *w)
{
	return &w->read[w->r.reads - 1];
}

/* What an old read showed, again. */
static void read_old(struct world *w)
{
	struct record_read *late = late_read(w);
	size_t i = 0;

	while (w->read[i].posted == late->posted)
		i++;
	late->account = w->read[i].account;
	late->posted = w->read[i].posted;
	late->ledger_seq = w->read[i].ledger_seq;
}

static void read_wrong(struct world *w)
{
	late_read(w)->posted++;
}

/* Read by a copy that claims to be new. No position gives it away, the search has to. */
static void read_without_positions(struct world *w)
{
	read_old(w);
	for (size_t i = 0; i < w->r.reads; i++)
		w->read[i].ledger_seq = 0;
	w->r.pages = w->r.looks = 0;
}

static void reorder(struct world *w)
{
	struct record_op *early = &w->op[20], *late = some_payment(w);

	early->sent_us = late->got_us + 10;
	early->got_us = late->got_us + 20;
}

static void turn_page_back(struct world *w)
{
	struct record_page *p = &w->page[w->r.pages - 1];

	while (p->entries < 2)
		p--;
	memmove(p->entry, p->entry + 1, --p->entries * sizeof(p->entry[0]));
}

static void forget_key(struct world *w)
{
	struct record_look *look = &w->look[w->r.looks - 1];

	look->op = 3;
	while (!w->op[look->op].status)
		look->op++;
	look->completed = false;
}

static void leave_gap(struct world *w)
{
	size_t i = 0;

	while (w->row[0][i].moves)
		i++;
	w->op[i].ledger_seq = 0; /* it was a refusal, and nobody knows its place */
	for (int side = 0; side < 2; side++)
		without_row(w, side, i);
}

static void leave_event_gap(struct world *w)
{
	for (int side = 0; side < 2; side++) {
		for (size_t i = w->d[side].rows / 2; i < w->d[side].rows; i++)
			w->row[side][i].event_seq += w->row[side][i].moves;
		w->d[side].next_event++;
	}
}

static void cut_tail(struct world *w)
{
	for (int side = 0; side < 2; side++)
		w->d[side].next_seq++;
}

static void make_money(struct world *w)
{
	for (int side = 0; side < 2; side++)
		w->balance[side][2].posted += 9;
}

static void name_other_balance(struct world *w)
{
	const struct record_op *op = some_payment(w);

	for (int side = 0; side < 2; side++)
		row_at(w, side, op->ledger_seq)->credit_after++;
}

static void differ_in_row(struct world *w)
{
	row_at(w, 1, some_payment(w)->ledger_seq)->amount++;
}

static void differ_in_tail(struct world *w)
{
	w->d[1].rows--;
}

static void differ_in_account(struct world *w)
{
	w->balance[1][1].last_seq++;
}

static void differ_in_sum(struct world *w)
{
	w->d[1].sum[0].sum++;
}

static void pay_another_amount(struct world *w)
{
	some_payment(w)->amount++;
}

static void answer_another_position(struct world *w)
{
	some_payment(w)->ledger_seq += 500;
}

static void test_planted(void **state)
{
	static const struct {
		const char *what;
		void (*plant)(struct world *w);
		enum finding_class class;
	} cases[] = {
	    {"lost", lose, FINDING_LOST},
	    {"executed twice", execute_twice, FINDING_DUPLICATE},
	    {"refused and present", execute_refused, FINDING_PRESENT},
	    {"never asked for", pay_unasked, FINDING_PRESENT},
	    {"stale read, by its position", read_old, FINDING_STALE},
	    {"stale read, by the search", read_old, FINDING_ORDER},
	    {"stale read, without any position", read_without_positions, FINDING_ORDER},
	    {"wrong read, by the journal", read_wrong, FINDING_STALE},
	    {"wrong read, by the search", read_wrong, FINDING_ORDER},
	    {"reordered", reorder, FINDING_REORDERED},
	    {"stale entries", turn_page_back, FINDING_STALE},
	    {"answered, and absent later", forget_key, FINDING_STALE},
	    {"gap", leave_gap, FINDING_GAP},
	    {"gap of the events", leave_event_gap, FINDING_GAP},
	    {"the end is missing", cut_tail, FINDING_GAP},
	    {"a balance is off", make_money, FINDING_BALANCE},
	    {"an entry's balance is off", name_other_balance, FINDING_BALANCE},
	    {"databases differ in a row", differ_in_row, FINDING_DIFFERENT},
	    {"databases differ in their length", differ_in_tail, FINDING_DIFFERENT},
	    {"databases differ in an account", differ_in_account, FINDING_DIFFERENT},
	    {"databases differ in a table", differ_in_sum, FINDING_DIFFERENT},
	    {"another amount", pay_another_amount, FINDING_OTHER},
	    {"another position", answer_another_position, FINDING_OTHER},
	};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint64_t seed = 1; seed <= 20; seed++) {
			world_make(&w, seed);
			cases[i].plant(&w);
			check(&w);
			if (!findings_count(w.f, cases[i].class))
				fail_msg("%s: not found, seed %llu", cases[i].what, (unsigned long long)seed);
			findings_free(w.f);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_honest),
	    cmocka_unit_test(test_planted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
