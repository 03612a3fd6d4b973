#include "gateway/listing.h"

#include "gateway/cursor.h"
#include "gateway/listing_parts.h"
#include "gateway/page.h"
#include "gateway/problem.h"
#include "gateway/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_ROWS_MAX 2000	/* are looked at for one page */
#define PAGE_BYTES (120 * 1024) /* and no further item begins after that many */

static const struct listing_source sources[] = {
    {
	.op = OP_ENTRY_LIST,
	.table = "journal",
	.key = "seq",
	.is_number = true,
	.columns = ",t.kind,t.public_id,t.subject,t.debit,t.credit,t.amount,t.currency,t.debit_after,t.credit_after,"
		   "t.fee_account,t.fee,t.fee_after,t.created_us",
	.account = {"debit", "credit", "fee_account"},
	.key_index = "PRIMARY",
	.put = listing_put_entry,
	.first_part = 0,
	.parts = 2,
    },
    {
	.op = OP_ACCOUNT_LIST,
	.table = "account",
	.key = "id",
	.columns = "",
	.status = "status",
	.owner = "owner",
	.key_index = "PRIMARY",
	.load = row_load_accounts,
	.put = listing_put_account,
	.first_part = 1,
	.parts = 1,
    },
    {
	.op = OP_TRANSFER_LIST,
	.table = "journal",
	.key = "seq",
	.is_number = true,
	.columns = ",t.body,(SELECT r.public_id FROM journal r WHERE r.reverses=t.public_id)",
	.only = "t.kind IN (4,28) AND t.status=201",
	.account = {"debit", "credit"},
	.reference = "reference",
	.kinds = {OP_TRANSFER_CREATE, OP_TRANSFER_REVERSE},
	.put = listing_put_stored,
	.first_part = 1,
	.parts = 1,
    },
    {
	.op = OP_TOPUP_LIST,
	.table = "journal",
	.key = "seq",
	.is_number = true,
	.columns = ",t.body,NULL",
	.only = "t.kind=3 AND t.status=201 AND t.replay_of IS NULL",
	.account = {"debit", "credit"},
	.reference = "channel_reference",
	.walks_past_references = true,
	.kinds = {OP_TOPUP_CREATE},
	.put = listing_put_stored,
	.first_part = 1,
	.parts = 1,
    },
    {
	.op = OP_EVENT_LIST,
	.table = "journal",
	.key = "event_seq",
	.is_number = true,
	.ascending = true,
	.columns = ",t.event,t.seq,t.created_us,t.body",
	.key_index = "event_seq",
	.put = listing_put_event,
	.first_part = 1,
	.parts = 1,
    },
    {
	.op = OP_PAYMENT_LIST,
	.table = "payment",
	.key = "id",
	.columns = "",
	.account = {"payer", "payee"},
	.status = "status",
	.reference = "reference",
	.key_index = "PRIMARY",
	.load = row_load_payments,
	.put = listing_put_payment,
	.first_part = 1,
	.parts = 1,
    },
    {
	.op = OP_WITHDRAWAL_LIST,
	.table = "withdrawal",
	.key = "id",
	.columns = "",
	.account = {"account"},
	.status = "status",
	.key_index = "PRIMARY",
	.load = row_load_withdrawals,
	.put = listing_put_withdrawal,
	.first_part = 1,
	.parts = 1,
    },
    {
	.op = OP_REFUND_LIST,
	.table = "journal",
	.key = "seq",
	.is_number = true,
	.columns = ",t.body,NULL",
	.only = "t.kind=21 AND t.status=201",
	.subject = "subject",
	.put = listing_put_stored,
	.first_part = 1,
	.parts = 1,
    },
};

const struct listing_source *listing_source(uint8_t op)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (sources[i].op == op)
			return &sources[i];
	return NULL;
}

static bool is_hit(const struct listing_row *row)
{
	return row->field[1] && row->field[1][0] == '1';
}

static bool take_position(struct listing *l, MYSQL_ROW field, const unsigned long *length, struct listing_row *ret)
{
	*ret = (struct listing_row){.field = field, .length = length};
	if (!field[0])
		return false;
	if (l->source->is_number)
		ret->position = cursor_of_number(strtoull(field[0], NULL, 10), 0);
	else if (length[0] == sizeof(ret->position))
		memcpy(&ret->position, field[0], sizeof(ret->position));
	else
		return false;
	return true;
}

