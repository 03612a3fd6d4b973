/* Who has which Idempotency-Key, of the requests of a queue: those in flight, and those that wait. Pure. */
#ifndef HOLDFAST_GATEWAY_KEYINDEX_H
#define HOLDFAST_GATEWAY_KEYINDEX_H

#include "gateway/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYINDEX_BUCKETS 4096

/* A key, and who has it: sessions and keys of one principal share them. */
struct scoped_key {
	uint64_t principal; /* 0: not known, then the secret has to do */
	uint8_t secret[HASH_BYTES], key[HASH_BYTES];
};

struct scoped_key scoped_key_of(const struct op *op);
bool scoped_key_same(const struct scoped_key *a, const struct scoped_key *b);

/* Those of a round, in its order. */
struct flying_keys {
	struct scoped_key key[BATCH_REQUESTS_MAX];
	size_t count;
};

/* What is not journalled has none. */
void flying_put(struct flying_keys *f, const struct op *op);
bool flying_has(const struct flying_keys *f, const struct scoped_key *key);
/* The requests of the list, in the order of the round, are in flight no longer. */
void flying_drop(struct flying_keys *f, const struct request *list);

/* The same of those in flight and of the waiting ones that were looked at, so that each of those after them is one look. */
struct keyindex {
	const struct flying_keys *flying;
	struct request *waiting[KEYINDEX_BUCKETS];			   /* the last of each; bucket_next */
	uint16_t first[KEYINDEX_BUCKETS], flying_next[BATCH_REQUESTS_MAX]; /* 1 + its number; 0: none */
};

/* f has to stay as it is while the index is in use. */
void keyindex_begin(struct keyindex *x, const struct flying_keys *f);
void keyindex_add(struct keyindex *x, struct request *r);
bool keyindex_has(const struct keyindex *x, const struct scoped_key *key);

#endif
