/* Rows of the tables, as the audit wants them. */
#include "replication/ledgerwalk_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(x) TEXT_OF(x)
#define TEXT_OF(x) #x

static uint64_t number(const struct database_rows *r, unsigned place)
{
	const char *text = database_field(r, place, NULL);

	return text ? strtoull(text, NULL, 10) : 0;
}

static int64_t amount(const struct database_rows *r, unsigned place, bool *has)
{
	const char *text = database_field(r, place, NULL);

	if (has)
		*has = text;
	return text ? strtoll(text, NULL, 10) : 0;
}

/* False for NULL, and for what is no identifier. */
static bool id(const struct database_rows *r, unsigned place, struct ulid *ret)
{
	size_t bytes;
	const char *text = database_field(r, place, &bytes);

	if (!text || bytes != sizeof(*ret))
		return false;
	memcpy(ret, text, sizeof(*ret));
	return true;
}

static void currency(const struct database_rows *r, unsigned place, char ret[static 4])
{
	const char *text = database_field(r, place, NULL);

	(void)snprintf(ret, 4, "%s", text ? text : "");
}

const char *walk_hex(const uint8_t *bytes, size_t count, char ret[static WALK_HEX_BYTES])
{
	for (size_t i = 0; i < count; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return ret;
}

static void take_journal(struct walk *w, const struct database_rows *rows)
{
	struct audit_row r = {
	    .seq = number(rows, 0),
	    .batch_seq = number(rows, 1),
	    .created_us = number(rows, 2),
	    .kind = (unsigned)number(rows, 3),
	    .status = (unsigned)number(rows, 4),
	    .replay_of = number(rows, 5),
	    .event = number(rows, 6),
	    .event_seq = number(rows, 7),
	    .amount = amount(rows, 8, NULL),
	    .fee = amount(rows, 9, NULL),
	    .debit_after = amount(rows, 10, NULL),
	    .credit_after = amount(rows, 11, NULL),
	    .fee_after = amount(rows, 12, NULL),
	};

	r.has_debit_after = database_field(rows, 10, NULL);
	r.has_credit_after = database_field(rows, 11, NULL);
	r.has_fee_after = database_field(rows, 12, NULL);
	currency(rows, 13, r.currency);
	r.has_id = id(rows, 14, &r.id);
	r.has_subject = id(rows, 15, &r.subject);
	r.has_debit = id(rows, 16, &r.debit);
	r.has_credit = id(rows, 17, &r.credit);
	r.has_fee_account = id(rows, 18, &r.fee_account);
	r.has_reverses = database_field(rows, 19, NULL);
	r.body = database_field(rows, 20, &r.body_bytes);
	w->after.number = r.seq + 1;
	audit_take_row(&w->audit, &r);
}

int walk_journal(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	struct database_rows *rows;
	int code = database_select(w->db, &rows, e,
	    "SELECT seq, batch_seq, created_us, kind, status, replay_of, event, event_seq, amount, fee, debit_after,"
	    " credit_after, fee_after, currency, public_id, subject, debit, credit, fee_account,"
	    " reverses, LEFT(body, IF(kind BETWEEN 17 AND 20, " TEXT(AUDIT_PAYMENT_BODY_BYTES) ", " TEXT(
		AUDIT_BODY_BYTES) "))"
				  " FROM holdfast.journal FORCE INDEX (PRIMARY) WHERE seq>=%" PRIu64
				  " AND seq<=%" PRIu64 " ORDER BY seq LIMIT %u",
	    w->after.number, w->last_seq, most);

	*ret = 0;
	if (code)
		return code;
	for (; database_next(rows); (*ret)++)
		take_journal(w, rows);
	database_rows_free(rows);
	w->progress.done += *ret;
	return 0;
}

static void take_payment(struct walk *w, const struct database_rows *r)
{
	struct audit_payment p = {
	    .status = (unsigned)number(r, 4),
	    .hold = (unsigned)number(r, 5),
	    .authorized = amount(r, 6, NULL),
	    .captured = amount(r, 7, NULL),
	    .refunded = amount(r, 8, NULL),
	    .voided = amount(r, 9, NULL),
	    .fee = amount(r, 10, NULL),
	    .last_seq = number(r, 11),
	    .expires_us = number(r, 12),
	};

	(void)id(r, 0, &p.id);
	(void)id(r, 1, &p.payer);
	(void)id(r, 2, &p.payee);
	currency(r, 3, p.currency);
	audit_take_payment(&w->audit, &p);
}

static void take_withdrawal(struct walk *w, const struct database_rows *r)
{
	struct audit_withdrawal d = {
	    .status = (unsigned)number(r, 3), .amount = amount(r, 4, NULL), .last_seq = number(r, 5)};

	(void)id(r, 0, &d.id);
	(void)id(r, 1, &d.account);
	currency(r, 2, d.currency);
	audit_take_withdrawal(&w->audit, &d);
}

static void take_account(struct walk *w, const struct database_rows *r)
{
	struct audit_account a = {
	    .status = (unsigned)number(r, 2),
	    .posted = amount(r, 3, NULL),
	    .pending_in = amount(r, 4, NULL),
	    .pending_out = amount(r, 5, NULL),
	    .last_seq = number(r, 8),
	};

	a.min_balance = amount(r, 6, &a.has_min);
	a.max_balance = amount(r, 7, &a.has_max);
	(void)id(r, 0, &a.id);
	currency(r, 1, a.currency);
	audit_take_account(&w->audit, &a);
}

/* The tables whose key is an identifier. */
static int by_id(struct walk *w, const char *columns, const char *table,
    void (*take)(struct walk *w, const struct database_rows *r), unsigned most, unsigned *ret, struct errbuf *e)
{
	char key[WALK_HEX_BYTES] = "";
	struct database_rows *rows;
	int code = database_select(w->db, &rows, e,
	    "SELECT %s FROM holdfast.%s FORCE INDEX (PRIMARY) WHERE id>x'%s' ORDER BY id LIMIT %u", columns, table,
	    w->after.has_key ? walk_hex(w->after.key, sizeof(struct ulid), key) : "", most);

	*ret = 0;
	if (code)
		return code;
	for (; database_next(rows); (*ret)++) {
		size_t bytes;
		const char *text = database_field(rows, 0, &bytes);

		take(w, rows);
		if (text && bytes == sizeof(struct ulid))
			memcpy(w->after.key, text, bytes);
		w->after.has_key = true;
	}
	database_rows_free(rows);
	return 0;
}

int walk_payments(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	return by_id(w,
	    "id, payer, payee, currency, status, hold, authorized, captured, refunded, voided, fee, last_seq, "
	    "expires_us",
	    "payment", take_payment, most, ret, e);
}

int walk_withdrawals(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	return by_id(w, "id, account, currency, status, amount, last_seq", "withdrawal", take_withdrawal, most, ret, e);
}

int walk_accounts(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	return by_id(w, "id, currency, status, posted, pending_in, pending_out, min_balance, max_balance, last_seq",
	    "account", take_account, most, ret, e);
}

static void count(struct walk *w, const struct database_rows *r)
{
	(void)r;
	w->objects++;
}

int walk_count_payments(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	return by_id(w, "id", "payment", count, most, ret, e);
}

int walk_count_withdrawals(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	return by_id(w, "id", "withdrawal", count, most, ret, e);
}

int walk_count_accounts(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	return by_id(w, "id", "account", count, most, ret, e);
}

static int keys_piece(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	char key[WALK_HEX_BYTES] = "", found[AUDIT_VALUE_BYTES];
	struct database_rows *rows;
	int code;

	if (w->after.has_key)
		(void)walk_hex(w->after.key, sizeof(w->after.key), key);
	/* Not by seq as well: a UNIQUE index does not say that it is in that order, and each piece would sort all that is left. Where it is not UNIQUE,
	 * it is in the order of the primary key within a key. */
	code = database_select(w->db, &rows, e,
	    "SELECT key_hash, principal, seq FROM holdfast.journal FORCE INDEX (idempotency) WHERE key_hash>x'%s' OR"
	    " (key_hash=x'%s' AND principal>%" PRIu64 ") OR (key_hash=x'%s' AND principal=%" PRIu64 " AND seq>%" PRIu64
	    ") ORDER BY key_hash, principal LIMIT %u",
	    key, key, w->after.number, key, w->after.number, w->last_key_seq, most);
	*ret = 0;
	if (code)
		return code;
	for (; database_next(rows); (*ret)++) {
		size_t bytes;
		const char *text = database_field(rows, 0, &bytes);
		uint64_t principal = number(rows, 1), seq = number(rows, 2);
		bool same = text && bytes == sizeof(w->after.key) && w->after.has_key && principal == w->after.number &&
			    memcmp(text, w->after.key, bytes) == 0;

		if (same) {
			(void)snprintf(found, sizeof(found), "also in %" PRIu64, w->last_key_seq);
			audit_tell(&w->audit, AUDIT_KEY, seq, "", "Idempotency-Key", "in one operation", found);
		}
		if (text && bytes == sizeof(w->after.key))
			memcpy(w->after.key, text, bytes);
		w->after.has_key = true;
		w->after.number = principal;
		w->last_key_seq = seq;
	}
	database_rows_free(rows);
	return 0;
}

int walk_keys(struct walk *w, struct errbuf *e)
{
	w->last_key_seq = 0;
	return w->has_keys ? walk_pieces(w, keys_piece, false, e) : 0;
}
