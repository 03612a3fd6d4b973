#include "gateway/fields.h"

#include "gateway/account.h"
#include "gateway/cardguard.h"
#include "gateway/currency.h"
#include "gateway/fields_parts.h"
#include "gateway/metadata.h"
#include "gateway/payment.h"

#include <stdlib.h>
#include <string.h>

const struct field fields[] = {
    {OP_ACCOUNT_CREATE, "currency", FIELD_CURRENCY, true},
    {OP_ACCOUNT_CREATE, "kind", FIELD_KIND, true},
    {OP_ACCOUNT_CREATE, "owner", FIELD_OWNER, false},
    {OP_ACCOUNT_CREATE, "min_balance", FIELD_FIRST_MIN, false},
    {OP_ACCOUNT_CREATE, "max_balance", FIELD_FIRST_MAX, false},
    {OP_ACCOUNT_CREATE, "metadata", FIELD_METADATA, false},
    {OP_ACCOUNT_UPDATE, "metadata", FIELD_METADATA_PATCH, false},
    {OP_ACCOUNT_UPDATE, "min_balance", FIELD_MIN, false},
    {OP_ACCOUNT_UPDATE, "max_balance", FIELD_MAX, false},
    {OP_TOPUP_CREATE, "account", FIELD_TO, true},
    {OP_TOPUP_CREATE, "amount", FIELD_AMOUNT, true},
    {OP_TOPUP_CREATE, "currency", FIELD_CURRENCY, true},
    {OP_TOPUP_CREATE, "channel", FIELD_CHANNEL, true},
    {OP_TOPUP_CREATE, "channel_reference", FIELD_REFERENCE, true},
    {OP_TRANSFER_CREATE, "from", FIELD_FROM, true},
    {OP_TRANSFER_CREATE, "to", FIELD_TO, true},
    {OP_TRANSFER_CREATE, "amount", FIELD_AMOUNT, true},
    {OP_TRANSFER_CREATE, "currency", FIELD_CURRENCY, true},
    {OP_TRANSFER_CREATE, "reference", FIELD_REFERENCE, false},
    {OP_TRANSFER_CREATE, "metadata", FIELD_METADATA, false},
    {OP_TRANSFER_BATCH, "atomic", FIELD_ATOMIC, true},
    {OP_TRANSFER_BATCH, "items", FIELD_ITEMS, true},
    {OP_TRANSFER_REVERSE, "reason", FIELD_REFERENCE, true},
    {OP_PAYMENT_CREATE, "payer", FIELD_FROM, true},
    {OP_PAYMENT_CREATE, "payee", FIELD_TO, true},
    {OP_PAYMENT_CREATE, "amount", FIELD_AMOUNT, true},
    {OP_PAYMENT_CREATE, "currency", FIELD_CURRENCY, true},
    {OP_PAYMENT_CREATE, "capture", FIELD_CAPTURE, false},
    {OP_PAYMENT_CREATE, "hold_seconds", FIELD_HOLD_SECONDS, false},
    {OP_PAYMENT_CREATE, "fee", FIELD_FEE, false},
    {OP_PAYMENT_CREATE, "reference", FIELD_REFERENCE, false},
    {OP_PAYMENT_CREATE, "metadata", FIELD_METADATA, false},
    {OP_PAYMENT_CAPTURE, "amount", FIELD_AMOUNT, false},
    {OP_PAYMENT_CAPTURE, "final", FIELD_FINAL, false},
    {OP_REFUND_CREATE, "amount", FIELD_AMOUNT, false},
    {OP_REFUND_CREATE, "reason", FIELD_REFERENCE, true},
    {OP_WITHDRAWAL_CREATE, "account", FIELD_FROM, true},
    {OP_WITHDRAWAL_CREATE, "amount", FIELD_AMOUNT, true},
    {OP_WITHDRAWAL_CREATE, "currency", FIELD_CURRENCY, true},
    {OP_WITHDRAWAL_CREATE, "channel", FIELD_CHANNEL, true},
    {OP_WITHDRAWAL_CREATE, "destination", FIELD_DESTINATION, true},
    {OP_USER_CREATE, "login", FIELD_LOGIN, true},
    {OP_USER_CREATE, "password", FIELD_NEW_PASSWORD, true},
    {OP_USER_CREATE, "display_name", FIELD_NAME, true},
    {OP_USER_UPDATE, "display_name", FIELD_NAME, false},
    {OP_USER_PASSWORD, "old", FIELD_PASSWORD, true},
    {OP_USER_PASSWORD, "new", FIELD_NEW_PASSWORD, true},
    {OP_SESSION_CREATE, "login", FIELD_LOGIN, true},
    {OP_SESSION_CREATE, "password", FIELD_PASSWORD, true},
    {0, NULL, FIELD_TYPE_END, false},
};

