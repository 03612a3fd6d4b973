#include "gateway/batch_parts.h"

#include "gateway/adminop.h"
#include "gateway/event.h"
#include "gateway/ledger.h"
#include "gateway/lookup.h"
#include "gateway/query.h"
#include "gateway/row.h"
#include "gateway/sweep.h"
#include "gateway/userop.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/wallclock.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SQL_BYTES (12 * 1024 * 1024)
#define SQL_BYTES_MARK (4 * 1024 * 1024) /* what begins before has room, a batch of transfers too */
#define BODY_BYTES (128 * 1024)
#define UNSTORED_BYTES (512 * 1024)

static int text_alloc(struct text *t, size_t bytes)
{
	char *buf = malloc(bytes);

	text_init(t, buf, bytes);
	return buf ? 0 : -ENOMEM;
}

static const struct {
	size_t offset, bytes;
} texts[] = {
    {offsetof(struct batch_tools, sql), SQL_BYTES},
    {offsetof(struct batch_tools, journal), SQL_BYTES},
    {offsetof(struct batch_tools, new_accounts), SQL_BYTES},
    {offsetof(struct batch_tools, balances), SQL_BYTES},
    {offsetof(struct batch_tools, metadata), SQL_BYTES},
    {offsetof(struct batch_tools, new_payments), SQL_BYTES},
    {offsetof(struct batch_tools, payments), SQL_BYTES},
    {offsetof(struct batch_tools, new_withdrawals), SQL_BYTES},
    {offsetof(struct batch_tools, withdrawals), SQL_BYTES},
    {offsetof(struct batch_tools, admin), BODY_BYTES},
    {offsetof(struct batch_tools, body), BODY_BYTES},
    {offsetof(struct batch_tools, results), WIRE_FRAME_BYTES_MAX},
    {offsetof(struct batch_tools, unstored), UNSTORED_BYTES},
    {offsetof(struct batch_tools, merged), 2 * OP_METADATA_BYTES_MAX},
};

static struct text *text_at(struct batch_tools *t, size_t i)
{
	return (struct text *)(void *)((char *)t + texts[i].offset);
}

int batch_tools_init(struct batch_tools *t)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (text_alloc(text_at(t, i), texts[i].bytes)) {
			batch_tools_free(t);
			return -ENOMEM;
		}
	return 0;
}

void batch_tools_free(struct batch_tools *t)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		free(text_at(t, i)->at);
		text_at(t, i)->at = NULL;
	}
}

static const char unreadable[] = "The ledger could not read what this needs.";

static int answer_read(struct batch_tools *t, struct request *r, struct errbuf *e)
{
	int code = userop_look_ahead(t, r, e);

	if (code == -EBADMSG)
		code = 0; /* one of those that were looked for: each by itself will tell which */
	return code ? code : query_answer(t, r, e);
}

int batch_read(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	int code = lookup_load(t, list, e);

	t->looks.count = 0; /* those of the list before: it may lie where this one does */
	for (struct request *r = list; r && !code; r = r->next) {
		const char *why = lookup_odd(t, &r->message);

		r->answer = (struct wire_answer){0}; /* of a former try */
		if (why)
			code = err_set(e, -EBADMSG, "%s", why);
		else if (!op_is_write(r->message.op.kind))
			code = answer_read(t, r, e);
		if (code == -EBADMSG && r->message.op.kind != OP_PAYMENT_EXPIRE) {
			query_refuse(t, r, unreadable, e->text);
			code = 0;
		}
	}
	return code;
}

uint64_t batch_now_us(const struct batch_tools *t)
{
	uint64_t now_us = wallclock_us();

	return now_us > t->head.last_us ? now_us : t->head.last_us + 1;
}

