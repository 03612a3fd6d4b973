#include "gateway/row_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int load_principals(struct store *s, struct image *image, const struct text *sql, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code = store_select(s, sql, &rows, e);

	if (code)
		return code;
	while (!code && (row = mysql_fetch_row(rows))) {
		unsigned long *n = mysql_fetch_lengths(rows);
		struct principal p = {
		    .id = row_get_u64(row[0]),
		    .scopes = (uint32_t)row_get_u64(row[3]),
		    .revoked = row_get_u64(row[4]) != 0,
		};

		row_get_word(row[1], n[1], p.name, sizeof(p.name));
		if (!row_get_bytes(row[2], n[2], p.secret_hash, HASH_BYTES))
			code = err_set(e, -EBADMSG, "api_key %llu: bad hash", (unsigned long long)p.id);
		else if (!image_add_principal(image, &p))
			code = row_no_memory(e);
	}
	mysql_free_result(rows);
	return code;
}

int row_load_principals(struct store *s, struct image *image, struct text *sql, struct errbuf *e)
{
	text_clear(sql);
	text_puts(sql, "SELECT id, name, secret_hash, scopes, revoked FROM api_key ORDER BY id");
	return load_principals(s, image, sql, e);
}

int row_load_principals_of(
    struct store *s, struct image *image, const struct request *list, struct text *sql, struct errbuf *e)
{
	text_clear(sql);
	text_puts(sql, "SELECT id, name, secret_hash, scopes, revoked FROM api_key WHERE secret_hash IN (");
	for (const struct request *r = list; r; r = r->next) {
		text_put_hex(sql, r->message.op.secret_hash, HASH_BYTES);
		text_puts(sql, r->next ? "," : ")");
	}
	return load_principals(s, image, sql, e);
}

static int take_account(struct image *image, MYSQL_ROW row, const unsigned long *n, struct errbuf *e)
{
	struct account a = {
	    .kind = (uint8_t)row_get_u64(row[1]),
	    .status = (uint8_t)row_get_u64(row[2]),
	    .posted = row_get_i64(row[5]),
	    .pending_in = row_get_i64(row[6]),
	    .pending_out = row_get_i64(row[7]),
	    .has_min = row[8],
	    .has_max = row[9],
	    .has_owner = row[13],
	    .min_balance = row_get_i64(row[8]),
	    .max_balance = row_get_i64(row[9]),
	    .last_seq = row_get_u64(row[10]),
	    .created_us = row_get_u64(row[11]),
	    .is_row = true,
	};

	if (!row_get_bytes(row[0], n[0], &a.id, sizeof(a.id)) ||
	    (a.has_owner && !row_get_bytes(row[13], n[13], &a.owner, sizeof(a.owner))) || a.kind < ACCOUNT_WALLET ||
	    a.kind >= ACCOUNT_KIND_END || a.status > ACCOUNT_CLOSED || n[3] != 3)
		return err_set(e, -EBADMSG, "account: a row that this version does not understand");
	row_get_word(row[3], n[3], a.currency, sizeof(a.currency));
	row_get_word(row[4], n[4], a.channel, sizeof(a.channel));
	return image_add_account(image, &a, row[12], row[12] ? n[12] : 0) ? 0 : row_no_memory(e);
}

int row_load_accounts(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	size_t wanted = 0;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT id, kind, status, currency, channel, posted, pending_in, pending_out, min_balance, "
		       "max_balance, last_seq, created_us, metadata, owner FROM account WHERE id IN (");
	for (size_t i = 0; i < count; i++) {
		if (image_account(image, ids[i]))
			continue;
		text_puts(sql, wanted++ ? "," : "");
		text_put_hex(sql, ids[i], sizeof(*ids[i]));
	}
	text_puts(sql, ")");
	if (!wanted)
		return 0;
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	while (!code && (row = mysql_fetch_row(rows)))
		code = row_step_over(image, take_account(image, row, mysql_fetch_lengths(rows), e), row[0],
		    row[0] ? mysql_fetch_lengths(rows)[0] : 0, e);
	mysql_free_result(rows);
	return code;
}

static const char journal_columns[] =
    "SELECT j.seq, j.replay_of, j.principal, j.key_hash, j.fingerprint, j.kind, j.status, "
    "COALESCE(j.public_id, o.public_id, IF(j.status<300,j.subject,NULL)), j.credit, j.amount, j.currency, j.channel, "
    "j.channel_reference, "
    "j.body "
    "FROM journal j LEFT JOIN journal o ON o.seq = j.replay_of WHERE ";

