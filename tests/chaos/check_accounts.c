#include "tests/chaos/check_accounts.h"
#include "tests/chaos/check_search.h"

#include <stdlib.h>

#define STATES_MAX 4000000

/* When an operation can have taken effect, by its own answers and by those to whoever asked for its key. */
struct interval {
	uint64_t call_us, return_us;
};

struct orders {
	const struct record *r;
	const bool *executed;  /* NULL: not known */
	struct interval *when; /* owned, per operation */
	struct search_op *op;  /* owned */
	const char **name;     /* owned: what each of them is */
	size_t ops;
};

static void find_intervals(const struct record *r, struct interval *when)
{
	for (size_t i = 0; i < r->ops; i++)
		when[i] = (struct interval){r->op[i].sent_us, r->op[i].status ? r->op[i].got_us : SEARCH_NEVER};
	for (size_t i = 0; i < r->looks; i++) {
		const struct record_look *look = &r->look[i];
		struct interval *w = &when[look->op];

		if (look->completed && look->got_us < w->return_us)
			w->return_us = look->got_us;
		if (!look->completed && look->sent_us > w->call_us)
			w->call_us = look->sent_us;
	}
}

static void put(struct orders *o, struct search_op op, const char *name)
{
	o->name[o->ops] = name;
	o->op[o->ops++] = op;
}

static void put_payment(struct orders *o, size_t i, size_t account)
{
	const struct record_op *op = &o->r->op[i];
	bool out = op->from == account;
	struct search_op s = {.call_us = o->when[i].call_us,
	    .return_us = o->when[i].return_us,
	    .amount = out ? -(int64_t)op->amount : (int64_t)op->amount};

	if (!op->sent_us || (op->from != account && op->to != account))
		return;
	if (op->status && !record_acknowledged(op)) {
		if (op->status != 402 || !out)
			return;
		s.kind = SEARCH_REFUSED;
		s.amount = (int64_t)op->amount;
	} else if (!op->status && o->executed && !o->executed[i]) {
		return;
	} else if (!op->status && !o->executed) {
		s.optional = true; /* also one whose key was seen completed: that may have been a refusal */
		s.return_us = SEARCH_NEVER;
	}
	put(o, s, op->key);
}

static void put_reads(struct orders *o, size_t account)
{
	const struct record *r = o->r;

	for (size_t i = 0; i < r->reads; i++)
		if (r->read[i].account == account)
			put(o,
			    (struct search_op){.call_us = r->read[i].sent_us,
				.return_us = r->read[i].got_us,
				.amount = r->read[i].posted,
				.kind = SEARCH_READ},
			    "a read of the balance");
	for (size_t i = 0; i < r->pages; i++)
		if (r->page[i].account == account)
			put(o,
			    (struct search_op){.call_us = r->page[i].sent_us,
				.return_us = r->page[i].got_us,
				.amount = r->page[i].entries ? r->page[i].entry[0].balance_after : 0,
				.kind = SEARCH_READ},
			    "a read of the entries");
}

static void search_account(struct orders *o, size_t account, struct findings *f, struct check_effort *ret)
{
	const char *id = o->r->account[account].id;
	size_t stuck = 0;

	o->ops = 0;
	for (size_t i = 0; i < o->r->ops; i++)
		if (record_is_payment(&o->r->op[i]))
			put_payment(o, i, account);
	put_reads(o, account);
	ret->accounts++;
	ret->operations += o->ops;
	if (o->ops > ret->largest)
		ret->largest = o->ops;
	switch (search_run(o->op, o->ops, STATES_MAX, &stuck)) {
	case SEARCH_FOUND: break;
	case SEARCH_IMPOSSIBLE:
		findings_add(f, FINDING_ORDER,
		    "account %s: no order of its %zu operations explains all answers; stuck at %s, ended at %llu us",
		    id, o->ops, o->name[stuck], (unsigned long long)o->op[stuck].return_us);
		break;
	case SEARCH_UNDECIDED:
		findings_add(f, FINDING_ORDER, "account %s: %zu operations, not found out after %d states", id, o->ops,
		    STATES_MAX);
		break;
	case SEARCH_NO_MEMORY: findings_add(f, FINDING_OTHER, "no memory to search account %s", id); break;
	}
}

void check_accounts(const struct record *r, const bool *executed, struct findings *f, struct check_effort *ret)
{
	size_t room = r->ops + r->reads + r->pages + 1;
	struct orders o = {.r = r, .executed = executed};

	*ret = (struct check_effort){0};
	o.when = calloc(r->ops + 1, sizeof(*o.when));
	o.op = calloc(room, sizeof(*o.op));
	o.name = calloc(room, sizeof(*o.name));
	if (o.when && o.op && o.name) {
		find_intervals(r, o.when);
		for (size_t a = 0; a < r->accounts; a++)
			search_account(&o, a, f, ret);
	} else {
		findings_add(f, FINDING_OTHER, "no memory to search for an order");
	}
	free(o.when);
	free(o.op);
	free(o.name);
}