static int remember(
    struct batch_tools *t, const struct ledger_input *in, const struct ledger_decision *d, const struct text *body)
{
	const struct op_message *m = in->message;
	struct stored s = {
	    .seq = d->seq,
	    .principal = in->who->id,
	    .kind = m->op.kind,
	    .status = d->status,
	    .has_id = d->created || (d->status < 300 && !d->replay_of && !in->effect),
	    .id = d->created ? d->id : m->op.subject,
	    .credit = m->op.to,
	    .amount = m->op.amount,
	    .body = body->at,
	    .body_bytes = body->used,
	};

	memcpy(s.key_hash, m->op.key_hash, HASH_BYTES);
	memcpy(s.fingerprint, m->op.fingerprint, HASH_BYTES);
	memcpy(s.currency, m->op.currency, sizeof(s.currency));
	memcpy(s.channel, m->op.channel, sizeof(s.channel));
	if (d->moved.debit && m->op.kind == OP_TOPUP_CREATE) {
		s.channel_reference = m->text[OP_TEXT_REFERENCE];
		s.channel_reference_bytes = m->op.text_bytes[OP_TEXT_REFERENCE];
	}
	if (d->replay_of) {
		s.has_id = true;
		s.id = in->same_reference->id;
	}
	return image_add_stored(t->image, &s) ? 0 : -ENOMEM;
}

static void touch(struct plan *p, struct account *a)
{
	if (a->touched == p->mark)
		return;
	a->touched = p->mark;
	p->touched[p->touched_count++] = a;
}

/* What was decided about accounts, for the image and for the rows of the transaction. */
static int take_accounts(
    struct batch_tools *t, struct plan *p, const struct ledger_input *in, const struct ledger_decision *d)
{
	const struct op_message *m = in->message;

	if (d->has_metadata) {
		if (!image_set_metadata(t->image, in->account, t->merged.at, t->merged.used))
			return -ENOMEM;
		row_put_account(&t->metadata, in->account);
	}
	for (unsigned i = 0; i < d->touched_count; i++)
		touch(p, d->touched[i]);
	if (d->created && m->op.kind == OP_ACCOUNT_CREATE) {
		struct account *a = image_add_account(
		    t->image, &d->account, m->text[OP_TEXT_METADATA], m->op.text_bytes[OP_TEXT_METADATA]);

		if (!a)
			return -ENOMEM;
		touch(p, a);
	}
	return 0;
}

/* Resources are written as they come into being; those that changed, once, when all is decided. */
static void take_resources(
    struct batch_tools *t, struct plan *p, const struct ledger_input *in, const struct ledger_decision *d)
{
	uint8_t kind = in->message->op.kind;

	if (d->created && kind == OP_PAYMENT_CREATE) {
		row_put_payment(&t->new_payments, &d->payment, true);
		if (d->payment.expires_us && d->payment.expires_us < t->next_expiry_us)
			t->next_expiry_us = d->payment.expires_us;
	}
	if (d->created && kind == OP_WITHDRAWAL_CREATE)
		row_put_withdrawal(&t->new_withdrawals, &d->withdrawal);
	if (d->payment_changed && in->payment->touched != p->mark) {
		in->payment->touched = p->mark;
		p->payments[p->payment_count++] = in->payment;
	}
	if (d->withdrawal_changed && in->withdrawal->touched != p->mark) {
		in->withdrawal->touched = p->mark;
		p->withdrawals[p->withdrawal_count++] = in->withdrawal;
	}
}

int batch_take_effect(struct batch_tools *t, struct plan *p, const struct ledger_input *in,
    const struct ledger_decision *d, const struct text *body)
{
	if (d->stored) {
		row_put_journal(&t->journal, in, d, p->next.batch_seq, body->at, body->used);
		if (remember(t, in, d, body))
			return -ENOMEM;
		p->next.next_seq++;
		p->next.next_event += d->event != EVENT_NONE;
		p->row_count++;
	}
	if (take_accounts(t, p, in, d))
		return -ENOMEM;
	take_resources(t, p, in, d);
	return 0;
}

