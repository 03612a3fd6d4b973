#include "gateway/opcheck.h"

#include "gateway/currency.h"
#include "gateway/items.h"
#include "gateway/page.h"
#include "gateway/payment.h"
#include "gateway/user.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool is_visible(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] < 0x21 || bytes[i] > 0x7e)
			return false;
	return true;
}

static bool is_utf8(const char *bytes, size_t count)
{
	json_t *s = json_stringn(bytes, count);

	json_decref(s);
	return s;
}

/* As a worker writes it: what merges members (gateway/metadata.h) knows no other form. */
static bool is_compact(const json_t *root, const char *bytes, size_t count)
{
	char *dump = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	bool same = dump && strlen(dump) == count && memcmp(dump, bytes, count) == 0;

	free(dump);
	return same;
}

/* An object of strings, or nothing. In a patch, null takes a member away. */
static bool is_metadata(const char *bytes, size_t count, bool is_patch)
{
	json_t *root, *value;
	const char *key;
	bool good;

	if (!count)
		return true;
	root = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, NULL);
	good = json_is_object(root);
	json_object_foreach(root, key, value)
	{
		good = good && (json_is_string(value) || (is_patch && json_is_null(value)));
	}
	good = good && is_compact(root, bytes, count);
	json_decref(root);
	return good;
}

/* What the column holds: 64 characters, or 128 of a destination. A reason is in the body only. */
static uint32_t reference_bytes_max(uint8_t kind)
{
	bool is_short = kind == OP_TOPUP_CREATE || kind == OP_TRANSFER_CREATE || kind == OP_PAYMENT_CREATE;

	return is_short ? OP_REFERENCE_BYTES_MAX / 2 : OP_REFERENCE_BYTES_MAX;
}

static bool is_account_sound(const struct op *op)
{
	return op->has_min <= OP_LIMIT_SET && op->has_max <= OP_LIMIT_SET && op->min_balance >= -AMOUNT_MAX &&
	       op->min_balance <= 0 && op->max_balance >= 0 && op->max_balance <= AMOUNT_MAX;
}

static bool is_update_sound(const struct op *op)
{
	return op->has_min <= OP_LIMIT_NONE && op->has_max <= OP_LIMIT_NONE && op->min_balance >= -AMOUNT_MAX &&
	       op->min_balance <= AMOUNT_MAX && op->max_balance >= -AMOUNT_MAX && op->max_balance <= AMOUNT_MAX;
}

/* A top-up has the channel's reference, a withdrawal a destination. */
static bool is_channel_sound(const struct op *op)
{
	size_t channel_bytes = strlen(op->channel);

	return channel_bytes >= 1 && channel_bytes <= CHANNEL_CHARS_MAX && is_visible(op->channel, channel_bytes) &&
	       op->text_bytes[OP_TEXT_REFERENCE];
}

static bool is_payment_sound(const struct op *op)
{
	return op->hold_seconds >= 1 && op->hold_seconds <= HOLD_SECONDS_MAX && op->fee_bps <= FEE_BPS_MAX &&
	       op->fee_fixed >= 0 && op->fee_fixed <= AMOUNT_MAX;
}

static bool is_batch_sound(const struct op_message *m)
{
	struct items items = items_of(m);
	struct op_message one;
	uint32_t n = 0;

	for (; items_next_op(&items, m, &one); n++)
		if (one.op.amount < 1 || one.op.amount > AMOUNT_MAX ||
		    !memchr(one.op.currency, 0, sizeof(one.op.currency)) ||
		    one.op.text_bytes[OP_TEXT_REFERENCE] > OP_REFERENCE_BYTES_MAX ||
		    one.op.text_bytes[OP_TEXT_METADATA] > OP_METADATA_BYTES_MAX || !op_is_sound(&one))
			return false;
	return items.at == items.end && n == m->op.item_count && n >= 1 && n <= ITEMS_MAX;
}

static bool has_currency(uint8_t kind)
{
	return kind == OP_ACCOUNT_CREATE || kind == OP_TOPUP_CREATE || kind == OP_TRANSFER_CREATE ||
	       kind == OP_PAYMENT_CREATE || kind == OP_WITHDRAWAL_CREATE;
}

/* Login, name and record are there where they are wanted, and there only. */
static bool is_user_sound(const struct op_message *m)
{
	const struct op *op = &m->op;
	uint32_t login_bytes = op->text_bytes[OP_TEXT_REFERENCE], name_bytes = op->text_bytes[OP_TEXT_NAME];
	uint32_t records = op->text_bytes[OP_TEXT_RECORD];

	if (login_bytes && !user_login_is_good(m->text[OP_TEXT_REFERENCE], login_bytes))
		return false;
	if (!is_visible(op->channel, strlen(op->channel)) || !is_utf8(m->text[OP_TEXT_NAME], name_bytes))
		return false;
	switch (op->kind) {
	case OP_LOGIN_LOOK: return op->by_session || login_bytes;
	case OP_SESSION_CREATE: return login_bytes && records == sizeof(struct password_record);
	case OP_USER_CREATE: return login_bytes && name_bytes && records == sizeof(struct password_record);
	case OP_USER_UPDATE: return !login_bytes;
	case OP_USER_PASSWORD: return !login_bytes && records == 2 * sizeof(struct password_record);
	default: return true;
	}
}

bool op_is_sound(const struct op_message *m)
{
	const struct op *op = &m->op;
	const uint8_t flags[] = {op->again, op->has_owner, op->has_reference, op->manual, op->final, op->has_fee,
	    op->atomic, op->by_session, op->verified, op->key_drawn};
	uint32_t reference_bytes = op->text_bytes[OP_TEXT_REFERENCE];

	for (size_t i = 0; i < sizeof(flags); i++)
		if (flags[i] > 1)
			return false;
	if (!is_visible(m->text[OP_TEXT_REQUEST_ID], op->text_bytes[OP_TEXT_REQUEST_ID]))
		return false;
	if (op->kind >= OP_LOGIN_LOOK && op->kind <= OP_USER_PASSWORD && !is_user_sound(m))
		return false;
	if (!op_is_journalled(op->kind))
		return !page_kind(op->kind) || page_is_good(op);
	if (op->has_reference != (reference_bytes != 0) || reference_bytes > reference_bytes_max(op->kind) ||
	    !is_utf8(m->text[OP_TEXT_REFERENCE], reference_bytes) ||
	    !is_metadata(m->text[OP_TEXT_METADATA], op->text_bytes[OP_TEXT_METADATA], op->kind == OP_ACCOUNT_UPDATE))
		return false;
	if (has_currency(op->kind) && currency_exponent(op->currency, strlen(op->currency)) < 0)
		return false;
	switch (op->kind) {
	case OP_ACCOUNT_CREATE: return is_account_sound(op);
	case OP_ACCOUNT_UPDATE: return is_update_sound(op);
	case OP_TOPUP_CREATE:
	case OP_WITHDRAWAL_CREATE: return is_channel_sound(op);
	case OP_PAYMENT_CREATE: return is_payment_sound(op);
	case OP_TRANSFER_BATCH: return is_batch_sound(m);
	default: return true;
	}
}
