/*
 * Batches of transfers. Each item is a transfer with a row and a key of its own; the batch has a row for its key, last. The batch's
 * answer is not stored again: what repeats it are the rows of the items, and, in the body of the batch's row, the answers of the items
 * that have none (a 404 is not stored under the item's key, but this answer has said it).
 */
#include "gateway/batch_parts.h"

#include "gateway/guard.h"
#include "gateway/items.h"
#include "gateway/lookup.h"
#include "gateway/query.h"
#include "gateway/sweep.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* An account as it was before an item. */
struct before {
	struct account *account;
	struct account was;
};

/* Where to go back to when an item fails that takes the others with it. */
struct mark {
	struct head next;
	size_t journal_bytes, row_count, before_count;
	struct before before[2 * ITEMS_MAX];
};

static struct ledger_input input(struct batch_tools *t, const struct plan *p, const struct op_message *m)
{
	struct ledger_input in = {
	    .message = m,
	    .next_seq = p->next.next_seq,
	    .next_event = p->next.next_event,
	    .now_us = p->next.last_us,
	    .scratch = &t->merged,
	};

	randombytes_buf(in.random, sizeof(in.random));
	return in;
}

static void put_result(struct text *t, size_t index, unsigned status, const char *body, size_t body_bytes)
{
	text_puts(t, index ? ",{\"index\":" : "{\"object\":\"batch\",\"results\":[{\"index\":");
	text_put_u64(t, index);
	text_puts(t, ",\"status\":");
	text_put_u64(t, status);
	text_puts(t, status < 300 ? ",\"transfer\":" : ",\"error\":");
	text_put(t, body, body_bytes);
	text_puts(t, "}");
}

/* In the body of the batch's row: index, status, length, then the problem. */
struct unstored {
	uint32_t index, status, bytes;
};

static void put_unstored(struct text *t, size_t index, unsigned status, const struct text *body)
{
	struct unstored u = {.index = (uint32_t)index, .status = status, .bytes = (uint32_t)body->used};

	text_put(t, (const char *)&u, sizeof(u));
	text_put(t, body->at, body->used);
}

/* The results as they were told the first time. False: a row is missing. */
static bool repeat(struct batch_tools *t, const struct ledger_input *in)
{
	const char *at = in->twin->body, *end = at + in->twin->body_bytes;
	struct items items = items_of(in->message);
	struct op_message m;

	text_clear(&t->results);
	for (size_t i = 0; items_next_op(&items, in->message, &m); i++) {
		const struct stored *s = image_stored(t->image, in->who->id, m.op.key_hash);
		struct unstored u;

		if (s) {
			put_result(&t->results, i, s->status, s->body, s->body_bytes);
			continue;
		}
		if ((size_t)(end - at) < sizeof(u))
			return false;
		memcpy(&u, at, sizeof(u));
		at += sizeof(u);
		if (u.index != i || u.bytes > (size_t)(end - at))
			return false;
		put_result(&t->results, i, u.status, at, u.bytes);
		at += u.bytes;
	}
	text_puts(&t->results, "]}");
	return true;
}

static void remember_account(struct mark *mark, struct account *a)
{
	if (a)
		mark->before[mark->before_count++] = (struct before){a, *a};
}

/* Everything is as it was: balances, rows and numbers. */
static void take_back(
    struct batch_tools *t, struct plan *p, const struct ledger_input *batch, struct mark *mark, size_t done)
{
	struct items items = items_of(batch->message);
	struct op_message m;

	while (mark->before_count--) {
		struct before *b = &mark->before[mark->before_count];
		uint64_t touched = b->account->touched;

		if (!LEDGER_OFF(L29_ATOMIC_IS_TAKEN_BACK))
			*b->account = b->was;
		b->account->touched = touched; /* it is in the list of those to be written: with what it had */
	}
	for (size_t i = 0; i < done && items_next_op(&items, batch->message, &m) && !LEDGER_OFF(L32_TAKEN_BACK_ROWS);
	     i++)
		image_drop_stored(t->image, batch->who->id, m.op.key_hash);
	t->journal.used = mark->journal_bytes;
	if (!LEDGER_OFF(L31_TAKEN_BACK_NUMBERS))
		p->next = mark->next;
	p->row_count = mark->row_count;
}

