#include "gateway/items.h"

#include <string.h>

struct items items_of(const struct op_message *m)
{
	const char *at = m->text[OP_TEXT_ITEMS];

	return (struct items){.at = at, .end = at + m->op.text_bytes[OP_TEXT_ITEMS]};
}

bool items_next(struct items *i, struct item *ret, const char **reference, const char **metadata)
{
	size_t left = (size_t)(i->end - i->at);

	if (left < sizeof(*ret))
		return false;
	memcpy(ret, i->at, sizeof(*ret));
	left -= sizeof(*ret);
	if (ret->reference_bytes > left || ret->metadata_bytes > left - ret->reference_bytes)
		return false;
	*reference = i->at + sizeof(*ret);
	*metadata = *reference + ret->reference_bytes;
	i->at = *metadata + ret->metadata_bytes;
	return true;
}

bool items_next_op(struct items *i, const struct op_message *batch, struct op_message *ret)
{
	const char *reference, *metadata;
	struct item item;

	if (!items_next(i, &item, &reference, &metadata))
		return false;
	*ret = (struct op_message){.op = {.kind = OP_TRANSFER_CREATE,
				       .by_session = batch->op.by_session,
				       .has_reference = item.reference_bytes != 0,
				       .from = item.from,
				       .to = item.to,
				       .amount = item.amount}};
	memcpy(ret->op.currency, item.currency, sizeof(ret->op.currency));
	memcpy(ret->op.secret_hash, batch->op.secret_hash, HASH_BYTES);
	memcpy(ret->op.fingerprint, batch->op.fingerprint, HASH_BYTES);
	memcpy(ret->op.key_hash, item.key_hash, HASH_BYTES);
	for (unsigned t = 0; t < OP_TEXT_COUNT; t++)
		ret->text[t] = "";
	ret->text[OP_TEXT_REQUEST_ID] = batch->text[OP_TEXT_REQUEST_ID];
	ret->op.text_bytes[OP_TEXT_REQUEST_ID] = batch->op.text_bytes[OP_TEXT_REQUEST_ID];
	ret->text[OP_TEXT_REFERENCE] = reference;
	ret->op.text_bytes[OP_TEXT_REFERENCE] = item.reference_bytes;
	ret->text[OP_TEXT_METADATA] = metadata;
	ret->op.text_bytes[OP_TEXT_METADATA] = item.metadata_bytes;
	return true;
}

size_t items_bytes(const struct item *item)
{
	return sizeof(*item) + item->reference_bytes + item->metadata_bytes;
}

void items_put(char *buf, const struct item *item, const char *reference, const char *metadata)
{
	memcpy(buf, item, sizeof(*item));
	if (item->reference_bytes)
		memcpy(buf + sizeof(*item), reference, item->reference_bytes);
	if (item->metadata_bytes)
		memcpy(buf + sizeof(*item) + item->reference_bytes, metadata, item->metadata_bytes);
}
