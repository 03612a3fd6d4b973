/* Rows of payments, withdrawals and transfers. */
#include "gateway/row_parts.h"

#include <errno.h>
#include <string.h>

/* One row of an answer, of which the first column is its name, into the image. */
typedef int taker(struct image *image, MYSQL_ROW row, const unsigned long *n, struct errbuf *e);

static int load(struct store *s, struct image *image, const struct text *sql, taker *take, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code = store_select(s, sql, &rows, e);

	if (code)
		return code;
	while (!code && (row = mysql_fetch_row(rows)))
		code = row_step_over(image, take(image, row, mysql_fetch_lengths(rows), e), row[0],
		    row[0] ? mysql_fetch_lengths(rows)[0] : 0, e);
	mysql_free_result(rows);
	return code;
}

static int load_by_id(struct store *s, struct image *image, const char *columns, const struct ulid *const *ids,
    size_t count, taker *take, struct text *sql, struct errbuf *e)
{
	if (!count)
		return 0;
	text_clear(sql);
	text_puts(sql, columns);
	for (size_t i = 0; i < count; i++) {
		text_puts(sql, i ? "," : "");
		text_put_hex(sql, ids[i], sizeof(*ids[i]));
	}
	text_puts(sql, ")");
	return load(s, image, sql, take, e);
}

static int not_understood(const char *table, struct errbuf *e)
{
	return err_set(e, -EBADMSG, "%s: a row that this version does not understand", table);
}

#define PAYMENT_COLUMNS                                                                                                \
	"id, payer, payee, currency, status, hold, authorized, captured, refunded, voided, fee, fee_bps, fee_fixed, "  \
	"last_seq, created_us, expires_us, reference, metadata"

static int take_payment(struct image *image, MYSQL_ROW row, const unsigned long *n, struct errbuf *e)
{
	struct payment p = {
	    .hold = (uint8_t)row_get_u64(row[5]),
	    .authorized = row_get_i64(row[6]),
	    .captured = row_get_i64(row[7]),
	    .refunded = row_get_i64(row[8]),
	    .voided = row_get_i64(row[9]),
	    .fee = row_get_i64(row[10]),
	    .has_fee = row[11],
	    .fee_bps = (uint32_t)row_get_u64(row[11]),
	    .fee_fixed = row_get_i64(row[12]),
	    .last_seq = row_get_u64(row[13]),
	    .created_us = row_get_u64(row[14]),
	    .expires_us = row_get_u64(row[15]),
	    .reference = row[16],
	    .reference_bytes = row[16] ? n[16] : 0,
	    .metadata = row[17],
	    .metadata_bytes = row[17] ? n[17] : 0,
	};

	if (!row_get_bytes(row[0], n[0], &p.id, sizeof(p.id)) ||
	    !row_get_bytes(row[1], n[1], &p.payer, sizeof(p.payer)) ||
	    !row_get_bytes(row[2], n[2], &p.payee, sizeof(p.payee)) || n[3] != 3 || p.hold < HOLD_OPEN ||
	    p.hold >= HOLD_STATE_END)
		return not_understood("payment", e);
	row_get_word(row[3], n[3], p.currency, sizeof(p.currency));
	return image_add_payment(image, &p) ? 0 : row_no_memory(e);
}

int row_load_payments(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e)
{
	return load_by_id(
	    s, image, "SELECT " PAYMENT_COLUMNS " FROM payment WHERE id IN (", ids, count, take_payment, sql, e);
}

/* Every column, for a row that is new; of one that is there only what can change is looked at. */
void row_put_payment(struct text *sql, const struct payment *p, bool whole)
{
	text_puts(sql, sql->used ? "," : "INSERT INTO payment (" PAYMENT_COLUMNS ") VALUES ");
	text_puts(sql, "(");
	text_put_hex(sql, &p->id, sizeof(p->id));
	row_put_optional_hex(sql, true, &p->payer, sizeof(p->payer));
	row_put_optional_hex(sql, true, &p->payee, sizeof(p->payee));
	row_put_optional_hex(sql, true, p->currency, 3);
	row_put_u64s(sql, (uint64_t[]){payment_status(p), p->hold}, 2);
	row_put_u64s(sql,
	    (uint64_t[]){(uint64_t)p->authorized, (uint64_t)p->captured, (uint64_t)p->refunded, (uint64_t)p->voided,
		(uint64_t)p->fee},
	    5);
	row_put_optional_i64(sql, p->has_fee, p->fee_bps);
	row_put_optional_i64(sql, p->has_fee, p->fee_fixed);
	row_put_u64s(sql, (uint64_t[]){p->last_seq, p->created_us}, 2);
	row_put_optional_i64(sql, p->expires_us, (int64_t)p->expires_us);
	row_put_optional_hex(sql, whole && p->reference_bytes, p->reference, p->reference_bytes);
	row_put_optional_hex(sql, true, p->metadata, whole ? p->metadata_bytes : 0);
	text_puts(sql, ")");
}

void row_finish_payments(struct text *sql)
{
	text_puts(sql, " ON DUPLICATE KEY UPDATE status=VALUES(status), hold=VALUES(hold), captured=VALUES(captured), "
		       "refunded=VALUES(refunded), voided=VALUES(voided), fee=VALUES(fee), last_seq=VALUES(last_seq)");
}