static int take_stored(
    struct image *image, MYSQL_ROW row, const unsigned long *n, const struct stored **ret, struct errbuf *e)
{
	struct stored r = {
	    .seq = row[1] ? row_get_u64(row[1]) : row_get_u64(row[0]),
	    .principal = row_get_u64(row[2]),
	    .kind = (uint8_t)row_get_u64(row[5]),
	    .status = (uint16_t)row_get_u64(row[6]),
	    .amount = row_get_i64(row[9]),
	    .body = row[13],
	    .body_bytes = row[13] ? n[13] : 0,
	};

	if (!row_get_bytes(row[3], n[3], r.key_hash, HASH_BYTES) ||
	    !row_get_bytes(row[4], n[4], r.fingerprint, HASH_BYTES) || !op_is_journalled(r.kind))
		return err_set(e, -EBADMSG, "journal %llu: a row that this version does not understand",
		    (unsigned long long)r.seq);
	r.has_id = row_get_bytes(row[7], n[7], &r.id, sizeof(r.id));
	(void)row_get_bytes(row[8], n[8], &r.credit, sizeof(r.credit));
	row_get_word(row[10], n[10], r.currency, sizeof(r.currency));
	row_get_word(row[11], n[11], r.channel, sizeof(r.channel));
	if (row[12]) {
		r.channel_reference = row[12];
		r.channel_reference_bytes = n[12];
	}
	*ret = image_add_stored(image, &r);
	return *ret ? 0 : row_no_memory(e);
}

/* By all the names that somebody may ask for it by. */
static int mark_stored(struct image *image, MYSQL_ROW row, const unsigned long *n, struct errbuf *e)
{
	char name[ODDROW_REFERENCE_BYTES], channel[CHANNEL_BYTES];

	row_get_word(row[11], n[11], channel, sizeof(channel));
	if ((row[3] && !oddrow_mark(image_odd(image), row[3], n[3], e->text)) ||
	    (row[12] && !oddrow_mark(image_odd(image), name, oddrow_reference(channel, row[12], n[12], name), e->text)))
		return row_no_memory(e);
	return 0;
}

/* The last goes to *last; with last NULL, rows that are odd are marked and stepped over. */
static int load_stored(struct store *s, struct image *image, const struct text *sql, const struct stored **last,
    size_t *count, struct errbuf *e)
{
	const struct stored *ignored;
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code = store_select(s, sql, &rows, e);

	if (code)
		return code;
	*count = mysql_num_rows(rows);
	while (!code && (row = mysql_fetch_row(rows))) {
		code = take_stored(image, row, mysql_fetch_lengths(rows), last ? last : &ignored, e);
		if (code == -EBADMSG && !last)
			code = mark_stored(image, row, mysql_fetch_lengths(rows), e);
	}
	mysql_free_result(rows);
	return code;
}

int row_load_keys(struct store *s, struct image *image, const uint8_t *const *key_hashes, size_t count,
    struct text *sql, size_t *found, struct errbuf *e)
{
	*found = 0;
	if (!count)
		return 0;
	text_clear(sql);
	text_puts(sql, journal_columns);
	text_puts(sql, "j.key_hash IN (");
	for (size_t i = 0; i < count; i++) {
		text_puts(sql, i ? "," : "");
		text_put_hex(sql, key_hashes[i], HASH_BYTES);
	}
	text_puts(sql, ")");
	return load_stored(s, image, sql, NULL, found, e);
}

int row_load_references(struct store *s, struct image *image, const struct op_message *const *topups, size_t count,
    struct text *sql, struct errbuf *e)
{
	size_t found;

	if (!count)
		return 0;
	text_clear(sql);
	text_puts(sql, journal_columns);
	for (size_t i = 0; i < count; i++) {
		text_puts(sql, i ? " OR (j.channel=" : "(j.channel=");
		text_put_hex(sql, topups[i]->op.channel, strlen(topups[i]->op.channel));
		text_puts(sql, " AND j.channel_reference=");
		text_put_hex(sql, topups[i]->text[OP_TEXT_REFERENCE], topups[i]->op.text_bytes[OP_TEXT_REFERENCE]);
		text_puts(sql, ")");
	}
	return load_stored(s, image, sql, NULL, &found, e);
}