/* False: the page is full. */
static bool put_part(struct listing *l, struct listing_row *row, unsigned part)
{
	struct text *t = &l->t->body;
	size_t used = t->used;
	bool is_there;

	row->part = (uint8_t)part;
	text_puts(t, l->count ? "," : "");
	is_there = l->source->put(l, row, t);
	if (is_there && l->count < l->in->message->op.page.limit && (!l->count || (t->used <= PAGE_BYTES && !t->cut))) {
		l->count++;
		return true;
	}
	t->used = used;
	t->cut = false;
	l->more = is_there;
	return !is_there;
}

/* False: the page is full. */
static bool put_row(struct listing *l, struct listing_row *row)
{
	const struct listing_source *s = l->source;
	unsigned part = s->first_part;
	uint8_t last;

	/* A page may have ended between two parts of one row. */
	if (l->has_position && s->parts > 1 && memcmp(&l->position, &row->position, 8) == 0) {
		(void)cursor_number(&l->position, &last);
		part = last + 1U;
	}
	for (; part < s->first_part + s->parts; part++) {
		if (is_hit(row) && !put_part(l, row, part))
			return false;
		l->position = row->position;
		if (s->is_number)
			l->position.byte[8] = (uint8_t)part;
		l->has_position = true;
	}
	return true;
}

/* As many as can be shown, and the one that tells that there are more. */
static int load_named(struct listing *l, MYSQL_RES *rows, struct errbuf *e)
{
	const struct ulid *ids[PAGE_LIMIT_MAX + 1];
	struct ulid room[PAGE_LIMIT_MAX + 1];
	struct listing_row row;
	MYSQL_ROW field;
	size_t n = 0;

	while (n <= PAGE_LIMIT_MAX && (field = mysql_fetch_row(rows)))
		if (take_position(l, field, mysql_fetch_lengths(rows), &row) && is_hit(&row)) {
			room[n] = row.position;
			ids[n] = &room[n];
			n++;
		}
	mysql_data_seek(rows, 0);
	return n ? l->source->load(l->t->store, l->t->image, ids, n, &l->t->sql, e) : 0;
}

/* Looks at up to `want` rows more; *got: so many there were, *full: the page is. */
static int scan(struct listing *l, unsigned want, uint64_t *got, bool *full, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW field;
	struct listing_row row;
	int code;

	listing_put_scan(l, want);
	code = store_select(l->t->store, &l->t->sql, &rows, e);
	if (code)
		return code;
	*got = mysql_num_rows(rows);
	if (l->source->load)
		code = load_named(l, rows, e);
	while (!code && !*full && (field = mysql_fetch_row(rows))) {
		if (!take_position(l, field, mysql_fetch_lengths(rows), &row))
			code =
			    err_set(e, -EBADMSG, "%s: a row that this version does not understand", l->source->table);
		else
			*full = !put_row(l, &row);
	}
	mysql_free_result(rows);
	return code;
}

static int put_rows(struct listing *l, struct errbuf *e)
{
	uint64_t got = 0, looked = 0;
	unsigned want = l->in->message->op.page.limit + 1U;
	bool full = false;
	int code;

	/* What is skipped makes the next look longer, up to a limit. */
	for (;; want = want * 4 < SCAN_ROWS_MAX ? want * 4 : SCAN_ROWS_MAX) {
		code = scan(l, want, &got, &full, e);
		looked += got;
		if (code || full || got < want)
			return code;
		if (looked >= SCAN_ROWS_MAX) {
			l->more = true;
			return 0;
		}
	}
}

static bool refuse(
    struct listing *l, struct ledger_decision *d, enum problem_code code, const char *why, const char *param)
{
	ledger_refuse(l->in, (int)code, why, param, &l->t->body, d);
	d->has_seq = false;
	return false;
}

static bool owns(struct listing *l, const struct ulid *account)
{
	const struct account *a = image_account(l->t->image, account);

	return a && ledger_owns(l->in->who, a);
}

