/* An account as the ledger holds it, and the arithmetic of its balances. Pure. */
#ifndef HOLDFAST_GATEWAY_ACCOUNT_H
#define HOLDFAST_GATEWAY_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/op.h"
#include "gateway/text.h"

/* Balances stay well inside 64 bits: one more operation of AMOUNT_MAX can never overflow. */
#define BALANCE_MAX (INT64_C(1) << 61)

enum account_status { ACCOUNT_OPEN, ACCOUNT_FROZEN, ACCOUNT_CLOSED };

struct account {
	struct ulid id;
	uint8_t kind;	/* enum account_kind */
	uint8_t status; /* enum account_status */
	bool has_min, has_max, has_owner;
	struct ulid owner; /* a user */
	char currency[4];
	char channel[CHANNEL_BYTES]; /* "": none */
	int64_t posted;		     /* credits - debits, whatever the kind */
	int64_t pending_in, pending_out;
	int64_t min_balance, max_balance;
	uint64_t last_seq;
	uint64_t created_us; /* 0: not there yet (a clearing account before its first use) */
	bool is_row;	     /* the database has it: what never changes need not be written again */
	uint64_t touched;    /* the batch that changed it last; for the one who writes batches */
	char *metadata;	     /* JSON object, terminated, owned by the image; NULL: {} */
};

/* The word of a kind, NULL for a number that is none; and back, 0 for a word that is none. */
const char *account_kind_word(uint8_t kind);
uint8_t account_kind_parse(const char *word);

/* "open", "frozen", "closed"; NULL for a number that is none. */
const char *account_status_word(uint8_t status);

/* Did it appear by itself, on first use: the clearing account of a channel, the fee account of a currency? Its id follows from those
 * (ulid_make at time 0): there can be no other one in its place. */
bool account_is_derived(const struct account *a);

bool account_allows_out(const struct account *a, int64_t amount); /* min_balance */
bool account_allows_in(const struct account *a, int64_t amount);  /* max_balance */

/* The JSON of GET /v1/accounts/{id}, with these metadata (JSON, 0 bytes: {}), and of its balance. */
void account_render(struct text *t, const struct account *a, const char *metadata, size_t metadata_bytes);
void account_render_balance(struct text *t, const struct account *a, uint64_t ledger_seq);

#endif
