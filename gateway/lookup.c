#include "gateway/lookup.h"

#include "gateway/items.h"
#include "gateway/row.h"
#include "gateway/row_user.h"
#include "gateway/scope.h"

#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>

#define IDS_MAX (4 * BATCH_OPS_MAX)

/* What the list names, each thing once or more. */
struct names {
	const struct ulid *accounts[IDS_MAX];
	struct ulid derived[BATCH_REQUESTS_MAX]; /* of accounts that appear on first use */
	const struct ulid *payments[BATCH_REQUESTS_MAX], *withdrawals[BATCH_REQUESTS_MAX];
	const struct ulid *transfers[BATCH_REQUESTS_MAX];
	const uint8_t *keys[BATCH_OPS_MAX];
	const uint8_t *tokens[BATCH_REQUESTS_MAX];
	const struct op_message *references[BATCH_REQUESTS_MAX];
	size_t account_count, derived_count, payment_count, withdrawal_count, transfer_count, key_count, token_count,
	    reference_count;
};

/* The clearing account of a channel and currency, and the fee account of a currency (channel ""), have ids that follow from
 * both: no lookup, no second one. */
static void derive_id(const char *channel, const char currency[static 4], struct ulid *ret)
{
	unsigned char hash[crypto_generichash_BYTES];
	char name[CHANNEL_BYTES + 8];
	size_t n = strlen(channel);

	memcpy(name, channel, n);
	name[n] = '/';
	memcpy(name + n + 1, currency, 3);
	(void)crypto_generichash(hash, sizeof(hash), (unsigned char *)name, n + 4, NULL, 0);
	ulid_make(0, hash, ret);
}

static void name_account(struct names *n, const struct ulid *id)
{
	n->accounts[n->account_count++] = id;
}

static void name_derived(struct names *n, const char *channel, const char currency[static 4])
{
	struct ulid *id = &n->derived[n->derived_count++];

	derive_id(channel, currency, id);
	name_account(n, id);
}

/* May its key be taken for new? Where money moves and nothing else is written. Not what is known to have been sent before, nor the ledger's own. */
static bool may_be_trusted(const struct op *op)
{
	const uint32_t money =
	    SCOPE_TOPUPS_WRITE | SCOPE_TRANSFERS_WRITE | SCOPE_PAYMENTS_WRITE | SCOPE_WITHDRAWALS_WRITE;

	return op_is_journalled(op->kind) && (ledger_kind(op->kind)->scope & money) && op->kind != OP_TRANSFER_BATCH &&
	       op->kind != OP_PAYMENT_EXPIRE && !op->again;
}

/* What the operation itself names. */
static void take_names(const struct op_message *m, bool but_its_key, struct names *n)
{
	const struct op *op = &m->op;
	uint32_t needs = ledger_kind(op->kind)->needs;

	if (op->by_session)
		n->tokens[n->token_count++] = op->secret_hash;
	if (!but_its_key && (op_is_journalled(op->kind) || op->kind == OP_KEY_GET))
		n->keys[n->key_count++] = op->key_hash;
	if (needs & NEED_REFERENCE)
		n->references[n->reference_count++] = m;
	if (needs & NEED_CLEARING)
		name_derived(n, op->channel, op->currency);
	if (needs & NEED_FROM)
		name_account(n, &op->from);
	if (needs & NEED_TO)
		name_account(n, &op->to);
	if (needs & NEED_ACCOUNT)
		name_account(n, &op->subject);
	if (needs & NEED_PAYMENT)
		n->payments[n->payment_count++] = &op->subject;
	if (needs & NEED_WITHDRAWAL)
		n->withdrawals[n->withdrawal_count++] = &op->subject;
	if (needs & NEED_TRANSFER)
		n->transfers[n->transfer_count++] = &op->subject;
	if (op->kind == OP_PAYMENT_CREATE && op->has_fee)
		name_derived(n, "", op->currency);
}

/* Every item's key and accounts; they lie in the message, if not aligned: ids and hashes are bytes. */
static void take_item_names(const struct op_message *m, struct names *n)
{
	struct items items = items_of(m);
	const char *reference, *metadata, *at = items.at;
	struct item item;

	for (; items_next(&items, &item, &reference, &metadata); at = items.at) {
		n->keys[n->key_count++] = (const uint8_t *)at + offsetof(struct item, key_hash);
		name_account(n, (const struct ulid *)(const void *)(at + offsetof(struct item, from)));
		name_account(n, (const struct ulid *)(const void *)(at + offsetof(struct item, to)));
	}
}