int row_load_resource(struct store *s, struct image *image, uint8_t kind, const struct ulid *id, struct text *sql,
    const struct stored **found, struct errbuf *e)
{
	size_t count;
	int code;

	*found = NULL;
	text_clear(sql);
	text_puts(sql, journal_columns);
	text_puts(sql, "j.public_id=");
	text_put_hex(sql, id, sizeof(*id));
	code = load_stored(s, image, sql, found, &count, e);
	if (*found && strcmp(ledger_kind((*found)->kind)->prefix, ledger_kind(kind)->prefix) != 0)
		*found = NULL;
	return code;
}

#define ACCOUNT_COLUMNS                                                                                                \
	"id, kind, status, currency, channel, posted, pending_in, pending_out, min_balance, max_balance, last_seq, "   \
	"created_us, metadata, owner"

void row_put_account(struct text *sql, const struct account *a)
{
	const char *metadata = a->metadata ? a->metadata : "{}";

	text_puts(sql, sql->used ? "," : "INSERT INTO account (" ACCOUNT_COLUMNS ") VALUES ");
	text_puts(sql, "(");
	text_put_hex(sql, &a->id, sizeof(a->id));
	row_put_u64s(sql, (uint64_t[]){a->kind, a->status}, 2);
	row_put_optional_hex(sql, true, a->currency, 3);
	row_put_optional_hex(sql, a->channel[0], a->channel, strlen(a->channel));
	row_put_optional_i64(sql, true, a->posted);
	row_put_optional_i64(sql, true, a->pending_in);
	row_put_optional_i64(sql, true, a->pending_out);
	row_put_optional_i64(sql, a->has_min, a->min_balance);
	row_put_optional_i64(sql, a->has_max, a->max_balance);
	row_put_u64s(sql, (uint64_t[]){a->last_seq, a->created_us}, 2);
	row_put_optional_hex(sql, true, metadata, strlen(metadata));
	row_put_optional_hex(sql, a->has_owner, &a->owner, sizeof(a->owner));
	text_puts(sql, ")");
}

void row_finish_metadata(struct text *sql)
{
	text_puts(sql, " ON DUPLICATE KEY UPDATE metadata=VALUES(metadata)");
}

/* Of what does not change the row that is there keeps what it has. */
const struct bulk row_balances = {
    .sql = "INSERT INTO account (" ACCOUNT_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?," BULK_IN_TRANSACTION
	   ",?,'{}',?) ON DUPLICATE KEY UPDATE posted=VALUES(posted), "
	   "pending_in=VALUES(pending_in), pending_out=VALUES(pending_out), last_seq=VALUES(last_seq), "
	   "status=VALUES(status), min_balance=VALUES(min_balance), max_balance=VALUES(max_balance)",
    .types = "buubbiiiiiuub",
};

void row_put_balances(struct text *rows, const struct account *a)
{
	bulk_put_bytes(rows, &a->id, sizeof(a->id));
	bulk_put_u64(rows, a->kind);
	bulk_put_u64(rows, a->status);
	bulk_put_bytes(rows, a->currency, 3);
	bulk_put_optional_bytes(rows, a->channel[0], a->channel, strlen(a->channel));
	bulk_put_i64(rows, a->posted);
	bulk_put_i64(rows, a->pending_in);
	bulk_put_i64(rows, a->pending_out);
	bulk_put_optional_i64(rows, a->has_min, a->min_balance);
	bulk_put_optional_i64(rows, a->has_max, a->max_balance);
	bulk_put_u64(rows, a->last_seq);
	bulk_put_u64(rows, a->created_us);
	bulk_put_optional_bytes(rows, a->has_owner, &a->owner, sizeof(a->owner));
}

const struct bulk row_journal = {
    .sql =
	"INSERT INTO journal (seq, principal, batch_seq, kind, status, key_hash, fingerprint, public_id, replay_of, "
	"debit, credit, amount, currency, debit_after, credit_after, channel, channel_reference, reference, subject, "
	"reverses, fee_account, fee, fee_after, event, event_seq, body, created_us) VALUES "
	"(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?," BULK_IN_TRANSACTION ")",
    .types = "uuuuubbbubbibiibbbbbbiiuubu",
};