#define WITHDRAWAL_COLUMNS "id, account, currency, channel, status, amount, last_seq, created_us, destination"

static int take_withdrawal(struct image *image, MYSQL_ROW row, const unsigned long *n, struct errbuf *e)
{
	struct withdrawal w = {
	    .status = (uint8_t)row_get_u64(row[4]),
	    .amount = row_get_i64(row[5]),
	    .last_seq = row_get_u64(row[6]),
	    .created_us = row_get_u64(row[7]),
	    .destination = row[8],
	    .destination_bytes = row[8] ? n[8] : 0,
	};

	if (!row_get_bytes(row[0], n[0], &w.id, sizeof(w.id)) ||
	    !row_get_bytes(row[1], n[1], &w.account, sizeof(w.account)) || n[2] != 3 || w.status < WITHDRAWAL_PENDING ||
	    w.status >= WITHDRAWAL_STATUS_END)
		return not_understood("withdrawal", e);
	row_get_word(row[2], n[2], w.currency, sizeof(w.currency));
	row_get_word(row[3], n[3], w.channel, sizeof(w.channel));
	return image_add_withdrawal(image, &w) ? 0 : row_no_memory(e);
}

int row_load_withdrawals(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e)
{
	return load_by_id(s, image, "SELECT " WITHDRAWAL_COLUMNS " FROM withdrawal WHERE id IN (", ids, count,
	    take_withdrawal, sql, e);
}

void row_put_withdrawal(struct text *sql, const struct withdrawal *w)
{
	text_puts(sql, sql->used ? "," : "INSERT INTO withdrawal (" WITHDRAWAL_COLUMNS ") VALUES ");
	text_puts(sql, "(");
	text_put_hex(sql, &w->id, sizeof(w->id));
	row_put_optional_hex(sql, true, &w->account, sizeof(w->account));
	row_put_optional_hex(sql, true, w->currency, 3);
	row_put_optional_hex(sql, true, w->channel, strlen(w->channel));
	row_put_u64s(sql, (uint64_t[]){w->status, (uint64_t)w->amount, w->last_seq, w->created_us}, 4);
	row_put_optional_hex(sql, true, w->destination, w->destination_bytes);
	text_puts(sql, ")");
}

void row_finish_withdrawals(struct text *sql)
{
	text_puts(sql, " ON DUPLICATE KEY UPDATE status=VALUES(status), last_seq=VALUES(last_seq)");
}

static int take_transfer(struct image *image, MYSQL_ROW row, const unsigned long *n, struct errbuf *e)
{
	struct transfer t = {
	    .amount = row_get_i64(row[3]),
	    .is_reversal = row_get_u64(row[5]) == OP_TRANSFER_REVERSE,
	    .is_reversed = row[6],
	};

	if (!row_get_bytes(row[0], n[0], &t.id, sizeof(t.id)) ||
	    !row_get_bytes(row[1], n[1], &t.from, sizeof(t.from)) ||
	    !row_get_bytes(row[2], n[2], &t.to, sizeof(t.to)) || n[4] != 3)
		return not_understood("journal", e);
	row_get_word(row[4], n[4], t.currency, sizeof(t.currency));
	return image_add_transfer(image, &t) ? 0 : row_no_memory(e);
}

int row_load_transfers(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e)
{
	return load_by_id(s, image,
	    "SELECT j.public_id, j.debit, j.credit, j.amount, j.currency, j.kind, r.seq FROM journal j LEFT JOIN "
	    "journal r "
	    "ON r.reverses=j.public_id WHERE j.kind IN (4,28) AND j.public_id IN (",
	    ids, count, take_transfer, sql, e);
}

int row_find_reversal(
    struct store *s, const struct ulid *id, struct text *sql, bool *found, struct ulid *ret, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT public_id FROM journal WHERE reverses=");
	text_put_hex(sql, id, sizeof(*id));
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	row = mysql_fetch_row(rows);
	*found = row && row_get_bytes(row[0], mysql_fetch_lengths(rows)[0], ret, sizeof(*ret));
	mysql_free_result(rows);
	return 0;
}

int row_find_due(struct store *s, uint64_t now_us, const struct due *after, struct due *ret, size_t *count,
    uint64_t *next_us, struct text *sql, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	size_t max = *count;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT id, expires_us FROM payment WHERE hold=1 AND expires_us>=");
	text_put_u64(sql, after->expires_us);
	text_puts(sql, " AND (expires_us>");
	text_put_u64(sql, after->expires_us);
	text_puts(sql, " OR id>");
	text_put_hex(sql, &after->payment, sizeof(after->payment));
	text_puts(sql, ") ORDER BY expires_us, id LIMIT ");
	text_put_u64(sql, max + 1);
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	*count = 0;
	*next_us = UINT64_MAX;
	while ((row = mysql_fetch_row(rows)) && *next_us == UINT64_MAX) {
		unsigned long *n = mysql_fetch_lengths(rows);
		struct due due = {.expires_us = row_get_u64(row[1])};

		if (due.expires_us > now_us || *count == max)
			*next_us = due.expires_us;
		else if (row_get_bytes(row[0], n[0], &due.payment, sizeof(due.payment)))
			ret[(*count)++] = due;
	}
	mysql_free_result(rows);
	return 0;
}
