#include "gateway/fields_parts.h"

#include "gateway/fields.h"
#include "gateway/items.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one item complains of, with its place before it. */
static void complain_of(struct intake *in, size_t index, const struct refusal *item)
{
	struct refusal *r = &in->refusal;

	for (size_t i = 0; i < item->field_count && r->field_count < INTAKE_FIELDS_MAX; i++) {
		struct problem_field *f = &r->fields[r->field_count++];

		/* A pointer that would be cut within a character is not repeated beyond the item. */
		if (snprintf(f->pointer, sizeof(f->pointer), "/items/%zu%s", index, item->fields[i].pointer) >=
		    (int)sizeof(f->pointer))
			(void)snprintf(f->pointer, sizeof(f->pointer), "/items/%zu", index);
		f->code = item->fields[i].code;
		if (r->field_count == 1)
			r->param = "items";
	}
}

/* The key of item i of batch K is K#i, which no client can send. */
static void hash_item_key(const struct intake *in, size_t index, uint8_t ret[static HASH_BYTES])
{
	char key[KEY_CHARS_MAX + 24];
	int n = snprintf(key, sizeof(key), "%s#%zu", in->facts->key ? in->facts->key : "", index);

	(void)crypto_generichash(ret, HASH_BYTES, (const unsigned char *)key, (unsigned)n, NULL, 0);
}

static bool append(struct intake *in, size_t *size, const struct item *item, const struct op_message *m)
{
	uint32_t *used = &in->m.op.text_bytes[OP_TEXT_ITEMS];
	size_t bytes = items_bytes(item);

	if (*used + bytes > OP_ITEMS_BYTES_MAX)
		return false;
	if (*used + bytes > *size) {
		size_t larger = 2 * (*used + bytes);
		char *items = realloc(in->items, larger);

		if (!items)
			return false;
		in->items = items;
		*size = larger;
	}
	items_put(in->items + *used, item, m->text[OP_TEXT_REFERENCE], m->text[OP_TEXT_METADATA]);
	*used += (uint32_t)bytes;
	return true;
}

/* False: no room for it. */
static bool read_item(struct intake *in, size_t index, json_t *v, size_t *size)
{
	struct intake one = {.facts = in->facts, .channels = in->channels, .root = v};
	struct item item = {0};
	bool good = true;

	one.m.op.kind = OP_TRANSFER_CREATE;
	if (fields_read(&one)) {
		item.from = one.m.op.from;
		item.to = one.m.op.to;
		item.amount = one.m.op.amount;
		item.reference_bytes = one.m.op.text_bytes[OP_TEXT_REFERENCE];
		item.metadata_bytes = one.m.op.text_bytes[OP_TEXT_METADATA];
		memcpy(item.currency, one.m.op.currency, sizeof(item.currency));
		hash_item_key(in, index, item.key_hash);
		good = append(in, size, &item, &one.m);
	} else {
		complain_of(in, index, &one.refusal);
	}
	free(one.metadata);
	return good;
}

void fields_read_items(struct intake *in, const json_t *array)
{
	size_t count = json_array_size(array), size = 0;

	if ((int64_t)count > field_shape(FIELD_ITEMS)->max) {
		fields_complain(in, "items", NULL, "too_many");
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (!read_item(in, i, json_array_get(array, i), &size)) {
			fields_complain(in, "items", NULL, "too_large");
			return;
		}
	in->m.text[OP_TEXT_ITEMS] = in->items;
	in->m.op.item_count = (uint32_t)count;
}
