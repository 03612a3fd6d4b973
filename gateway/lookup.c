#include "gateway/lookup.h"

#include "gateway/row.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define IDS_MAX (3 * BATCH_REQUESTS_MAX)

/* What the list names, each thing once or more. */
struct names {
	const struct ulid *accounts[IDS_MAX];
	const uint8_t *keys[BATCH_REQUESTS_MAX];
	const struct op_message *references[BATCH_REQUESTS_MAX];
	size_t account_count, key_count, reference_count;
};

/* The clearing account of a channel and currency has an id that follows from both: no lookup, no second one. */
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

static void take_names(struct op_message *m, struct names *n)
{
	struct op *op = &m->op;
	uint32_t needs = ledger_kind(op->kind)->needs;

	if (op_is_journalled(op->kind) || op->kind == OP_KEY_GET)
		n->keys[n->key_count++] = op->key_hash;
	if (needs & NEED_CLEARING)
		clearing_id(op, &op->from);
	if (needs & NEED_REFERENCE)
		n->references[n->reference_count++] = m;
	if (needs & (NEED_FROM | NEED_CLEARING))
		n->accounts[n->account_count++] = &op->from;
	if (needs & NEED_TO)
		n->accounts[n->account_count++] = &op->to;
	if (needs & NEED_ACCOUNT)
		n->accounts[n->account_count++] = &op->subject;
}

int lookup_load(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	struct names n;
	int code;

	n.account_count = n.key_count = n.reference_count = 0;
	for (struct request *r = list; r; r = r->next)
		take_names(&r->message, &n);
	image_trim(t->image);
	code = row_load_accounts(t->store, t->image, n.accounts, n.account_count, &t->sql, e);
	if (!code)
		code = row_load_keys(t->store, t->image, n.keys, n.key_count, &t->sql, e);
	if (!code)
		code = row_load_references(t->store, t->image, n.references, n.reference_count, &t->sql, e);
	return code;
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

int lookup_fill(struct batch_tools *t, struct ledger_input *in)
{
	const struct op_message *m = in->message;
	const struct op *op = &m->op;
	uint32_t needs = ledger_kind(op->kind)->needs;

	in->who = image_principal(t->image, op->secret_hash);
	if (in->who)
		in->twin = image_stored(t->image, in->who->id, op->key_hash);
	if (needs & NEED_FROM)
		in->from = existing_account(t, &op->from);
	if (needs & NEED_TO)
		in->to = existing_account(t, &op->to);
	if (needs & NEED_ACCOUNT)
		in->account = existing_account(t, &op->subject);
	if (needs & NEED_REFERENCE)
		in->same_reference = image_stored_by_reference(
		    t->image, op->channel, m->text[OP_TEXT_REFERENCE], op->text_bytes[OP_TEXT_REFERENCE]);
	if (needs & NEED_CLEARING) {
		in->from = clearing_account(t, op);
		if (!in->from)
			return -ENOMEM;
	}
	return 0;
}
