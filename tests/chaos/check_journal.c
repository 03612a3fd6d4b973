/* What a database proves of itself, and two of each other. */
#include "tests/chaos/check_ledger.h"

#include <stdlib.h>
#include <string.h>

static bool same_row(const struct dump_row *a, const struct dump_row *b)
{
	return a->seq == b->seq && a->event_seq == b->event_seq && a->has_id == b->has_id && a->moves == b->moves &&
	       a->kind == b->kind && a->status == b->status && a->amount == b->amount &&
	       a->debit_after == b->debit_after && a->credit_after == b->credit_after && ulid_equal(&a->id, &b->id) &&
	       ulid_equal(&a->debit, &b->debit) && ulid_equal(&a->credit, &b->credit) &&
	       strcmp(a->currency, b->currency) == 0 && strcmp(a->reference, b->reference) == 0;
}

static bool same_account(const struct dump_account *a, const struct dump_account *b)
{
	return a->kind == b->kind && a->posted == b->posted && a->pending_in == b->pending_in &&
	       a->pending_out == b->pending_out && a->last_seq == b->last_seq && strcmp(a->currency, b->currency) == 0;
}

static void compare_sums(const struct dump *a, const struct dump *b, struct findings *f)
{
	if (a->sums != b->sums)
		findings_add(f, FINDING_DIFFERENT, "%zu tables here, %zu there", a->sums, b->sums);
	for (size_t i = 0; i < a->sums && i < b->sums; i++)
		if (strcmp(a->sum[i].table, b->sum[i].table) != 0 || a->sum[i].sum != b->sum[i].sum)
			findings_add(f, FINDING_DIFFERENT, "table %s: its sum is %llu here, %llu there",
			    a->sum[i].table, (unsigned long long)a->sum[i].sum, (unsigned long long)b->sum[i].sum);
}

static void find_rows(const struct dump *a, const struct dump *b, struct findings *f)
{
	for (size_t i = 0; i < a->rows; i++) {
		const struct dump_row *there = dump_row_at(b, a->row[i].seq);

		if (!there || !same_row(&a->row[i], there))
			findings_add(f, FINDING_DIFFERENT, "position %llu is %s in the other database",
			    (unsigned long long)a->row[i].seq, there ? "something else" : "not");
	}
}

static void find_accounts(const struct dump *a, const struct dump *b, struct findings *f)
{
	char id[ID_TEXT_BYTES];

	for (size_t i = 0; i < a->accounts; i++) {
		const struct dump_account *there = dump_account_of(b, &a->account[i].id);

		if (!there || !same_account(&a->account[i], there))
			findings_add(f, FINDING_DIFFERENT, "account %s is %s in the other database",
			    id_format("acc_", &a->account[i].id, id), there ? "something else" : "not");
	}
}

void check_databases(const struct dump *a, const struct dump *b, struct findings *f)
{
	if (a->next_seq != b->next_seq || a->next_event != b->next_event)
		findings_add(f, FINDING_DIFFERENT, "the next position is %llu here, %llu there",
		    (unsigned long long)a->next_seq, (unsigned long long)b->next_seq);
	compare_sums(a, b, f);
	find_rows(a, b, f);
	if (a->rows != b->rows)
		find_rows(b, a, f);
	find_accounts(a, b, f);
	if (a->accounts != b->accounts)
		find_accounts(b, a, f);
}

static void check_positions(const struct dump *d, uint64_t after_seq, struct findings *f)
{
	uint64_t seq = after_seq, event = 0;

	for (size_t i = 0; i < d->rows; i++) {
		const struct dump_row *row = &d->row[i];

		if (row->seq != seq + 1)
			findings_add(f, FINDING_GAP, "the journal goes from %llu to %llu", (unsigned long long)seq,
			    (unsigned long long)row->seq);
		if (row->event_seq && event && row->event_seq != event + 1)
			findings_add(f, FINDING_GAP, "the events go from %llu to %llu", (unsigned long long)event,
			    (unsigned long long)row->event_seq);
		seq = row->seq;
		event = row->event_seq ? row->event_seq : event;
	}
	if (seq + 1 != d->next_seq)
		findings_add(f, FINDING_GAP, "the journal ends with %llu, the next one is %llu",
		    (unsigned long long)seq, (unsigned long long)d->next_seq);
	if (event && event + 1 != d->next_event)
		findings_add(f, FINDING_GAP, "the events end with %llu, the next one is %llu",
		    (unsigned long long)event, (unsigned long long)d->next_event);
}

/* Backwards from what the account shows: what an entry names must be what the later ones leave. */
static void check_side(const struct dump *d, const struct dump_row *row, bool out, int64_t *posted, struct findings *f)
{
	const struct dump_account *a = dump_account_of(d, out ? &row->debit : &row->credit);
	int64_t named = out ? row->debit_after : row->credit_after;

	if (!a) {
		findings_add(
		    f, FINDING_LOST, "position %llu names an account that is not there", (unsigned long long)row->seq);
		return;
	}
	if (posted[a - d->account] != named)
		findings_add(f, FINDING_BALANCE,
		    "position %llu: the balance of its %s is %lld afterwards, the others leave %lld",
		    (unsigned long long)row->seq, out ? "debit" : "credit", (long long)named,
		    (long long)posted[a - d->account]);
	posted[a - d->account] = named + (out ? row->amount : -row->amount);
}

static void check_conservation(const struct dump *d, struct findings *f)
{
	for (size_t i = 0; i < d->accounts; i++) {
		int64_t sum = 0;
		size_t first = 0;

		while (strcmp(d->account[first].currency, d->account[i].currency) != 0)
			first++;
		for (size_t k = first; first == i && k < d->accounts; k++)
			if (strcmp(d->account[k].currency, d->account[i].currency) == 0)
				sum += d->account[k].posted;
		if (sum)
			findings_add(f, FINDING_BALANCE, "all accounts of %s have %lld together, want 0",
			    d->account[i].currency, (long long)sum);
	}
}

void check_journal(const struct dump *d, uint64_t after_seq, struct findings *f)
{
	int64_t *posted = calloc(d->accounts + 1, sizeof(*posted));

	if (!posted) {
		findings_add(f, FINDING_OTHER, "no memory to check the journal");
		return;
	}
	for (size_t i = 0; i < d->accounts; i++)
		posted[i] = d->account[i].posted;
	check_positions(d, after_seq, f);
	for (size_t i = d->rows; i-- > 0;)
		for (int side = 0; side < 2 && d->row[i].moves; side++)
			check_side(d, &d->row[i], side == 0, posted, f);
	check_conservation(d, f);
	free(posted);
}
