#include "gateway/keyindex.h"

#include <string.h>

struct scoped_key scoped_key_of(const struct op *op)
{
	struct scoped_key ret = {.principal = op->principal};

	memcpy(ret.secret, op->secret_hash, HASH_BYTES);
	memcpy(ret.key, op->key_hash, HASH_BYTES);
	return ret;
}

bool scoped_key_same(const struct scoped_key *a, const struct scoped_key *b)
{
	if (memcmp(a->key, b->key, HASH_BYTES) != 0)
		return false;
	if (memcmp(a->secret, b->secret, HASH_BYTES) == 0)
		return true;
	return a->principal && a->principal == b->principal;
}

void flying_put(struct flying_keys *f, const struct op *op)
{
	if (op_is_journalled(op->kind))
		f->key[f->count++] = scoped_key_of(op);
}

bool flying_has(const struct flying_keys *f, const struct scoped_key *key)
{
	for (size_t i = 0; i < f->count; i++)
		if (scoped_key_same(&f->key[i], key))
			return true;
	return false;
}

static const struct request *next_journalled(const struct request *r)
{
	while (r && !op_is_journalled(r->message.op.kind))
		r = r->next;
	return r;
}

void flying_drop(struct flying_keys *f, const struct request *list)
{
	const struct request *r = next_journalled(list);
	size_t kept = 0;

	for (size_t i = 0; i < f->count; i++) {
		struct scoped_key key = r ? scoped_key_of(&r->message.op) : (struct scoped_key){0};

		if (r && memcmp(&key, &f->key[i], sizeof(key)) == 0)
			r = next_journalled(r->next);
		else
			f->key[kept++] = f->key[i];
	}
	f->count = kept;
}

/* It is a hash already. */
static size_t bucket_of(const uint8_t key[static HASH_BYTES])
{
	return (size_t)(key[0] | key[1] << 8) % KEYINDEX_BUCKETS;
}

void keyindex_begin(struct keyindex *x, const struct flying_keys *f)
{
	*x = (struct keyindex){.flying = f};
	for (size_t i = 0; i < f->count; i++) {
		uint16_t *first = &x->first[bucket_of(f->key[i].key)];

		x->flying_next[i] = *first;
		*first = (uint16_t)(i + 1);
	}
}

void keyindex_add(struct keyindex *x, struct request *r)
{
	struct request **first = &x->waiting[bucket_of(r->message.op.key_hash)];

	r->bucket_next = *first;
	*first = r;
}

bool keyindex_has(const struct keyindex *x, const struct scoped_key *key)
{
	size_t bucket = bucket_of(key->key);

	for (size_t i = x->first[bucket]; i; i = x->flying_next[i - 1])
		if (scoped_key_same(&x->flying->key[i - 1], key))
			return true;
	for (const struct request *r = x->waiting[bucket]; r; r = r->bucket_next) {
		struct scoped_key other = scoped_key_of(&r->message.op);

		if (scoped_key_same(&other, key))
			return true;
	}
	return false;
}
