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
#include "gateway/payment.h"
#include "gateway/text.h"
#include "gateway/withdrawal.h"

struct principal {
	uint64_t id;
	uint32_t scopes;
	bool revoked; /* of a session: it was ended */
	bool is_user; /* a session, which acts for this user until then */
	struct ulid user;
	uint64_t expires_us;
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

/* A transfer, as far as its reversal needs it. */
struct transfer {
	struct ulid id, from, to;
	int64_t amount;
	char currency[4];
	bool is_reversal, is_reversed;
};

/* Who does what nobody asks for: holds that expire. */
extern const struct principal ledger_itself;

/* What has to be looked up before an operation of a kind is decided. */
enum ledger_need {
	NEED_FROM = 1 << 0,
	NEED_TO = 1 << 1,
	NEED_CLEARING = 1 << 2,	  /* the account of channel and currency */
	NEED_ACCOUNT = 1 << 3,	  /* subject */
	NEED_REFERENCE = 1 << 4,  /* channel and channel_reference */
	NEED_PAYMENT = 1 << 5,	  /* subject; from and to are its payer and payee */
	NEED_FEE = 1 << 6,	  /* the fee account of the currency */
	NEED_WITHDRAWAL = 1 << 7, /* subject; from is its account, to its clearing account */
	NEED_TRANSFER = 1 << 8,	  /* subject; from and to are its accounts */
	NEED_USER = 1 << 9,	  /* of the login, or of the session */
	NEED_SUBJECT = NEED_ACCOUNT | NEED_PAYMENT | NEED_WITHDRAWAL | NEED_TRANSFER,
};

/* A kind of operation as data; all zero for one that is not decided here. */
struct ledger_kind {
	uint32_t scope;
	uint32_t needs;	       /* enum ledger_need */
	const char *prefix;    /* of the identifier of what it makes or changes */
	const char *route;     /* of that resource, up to the identifier */
	const char *from, *to; /* what its members are called */
	bool makes;	       /* a new resource; else it changes the one that the path names */
};

const struct ledger_kind *ledger_kind(uint8_t kind);

struct user_facts;
struct user_effect;

/* Everything that this principal may, as bits of enum scope. */
uint32_t ledger_scopes(const struct principal *who);

/* May who act for this account, or see it? An API key for every one, a session for those of its user. */
bool ledger_owns(const struct principal *who, const struct account *a);

/* Everything about one operation. Pointers are borrowed; NULL: there is none. */
struct ledger_input {
	const struct op_message *message;
	const struct principal *who;	     /* by secret_hash */
	const struct stored *twin;	     /* by (who, key_hash) */
	const struct stored *same_reference; /* top-up: by (channel, reference) */
	struct account *from, *to;	     /* top-up: from is the clearing account, always there */
	struct account *account;	     /* what the path names */
	struct payment *payment;
	struct withdrawal *withdrawal;
	struct transfer *transfer;
	struct account *fee;		/* with NEED_FEE always there */
	const struct user_facts *users; /* NEED_USER, and OP_ACCOUNT_CREATE with an owner */
	struct user_effect *effect;	/* NEED_USER: what is to be written of users, besides the decision */
	uint64_t next_seq, next_event;
	uint64_t now_us; /* ledger time, Unix */
	uint8_t random[ULID_RANDOM_BYTES];
	struct text *scratch; /* for metadata that are merged: twice OP_METADATA_BYTES_MAX */
};

/* What was posted: amount from debit to credit, then fee_amount from credit on to fee. */
struct movement {
	const struct account *debit, *credit, *fee; /* NULL: nothing moved, no fee */
	int64_t amount, fee_amount;
	int64_t debit_after, credit_after, fee_after; /* credit_after: before the fee left it */
};

#define LEDGER_TOUCHED_MAX 3

struct ledger_decision {
	uint16_t status;
	bool replayed;
	bool stored;  /* becomes a row of the journal, at next_seq */
	bool created; /* something with `id` came into being */
	bool has_seq;
	uint8_t event;		/* enum event_type: takes the number next_event */
	uint16_t retry_after_s; /* 0: none */
	uint8_t locked;		/* enum lockout_side, both of them */
	struct ulid id;
	uint64_t seq;	       /* Ledger-Seq */
	uint64_t replay_of;    /* 0: none */
	struct movement moved; /* debit NULL: no money moved */
	struct account *touched[LEDGER_TOUCHED_MAX];
	unsigned touched_count;
	struct account account; /* OP_ACCOUNT_CREATE and created: to be put into the image; metadata NULL */
	struct payment payment; /* OP_PAYMENT_CREATE and created: texts borrowed from the message */
	struct withdrawal withdrawal;
	bool payment_changed, withdrawal_changed; /* those of in */
	bool has_metadata;			  /* those of in->account are now what is in scratch */
};

/* The part of a decision that comes before everything that depends on state: may it, and is its key new? If not, *ret and body
 * have the answer: a refusal, or the answer of the first time. */
bool ledger_is_new(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

/* Decides a journalled operation (op_is_journalled) but a batch of transfers, which is decided item by item. Changes the accounts in `touched`, and
 * the payment, withdrawal or transfer that the path names. The answer's
 * body is appended to body, which has room for a problem and for the metadata. */
void ledger_decide(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

/* 401 and 403 for any operation: true when it may go on, else status and body are filled. */
bool ledger_admits(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

/* The route of a stored outcome's resource, "/v1/transfers/tr_...", with quotes, or null. */
void ledger_render_resource(struct text *t, const struct stored *s);

/* A problem in answer to this operation; sets ret->status. */
void ledger_refuse(const struct ledger_input *in, int code, const char *detail, const char *param, struct text *body,
    struct ledger_decision *ret);

#endif
