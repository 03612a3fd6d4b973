#include "tests/chaos/payer_balance.h"

#include <stdlib.h>

/* What one operation did to one account. */
struct effect {
	size_t account;
	uint64_t ledger_seq;
	int64_t amount; /* later: the balance after it */
};

static void add(const struct record_op *op, int64_t *balance)
{
	if (op->from != NO_ACCOUNT)
		balance[op->from] -= (int64_t)op->amount;
	if (op->to != NO_ACCOUNT)
		balance[op->to] += (int64_t)op->amount;
}

/* Are both sides of op off by `times` its amount? */
static bool explains(const struct record_op *op, const int64_t *off, int64_t times)
{
	int64_t amount = times * (int64_t)op->amount;

	return amount && (op->from == NO_ACCOUNT || off[op->from] == -amount) &&
	       (op->to == NO_ACCOUNT || off[op->to] == amount);
}

static void explain(const struct record *r, const bool *executed, int64_t *off, struct findings *f)
{
	for (size_t i = 0; i < r->ops; i++) {
		const struct record_op *op = &r->op[i];
		bool twice = executed[i] && explains(op, off, 1), never = executed[i] && explains(op, off, -1);

		if (!twice && !never)
			continue;
		findings_add(f, twice ? FINDING_DUPLICATE : FINDING_LOST, "key %s: its %llu was moved %s", op->key,
		    (unsigned long long)op->amount, twice ? "twice" : "not at all");
		for (size_t side = 0; side < 2; side++)
			if ((side ? op->from : op->to) != NO_ACCOUNT)
				off[side ? op->from : op->to] = 0;
	}
}

void balance_check_final(const struct record *r, const bool *executed, const int64_t *posted, struct findings *f)
{
	int64_t *off = calloc(r->accounts + 1, sizeof(*off));

	if (!off) {
		findings_add(f, FINDING_OTHER, "no memory to check the balances");
		return;
	}
	for (size_t i = 0; i < r->ops; i++)
		if (executed[i])
			add(&r->op[i], off);
	for (size_t a = 0; a < r->accounts; a++) {
		int64_t should = off[a];

		off[a] = posted[a] - should;
		if (off[a])
			findings_add(f, FINDING_BALANCE, "account %s: posted is %lld, the history says %lld",
			    r->account[a].id, (long long)posted[a], (long long)should);
	}
	explain(r, executed, off, f);
	free(off);
}

static int by_account_and_seq(const void *left, const void *right)
{
	const struct effect *l = left, *r = right;

	if (l->account != r->account)
		return l->account < r->account ? -1 : 1;
	return l->ledger_seq < r->ledger_seq ? -1 : l->ledger_seq > r->ledger_seq;
}

/* Marks the accounts that an operation of unknown position has touched; collects the others' effects,
 * balances summed up. */
static size_t collect(const struct record *r, const bool *executed, struct effect *at, bool *unclear)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ops; i++) {
		const struct record_op *op = &r->op[i];

		for (size_t side = 0; executed[i] && side < 2; side++) {
			size_t account = side ? op->to : op->from;

			if (account == NO_ACCOUNT)
				continue;
			if (!op->ledger_seq)
				unclear[account] = true;
			at[n++] =
			    (struct effect){account, op->ledger_seq, side ? (int64_t)op->amount : -(int64_t)op->amount};
		}
	}
	qsort(at, n, sizeof(*at), by_account_and_seq);
	for (size_t i = 1; i < n; i++)
		if (at[i].account == at[i - 1].account)
			at[i].amount += at[i - 1].amount;
	return n;
}

/* The balance after the last effect on the account that is not later than ledger_seq. */
static int64_t balance_at(const struct effect *at, size_t n, size_t account, uint64_t ledger_seq)
{
	size_t low = 0, high = n; /* at[low - 1] is not later, at[high] is */

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct effect wanted = {.account = account, .ledger_seq = ledger_seq};

		if (by_account_and_seq(&at[middle], &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && at[low - 1].account == account ? at[low - 1].amount : 0;
}

void balance_check_reads(const struct record *r, const bool *executed, struct findings *f)
{
	struct effect *at = calloc(2 * r->ops + 1, sizeof(*at));
	bool *unclear = calloc(r->accounts + 1, sizeof(*unclear));
	size_t n = at && unclear ? collect(r, executed, at, unclear) : 0;

	if (!at || !unclear)
		findings_add(f, FINDING_OTHER, "no memory to check what was read");
	for (size_t i = 0; n && i < r->reads; i++) {
		const struct record_read *read = &r->read[i];
		int64_t should = balance_at(at, n, read->account, read->ledger_seq);

		if (!unclear[read->account] && read->posted != should)
			findings_add(f, FINDING_STALE, "account %s: read %lld as of %llu, the history says %lld",
			    r->account[read->account].id, (long long)read->posted, (unsigned long long)read->ledger_seq,
			    (long long)should);
	}
	free(at);
	free(unclear);
}
