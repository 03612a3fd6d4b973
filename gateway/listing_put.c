/* The items of lists as JSON. */
#include "gateway/cursor.h"
#include "gateway/event.h"
#include "gateway/listing_parts.h"

#include <stdlib.h>
#include <string.h>

bool listing_put_account(struct listing *l, const struct listing_row *row, struct text *t)
{
	const struct account *a = image_account(l->t->image, &row->position);

	if (!a)
		return false;
	account_render(t, a, a->metadata, a->metadata ? strlen(a->metadata) : 0);
	return true;
}

bool listing_put_payment(struct listing *l, const struct listing_row *row, struct text *t)
{
	const struct payment *p = image_payment(l->t->image, &row->position);

	if (p)
		payment_render(t, p);
	return p;
}

bool listing_put_withdrawal(struct listing *l, const struct listing_row *row, struct text *t)
{
	const struct withdrawal *w = image_withdrawal(l->t->image, &row->position);

	if (w)
		withdrawal_render(t, w);
	return w;
}

static bool get_id(const struct listing_row *row, unsigned i, struct ulid *ret)
{
	if (!row->field[i] || row->length[i] != sizeof(*ret))
		return false;
	memcpy(ret, row->field[i], sizeof(*ret));
	return true;
}

static bool is_id(const struct listing_row *row, unsigned i, const struct ulid *id)
{
	struct ulid is;

	return get_id(row, i, &is) && ulid_equal(&is, id);
}

static uint64_t get_u64(const struct listing_row *row, unsigned i)
{
	return row->field[i] ? strtoull(row->field[i], NULL, 10) : 0;
}

static int64_t get_i64(const struct listing_row *row, unsigned i)
{
	return row->field[i] ? strtoll(row->field[i], NULL, 10) : 0;
}

/* The body as it was answered, but for what came later: the transfer that reversed it. No text in a body can look like the member, for
 * its quotes would be escaped. */
bool listing_put_stored(struct listing *l, const struct listing_row *row, struct text *t)
{
	static const char none[] = "\"reversed_by\":null";
	const char *body = row->field[2], *at;
	size_t bytes = body ? row->length[2] : 0;
	char buf[ID_TEXT_BYTES];
	struct ulid by;

	(void)l;
	at = bytes && get_id(row, 3, &by) ? memmem(body, bytes, none, sizeof(none) - 1) : NULL;
	if (at) {
		text_put(t, body, (size_t)(at - body));
		text_puts(t, "\"reversed_by\":\"");
		text_puts(t, id_format("tr_", &by, buf));
		text_puts(t, "\"");
		at += sizeof(none) - 1;
		bytes -= (size_t)(at - body);
		body = at;
	}
	text_put(t, body, bytes);
	return true;
}

/* "prefix_ULID" that follows from a number: of the time of the row, so that they sort. */
static void put_number_id(struct text *t, const char *prefix, uint64_t created_us, uint64_t number, uint8_t part)
{
	struct ulid n = cursor_of_number(number, part), id;
	uint8_t low[ULID_RANDOM_BYTES] = {0};
	char buf[ID_TEXT_BYTES];

	memcpy(low, n.byte, 9);
	ulid_make(created_us / 1000, low, &id);
	text_puts(t, id_format(prefix, &id, buf));
}

static const struct {
	uint8_t kind; /* enum op_kind */
	const char *word;
} entry_types[] = {
    {OP_TOPUP_CREATE, "topup"},
    {OP_TRANSFER_CREATE, "transfer"},
    {OP_TRANSFER_REVERSE, "reversal"},
    {OP_PAYMENT_CREATE, "payment"},
    {OP_PAYMENT_CAPTURE, "payment"},
    {OP_REFUND_CREATE, "refund"},
    {OP_WITHDRAWAL_CONFIRM, "withdrawal"},
};

static const char *entry_type(uint8_t kind)
{
	for (size_t i = 0; i < sizeof(entry_types) / sizeof(entry_types[0]); i++)
		if (entry_types[i].kind == kind)
			return entry_types[i].word;
	return "other";
}

/* Columns of an entry's row: see sources in listing.c. */
enum {
	E_KIND = 2,
	E_PUBLIC,
	E_SUBJECT,
	E_DEBIT,
	E_CREDIT,
	E_AMOUNT,
	E_CURRENCY,
	E_DEBIT_AFTER,
	E_CREDIT_AFTER,
	E_FEE_ACCOUNT,
	E_FEE,
	E_FEE_AFTER,
	E_CREATED
};

