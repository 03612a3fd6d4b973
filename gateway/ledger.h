/*
 * The decisions of the ledger: what becomes of one operation, given what is known about everything it names.
 * Double entry, limits, idempotency. Pure: no I/O, no clock, no allocation; the caller looks things up and
 * writes things down.
 */
#ifndef HOLDFAST_GATEWAY_LEDGER_H
#define HOLDFAST_GATEWAY_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/account.h"
#include "gateway/op.h"
#include "gateway/text.h"

struct principal {
	uint64_t id;
	uint32_t scopes;
	bool revoked;
	uint8_t secret_hash[HASH_BYTES];
	char name[65];
};

/* A row of the journal, as far as a repetition needs it. */
struct stored {
	uint64_t seq; /* of the answer: for a repeated top-up that of the original */
	uint64_t principal;
	uint8_t key_hash[HASH_BYTES];
	uint8_t fingerprint[HASH_BYTES];
	uint8_t kind; /* enum op_kind, of what was created */
	uint16_t status;
	bool has_id;
	struct ulid id, credit;
	int64_t amount;
	char currency[4];
	char channel[CHANNEL_BYTES];
	const char *channel_reference; /* borrowed from the image */
	size_t channel_reference_bytes;
	const char *body; /* borrowed from the image */
	size_t body_bytes;
};

/* Everything about one operation. Pointers are borrowed; NULL: there is none. */
struct ledger_input {
	const struct op_message *message;
	const struct principal *who;	     /* by secret_hash */
	const struct stored *twin;	     /* by (who, key_hash) */
	const struct stored *same_reference; /* top-up: by (channel, reference) */
	struct account *from, *to;	     /* top-up: from is the clearing account, always there */
	uint64_t next_seq;
	uint64_t now_us; /* ledger time, Unix */
	uint8_t random[ULID_RANDOM_BYTES];
};

struct ledger_decision {
	uint16_t status;
	bool replayed;
	bool stored;  /* becomes a row of the journal, at next_seq */
	bool moved;   /* from and to have new balances */
	bool created; /* something with `id` came into being */
	bool has_seq;
	struct ulid id;
	uint64_t seq;		/* Ledger-Seq */
	uint64_t replay_of;	/* 0: none */
	struct account account; /* OP_ACCOUNT_CREATE and created: to be put into the image; metadata NULL */
};

/* Decides a journalled operation (op_is_journalled). Changes the balances of from and to when it moves money,
 * and nothing else. The answer's body is appended to body, which has room for a problem and for the metadata.
 */
void ledger_decide(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

/* 401 and 403 for any operation: true when it may go on, else status and body are filled. */
bool ledger_admits(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

/* The route of a stored outcome's resource, "/v1/transfers/tr_...", with quotes, or null. */
void ledger_render_resource(struct text *t, const struct stored *s);

/* A problem in answer to this operation; sets ret->status. */
void ledger_refuse(const struct ledger_input *in, int code, const char *detail, const char *param, struct text *body,
    struct ledger_decision *ret);

#endif
