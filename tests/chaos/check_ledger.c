#include "tests/chaos/check_ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The record's account with that id. */
struct place {
	struct ulid id;
	size_t account;
};

struct ledger {
	struct record *r;
	const struct dump *d;
	struct findings *f;
	struct place *place;		   /* owned, by id */
	const struct dump_row **reference; /* owned, the rows that have one, by it */
	size_t references;
	bool *claimed; /* owned, per row: an operation of the history is this one */
};

static int by_id(const void *left, const void *right)
{
	const struct place *l = left, *r = right;

	return memcmp(&l->id, &r->id, sizeof(l->id));
}

static int by_reference(const void *left, const void *right)
{
	const struct dump_row *l = *(const struct dump_row *const *)left, *r = *(const struct dump_row *const *)right;
	int order = strcmp(l->reference, r->reference);

	return order ? order : (l->seq > r->seq) - (l->seq < r->seq);
}

static size_t account_of(const struct ledger *l, const struct ulid *id)
{
	struct place wanted = {.id = *id};
	const struct place *found =
	    l->r->accounts ? bsearch(&wanted, l->place, l->r->accounts, sizeof(*l->place), by_id) : NULL;

	return found ? found->account : NO_ACCOUNT;
}

static bool open_ledger(struct ledger *l)
{
	l->place = calloc(l->r->accounts + 1, sizeof(*l->place));
	l->reference = calloc(l->d->rows + 1, sizeof(*l->reference));
	l->claimed = calloc(l->d->rows + 1, sizeof(*l->claimed));
	if (!l->place || !l->reference || !l->claimed)
		return false;
	for (size_t a = 0; a < l->r->accounts; a++) {
		const char *id = l->r->account[a].id;

		if (!id_parse(id, strlen(id), "acc_", &l->place[a].id))
			findings_add(l->f, FINDING_OTHER, "account %s: that is no identifier", id);
		l->place[a].account = a;
	}
	qsort(l->place, l->r->accounts, sizeof(*l->place), by_id);
	for (size_t i = 0; i < l->d->rows; i++)
		if (*l->d->row[i].reference)
			l->reference[l->references++] = &l->d->row[i];
	qsort(l->reference, l->references, sizeof(*l->reference), by_reference);
	return true;
}

static void close_ledger(struct ledger *l)
{
	free(l->place);
	free(l->reference);
	free(l->claimed);
}

/* The first row with that reference, and how many there are. */
static const struct dump_row *rows_of(const struct ledger *l, const char *reference, size_t *count)
{
	size_t low = 0, high = l->references;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(l->reference[middle]->reference, reference) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	for (size_t i = low; i < l->references && strcmp(l->reference[i]->reference, reference) == 0; i++) {
		l->claimed[l->reference[i] - l->d->row] = true;
		++*count;
	}
	return *count ? l->reference[low] : NULL;
}

static void compare_payment(const struct ledger *l, const struct record_op *op, const struct dump_row *row)
{
	const char *prefix = op->kind == PAYER_TOPUP ? "top_" : "tr_";
	struct ulid id;

	if (!row->moves || row->amount != (int64_t)op->amount || account_of(l, &row->credit) != op->to ||
	    account_of(l, &row->debit) != op->from)
		findings_add(l->f, FINDING_OTHER, "key %s: position %llu is not what was paid", op->key,
		    (unsigned long long)row->seq);
	if (!record_acknowledged(op))
		return;
	if (row->seq != op->ledger_seq)
		findings_add(l->f, FINDING_OTHER, "key %s: was answered as %llu, the journal has it as %llu", op->key,
		    (unsigned long long)op->ledger_seq, (unsigned long long)row->seq);
	if (!id_parse(op->id, strlen(op->id), prefix, &id) || !row->has_id || !ulid_equal(&id, &row->id))
		findings_add(l->f, FINDING_OTHER, "key %s: position %llu is not %s", op->key,
		    (unsigned long long)row->seq, op->id);
}

static void check_payment(const struct ledger *l, struct record_op *op, bool *executed)
{
	size_t count;
	const struct dump_row *row = rows_of(l, op->key, &count);

	*executed = row || record_acknowledged(op);
	if (record_acknowledged(op) && !row)
		findings_add(l->f, FINDING_LOST, "key %s: was acknowledged as %llu, and is not in the journal", op->key,
		    (unsigned long long)op->ledger_seq);
	if (count > 1)
		findings_add(l->f, FINDING_DUPLICATE, "key %s: is %zu times in the journal", op->key, count);
	if (row && op->status && !record_acknowledged(op))
		findings_add(l->f, FINDING_PRESENT, "key %s: was refused with %ld, and is in the journal as %llu",
		    op->key, op->status, (unsigned long long)row->seq);
	if (row)
		compare_payment(l, op, row);
	if (row && !op->status)
		op->ledger_seq = row->seq;
}

/* A refusal for good has a position too, at which nothing moves. */
static void check_refusal(const struct ledger *l, const struct record_op *op)
{
	const struct dump_row *row = dump_row_at(l->d, op->ledger_seq);

	if (!row)
		findings_add(l->f, FINDING_LOST, "key %s: was refused as %llu, and is not in the journal", op->key,
		    (unsigned long long)op->ledger_seq);
	else if (row->moves || row->status != (unsigned)op->status)
		findings_add(l->f, FINDING_OTHER, "key %s: was refused as %llu, and that is something else", op->key,
		    (unsigned long long)op->ledger_seq);
}