/* What the resources name that the operations name. */
static void take_more_names(struct image *image, const struct op *op, struct names *n)
{
	uint32_t needs = ledger_kind(op->kind)->needs;
	const struct payment *p = needs & NEED_PAYMENT ? image_payment(image, &op->subject) : NULL;
	const struct withdrawal *w = needs & NEED_WITHDRAWAL ? image_withdrawal(image, &op->subject) : NULL;
	const struct transfer *t = needs & NEED_TRANSFER ? image_transfer(image, &op->subject) : NULL;

	if (p) {
		name_account(n, &p->payer);
		name_account(n, &p->payee);
		if ((needs & NEED_FEE) && p->has_fee)
			name_derived(n, "", p->currency);
	}
	if (w) {
		name_account(n, &w->account);
		name_derived(n, w->channel, w->currency);
	}
	if (t) {
		name_account(n, &t->from);
		name_account(n, &t->to);
	}
}

/* Too large for a stack; writer and reader each have one. */
static _Thread_local struct names names;

static struct names *no_names(void)
{
	names.account_count = names.derived_count = names.payment_count = names.withdrawal_count = 0;
	names.transfer_count = names.key_count = names.token_count = names.reference_count = 0;
	return &names;
}

static const char *odd_of(struct image *image, const struct ulid *const *ids, size_t count)
{
	const char *why = NULL;

	for (size_t i = 0; i < count && !why; i++)
		why = oddrow_why(*image_odd(image), ids[i], sizeof(*ids[i]));
	return why;
}

static const char *odd_hash_of(struct image *image, const uint8_t *const *hashes, size_t count)
{
	const char *why = NULL;

	for (size_t i = 0; i < count && !why; i++)
		why = oddrow_why(*image_odd(image), hashes[i], HASH_BYTES);
	return why;
}

static const char *odd_reference_of(struct image *image, const struct names *n)
{
	char name[ODDROW_REFERENCE_BYTES];
	const struct op_message *m = n->reference_count ? n->references[0] : NULL;

	if (!m)
		return NULL;
	return oddrow_why(*image_odd(image), name,
	    oddrow_reference(m->op.channel, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], name));
}

const char *lookup_odd(struct batch_tools *t, const struct op_message *m)
{
	const char *why;
	struct names *n;

	if (!*image_odd(t->image))
		return NULL;
	n = no_names();
	take_names(m, false, n);
	if (m->op.kind == OP_TRANSFER_BATCH)
		take_item_names(m, n);
	take_more_names(t->image, &m->op, n);
	why = odd_of(t->image, n->accounts, n->account_count);
	why = why ? why : odd_of(t->image, n->payments, n->payment_count);
	why = why ? why : odd_of(t->image, n->withdrawals, n->withdrawal_count);
	why = why ? why : odd_of(t->image, n->transfers, n->transfer_count);
	why = why ? why : odd_hash_of(t->image, n->keys, n->key_count);
	why = why ? why : odd_hash_of(t->image, n->tokens, n->token_count);
	return why ? why : odd_reference_of(t->image, n);
}

bool lookup_trusts(const struct batch_tools *t, const struct op *op)
{
	return t->trust.given && may_be_trusted(op);
}

static int load_keys(struct batch_tools *t, const struct names *n, struct errbuf *e)
{
	size_t found;
	int code = row_load_keys(t->store, t->image, n->keys, n->key_count, &t->sql, &found, e);

	if (code || !n->key_count)
		return code;
	t->trust.streak = found ? 0 : t->trust.streak + 1;
	return 0;
}

int lookup_load_keys(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	struct names *n = no_names();

	for (struct request *r = list; r; r = r->next)
		if (lookup_trusts(t, &r->message.op))
			n->keys[n->key_count++] = r->message.op.key_hash;
	t->trust.given = false;
	return load_keys(t, n, e);
}