struct entry {
	bool is_credit, is_fee;
	int64_t amount, after;
	struct ulid counterparty;
};

/* What a row of the journal did to this account: part 1, and before that, newer, the fee that left it again. */
static bool read_entry(const struct listing_row *row, const struct ulid *account, struct entry *ret)
{
	bool credit = is_id(row, E_CREDIT, account);

	*ret = (struct entry){.is_fee = row->part == 0 || !(credit || is_id(row, E_DEBIT, account))};
	if (row->part == 0) {
		ret->amount = get_i64(row, E_FEE);
		ret->after = get_i64(row, E_CREDIT_AFTER) - ret->amount;
		return credit && get_id(row, E_FEE_ACCOUNT, &ret->counterparty);
	}
	ret->is_credit = credit || ret->is_fee;
	ret->amount = get_i64(row, ret->is_fee ? E_FEE : E_AMOUNT);
	ret->after = get_i64(row, ret->is_fee ? E_FEE_AFTER : credit ? E_CREDIT_AFTER : E_DEBIT_AFTER);
	return get_id(row, credit ? E_DEBIT : E_CREDIT, &ret->counterparty);
}

static void put_resource(struct text *t, const struct listing_row *row)
{
	const struct ledger_kind *k = ledger_kind((uint8_t)get_u64(row, E_KIND));
	char buf[ID_TEXT_BYTES];
	struct ulid id;

	text_puts(t, "\",\"resource\":");
	if (!k->prefix || (!get_id(row, E_PUBLIC, &id) && !get_id(row, E_SUBJECT, &id))) {
		text_puts(t, "null");
		return;
	}
	text_puts(t, "\"");
	text_puts(t, id_format(k->prefix, &id, buf));
	text_puts(t, "\"");
}

bool listing_put_entry(struct listing *l, const struct listing_row *row, struct text *t)
{
	struct entry x;
	char buf[ID_TEXT_BYTES];
	uint8_t ignored;
	uint64_t seq = cursor_number(&row->position, &ignored);

	if (!read_entry(row, &l->accounts[0], &x))
		return false;
	text_puts(t, "{\"object\":\"entry\",\"id\":\"");
	put_number_id(t, "ent_", get_u64(row, E_CREATED), seq, row->part);
	put_resource(t, row);
	text_puts(t, ",\"type\":\"");
	text_puts(t, x.is_fee ? "fee" : entry_type((uint8_t)get_u64(row, E_KIND)));
	text_puts(
	    t, x.is_credit ? "\",\"direction\":\"credit\",\"amount\":" : "\",\"direction\":\"debit\",\"amount\":");
	text_put_i64(t, x.amount);
	text_puts(t, ",\"currency\":\"");
	text_put(t, row->field[E_CURRENCY], row->field[E_CURRENCY] ? row->length[E_CURRENCY] : 0);
	text_puts(t, "\",\"balance_after\":");
	text_put_i64(t, x.after);
	text_puts(t, ",\"counterparty\":\"");
	text_puts(t, id_format("acc_", &x.counterparty, buf));
	text_puts(t, "\",\"ledger_seq\":");
	text_put_u64(t, seq);
	text_puts(t, ",\"created_at\":");
	text_put_time(t, get_u64(row, E_CREATED));
	text_puts(t, "}");
	return true;
}

bool listing_put_event(struct listing *l, const struct listing_row *row, struct text *t)
{
	uint8_t ignored;
	uint64_t sequence = cursor_number(&row->position, &ignored);
	const char *word = event_word((uint8_t)get_u64(row, 2));

	(void)l;
	text_puts(t, "{\"object\":\"event\",\"id\":\"");
	put_number_id(t, "evt_", get_u64(row, 4), sequence, 0);
	text_puts(t, "\",\"sequence\":");
	text_put_u64(t, sequence);
	text_puts(t, ",\"type\":\"");
	text_puts(t, word ? word : "unknown"); /* of a later version */
	text_puts(t, "\",\"created\":");
	text_put_time(t, get_u64(row, 4));
	text_puts(t, ",\"ledger_seq\":");
	text_put_u64(t, get_u64(row, 3));
	text_puts(t, ",\"data\":");
	text_put(t, row->field[5], row->field[5] ? row->length[5] : 0);
	text_puts(t, "}");
	return true;
}