/* Is what the path names there, and for the eyes of who asks? */
static bool may_look(struct listing *l, struct ledger_decision *d)
{
	const struct op *op = &l->in->message->op;
	const struct payment *p = op->kind == OP_REFUND_LIST ? image_payment(l->t->image, &op->subject) : NULL;
	bool its_own = true;

	if (op->kind == OP_ENTRY_LIST) {
		if (!image_account(l->t->image, &op->subject))
			return refuse(l, d, PROBLEM_NOT_FOUND, "There is no such account.", NULL);
		its_own = owns(l, &op->subject);
	} else if (op->kind == OP_REFUND_LIST) {
		if (!p)
			return refuse(l, d, PROBLEM_NOT_FOUND, "There is no such payment.", NULL);
		its_own = owns(l, &p->payer) || owns(l, &p->payee);
	}
	return its_own || refuse(l, d, PROBLEM_ACCOUNT_NOT_OWNED, "This belongs to somebody else.", NULL);
}

static bool is_among(const struct listing *l, const struct ulid *account)
{
	for (size_t i = 0; i < l->account_count; i++)
		if (ulid_equal(&l->accounts[i], account))
			return true;
	return false;
}

/* A session without a named account: all of its user's. */
static int choose_own_accounts(struct listing *l, struct ledger_decision *d, bool *good, struct errbuf *e)
{
	const struct op_page *p = &l->in->message->op.page;
	int code = listing_find_accounts(l, e);

	if (code)
		return code;
	if (p->has_account && !is_among(l, &p->account))
		*good = refuse(l, d, PROBLEM_ACCOUNT_NOT_OWNED, "The account belongs to somebody else.", "account");
	else if (!p->has_account && l->account_count > LISTING_ACCOUNTS_MAX)
		*good = refuse(l, d, PROBLEM_BAD_PARAMETER, "There are more than 64 accounts: name one.", "account");
	return 0;
}

/* Whose are they? A session sees what touches the accounts of its user. */
static int choose_accounts(struct listing *l, struct ledger_decision *d, bool *good, struct errbuf *e)
{
	const struct op *op = &l->in->message->op;
	bool named = op->kind == OP_ENTRY_LIST || op->page.has_account;
	int code = 0;

	*good = may_look(l, d);
	if (!*good)
		return 0;
	l->owner = l->in->who->is_user ? &l->in->who->user : NULL;
	l->all_accounts = !named && !l->owner;
	if (l->owner && l->source->account[0] && op->kind != OP_ENTRY_LIST)
		code = choose_own_accounts(l, d, good, e);
	if (named) {
		l->account_count = 1;
		l->accounts[0] = op->kind == OP_ENTRY_LIST ? op->subject : op->page.account;
	}
	return code;
}

static void put_end(struct listing *l)
{
	const struct op *op = &l->in->message->op;
	struct text *t = &l->t->body;
	char buf[CURSOR_TEXT_BYTES];

	text_puts(t, l->more ? "],\"has_more\":true,\"next_cursor\":" : "],\"has_more\":false,\"next_cursor\":");
	if (l->more || l->source->ascending) {
		text_puts(t, "\"");
		text_puts(t, cursor_format(op->kind, op->fingerprint, &l->position, buf));
		text_puts(t, "\"}");
	} else {
		text_puts(t, "null}");
	}
}

int listing_answer(struct batch_tools *t, const struct ledger_input *in, struct ledger_decision *d, struct errbuf *e)
{
	const struct op_page *p = &in->message->op.page;
	struct listing l = {
	    .t = t,
	    .in = in,
	    .source = listing_source(in->message->op.kind),
	    .below_seq = UINT64_MAX,
	    .position = p->after,
	    .has_position = p->has_after,
	};
	bool good;
	int code = choose_accounts(&l, d, &good, e);

	if (code || !good)
		return code;
	if (p->latest) {
		l.position = cursor_of_number(t->head.next_event - 1, 0);
		l.has_position = true;
	}
	text_puts(&t->body, "{\"object\":\"list\",\"data\":[");
	if (!p->latest)
		code = listing_find_times(&l, e);
	if (!code && !p->latest && (l.all_accounts || l.account_count || !l.source->account[0]))
		code = put_rows(&l, e);
	put_end(&l);
	return code;
}
