#include "gateway/image.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 65536	    /* a power of two */
#define STORED_SLOTS 4096   /* a power of two */
#define ACCOUNTS_MAX 400000 /* above it, or above the next, the cache starts anew */
#define SESSION_SLOTS 4096  /* a power of two */
#define SESSIONS_MAX 50000  /* the same */
#define METADATA_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct account_node {
	struct account_node *next;
	struct account account;
};

struct stored_node {
	struct stored_node *next_by_key, *next_by_reference, *next;
	struct stored stored;
	char bytes[];
};

enum resource_kind { RESOURCE_PAYMENT, RESOURCE_WITHDRAWAL, RESOURCE_TRANSFER };

struct resource_node {
	struct resource_node *next_by_id, *next;
	enum resource_kind kind;
	struct ulid id;
	union {
		struct payment payment;
		struct withdrawal withdrawal;
		struct transfer transfer;
	};
	char bytes[];
};

struct principal_node {
	struct principal_node *next;
	struct principal principal;
};

struct session_node {
	struct session_node *next;
	struct session session;
	struct principal principal;
};

struct image {
	struct session_node *sessions[SESSION_SLOTS];
	size_t session_count;
	struct account_node *accounts[SLOTS];
	size_t account_count, metadata_bytes;
	struct stored_node *by_key[STORED_SLOTS], *by_reference[STORED_SLOTS], *all_stored;
	struct resource_node *by_id[STORED_SLOTS], *all_resources;
	struct principal_node *principals;
	struct oddrow *odd; /* few, if any */
};

/* FNV-1a; what is hashed is random or chosen by authenticated clients. */
static size_t hash(const void *bytes, size_t count)
{
	const unsigned char *b = bytes;
	uint64_t h = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < count; i++)
		h = (h ^ b[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 29);
}

struct image *image_new(void)
{
	return calloc(1, sizeof(struct image));
}

void image_free(struct image *image)
{
	if (!image)
		return;
	image_clear(image);
	free(image);
}

static void clear_accounts(struct image *image)
{
	for (size_t i = 0; i < SLOTS; i++)
		while (image->accounts[i]) {
			struct account_node *n = image->accounts[i];

			image->accounts[i] = n->next;
			free(n->account.metadata);
			free(n);
		}
	image->account_count = image->metadata_bytes = 0;
}

static void clear_stored(struct image *image)
{
	if (!image->all_stored)
		return;
	while (image->all_stored) {
		struct stored_node *n = image->all_stored;

		image->all_stored = n->next;
		free(n);
	}
	memset(image->by_key, 0, sizeof(image->by_key));
	memset(image->by_reference, 0, sizeof(image->by_reference));
}

static void clear_resources(struct image *image)
{
	if (!image->all_resources)
		return;
	while (image->all_resources) {
		struct resource_node *n = image->all_resources;

		image->all_resources = n->next;
		free(n);
	}
	memset(image->by_id, 0, sizeof(image->by_id));
}

static void clear_sessions(struct image *image)
{
	for (size_t i = 0; i < SESSION_SLOTS && image->session_count; i++)
		while (image->sessions[i]) {
			struct session_node *n = image->sessions[i];

			image->sessions[i] = n->next;
			free(n);
			image->session_count--;
		}
}

void image_clear(struct image *image)
{
	clear_sessions(image);
	clear_accounts(image);
	clear_stored(image);
	clear_resources(image);
	oddrow_free(&image->odd);
	while (image->principals) {
		struct principal_node *n = image->principals;

		image->principals = n->next;
		free(n);
	}
}

void image_trim(struct image *image)
{
	clear_stored(image);
	clear_resources(image);
	oddrow_free(&image->odd);
	if (image->session_count > SESSIONS_MAX)
		clear_sessions(image);
	if (image->account_count > ACCOUNTS_MAX || image->metadata_bytes > METADATA_BYTES_MAX)
		clear_accounts(image);
}

struct oddrow **image_odd(struct image *image)
{
	return &image->odd;
}

struct account *image_account(struct image *image, const struct ulid *id)
{
	for (struct account_node *n = image->accounts[hash(id, sizeof(*id)) % SLOTS]; n; n = n->next)
		if (ulid_equal(&n->account.id, id))
			return &n->account;
	return NULL;
}

bool image_set_metadata(struct image *image, struct account *a, const char *metadata, size_t bytes)
{
	char *copy = malloc(bytes + 1);

	if (!copy)
		return false;
	memcpy(copy, metadata, bytes);
	copy[bytes] = '\0';
	free(a->metadata);
	a->metadata = copy;
	image->metadata_bytes += bytes; /* too much rather than too little, until the cache starts anew */
	return true;
}