/* Users: one change a transaction, the next one asks again. *later: this is one. */
static int decide_users(struct batch_tools *t, struct plan *p, struct ledger_input *in, bool *later, struct errbuf *e)
{
	const struct op *op = &in->message->op;
	bool changes = ledger_kind(op->kind)->needs & NEED_USER;

	*later = changes && p->admin_row;
	if (*later || !(changes || (op->kind == OP_ACCOUNT_CREATE && op->has_owner)))
		return 0;
	in->users = &t->users;
	in->effect = &t->effect;
	t->effect = (struct user_effect){0};
	return userop_load(t, in, &t->users, e);
}

/* An answer of which no row is left: nothing would tell that its key has one already. All keys of the list are looked up, and it is decided anew. */
static int decide_knowing(
    struct batch_tools *t, struct request *list, struct ledger_input *in, struct ledger_decision *d, struct errbuf *e)
{
	int code = lookup_load_keys(t, list, e);
	const char *why = code ? NULL : lookup_odd(t, in->message);

	if (code || why)
		return code ? code : err_set(e, -EBADMSG, "%s", why);
	if (in->who)
		in->twin = image_stored(t->image, in->who->id, in->message->op.key_hash);
	text_clear(&t->body);
	ledger_decide(in, &t->body, d);
	return 0;
}

static int decide(struct batch_tools *t, struct plan *p, struct request *list, struct request *r, struct errbuf *e)
{
	struct ledger_input in = {
	    .message = &r->message,
	    .next_seq = p->next.next_seq,
	    .next_event = p->next.next_event,
	    .now_us = p->next.last_us,
	    .scratch = &t->merged,
	};
	struct ledger_decision d;
	bool later;
	int code;

	if (lookup_fill(t, &in))
		return -ENOMEM;
	code = decide_users(t, p, &in, &later, e);
	if (code || later) {
		request_settle(r, WIRE_NOT_EXECUTED);
		return code;
	}
	randombytes_buf(in.random, sizeof(in.random));
	text_clear(&t->body);
	ledger_decide(&in, &t->body, &d);
	if (!d.stored && lookup_trusts(t, &r->message.op) && (code = decide_knowing(t, list, &in, &d, e)))
		return code;
	/* Stored, it would stay refused though its time had come: it comes again, until all holds that have expired are let go. */
	if (sweep_would_help(t, d.stored, d.status)) {
		request_settle(r, WIRE_NOT_EXECUTED);
		return 0;
	}
	if (in.effect && (t->effect.put_user || t->effect.fails)) {
		p->admin_row = true;
		if (userop_take_effect(t, &in))
			return -ENOMEM;
	}
	if (batch_take_effect(t, p, &in, &d, &t->body))
		return -ENOMEM;
	return query_fill(t, r, &d);
}

static void add_statement(struct batch_tools *t, struct text *sql, void (*finish)(struct text *sql))
{
	if (!sql->used)
		return;
	if (finish)
		finish(sql);
	store_add(t->store, sql);
}

/* Statements, each with a NUL behind it but for the last. */
static void add_each(struct store *s, const struct text *all)
{
	for (size_t at = 0, n; at < all->used; at += n + 1) {
		struct text one = {.at = all->at + at};

		n = strnlen(one.at, all->used - at);
		one.used = one.size = n;
		one.cut = all->cut;
		store_add(s, &one);
	}
}

