#include "gateway/batch.h"

#include "gateway/adminop.h"
#include "gateway/ledger.h"
#include "gateway/query.h"
#include "gateway/row.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SQL_BYTES (12 * 1024 * 1024)
#define BODY_BYTES (128 * 1024)

static int text_alloc(struct text *t, size_t bytes)
{
	char *buf = malloc(bytes);

	text_init(t, buf, bytes);
	return buf ? 0 : -ENOMEM;
}

int batch_tools_init(struct batch_tools *t)
{
	if (text_alloc(&t->sql, SQL_BYTES) || text_alloc(&t->journal, SQL_BYTES) ||
	    text_alloc(&t->accounts, SQL_BYTES) || text_alloc(&t->admin, BODY_BYTES) ||
	    text_alloc(&t->body, BODY_BYTES)) {
		batch_tools_free(t);
		return -ENOMEM;
	}
	return 0;
}

void batch_tools_free(struct batch_tools *t)
{
	free(t->sql.at);
	free(t->journal.at);
	free(t->accounts.at);
	free(t->admin.at);
	free(t->body.at);
	t->sql.at = t->journal.at = t->accounts.at = t->admin.at = t->body.at = NULL;
}

/* The clearing account of a channel and currency has an id that follows from both: no lookup, no second one.
 */
static void clearing_id(const struct op *op, struct ulid *ret)
{
	unsigned char hash[crypto_generichash_BYTES];
	char name[CHANNEL_BYTES + 8];
	size_t n = strlen(op->channel);

	memcpy(name, op->channel, n);
	name[n] = '/';
	memcpy(name + n + 1, op->currency, 3);
	(void)crypto_generichash(hash, sizeof(hash), (unsigned char *)name, n + 4, NULL, 0);
	ulid_make(0, hash, ret);
}

/* The accounts, keys and references of the list, each kind with one SELECT. */
static int look_up(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	const struct ulid *ids[2 * BATCH_REQUESTS_MAX];
	const uint8_t *keys[BATCH_REQUESTS_MAX];
	const struct op_message *topups[BATCH_REQUESTS_MAX];
	size_t id_count = 0, key_count = 0, topup_count = 0;
	int code;

	for (struct request *r = list; r; r = r->next) {
		struct op *op = &r->message.op;

		if (op_is_journalled(op->kind) || op->kind == OP_KEY_GET)
			keys[key_count++] = op->key_hash;
		if (op->kind == OP_TOPUP_CREATE) {
			clearing_id(op, &op->from);
			topups[topup_count++] = &r->message;
		}
		if (op->kind == OP_TOPUP_CREATE || op->kind == OP_TRANSFER_CREATE)
			ids[id_count++] = &op->to;
		if (op->kind == OP_TOPUP_CREATE || op->kind == OP_TRANSFER_CREATE || op->kind == OP_ACCOUNT_GET ||
		    op->kind == OP_BALANCE_GET)
			ids[id_count++] = &op->from;
	}
	image_trim(t->image);
	code = row_load_accounts(t->store, t->image, ids, id_count, &t->sql, e);
	if (!code)
		code = row_load_keys(t->store, t->image, keys, key_count, &t->sql, e);
	if (!code)
		code = row_load_references(t->store, t->image, topups, topup_count, &t->sql, e);
	return code;
}

int batch_read(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	int code = look_up(t, list, e);

	for (struct request *r = list; r && !code; r = r->next)
		if (!op_is_write(r->message.op.kind))
			code = query_answer(t, r, e);
	return code;
}

static uint64_t unix_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* A clearing account before its first use: in the image, written with its first movement. */
static struct account *clearing_account(struct batch_tools *t, const struct op *op)
{
	struct account fresh = {.id = op->from, .kind = ACCOUNT_CLEARING};
	struct account *a = image_account(t->image, &op->from);

	if (a)
		return a;
	memcpy(fresh.currency, op->currency, sizeof(fresh.currency));
	memcpy(fresh.channel, op->channel, sizeof(fresh.channel));
	return image_add_account(t->image, &fresh, NULL, 0);
}

static struct account *existing_account(struct batch_tools *t, const struct ulid *id)
{
	struct account *a = image_account(t->image, id);

	return a && a->created_us ? a : NULL;
}

static int remember(struct batch_tools *t, const struct ledger_input *in, const struct ledger_decision *d)
{
	const struct op_message *m = in->message;
	struct stored s = {
	    .seq = d->seq,
	    .principal = in->who->id,
	    .kind = m->op.kind,
	    .status = d->status,
	    .has_id = d->created,
	    .id = d->id,
	    .credit = m->op.to,
	    .amount = m->op.amount,
	    .body = t->body.at,
	    .body_bytes = t->body.used,
	};

	memcpy(s.key_hash, m->op.key_hash, HASH_BYTES);
	memcpy(s.fingerprint, m->op.fingerprint, HASH_BYTES);
	memcpy(s.currency, m->op.currency, sizeof(s.currency));
	memcpy(s.channel, m->op.channel, sizeof(s.channel));
	if (d->moved && m->op.kind == OP_TOPUP_CREATE) {
		s.channel_reference = m->text[OP_TEXT_REFERENCE];
		s.channel_reference_bytes = m->op.text_bytes[OP_TEXT_REFERENCE];
	}
	if (d->replay_of) {
		s.has_id = true;
		s.id = in->same_reference->id;
	}
	return image_add_stored(t->image, &s) ? 0 : -ENOMEM;
}

