/* The statements of lists: always an index in the order of the list, and a LIMIT. */
#include "gateway/cursor.h"
#include "gateway/listing_parts.h"

#include <stdlib.h>
#include <string.h>

/* One way into the table: an index, and what its first column has to be. column NULL: by the key alone. */
struct arm {
	const char *column;
	const void *bytes;
	size_t count; /* 0: it is a number */
	uint64_t number;
};

#define ARMS_MAX ((LISTING_ACCOUNTS_MAX + 1) * LISTING_COLUMNS_MAX)

static void put_value(struct text *sql, const struct arm *a)
{
	text_puts(sql, a->column);
	text_puts(sql, "=");
	if (a->count)
		text_put_hex(sql, a->bytes, a->count);
	else
		text_put_u64(sql, a->number);
}

static size_t account_arms(const struct listing *l, struct arm *arms)
{
	size_t n = 0;

	for (size_t i = 0; i < l->account_count; i++)
		for (size_t c = 0; c < LISTING_COLUMNS_MAX && l->source->account[c]; c++)
			arms[n++] = (struct arm){l->source->account[c], &l->accounts[i], sizeof(l->accounts[i]), 0};
	return n;
}

/* The way in that leaves least to be skipped. */
static size_t choose_arms(const struct listing *l, struct arm arms[static ARMS_MAX])
{
	const struct listing_source *s = l->source;
	const struct op_message *m = l->in->message;
	size_t n = 0;

	if (s->subject) {
		arms[0] = (struct arm){s->subject, &m->op.subject, sizeof(m->op.subject), 0};
		return 1;
	}
	if (m->op.has_reference && s->reference && !s->walks_past_references) {
		arms[0] =
		    (struct arm){s->reference, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], 0};
		return 1;
	}
	if (!l->all_accounts && s->account[0])
		return account_arms(l, arms);
	if (l->owner && s->owner) {
		arms[0] = (struct arm){s->owner, l->owner, sizeof(*l->owner), 0};
		return 1;
	}
	if (m->op.page.has_status && s->status) {
		arms[0] = (struct arm){s->status, NULL, 0, m->op.page.status};
		return 1;
	}
	for (; n < LISTING_KINDS_MAX && s->kinds[n]; n++)
		arms[n] = (struct arm){"kind", NULL, 0, s->kinds[n]};
	if (!n)
		arms[n++] = (struct arm){NULL, NULL, 0, 0};
	return n;
}

static void put_number_bounds(struct listing *l, struct text *sql, const char *key)
{
	const struct listing_source *s = l->source;
	uint64_t above = l->above_seq, below = l->below_seq, at;
	uint8_t part;

	if (l->has_position) {
		at = cursor_number(&l->position, &part);
		if (s->ascending)
			above = at;
		else if (part + 1U < s->first_part + s->parts) /* the rest of that row is still to come */
			below = at + 1 < below ? at + 1 : below;
		else
			below = at < below ? at : below;
	}
	text_puts(sql, key);
	text_puts(sql, ">");
	text_put_u64(sql, above);
	text_puts(sql, " AND ");
	text_puts(sql, key);
	text_puts(sql, "<");
	text_put_u64(sql, below);
}

static void put_id_bound(struct text *sql, const char *key, const char *compare, uint64_t unix_ms)
{
	static const uint8_t zero[ULID_RANDOM_BYTES];
	struct ulid id;

	ulid_make(unix_ms, zero, &id);
	text_puts(sql, key);
	text_puts(sql, compare);
	text_put_hex(sql, &id, sizeof(id));
}

/* Identifiers begin with the time, but for those of accounts that nobody opened: their time is 0. */
static void put_id_bounds(struct listing *l, struct text *sql, const char *key)
{
	const struct op_page *p = &l->in->message->op.page;

	if (l->has_position) {
		text_puts(sql, key);
		text_puts(sql, "<");
		text_put_hex(sql, &l->position, sizeof(l->position));
	} else {
		text_puts(sql, "1");
	}
	if (!p->from_us && !p->has_to)
		return;
	text_puts(sql, " AND (");
	put_id_bound(sql, key, "<", 1);
	text_puts(sql, " OR (");
	put_id_bound(sql, key, ">=", p->from_us / 1000);
	if (p->has_to) {
		text_puts(sql, " AND ");
		put_id_bound(sql, key, "<", p->to_us / 1000 + 1);
	}
	text_puts(sql, "))");
}

