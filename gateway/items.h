/* The items of a batch of transfers, one behind the other, as they travel from a worker to the ledger. Pure. */
#ifndef HOLDFAST_GATEWAY_ITEMS_H
#define HOLDFAST_GATEWAY_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/op.h"

#define ITEMS_MAX 500

struct item {
	struct ulid from, to;
	int64_t amount;
	char currency[4];
	uint32_t reference_bytes, metadata_bytes;
	uint8_t key_hash[HASH_BYTES]; /* of "key#index" */
	uint32_t reserved;
};

/* Where a reader is. */
struct items {
	const char *at, *end;
};

/* Those of a message of kind OP_TRANSFER_BATCH. */
struct items items_of(const struct op_message *m);

/* The next one with its texts, which are borrowed. False: there is none, or not a whole one (then at != end). */
bool items_next(struct items *i, struct item *ret, const char **reference, const char **metadata);

/* The transfer that the item asks for, as an operation of its own by the one who sent the batch. False as above. */
bool items_next_op(struct items *i, const struct op_message *batch, struct op_message *ret);

/* How many bytes an item takes; and writes one to buf, which has room for it. */
size_t items_bytes(const struct item *item);
void items_put(char *buf, const struct item *item, const char *reference, const char *metadata);

#endif