static int transact(struct batch_tools *t, struct plan *p, struct errbuf *e)
{
	const struct {
		struct text *sql;
		void (*finish)(struct text *sql);
	} statements[] = {
	    {&t->new_accounts, NULL},
	    {&t->metadata, row_finish_metadata},
	    {&t->new_payments, NULL},
	    {&t->payments, row_finish_payments},
	    {&t->new_withdrawals, NULL},
	    {&t->withdrawals, row_finish_withdrawals},
	};

	store_begin(t->store, &t->head, &p->next);
	/* A row that is new is never taken for one that is there: it would change somebody else's. */
	for (size_t i = 0; i < p->touched_count; i++)
		if (p->touched[i]->is_row)
			row_put_balances(&t->balances, p->touched[i]);
		else
			row_put_account(&t->new_accounts, p->touched[i]);
	for (size_t i = 0; i < p->payment_count; i++)
		row_put_payment(&t->payments, p->payments[i], false);
	for (size_t i = 0; i < p->withdrawal_count; i++)
		row_put_withdrawal(&t->withdrawals, p->withdrawals[i]);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		add_statement(t, statements[i].sql, statements[i].finish);
	add_each(t->store, &t->admin);
	if (t->journal.used)
		store_add_rows(t->store, &row_journal, &t->journal);
	if (t->balances.used)
		store_add_rows(t->store, &row_balances, &t->balances);
	return store_send(t->store, e);
}

/* Answers are stored whole: few bytes of a request may make many of a row. Text has two bytes for each of a row. */
static bool is_full(const struct batch_tools *t)
{
	return 2 * t->journal.used + t->metadata.used + t->new_payments.used + t->new_withdrawals.used >=
	       SQL_BYTES_MARK;
}

static int decide_all(
    struct batch_tools *t, struct plan *p, struct request *list, struct request **rest, struct errbuf *e)
{
	*rest = NULL;
	text_clear(&t->journal);
	text_clear(&t->new_accounts);
	text_clear(&t->balances);
	text_clear(&t->metadata);
	text_clear(&t->new_payments);
	text_clear(&t->payments);
	text_clear(&t->new_withdrawals);
	text_clear(&t->withdrawals);
	text_clear(&t->admin);
	for (struct request *r = list; r; r = r->next) {
		int code = 0;

		if (r->message.op.kind == OP_TRANSFER_BATCH)
			code = transferbatch_decide(t, p, r, e);
		else if (op_is_journalled(r->message.op.kind))
			code = decide(t, p, list, r, e);
		else if (r->message.op.kind == OP_SESSION_CREATE || r->message.op.kind == OP_SESSION_END)
			code = userop_write(t, r, &p->next, &p->admin_row, e);
		else if (op_is_write(r->message.op.kind))
			code = adminop_write(t, r, p->next.last_us, &p->admin_row);
		/* What it needs cannot be read: nothing of it was decided. */
		if (code == -EBADMSG) {
			query_refuse(t, r, unreadable, e->text);
			code = 0;
		}
		if (code)
			return code == -ENOMEM ? err_set(e, code, "out of memory") : code;
		if (r->next && is_full(t)) {
			*rest = r->next;
			r->next = NULL;
		}
	}
	return 0;
}

void batch_begin(struct batch_tools *t)
{
	t->now_us = batch_now_us(t);
}

/* One error, one end, whether it came while it was decided or while it was sent. */
static enum batch_end end_before_commit(int code)
{
	switch (code) {
	case -ENOMEM:
	case -EBADMSG: return BATCH_REFUSED;
	case -EBUSY: return BATCH_BUSY;
	default: return BATCH_LOST;
	}
}

enum batch_end batch_write(struct batch_tools *t, struct request *list, struct request **rest, struct errbuf *e)
{
	struct plan p = {.next = t->head};
	int code;

	p.next.batch_seq++;
	/* Not batch_seq: a batch of which nothing was to be written leaves it as it is, but may have touched accounts all the same. */
	p.mark = ++t->mark;
	p.next.last_us = t->now_us > t->head.last_us ? t->now_us : t->head.last_us;
	code = decide_all(t, &p, list, rest, e);
	if (code)
		return end_before_commit(code);
	if (!p.row_count && !p.admin_row)
		return BATCH_COMMITTED;
	code = transact(t, &p, e);
	if (code) {
		store_rollback(t->store);
		return end_before_commit(code);
	}
	if (store_commit(t->store, &t->landed, e))
		return BATCH_UNKNOWN;
	t->head = p.next;
	for (size_t i = 0; i < p.touched_count; i++)
		p.touched[i]->is_row = true;
	return BATCH_COMMITTED;
}