struct account *image_add_account(struct image *image, const struct account *a, const char *metadata, size_t bytes)
{
	struct account_node *n = calloc(1, sizeof(*n));
	size_t slot = hash(&a->id, sizeof(a->id)) % SLOTS;

	if (!n)
		return NULL;
	n->account = *a;
	n->account.metadata = NULL;
	if (bytes && !image_set_metadata(image, &n->account, metadata, bytes)) {
		free(n);
		return NULL;
	}
	n->next = image->accounts[slot];
	image->accounts[slot] = n;
	image->account_count++;
	return &n->account;
}

struct principal *image_principal(struct image *image, const uint8_t secret_hash[static HASH_BYTES])
{
	for (struct principal_node *n = image->principals; n; n = n->next)
		if (memcmp(n->principal.secret_hash, secret_hash, HASH_BYTES) == 0)
			return &n->principal;
	return NULL;
}

struct principal *image_principal_by_name(struct image *image, const char *name)
{
	for (struct principal_node *n = image->principals; n; n = n->next)
		if (strcmp(n->principal.name, name) == 0)
			return &n->principal;
	return NULL;
}

struct principal *image_principal_at(struct image *image, size_t i)
{
	struct principal_node *n = image->principals;

	while (n && i--)
		n = n->next;
	return n ? &n->principal : NULL;
}

struct principal *image_add_principal(struct image *image, const struct principal *p)
{
	struct principal_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->principal = *p;
	n->next = image->principals;
	image->principals = n;
	return &n->principal;
}

static struct session_node *find_session(struct image *image, const uint8_t token_hash[static HASH_BYTES])
{
	struct session_node *n = image->sessions[hash(token_hash, HASH_BYTES) % SESSION_SLOTS];

	while (n && memcmp(n->session.token_hash, token_hash, HASH_BYTES) != 0)
		n = n->next;
	return n;
}

const struct session *image_session(struct image *image, const uint8_t token_hash[static HASH_BYTES])
{
	const struct session_node *n = find_session(image, token_hash);

	return n ? &n->session : NULL;
}

const struct session *image_add_session(struct image *image, const struct session *s)
{
	struct session_node *n = calloc(1, sizeof(*n)), **slot;

	if (!n)
		return NULL;
	slot = &image->sessions[hash(s->token_hash, HASH_BYTES) % SESSION_SLOTS];
	n->session = *s;
	n->principal = (struct principal){
	    .id = s->principal,
	    .is_user = true,
	    .revoked = s->ended,
	    .user = s->user,
	    .expires_us = s->expires_us,
	};
	n->next = *slot;
	*slot = n;
	image->session_count++;
	return &n->session;
}

static void end_session(struct session_node *n)
{
	n->session.ended = n->principal.revoked = true;
}

void image_end_session(struct image *image, const uint8_t token_hash[static HASH_BYTES])
{
	struct session_node *n = find_session(image, token_hash);

	if (n)
		end_session(n);
}

void image_end_other_sessions(struct image *image, const struct ulid *user, const uint8_t but[static HASH_BYTES])
{
	for (size_t i = 0; i < SESSION_SLOTS; i++)
		for (struct session_node *n = image->sessions[i]; n; n = n->next)
			if (ulid_equal(&n->session.user, user) && memcmp(n->session.token_hash, but, HASH_BYTES) != 0)
				end_session(n);
}

const struct principal *image_who(struct image *image, const struct op *op)
{
	const struct session_node *n = op->by_session ? find_session(image, op->secret_hash) : NULL;

	if (!op->by_session)
		return image_principal(image, op->secret_hash);
	return n ? &n->principal : NULL;
}

const struct stored *image_stored(struct image *image, uint64_t principal, const uint8_t key_hash[static HASH_BYTES])
{
	for (struct stored_node *n = image->by_key[hash(key_hash, HASH_BYTES) % STORED_SLOTS]; n; n = n->next_by_key)
		if (n->stored.principal == principal && memcmp(n->stored.key_hash, key_hash, HASH_BYTES) == 0)
			return &n->stored;
	return NULL;
}

void image_drop_stored(struct image *image, uint64_t principal, const uint8_t key_hash[static HASH_BYTES])
{
	struct stored_node **at = &image->by_key[hash(key_hash, HASH_BYTES) % STORED_SLOTS];

	for (; *at; at = &(*at)->next_by_key)
		if ((*at)->stored.principal == principal && memcmp((*at)->stored.key_hash, key_hash, HASH_BYTES) == 0) {
			*at = (*at)->next_by_key; /* its memory is freed with the others */
			return;
		}
}