/* The problem of the item that failed, and which it was. */
static void put_failure(struct batch_tools *t, size_t index)
{
	text_clear(&t->results);
	text_put(&t->results, t->body.at, t->body.used - 1);
	text_puts(&t->results, ",\"failed_index\":");
	text_put_u64(&t->results, index);
	text_puts(&t->results, "}");
}

/* Decides the items. *failed: the decision of the first that failed in an atomic batch, or that would perhaps not, once the sweep is done;
 * all is as it was before then. Status 0: none. 0, or -ENOMEM. */
static int decide_items(struct batch_tools *t, struct plan *p, const struct ledger_input *batch, struct mark *mark,
    struct ledger_decision *failed)
{
	struct items items = items_of(batch->message);
	bool may_go_back = batch->message->op.atomic || sweep_is_behind(t);
	struct op_message m;

	*failed = (struct ledger_decision){0};
	text_clear(&t->results);
	text_clear(&t->unstored);
	for (size_t i = 0; items_next_op(&items, batch->message, &m); i++) {
		struct ledger_input in = input(t, p, &m);
		struct ledger_decision d;

		if (lookup_fill(t, &in))
			return -ENOMEM;
		if (may_go_back) {
			remember_account(mark, in.from);
			if (!LEDGER_OFF(L33_BOTH_ARE_TAKEN_BACK))
				remember_account(mark, in.to);
		}
		text_clear(&t->body);
		ledger_decide(&in, &t->body, &d);
		if ((batch->message->op.atomic && d.status >= 300 && !LEDGER_OFF(L30_ATOMIC_ENDS_AT_FIRST)) ||
		    sweep_would_help(t, d.stored, d.status)) {
			take_back(t, p, batch, mark, i);
			put_failure(t, i);
			*failed = d;
			return 0;
		}
		if (batch_take_effect(t, p, &in, &d, &t->body))
			return -ENOMEM;
		put_result(&t->results, i, d.status, t->body.at, t->body.used);
		if (!d.stored && !LEDGER_OFF(L34_UNSTORED_REPEATED))
			put_unstored(&t->unstored, i, d.status, &t->body);
	}
	text_puts(&t->results, "]}");
	return t->results.cut || t->unstored.cut ? -ENOMEM : 0;
}

int transferbatch_decide(struct batch_tools *t, struct plan *p, struct request *r, struct errbuf *e)
{
	static struct mark mark; /* of the one thread that works on the database */
	struct ledger_input in = input(t, p, &r->message);
	struct ledger_decision d, failed;

	if (lookup_fill(t, &in))
		return -ENOMEM;
	text_clear(&t->results);
	if (!ledger_is_new(&in, &t->results, &d)) {
		if (d.replayed && d.status == 200 && !repeat(t, &in))
			return err_set(e, -EBADMSG, "journal: a row of a batch of transfers is missing");
		return query_fill_text(r, &d, &t->results);
	}
	mark.next = p->next;
	mark.journal_bytes = t->journal.used;
	mark.row_count = p->row_count;
	mark.before_count = 0;
	if (decide_items(t, p, &in, &mark, &failed))
		return -ENOMEM;
	if (sweep_would_help(t, failed.stored, failed.status)) {
		request_settle(r, WIRE_NOT_EXECUTED);
		return 0;
	}
	in.next_seq = p->next.next_seq;
	d.status = failed.status ? failed.status : 200;
	d.stored = d.has_seq = LEDGER_GUARD(L35_BATCH_HAS_ITS_ROW, !failed.status || failed.stored);
	d.seq = in.next_seq;
	if (batch_take_effect(t, p, &in, &d, failed.status ? &t->results : &t->unstored))
		return -ENOMEM;
	return query_fill_text(r, &d, &t->results);
}