struct plan {
	struct head next;
	struct account *touched[2 * BATCH_REQUESTS_MAX];
	size_t touched_count, row_count;
	bool admin_row;
	uint64_t mark; /* tells the accounts of this batch */
};

static void touch(struct plan *p, struct account *a)
{
	if (a->touched == p->mark)
		return;
	a->touched = p->mark;
	p->touched[p->touched_count++] = a;
}

/* Writes down what was decided: rows of the transaction, image, answer. */
static int take_effect(struct batch_tools *t, struct plan *p, struct request *r, const struct ledger_input *in,
    const struct ledger_decision *d)
{
	const struct op_message *m = in->message;

	if (d->stored) {
		row_put_journal(&t->journal, in, d, p->next.batch_seq, t->body.at, t->body.used);
		if (remember(t, in, d))
			return -ENOMEM;
		p->next.next_seq++;
		p->row_count++;
	}
	if (d->moved) {
		touch(p, in->from);
		touch(p, in->to);
	}
	if (d->created && m->op.kind == OP_ACCOUNT_CREATE) {
		struct account *a = image_add_account(
		    t->image, &d->account, m->text[OP_TEXT_METADATA], m->op.text_bytes[OP_TEXT_METADATA]);

		if (!a)
			return -ENOMEM;
		touch(p, a);
	}
	return query_fill(t, r, d);
}

static int decide(struct batch_tools *t, struct plan *p, struct request *r)
{
	const struct op_message *m = &r->message;
	struct ledger_input in = {
	    .message = m,
	    .who = image_principal(t->image, m->op.secret_hash),
	    .next_seq = p->next.next_seq,
	    .now_us = p->next.last_us,
	};
	struct ledger_decision d;

	if (in.who)
		in.twin = image_stored(t->image, in.who->id, m->op.key_hash);
	if (m->op.kind != OP_ACCOUNT_CREATE)
		in.to = existing_account(t, &m->op.to);
	if (m->op.kind == OP_TRANSFER_CREATE)
		in.from = existing_account(t, &m->op.from);
	if (m->op.kind == OP_TOPUP_CREATE) {
		in.from = clearing_account(t, &m->op);
		in.same_reference = image_stored_by_reference(
		    t->image, m->op.channel, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE]);
		if (!in.from)
			return -ENOMEM;
	}
	randombytes_buf(in.random, sizeof(in.random));
	text_clear(&t->body);
	ledger_decide(&in, &t->body, &d);
	return take_effect(t, p, r, &in, &d);
}

static int transact(struct batch_tools *t, struct plan *p, struct errbuf *e)
{
	int code = store_begin(t->store, &t->head, &p->next, e);

	for (size_t i = 0; i < p->touched_count; i++)
		row_put_account(&t->accounts, p->touched[i]);
	if (!code && p->row_count)
		code = store_execute(t->store, &t->journal, e);
	if (!code && p->touched_count) {
		row_finish_accounts(&t->accounts);
		code = store_execute(t->store, &t->accounts, e);
	}
	if (!code && p->admin_row)
		code = store_execute(t->store, &t->admin, e);
	return code;
}

static int decide_all(struct batch_tools *t, struct plan *p, struct request *list, struct errbuf *e)
{
	text_clear(&t->journal);
	text_clear(&t->accounts);
	text_clear(&t->admin);
	for (struct request *r = list; r; r = r->next) {
		int code = 0;

		if (op_is_journalled(r->message.op.kind))
			code = decide(t, p, r);
		else if (op_is_write(r->message.op.kind))
			code = adminop_write(t, r, p->next.last_us, &p->admin_row);
		if (code)
			return err_set(e, code, "out of memory");
	}
	return 0;
}

enum batch_end batch_write(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	uint64_t now = unix_us();
	struct plan p = {.next = t->head};
	int code;

	p.next.batch_seq++;
	p.mark = p.next.batch_seq;
	p.next.last_us = now > t->head.last_us ? now : t->head.last_us + 1;
	if (decide_all(t, &p, list, e))
		return BATCH_REFUSED;
	if (!p.row_count && !p.admin_row)
		return BATCH_COMMITTED;
	code = transact(t, &p, e);
	if (code) {
		store_rollback(t->store);
		return code == -EBADMSG ? BATCH_REFUSED : BATCH_LOST;
	}
	if (store_commit(t->store, e))
		return BATCH_UNKNOWN;
	t->head = p.next;
	for (size_t i = 0; i < p.touched_count; i++)
		p.touched[i]->is_row = true;
	return BATCH_COMMITTED;
}