const struct field field_members[] = {
    {FIELD_FEE, "bps", FIELD_FEE_BPS, false},
    {FIELD_FEE, "fixed", FIELD_FEE_FIXED, false},
    {FIELD_DESTINATION, "type", FIELD_DESTINATION_TYPE, true},
    {FIELD_DESTINATION, "value", FIELD_DESTINATION_VALUE, true},
    {0, NULL, FIELD_TYPE_END, false},
};

static void put_pointer(char *pointer, size_t size, const char *member)
{
	size_t used = strlen(pointer);

	/* What looks like a card number is not repeated, not even to the one who sent it. */
	if (used + 2 > size || cardguard_finds(member, strlen(member)))
		return;
	pointer[used++] = '/';
	for (; *member; member++) {
		unsigned char c = (unsigned char)*member;

		/* Never cut within a character: leave room for the longest, and stop before a first byte. */
		if (used + 6 > size && (c & 0xc0) != 0x80)
			break;
		if (c == '~' || c == '/') {
			pointer[used++] = '~';
			pointer[used++] = c == '~' ? '0' : '1';
		} else {
			pointer[used++] = (char)c;
		}
	}
	pointer[used] = '\0';
}

void fields_complain(struct intake *in, const char *member, const char *below, const char *code)
{
	struct refusal *r = &in->refusal;
	struct problem_field *f = &r->fields[r->field_count];

	if (r->field_count == INTAKE_FIELDS_MAX)
		return;
	f->pointer[0] = '\0';
	if (member)
		put_pointer(f->pointer, sizeof(f->pointer), member);
	if (below)
		put_pointer(f->pointer, sizeof(f->pointer), below);
	f->code = code;
	if (r->field_count++ == 0 && member && !cardguard_finds(member, strlen(member))) {
		/* A cut name could be no UTF-8 any more: a name too long for a member of ours is not
		 * repeated. */
		if (strlen(member) < sizeof(r->param_name)) {
			memcpy(r->param_name, member, strlen(member) + 1);
			r->param = r->param_name;
		}
	}
}

static void read_integer(struct intake *in, const struct field *f, const json_t *v, int64_t *ret)
{
	const struct field_shape *shape = field_shape(f->type);

	/* Beyond 64 bits there are only reals: an integer that long is not told that it is none. */
	if (json_is_real(v) && (json_real_value(v) >= 0x1p63 || json_real_value(v) < -0x1p63))
		fields_complain(in, f->name, NULL, json_real_value(v) < 0 ? "too_small" : "too_large");
	else if (!json_is_integer(v))
		fields_complain(in, f->name, NULL, json_is_number(v) ? "not_an_integer" : "wrong_type");
	else if (json_integer_value(v) < shape->min)
		fields_complain(in, f->name, NULL, "too_small");
	else if (json_integer_value(v) > shape->max)
		fields_complain(in, f->name, NULL, "too_large");
	else
		*ret = json_integer_value(v);
}

/* An account begins at 0, so the limits it begins with include it; a later change may take one away. */
static void read_limit(struct intake *in, const struct field *f, const json_t *v, uint8_t *has, int64_t *ret)
{
	if (field_shape(f->type)->nullable && json_is_null(v)) {
		*has = OP_LIMIT_NONE;
		return;
	}
	read_integer(in, f, v, ret);
	*has = OP_LIMIT_SET;
}

static void read_id(struct intake *in, const struct field *f, const json_t *v, struct ulid *ret)
{
	if (!id_parse(json_string_value(v), json_string_length(v), field_shape(f->type)->prefix, ret))
		fields_complain(in, f->name, NULL, "invalid");
}

