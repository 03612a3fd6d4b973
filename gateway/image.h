/* What the ledger holds in memory: a cache of committed rows, dropped whole whenever it might not be the
 * truth. */
#ifndef HOLDFAST_GATEWAY_IMAGE_H
#define HOLDFAST_GATEWAY_IMAGE_H

#include <stddef.h>

#include "gateway/account.h"
#include "gateway/ledger.h"
#include "gateway/oddrow.h"
#include "gateway/user.h"

struct image;

/* NULL when there is no memory. */
struct image *image_new(void);
void image_free(struct image *image);

/* Drops everything; pointers into it are dead. */
void image_clear(struct image *image);

/* Drops the rows of the journal, the resources and the marks, which are kept for one batch only, and the accounts when there are too
 * many. */
void image_trim(struct image *image);

struct account *image_account(struct image *image, const struct ulid *id);

/* Copies the account and its metadata (JSON, not terminated, 0 bytes: {}). NULL when there is no memory. */
struct account *image_add_account(struct image *image, const struct account *a, const char *metadata, size_t bytes);

/* The account's metadata are these from now on. False: no memory. */
bool image_set_metadata(struct image *image, struct account *a, const char *metadata, size_t bytes);

struct principal *image_principal(struct image *image, const uint8_t secret_hash[static HASH_BYTES]);
struct principal *image_principal_by_name(struct image *image, const char *name);
struct principal *image_principal_at(struct image *image, size_t i); /* NULL past the last */
struct principal *image_add_principal(struct image *image, const struct principal *p);

/* Sessions that were asked for, ended ones too. NULL when there is no memory. */
const struct session *image_session(struct image *image, const uint8_t token_hash[static HASH_BYTES]);
const struct session *image_add_session(struct image *image, const struct session *s);
void image_end_session(struct image *image, const uint8_t token_hash[static HASH_BYTES]);
void image_end_other_sessions(struct image *image, const struct ulid *user, const uint8_t but[static HASH_BYTES]);

/* Who asks: the principal of an API key, or of a session. NULL: nobody that is known. */
const struct principal *image_who(struct image *image, const struct op *op);

const struct stored *image_stored(struct image *image, uint64_t principal, const uint8_t key_hash[static HASH_BYTES]);
const struct stored *image_stored_by_reference(
    struct image *image, const char *channel, const char *reference, size_t bytes);

/* Payments, withdrawals and transfers: kept for one batch. The adders copy with the texts; NULL: no memory. */
struct payment *image_payment(struct image *image, const struct ulid *id);
struct withdrawal *image_withdrawal(struct image *image, const struct ulid *id);
struct transfer *image_transfer(struct image *image, const struct ulid *id);
struct payment *image_add_payment(struct image *image, const struct payment *p);
struct withdrawal *image_add_withdrawal(struct image *image, const struct withdrawal *w);
struct transfer *image_add_transfer(struct image *image, const struct transfer *t);

/* What was loaded and cannot be made sense of; kept for one batch only, too. */
struct oddrow **image_odd(struct image *image);

/* What was decided was taken back: there is no such row. */
void image_drop_stored(struct image *image, uint64_t principal, const uint8_t key_hash[static HASH_BYTES]);

/* Copies the row with its body and reference; known by key, and by reference if it has one. NULL: no memory.
 */
const struct stored *image_add_stored(struct image *image, const struct stored *s);

#endif