int lookup_load(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	struct names *n = no_names();
	bool trusting = t->trust.unique && t->trust.streak >= LOOKUP_STREAK;
	int code;

	t->trust.given = false;
	for (struct request *r = list; r; r = r->next) {
		bool trusted = trusting && may_be_trusted(&r->message.op);

		take_names(&r->message, trusted, n);
		t->trust.given = t->trust.given || trusted;
		if (r->message.op.kind == OP_TRANSFER_BATCH)
			take_item_names(&r->message, n);
	}
	image_trim(t->image);
	code = load_keys(t, n, e);
	if (!code)
		code = row_load_references(t->store, t->image, n->references, n->reference_count, &t->sql, e);
	if (!code)
		code = row_load_sessions(t->store, t->image, n->tokens, n->token_count, &t->sql, e);
	if (!code)
		code = row_load_payments(t->store, t->image, n->payments, n->payment_count, &t->sql, e);
	if (!code)
		code = row_load_withdrawals(t->store, t->image, n->withdrawals, n->withdrawal_count, &t->sql, e);
	if (!code)
		code = row_load_transfers(t->store, t->image, n->transfers, n->transfer_count, &t->sql, e);
	t->trust.acted_on = t->trust.given;
	for (struct request *r = list; r && !code; r = r->next)
		take_more_names(t->image, &r->message.op, n);
	return code ? code : row_load_accounts(t->store, t->image, n->accounts, n->account_count, &t->sql, e);
}

/* An account before its first use: in the image, written with its first movement. NULL: no memory. */
static struct account *derived_account(
    struct batch_tools *t, uint8_t kind, const char channel[static CHANNEL_BYTES], const char currency[static 4])
{
	struct account fresh = {.kind = kind};
	struct account *a;

	derive_id(channel, currency, &fresh.id);
	a = image_account(t->image, &fresh.id);
	if (a)
		return a;
	memcpy(fresh.currency, currency, sizeof(fresh.currency));
	memcpy(fresh.channel, channel, sizeof(fresh.channel));
	return image_add_account(t->image, &fresh, NULL, 0);
}

static struct account *existing_account(struct batch_tools *t, const struct ulid *id)
{
	struct account *a = image_account(t->image, id);

	return a && a->created_us ? a : NULL;
}

/* The resource that the path names, with its accounts. */
static int fill_subject(struct batch_tools *t, uint32_t needs, struct ledger_input *in)
{
	const struct ulid *id = &in->message->op.subject;

	if (needs & NEED_ACCOUNT)
		in->account = existing_account(t, id);
	if ((needs & NEED_PAYMENT) && (in->payment = image_payment(t->image, id))) {
		in->from = existing_account(t, &in->payment->payer);
		in->to = existing_account(t, &in->payment->payee);
		if (!in->from || !in->to)
			return -ENOMEM;
	}
	if ((needs & NEED_WITHDRAWAL) && (in->withdrawal = image_withdrawal(t->image, id))) {
		in->from = existing_account(t, &in->withdrawal->account);
		in->to = derived_account(t, ACCOUNT_CLEARING, in->withdrawal->channel, in->withdrawal->currency);
		if (!in->from || !in->to)
			return -ENOMEM;
	}
	if ((needs & NEED_TRANSFER) && (in->transfer = image_transfer(t->image, id))) {
		in->from = existing_account(t, &in->transfer->from);
		in->to = existing_account(t, &in->transfer->to);
		if (!in->from || !in->to)
			return -ENOMEM;
	}
	return 0;
}

static int fill_fee_account(struct batch_tools *t, struct ledger_input *in)
{
	static const char no_channel[CHANNEL_BYTES];
	const struct op *op = &in->message->op;
	const char *currency = in->payment ? in->payment->currency : op->currency;

	if (in->payment ? in->payment->has_fee : op->has_fee) {
		in->fee = derived_account(t, ACCOUNT_FEE, no_channel, currency);
		return in->fee ? 0 : -ENOMEM;
	}
	return 0;
}

int lookup_fill(struct batch_tools *t, struct ledger_input *in)
{
	const struct op_message *m = in->message;
	const struct op *op = &m->op;
	uint32_t needs = ledger_kind(op->kind)->needs;

	in->who = op->kind == OP_PAYMENT_EXPIRE ? &ledger_itself : image_who(t->image, op);
	if (in->who)
		in->twin = image_stored(t->image, in->who->id, op->key_hash);
	if (needs & NEED_FROM)
		in->from = existing_account(t, &op->from);
	if (needs & NEED_TO)
		in->to = existing_account(t, &op->to);
	if (needs & NEED_REFERENCE)
		in->same_reference = image_stored_by_reference(
		    t->image, op->channel, m->text[OP_TEXT_REFERENCE], op->text_bytes[OP_TEXT_REFERENCE]);
	if (needs & NEED_CLEARING) {
		in->from = derived_account(t, ACCOUNT_CLEARING, op->channel, op->currency);
		if (!in->from)
			return -ENOMEM;
	}
	if (fill_subject(t, needs, in))
		return -ENOMEM;
	return needs & NEED_FEE ? fill_fee_account(t, in) : 0;
}