/* The member of this name that a type of members has; NULL none. */
static const struct field *find(const struct field *table, uint8_t of, const char *name)
{
	for (const struct field *f = table; f->name; f++)
		if (f->op == of && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* Members of a member that are none of its own. */
static void refuse_others(struct intake *in, const struct field *f, const json_t *v)
{
	const char *name;
	json_t *ignored;

	json_object_foreach((json_t *)(uintptr_t)v, name, ignored)
	{
		if (!find(field_members, (uint8_t)f->type, name))
			fields_complain(in, f->name, name,
			    cardguard_finds(name, strlen(name)) ? "pan_not_allowed" : "unknown_field");
	}
}

/* Is it one of the words that the table has? */
static bool is_word(enum field_type type, const char *text)
{
	char word[FIELD_WORD_BYTES];

	for (unsigned i = 0; field_shape(type)->word(i, word); i++)
		if (strcmp(word, text) == 0)
			return true;
	return false;
}

size_t fields_count_chars(const char *s, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += (s[i] & 0xc0) != 0x80;
	return n;
}

bool fields_has_length(enum field_type type, const char *s, size_t bytes)
{
	int64_t chars = (int64_t)fields_count_chars(s, bytes);

	return chars >= field_shape(type)->min && chars <= field_shape(type)->max;
}

static void read_reference(struct intake *in, const struct field *f, const json_t *v)
{
	const char *s = json_string_value(v);
	size_t bytes = json_string_length(v);

	if (bytes == 0)
		fields_complain(in, f->name, NULL, "too_short");
	else if (!fields_has_length(f->type, s, bytes))
		fields_complain(in, f->name, NULL, "too_long");
	else if (cardguard_finds(s, bytes))
		fields_complain(in, f->name, NULL, "pan_not_allowed");
	in->m.text[OP_TEXT_REFERENCE] = s;
	in->m.op.text_bytes[OP_TEXT_REFERENCE] = (uint32_t)bytes;
	in->m.op.has_reference = 1;
}

/* 0 when it is not there, or not good. */
static int64_t read_part(struct intake *in, const struct field *f, const json_t *v, enum field_type type)
{
	const struct field_shape *shape = field_shape(type);
	const struct field *part = field_members;
	const json_t *value;

	while (part->type != type)
		part++;
	value = json_object_get(v, part->name);
	if (!value)
		return 0;
	if (!json_is_integer(value))
		fields_complain(in, f->name, part->name, "not_an_integer");
	else if (json_integer_value(value) < shape->min || json_integer_value(value) > shape->max)
		fields_complain(in, f->name, part->name, "out_of_range");
	else
		return json_integer_value(value);
	return 0;
}

/* {"bps":N,"fixed":N}, both optional. */
static void read_fee(struct intake *in, const struct field *f, const json_t *v)
{
	struct op *op = &in->m.op;

	if (!json_is_object(v)) {
		fields_complain(in, f->name, NULL, "wrong_type");
		return;
	}
	op->fee_bps = (uint32_t)read_part(in, f, v, FIELD_FEE_BPS);
	op->fee_fixed = read_part(in, f, v, FIELD_FEE_FIXED);
	refuse_others(in, f, v);
	op->has_fee = 1;
}

/* {"type":"token","value":"..."}: opaque to us. */
static void read_destination(struct intake *in, const struct field *f, const json_t *v)
{
	const json_t *type = json_object_get(v, "type"), *value = json_object_get(v, "value");
	const char *s = json_string_value(value);
	size_t bytes = json_string_length(value);

	if (!json_is_object(v)) {
		fields_complain(in, f->name, NULL, "wrong_type");
		return;
	}
	if (!json_is_string(type) || !is_word(FIELD_DESTINATION_TYPE, json_string_value(type)))
		fields_complain(in, f->name, "type", type ? "unknown_type" : "required");
	if (!json_is_string(value))
		fields_complain(in, f->name, "value", value ? "wrong_type" : "required");
	else if (!fields_has_length(FIELD_DESTINATION_VALUE, s, bytes))
		fields_complain(in, f->name, "value", bytes ? "too_long" : "too_short");
	else if (cardguard_finds(s, bytes))
		fields_complain(in, f->name, "value", "pan_not_allowed");
	refuse_others(in, f, v);
	in->m.text[OP_TEXT_REFERENCE] = s;
	in->m.op.text_bytes[OP_TEXT_REFERENCE] = (uint32_t)bytes;
	in->m.op.has_reference = 1;
}

static void read_channel(struct intake *in, const struct field *f, const json_t *v)
{
	const char *name = json_string_value(v);
	size_t bytes = json_string_length(v);
	const char *at = in->channels;

	while (*(at += strspn(at, " \t"))) {
		size_t n = strcspn(at, " \t");

		if (n == bytes && n < sizeof(in->m.op.channel) && memcmp(at, name, n) == 0) {
			memcpy(in->m.op.channel, name, n);
			return;
		}
		at += n;
	}
	fields_complain(in, f->name, NULL, "unknown_channel");
}

static void read_metadata(struct intake *in, const struct field *f, json_t *v)
{
	bool merges = f->type == FIELD_METADATA_PATCH; /* and then null takes a member away */
	const char *key;
	json_t *value;

	/* Of a patch, as many may go as come. How many there are then, the ledger knows. */
	if ((int64_t)json_object_size(v) > field_shape(f->type)->max)
		fields_complain(in, f->name, NULL, "too_many");
	json_object_foreach(v, key, value)
	{
		size_t n = strlen(key);

		if (n < 1 || n > METADATA_KEY_BYTES_MAX)
			fields_complain(in, f->name, key, n ? "key_too_long" : "key_too_short");
		else if (cardguard_finds(key, n))
			fields_complain(in, f->name, key, "pan_not_allowed");
		else if (merges && json_is_null(value))
			continue;
		else if (!json_is_string(value))
			fields_complain(in, f->name, key, "wrong_type");
		else if (json_string_length(value) > METADATA_VALUE_BYTES_MAX)
			fields_complain(in, f->name, key, "too_long");
		else if (cardguard_finds(json_string_value(value), json_string_length(value)))
			fields_complain(in, f->name, key, "pan_not_allowed");
	}
	in->metadata = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
	if (!in->metadata || strlen(in->metadata) > OP_METADATA_BYTES_MAX) {
		fields_complain(in, f->name, NULL, "too_large");
		return;
	}
	in->m.text[OP_TEXT_METADATA] = in->metadata;
	in->m.op.text_bytes[OP_TEXT_METADATA] = (uint32_t)strlen(in->metadata);
}

static void read_word(struct intake *in, const struct field *f, const json_t *v)
{
	struct op *op = &in->m.op;

	switch (f->type) {
	case FIELD_CURRENCY:
		if (currency_exponent(json_string_value(v), json_string_length(v)) < 0)
			fields_complain(in, f->name, NULL, "unknown_currency");
		else
			memcpy(op->currency, json_string_value(v), 3);
		break;
	case FIELD_KIND:
		op->account_kind = account_kind_parse(json_string_value(v));
		if (!op->account_kind)
			fields_complain(in, f->name, NULL, "unknown_kind");
		break;
	case FIELD_OWNER:
		read_id(in, f, v, &op->from);
		op->has_owner = 1;
		break;
	case FIELD_CAPTURE:
		op->manual = strcmp(json_string_value(v), "manual") == 0;
		if (!is_word(f->type, json_string_value(v)))
			fields_complain(in, f->name, NULL, "unknown_word");
		break;
	case FIELD_FROM: read_id(in, f, v, &op->from); break;
	case FIELD_TO: read_id(in, f, v, &op->to); break;
	case FIELD_CHANNEL: read_channel(in, f, v); break;
	case FIELD_LOGIN: fields_read_login(in, f, v); break;
	case FIELD_NAME: fields_read_name(in, f, v); break;
	case FIELD_PASSWORD:
	case FIELD_NEW_PASSWORD: fields_read_password(in, f, v); break;
	default: read_reference(in, f, v); break;
	}
}

static void read_field(struct intake *in, const struct field *f, json_t *v)
{
	struct op *op = &in->m.op;
	int64_t seconds = HOLD_SECONDS_DEFAULT;

	switch (f->type) {
	case FIELD_AMOUNT: read_integer(in, f, v, &op->amount); return;
	case FIELD_FIRST_MIN:
	case FIELD_MIN: read_limit(in, f, v, &op->has_min, &op->min_balance); return;
	case FIELD_FIRST_MAX:
	case FIELD_MAX: read_limit(in, f, v, &op->has_max, &op->max_balance); return;
	case FIELD_HOLD_SECONDS:
		read_integer(in, f, v, &seconds);
		op->hold_seconds = (uint32_t)seconds;
		return;
	case FIELD_FEE: read_fee(in, f, v); return;
	case FIELD_DESTINATION: read_destination(in, f, v); return;
	case FIELD_ATOMIC:
		if (!json_is_boolean(v))
			fields_complain(in, f->name, NULL, "wrong_type");
		op->atomic = json_is_true(v);
		return;
	case FIELD_ITEMS:
		if (!json_is_array(v))
			fields_complain(in, f->name, NULL, "wrong_type");
		else if (!json_array_size(v))
			fields_complain(in, f->name, NULL, "too_short");
		return;
	case FIELD_FINAL:
		if (!json_is_boolean(v))
			fields_complain(in, f->name, NULL, "wrong_type");
		op->final = json_is_true(v);
		return;
	case FIELD_METADATA:
	case FIELD_METADATA_PATCH:
		if (json_is_object(v))
			read_metadata(in, f, v);
		else
			fields_complain(in, f->name, NULL, "wrong_type");
		return;
	default:
		if (json_is_string(v))
			read_word(in, f, v);
		else
			fields_complain(in, f->name, NULL, "wrong_type");
		return;
	}
}

/* What no single member can say. */
static void check_whole(struct intake *in)
{
	struct op *op = &in->m.op;

	if (op->kind == OP_TRANSFER_CREATE && in->refusal.field_count == 0 && ulid_equal(&op->from, &op->to))
		fields_complain(in, "to", NULL, "same_account");
	if (op->kind == OP_PAYMENT_CREATE && in->refusal.field_count == 0) {
		if (ulid_equal(&op->from, &op->to))
			fields_complain(in, "payee", NULL, "same_account");
		if (op->has_fee && payment_fee(op->amount, op->fee_bps, op->fee_fixed, true) > op->amount)
			fields_complain(in, "fee", NULL, "too_large");
	}
	if (op->kind == OP_PAYMENT_CREATE && !op->hold_seconds)
		op->hold_seconds = HOLD_SECONDS_DEFAULT;
	if (op->kind == OP_ACCOUNT_CREATE && !op->has_min &&
	    (op->account_kind == ACCOUNT_WALLET || op->account_kind == ACCOUNT_MERCHANT))
		op->has_min = 1; /* 0: wallets and merchants do not go below unless said otherwise */
}

static bool is_secret(enum field_type type)
{
	return type == FIELD_PASSWORD || type == FIELD_NEW_PASSWORD;
}

bool fields_read(struct intake *in)
{
	struct refusal *r = &in->refusal;
	const char *name;
	json_t *v;

	r->code = PROBLEM_VALIDATION_FAILED;
	r->detail = "The request has members that are missing, unknown or out of range.";
	if (in->has_huge_number) {
		r->detail = "The body has a number that is too large to be read.";
		fields_complain(in, NULL, NULL, "too_large");
		return false;
	}
	if (!json_is_object(in->root)) {
		fields_complain(in, NULL, NULL, "not_an_object");
		return false;
	}
	if (in->m.op.kind == OP_TRANSFER_BATCH && json_array_size(json_object_get(in->root, "items")))
		fields_read_items(in, json_object_get(in->root, "items"));
	for (const struct field *f = fields; f->name; f++) {
		if (f->op != in->m.op.kind)
			continue;
		v = json_object_get(in->root, f->name);
		if (v)
			read_field(in, f, v);
		else if (f->required)
			fields_complain(in, f->name, NULL, "required");
	}
	json_object_foreach(in->root, name, v)
	{
		if (!find(fields, in->m.op.kind, name))
			fields_complain(
			    in, name, NULL, cardguard_finds(name, strlen(name)) ? "pan_not_allowed" : "unknown_field");
	}
	check_whole(in);
	/* What is left is hashed, fast. Whoever reads the hash is not to guess a password by it. */
	for (const struct field *f = fields; f->name; f++)
		if (f->op == in->m.op.kind && is_secret(f->type))
			(void)json_object_del(in->root, f->name);
	for (size_t i = 0; i < r->field_count; i++)
		if (strcmp(r->fields[i].code, "pan_not_allowed") == 0) {
			r->code = PROBLEM_PAN_NOT_ALLOWED;
			r->detail = "A text looks like a card number.";
		}
	return r->field_count == 0;
}