static void put_arm(struct listing *l, struct text *sql, const struct arm *a, unsigned rows)
{
	const struct listing_source *s = l->source;

	text_puts(sql, "(SELECT ");
	text_puts(sql, s->key);
	text_puts(sql, " k FROM ");
	text_puts(sql, s->table);
	text_puts(sql, " FORCE INDEX (");
	text_puts(sql, a->column ? a->column : s->key_index);
	text_puts(sql, ") WHERE ");
	if (a->column) {
		put_value(sql, a);
		text_puts(sql, " AND ");
	}
	if (s->is_number)
		put_number_bounds(l, sql, s->key);
	else
		put_id_bounds(l, sql, s->key);
	text_puts(sql, s->ascending ? " ORDER BY k LIMIT " : " ORDER BY k DESC LIMIT ");
	text_put_u64(sql, rows);
	text_puts(sql, ")");
}

static void put_types(struct text *sql, uint64_t types)
{
	bool first = true;

	text_puts(sql, " AND t.event IN (");
	for (unsigned i = 0; i < 64; i++) {
		if (!(types & UINT64_C(1) << i))
			continue;
		text_puts(sql, first ? "" : ",");
		text_put_u64(sql, i);
		first = false;
	}
	text_puts(sql, ")");
}

static void put_accounts(struct listing *l, struct text *sql)
{
	struct arm arms[ARMS_MAX];
	size_t n = account_arms(l, arms);

	text_puts(sql, " AND (0");
	for (size_t i = 0; i < n; i++) {
		text_puts(sql, " OR t.");
		put_value(sql, &arms[i]);
	}
	text_puts(sql, ")");
}

/* Events of the user: of himself, of his accounts, and of what touches them. Each a look at one row by its key: of `x IN (t.this,t.that)`
 * the optimizer makes a walk through the whole table, for each row that is looked at. */
static void put_own_event(struct listing *l, struct text *sql)
{
	static const char *const pieces[] = {
	    " AND (",
	    " IN (t.public_id,t.subject) OR (SELECT owner FROM account WHERE id=t.debit)=",
	    " OR (SELECT owner FROM account WHERE id=t.credit)=",
	    " OR (SELECT owner FROM account WHERE id=t.public_id)=",
	    " OR (SELECT owner FROM account WHERE id=t.subject)=",
	    " OR EXISTS (SELECT 1 FROM payment p JOIN account a ON a.id=p.payer JOIN account b ON b.id=p.payee WHERE "
	    "p.id=t.public_id AND (a.owner=",
	    " OR b.owner=",
	    ")) OR EXISTS (SELECT 1 FROM payment p JOIN account a ON a.id=p.payer JOIN account b ON b.id=p.payee WHERE "
	    "p.id=t.subject AND (a.owner=",
	    " OR b.owner=",
	    ")) OR (SELECT a.owner FROM withdrawal w JOIN account a ON a.id=w.account WHERE w.id=t.public_id)=",
	    " OR (SELECT a.owner FROM withdrawal w JOIN account a ON a.id=w.account WHERE w.id=t.subject)=",
	    ")",
	};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		if (i)
			text_put_hex(sql, l->owner, sizeof(*l->owner));
		text_puts(sql, pieces[i]);
	}
}