int row_prepare(struct store *s, struct errbuf *e)
{
	int code = store_prepare(s, &row_journal, e);

	return code ? code : store_prepare(s, &row_balances, e);
}

/* The columns that only some rows have. */
static void put_journal_rest(struct text *rows, const struct ledger_input *in, const struct ledger_decision *d)
{
	const struct op *op = &in->message->op;
	const struct ledger_kind *kind = ledger_kind(op->kind);
	const struct movement *m = &d->moved;

	bulk_put_optional_bytes(rows, kind->needs & NEED_SUBJECT, &op->subject, sizeof(op->subject));
	bulk_put_optional_bytes(rows, op->kind == OP_TRANSFER_REVERSE && d->created, &op->subject, sizeof(op->subject));
	bulk_put_optional_bytes(rows, m->fee, m->fee ? &m->fee->id : NULL, sizeof(struct ulid));
	bulk_put_optional_i64(rows, m->fee, m->fee_amount);
	bulk_put_optional_i64(rows, m->fee, m->fee_after);
	bulk_put_optional_i64(rows, d->event, d->event);
	bulk_put_optional_i64(rows, d->event, (int64_t)in->next_event);
}

void row_put_journal(struct text *rows, const struct ledger_input *in, const struct ledger_decision *d,
    uint64_t batch_seq, const char *body, size_t body_bytes)
{
	const struct op *op = &in->message->op;
	const struct movement *m = &d->moved;
	bool moved = m->debit, topup = moved && op->kind == OP_TOPUP_CREATE;
	bool transfer = moved && op->kind == OP_TRANSFER_CREATE;
	const char *reference = in->message->text[OP_TEXT_REFERENCE];
	size_t reference_bytes = op->text_bytes[OP_TEXT_REFERENCE];

	bulk_put_u64(rows, in->next_seq);
	bulk_put_u64(rows, in->who->id);
	bulk_put_u64(rows, batch_seq);
	bulk_put_u64(rows, op->kind);
	bulk_put_u64(rows, d->status);
	bulk_put_bytes(rows, op->key_hash, HASH_BYTES);
	bulk_put_bytes(rows, op->fingerprint, HASH_BYTES);
	bulk_put_optional_bytes(rows, d->created, &d->id, sizeof(d->id));
	bulk_put_optional_i64(rows, d->replay_of != 0, (int64_t)d->replay_of);
	bulk_put_optional_bytes(rows, moved, moved ? &m->debit->id : NULL, sizeof(struct ulid));
	bulk_put_optional_bytes(rows, moved, moved ? &m->credit->id : NULL, sizeof(struct ulid));
	bulk_put_optional_i64(rows, moved, m->amount);
	bulk_put_optional_bytes(rows, moved, moved ? m->debit->currency : NULL, 3);
	bulk_put_optional_i64(rows, moved, m->debit_after);
	bulk_put_optional_i64(rows, moved, m->credit_after);
	bulk_put_optional_bytes(rows, topup, op->channel, strlen(op->channel));
	bulk_put_optional_bytes(rows, topup, reference, reference_bytes);
	bulk_put_optional_bytes(rows, transfer && op->has_reference, reference, reference_bytes);
	put_journal_rest(rows, in, d);
	bulk_put_bytes(rows, body, body_bytes);
	bulk_put_u64(rows, in->now_us);
}

void row_put_principal(struct text *sql, const struct principal *p, uint64_t now_us)
{
	text_puts(sql, "INSERT INTO api_key (id, scopes, created_us, name, secret_hash) VALUES (");
	text_put_u64(sql, p->id);
	row_put_u64s(sql, (uint64_t[]){p->scopes, now_us}, 2);
	row_put_optional_hex(sql, true, p->name, strlen(p->name));
	row_put_optional_hex(sql, true, p->secret_hash, HASH_BYTES);
	text_puts(sql, ")");
}

void row_put_secret(struct text *sql, const struct principal *p)
{
	text_puts(sql, "UPDATE api_key SET secret_hash=");
	text_put_hex(sql, p->secret_hash, HASH_BYTES);
	text_puts(sql, " WHERE id=");
	text_put_u64(sql, p->id);
}

void row_put_revocation(struct text *sql, uint64_t principal)
{
	text_puts(sql, "UPDATE api_key SET revoked=1 WHERE id=");
	text_put_u64(sql, principal);
}
