/* Rows between the database and the image: the SQL of accounts, journal and API keys. */
#ifndef HOLDFAST_GATEWAY_ROW_H
#define HOLDFAST_GATEWAY_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/bulk.h"
#include "gateway/image.h"
#include "gateway/ledger.h"
#include "gateway/queue.h"
#include "gateway/store.h"
#include "gateway/text.h"

/* Loaders: each puts what it finds into the image. `sql` is scratch. Codes as in store.h. */
int row_load_principals(struct store *s, struct image *image, struct text *sql, struct errbuf *e);
/* Only those that ask. */
int row_load_principals_of(
    struct store *s, struct image *image, const struct request *list, struct text *sql, struct errbuf *e);
int row_load_accounts(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e);
int row_load_keys(struct store *s, struct image *image, const uint8_t *const *key_hashes, size_t count,
    struct text *sql, size_t *found, struct errbuf *e);
int row_load_references(struct store *s, struct image *image, const struct op_message *const *topups, size_t count,
    struct text *sql, struct errbuf *e);

int row_load_payments(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e);
int row_load_withdrawals(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e);
int row_load_transfers(struct store *s, struct image *image, const struct ulid *const *ids, size_t count,
    struct text *sql, struct errbuf *e);

/* The transfer that reversed this one, if there is one. */
int row_find_reversal(
    struct store *s, const struct ulid *id, struct text *sql, bool *found, struct ulid *ret, struct errbuf *e);

/* An open hold; they are ordered by both. */
struct due {
	uint64_t expires_us;
	struct ulid payment;
};

/* The holds behind `after` that have expired by now, the oldest first, at most *count; *next_us: when the next one after these does,
 * UINT64_MAX none. */
int row_find_due(struct store *s, uint64_t now_us, const struct due *after, struct due *ret, size_t *count,
    uint64_t *next_us, struct text *sql, struct errbuf *e);

/* The row that created this resource; *found borrowed from the image. */
int row_load_resource(struct store *s, struct image *image, uint8_t kind, const struct ulid *id, struct text *sql,
    const struct stored **found, struct errbuf *e);

/* What nearly every transaction has, as rows of prepared statements; row_prepare: on a fresh connection. */
extern const struct bulk row_journal, row_balances;
int row_prepare(struct store *s, struct errbuf *e);
void row_put_journal(struct text *rows, const struct ledger_input *in, const struct ledger_decision *d,
    uint64_t batch_seq, const char *body, size_t body_bytes);
/* Of an account that is a row already: what payments change, and its limits. */
void row_put_balances(struct text *rows, const struct account *a);

/* Appends "INSERT ..." with its first row, or ", (...)" with a further one. */
void row_put_account(struct text *sql, const struct account *a);
/* Accounts that are rows already get their metadata, and no more. */
void row_finish_metadata(struct text *sql);
/* whole: with the texts, for a row that is new. */
void row_put_payment(struct text *sql, const struct payment *p, bool whole);
void row_finish_payments(struct text *sql);
void row_put_withdrawal(struct text *sql, const struct withdrawal *w);
void row_finish_withdrawals(struct text *sql);
void row_put_principal(struct text *sql, const struct principal *p, uint64_t now_us);
void row_put_secret(struct text *sql, const struct principal *p);
void row_put_revocation(struct text *sql, uint64_t principal);

#endif