/* Is the row t one of the list? Said of every row that was looked at. */
static void put_hit(struct listing *l, struct text *sql)
{
	const struct listing_source *s = l->source;
	const struct op_message *m = l->in->message;
	const struct op_page *p = &m->op.page;

	text_puts(sql, "(1");
	if (s->only) {
		text_puts(sql, " AND ");
		text_puts(sql, s->only);
	}
	if (m->op.has_reference && s->reference) {
		text_puts(sql, " AND t.");
		put_value(sql,
		    &(struct arm){s->reference, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], 0});
	}
	if (!l->all_accounts && s->account[0])
		put_accounts(l, sql);
	if (p->has_status && s->status) {
		text_puts(sql, " AND t.");
		put_value(sql, &(struct arm){s->status, NULL, 0, p->status});
	}
	if (p->from_us) {
		text_puts(sql, " AND t.created_us>=");
		text_put_u64(sql, p->from_us);
	}
	if (p->has_to) {
		text_puts(sql, " AND t.created_us<");
		text_put_u64(sql, p->to_us);
	}
	if (p->types)
		put_types(sql, p->types);
	if (l->owner && m->op.kind == OP_EVENT_LIST)
		put_own_event(l, sql);
	text_puts(sql, ")");
}

void listing_put_scan(struct listing *l, unsigned rows)
{
	const struct listing_source *s = l->source;
	struct text *sql = &l->t->sql;
	struct arm arms[ARMS_MAX];
	size_t n = choose_arms(l, arms);

	text_clear(sql);
	text_puts(sql, "SELECT s.k, ");
	put_hit(l, sql);
	text_puts(sql, s->columns);
	text_puts(sql, " FROM (SELECT k FROM (");
	for (size_t i = 0; i < n; i++) {
		text_puts(sql, i ? " UNION ALL " : "");
		put_arm(l, sql, &arms[i], rows);
	}
	text_puts(sql, s->ascending ? ") u ORDER BY k LIMIT " : ") u ORDER BY k DESC LIMIT ");
	text_put_u64(sql, rows);
	text_puts(sql, ") s STRAIGHT_JOIN ");
	text_puts(sql, s->table);
	text_puts(sql, " t ON t.");
	text_puts(sql, s->key);
	text_puts(sql, s->ascending ? "=s.k ORDER BY s.k" : "=s.k ORDER BY s.k DESC");
}

/* The seq of the last row with an identifier before that millisecond, or of the first one from it on. The ledger's time never goes back
 * as seq grows, so all rows of before are below, or all of after above. */
static int find_seq(struct listing *l, bool before, uint64_t unix_ms, uint64_t *ret, struct errbuf *e)
{
	struct text *sql = &l->t->sql;
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT seq FROM journal FORCE INDEX (public_id) WHERE ");
	put_id_bound(sql, "public_id", before ? "<" : ">=", unix_ms);
	text_puts(sql, before ? " ORDER BY public_id DESC LIMIT 1" : " ORDER BY public_id LIMIT 1");
	code = store_select(l->t->store, sql, &rows, e);
	if (code)
		return code;
	row = mysql_fetch_row(rows);
	if (row && row[0])
		*ret = strtoull(row[0], NULL, 10);
	mysql_free_result(rows);
	return 0;
}

int listing_find_times(struct listing *l, struct errbuf *e)
{
	const struct op_page *p = &l->in->message->op.page;
	int code = 0;

	if (!l->source->is_number)
		return 0;
	if (p->from_us)
		code = find_seq(l, true, p->from_us / 1000, &l->above_seq, e);
	if (!code && p->has_to)
		code = find_seq(l, false, p->to_us / 1000 + 1, &l->below_seq, e);
	return code;
}

int listing_find_accounts(struct listing *l, struct errbuf *e)
{
	struct text *sql = &l->t->sql;
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT id FROM account FORCE INDEX (owner) WHERE owner=");
	text_put_hex(sql, l->owner, sizeof(*l->owner));
	text_puts(sql, " LIMIT ");
	text_put_u64(sql, LISTING_ACCOUNTS_MAX + 1);
	code = store_select(l->t->store, sql, &rows, e);
	if (code)
		return code;
	while ((row = mysql_fetch_row(rows)) && l->account_count <= LISTING_ACCOUNTS_MAX)
		if (row[0] && mysql_fetch_lengths(rows)[0] == sizeof(struct ulid))
			memcpy(&l->accounts[l->account_count++], row[0], sizeof(struct ulid));
	mysql_free_result(rows);
	return 0;
}