static size_t reference_slot(const char *channel, const char *reference, size_t bytes)
{
	return (hash(channel, strlen(channel)) ^ hash(reference, bytes)) % STORED_SLOTS;
}

const struct stored *image_stored_by_reference(
    struct image *image, const char *channel, const char *reference, size_t bytes)
{
	struct stored_node *n = image->by_reference[reference_slot(channel, reference, bytes)];

	for (; n; n = n->next_by_reference)
		if (n->stored.channel_reference_bytes == bytes && strcmp(n->stored.channel, channel) == 0 &&
		    memcmp(n->stored.channel_reference, reference, bytes) == 0)
			return &n->stored;
	return NULL;
}

const struct stored *image_add_stored(struct image *image, const struct stored *s)
{
	struct stored_node *n = calloc(1, sizeof(*n) + s->body_bytes + s->channel_reference_bytes);
	size_t slot = hash(s->key_hash, HASH_BYTES) % STORED_SLOTS;

	if (!n)
		return NULL;
	n->stored = *s;
	if (s->body_bytes)
		memcpy(n->bytes, s->body, s->body_bytes);
	n->stored.body = n->bytes;
	n->next = image->all_stored;
	image->all_stored = n;
	n->next_by_key = image->by_key[slot];
	image->by_key[slot] = n;
	if (s->channel_reference_bytes) {
		memcpy(n->bytes + s->body_bytes, s->channel_reference, s->channel_reference_bytes);
		n->stored.channel_reference = n->bytes + s->body_bytes;
		slot = reference_slot(s->channel, s->channel_reference, s->channel_reference_bytes);
		n->next_by_reference = image->by_reference[slot];
		image->by_reference[slot] = n;
	}
	return &n->stored;
}

static struct resource_node *find_resource(struct image *image, enum resource_kind kind, const struct ulid *id)
{
	struct resource_node *n = image->by_id[hash(id, sizeof(*id)) % STORED_SLOTS];

	while (n && (n->kind != kind || !ulid_equal(&n->id, id)))
		n = n->next_by_id;
	return n;
}

static struct resource_node *add_resource(
    struct image *image, enum resource_kind kind, const struct ulid *id, size_t text_bytes)
{
	struct resource_node *n = calloc(1, sizeof(*n) + text_bytes);
	size_t slot = hash(id, sizeof(*id)) % STORED_SLOTS;

	if (!n)
		return NULL;
	n->kind = kind;
	n->id = *id;
	n->next = image->all_resources;
	image->all_resources = n;
	n->next_by_id = image->by_id[slot];
	image->by_id[slot] = n;
	return n;
}

static const char *copy_text(char *to, const char *from, size_t bytes)
{
	if (bytes)
		memcpy(to, from, bytes);
	return to;
}

struct payment *image_payment(struct image *image, const struct ulid *id)
{
	struct resource_node *n = find_resource(image, RESOURCE_PAYMENT, id);

	return n ? &n->payment : NULL;
}

struct withdrawal *image_withdrawal(struct image *image, const struct ulid *id)
{
	struct resource_node *n = find_resource(image, RESOURCE_WITHDRAWAL, id);

	return n ? &n->withdrawal : NULL;
}

struct transfer *image_transfer(struct image *image, const struct ulid *id)
{
	struct resource_node *n = find_resource(image, RESOURCE_TRANSFER, id);

	return n ? &n->transfer : NULL;
}

struct payment *image_add_payment(struct image *image, const struct payment *p)
{
	struct resource_node *n = add_resource(image, RESOURCE_PAYMENT, &p->id, p->reference_bytes + p->metadata_bytes);

	if (!n)
		return NULL;
	n->payment = *p;
	n->payment.reference = copy_text(n->bytes, p->reference, p->reference_bytes);
	n->payment.metadata = copy_text(n->bytes + p->reference_bytes, p->metadata, p->metadata_bytes);
	return &n->payment;
}

struct withdrawal *image_add_withdrawal(struct image *image, const struct withdrawal *w)
{
	struct resource_node *n = add_resource(image, RESOURCE_WITHDRAWAL, &w->id, w->destination_bytes);

	if (!n)
		return NULL;
	n->withdrawal = *w;
	n->withdrawal.destination = copy_text(n->bytes, w->destination, w->destination_bytes);
	return &n->withdrawal;
}

struct transfer *image_add_transfer(struct image *image, const struct transfer *t)
{
	struct resource_node *n = add_resource(image, RESOURCE_TRANSFER, &t->id, 0);

	if (!n)
		return NULL;
	n->transfer = *t;
	return &n->transfer;
}