/* Money of ours moves by nothing that we did not ask for. */
static void check_strangers(const struct ledger *l)
{
	for (size_t i = 0; i < l->d->rows; i++) {
		const struct dump_row *row = &l->d->row[i];

		if (row->moves && !l->claimed[i] &&
		    (account_of(l, &row->debit) != NO_ACCOUNT || account_of(l, &row->credit) != NO_ACCOUNT))
			findings_add(l->f, FINDING_PRESENT, "position %llu, '%s': nobody has asked for it",
			    (unsigned long long)row->seq, row->reference);
	}
}

static void take_accounts(const struct ledger *l, int64_t *posted)
{
	for (size_t i = 0; i < l->r->accounts; i++) {
		const struct dump_account *a = dump_account_of(l->d, &l->place[i].id);

		if (!a) {
			findings_add(l->f, FINDING_LOST, "account %s is not in the database",
			    l->r->account[l->place[i].account].id);
			continue;
		}
		posted[l->place[i].account] = a->posted;
		if (a->pending_in || a->pending_out)
			findings_add(l->f, FINDING_BALANCE, "account %s: something is held back",
			    l->r->account[l->place[i].account].id);
	}
}

int check_operations(struct record *r, const struct dump *d, bool *executed, int64_t *posted, struct findings *f)
{
	struct ledger l = {.r = r, .d = d, .f = f};

	if (!open_ledger(&l)) {
		close_ledger(&l);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->ops; i++) {
		struct record_op *op = &r->op[i];

		executed[i] = record_acknowledged(op);
		if (record_is_payment(op))
			check_payment(&l, op, &executed[i]);
		if (op->status && !record_acknowledged(op) && op->ledger_seq)
			check_refusal(&l, op);
	}
	check_strangers(&l);
	take_accounts(&l, posted);
	close_ledger(&l);
	return 0;
}

/* Is e what the row did to the account? */
static bool is_entry(const struct dump_row *row, const struct ulid *account, const struct record_entry *e)
{
	bool out = ulid_equal(&row->debit, account);

	return row->seq == e->ledger_seq && (out ? -row->amount : row->amount) == e->amount &&
	       (out ? row->debit_after : row->credit_after) == e->balance_after;
}

static bool is_right(const struct record_page *p, const struct dump *d, const struct ulid *account)
{
	size_t n = 0;

	for (size_t i = d->rows; i-- > 0;) {
		const struct dump_row *row = &d->row[i];

		if (row->seq > p->ledger_seq || !row->moves ||
		    (!ulid_equal(&row->debit, account) && !ulid_equal(&row->credit, account)))
			continue;
		if (n == p->limit)
			return true;
		if (n == p->entries || !is_entry(row, account, &p->entry[n]))
			return false;
		n++;
	}
	return n == p->entries;
}

void check_pages(const struct record *r, const struct dump *d, struct findings *f)
{
	for (size_t i = 0; i < r->pages; i++) {
		const struct record_page *p = &r->page[i];
		const char *id = r->account[p->account].id;
		struct ulid account;

		if (id_parse(id, strlen(id), "acc_", &account) && !is_right(p, d, &account))
			findings_add(f, FINDING_STALE,
			    "account %s: its entries as of %llu are not those of the journal", id,
			    (unsigned long long)p->ledger_seq);
	}
}

void check_looks(const struct record *r, struct findings *f)
{
	for (size_t i = 0; i < r->looks; i++) {
		const struct record_look *look = &r->look[i];
		const struct record_op *op = &r->op[look->op];

		if (!look->completed && op->got_us && op->ledger_seq && op->got_us < look->sent_us)
			findings_add(f, FINDING_STALE, "key %s: was answered, and is absent afterwards", op->key);
		else if (look->ledger_seq && op->ledger_seq && look->completed != (op->ledger_seq <= look->ledger_seq))
			findings_add(f, look->completed ? FINDING_OTHER : FINDING_STALE,
			    "key %s: is %s as of %llu, its position is %llu", op->key,
			    look->completed ? "completed" : "absent", (unsigned long long)look->ledger_seq,
			    (unsigned long long)op->ledger_seq);
	}
}

/* What one client was shown, in the order in which it asked: it asks one thing after the other. */
struct shown {
	uint64_t sent_us, ledger_seq;
	unsigned client;
};

static int by_client(const void *left, const void *right)
{
	const struct shown *l = left, *r = right;

	if (l->client != r->client)
		return l->client < r->client ? -1 : 1;
	return l->sent_us < r->sent_us ? -1 : l->sent_us > r->sent_us;
}

void check_sessions(const struct record *r, struct findings *f)
{
	struct shown *at = calloc(r->reads + r->pages + r->looks + 1, sizeof(*at));
	size_t n = 0;

	if (!at) {
		findings_add(f, FINDING_OTHER, "no memory to check what each client was shown");
		return;
	}
	for (size_t i = 0; i < r->reads; i++)
		at[n++] = (struct shown){r->read[i].sent_us, r->read[i].ledger_seq, r->read[i].client};
	for (size_t i = 0; i < r->pages; i++)
		at[n++] = (struct shown){r->page[i].sent_us, r->page[i].ledger_seq, r->page[i].client};
	for (size_t i = 0; i < r->looks; i++)
		if (r->look[i].ledger_seq)
			at[n++] = (struct shown){r->look[i].sent_us, r->look[i].ledger_seq, r->look[i].client};
	qsort(at, n, sizeof(*at), by_client);
	for (size_t i = 1; i < n; i++)
		if (at[i].client == at[i - 1].client && at[i].ledger_seq < at[i - 1].ledger_seq)
			findings_add(f, FINDING_STALE, "client %u was shown %llu, and then %llu", at[i].client,
			    (unsigned long long)at[i - 1].ledger_seq, (unsigned long long)at[i].ledger_seq);
	free(at);
}
