/* What the parts of lists (listing*.c) share; for them only. */
#ifndef HOLDFAST_GATEWAY_LISTING_PARTS_H
#define HOLDFAST_GATEWAY_LISTING_PARTS_H

#include "gateway/listing.h"

#define LISTING_COLUMNS_MAX 3
#define LISTING_KINDS_MAX 3
#define LISTING_ACCOUNTS_MAX 64

/* One page on its way. */
struct listing {
	struct batch_tools *t;
	const struct ledger_input *in;
	const struct listing_source *source;
	/* Whose: the account that was named, or those of the user. all_accounts: whatever there is. */
	struct ulid accounts[LISTING_ACCOUNTS_MAX + 1];
	size_t account_count;
	bool all_accounts;
	const struct ulid *owner;      /* of whom only what is his is shown; NULL: everything */
	uint64_t above_seq, below_seq; /* what the times mean, both not included */
	struct ulid position;	       /* after what was looked at last */
	bool has_position;
	unsigned count;
	bool more;
};

/* One row of an answer: the position, whether it is one of the list, then the columns of the source. */
struct listing_row {
	MYSQL_ROW field;
	const unsigned long *length;
	struct ulid position;
	uint8_t part;
};

/* Appends the JSON of one part of a row. False: the row has no such part. */
typedef bool listing_put(struct listing *l, const struct listing_row *row, struct text *t);

/* A list as data. The index for a column has the column's name and goes on with the key. */
struct listing_source {
	uint8_t op; /* enum op_kind */
	const char *table, *key;
	bool is_number, ascending;
	const char *columns; /* further ones to be read, with a comma before each */
	const char *only;    /* which rows of the table are of the list; NULL: all */
	const char *account[LISTING_COLUMNS_MAX], *status, *reference, *subject, *owner;
	bool walks_past_references; /* there is no index for them */
	uint8_t kinds
	    [LISTING_KINDS_MAX]; /* without a filter that has an index: these, by the index on kind; else by the key */
	const char *key_index;
	/* Puts what these rows name into the image; NULL: nothing. */
	int (*load)(struct store *s, struct image *image, const struct ulid *const *ids, size_t count, struct text *sql,
	    struct errbuf *e);
	listing_put *put;
	unsigned first_part, parts; /* of a row, newest first */
};

const struct listing_source *listing_source(uint8_t op);

/* The SELECT of the next `rows` rows to be looked at, into t->sql. */
void listing_put_scan(struct listing *l, unsigned rows);

/* Which seq the moments of the query stand for. Codes of store.h. */
int listing_find_times(struct listing *l, struct errbuf *e);

/* The accounts of l->owner, LISTING_ACCOUNTS_MAX and one more to tell. */
int listing_find_accounts(struct listing *l, struct errbuf *e);

listing_put listing_put_payment, listing_put_withdrawal, listing_put_account, listing_put_stored, listing_put_entry,
    listing_put_event;

#endif
