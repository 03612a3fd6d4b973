/* One operation as a worker asks it of the ledger. Fixed part; texts follow it on the wire. */
#ifndef HOLDFAST_GATEWAY_OP_H
#define HOLDFAST_GATEWAY_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/ids.h"

#define HASH_BYTES 32
#define CHANNEL_BYTES 40
#define CHANNEL_CHARS_MAX 32
#define AMOUNT_MAX ((INT64_C(1) << 53) - 1)

/* What the shell around the decisions has to know of a kind. */
enum op_flag {
	OP_READS = 0,
	OP_WRITES = 1 << 0,
	OP_JOURNALLED = 1 << 1 | OP_WRITES, /* has an Idempotency-Key and a row in the journal */
	OP_ADMINISTERS = 1 << 2,	    /* root's alone */
	OP_ASIDE = 1 << 3,		    /* read from the database, beside the writes (gateway/reader.h) */
};

/* The numbers are in the journal: none is ever used for something else. */
#define OP_KINDS(X)                                                                                                    \
	X(OP_AUTHENTICATE, 1, OP_READS)		/* who is this secret? */                                              \
	X(OP_ACCOUNT_CREATE, 2, OP_JOURNALLED)	/* account_kind currency limits; metadata */                           \
	X(OP_TOPUP_CREATE, 3, OP_JOURNALLED)	/* to amount currency channel; reference = the channel's */            \
	X(OP_TRANSFER_CREATE, 4, OP_JOURNALLED) /* from to amount currency; reference metadata */                      \
	X(OP_ACCOUNT_GET, 5, OP_ASIDE)		/* subject */                                                          \
	X(OP_BALANCE_GET, 6, OP_ASIDE)		/* subject */                                                          \
	X(OP_TRANSFER_GET, 7, OP_ASIDE)		/* subject */                                                          \
	X(OP_TOPUP_GET, 8, OP_ASIDE)		/* subject */                                                          \
	X(OP_KEY_GET, 9, OP_READS)		/* key_hash */                                                         \
	X(OP_ADMIN_KEY_CREATE, 10,                                                                                     \
	    OP_WRITES | OP_ADMINISTERS) /* fingerprint: of the secret; amount: scopes;          \
								  reference: name */                      \
	X(OP_ADMIN_KEY_REVOKE, 11, OP_WRITES | OP_ADMINISTERS) /* reference: name */                                   \
	X(OP_ADMIN_KEY_LIST, 12, OP_ADMINISTERS)                                                                       \
	X(OP_ACCOUNT_UPDATE, 13, OP_JOURNALLED) /* subject, limits (has_: 2 takes one away); metadata to merge */      \
	X(OP_ACCOUNT_FREEZE, 14, OP_JOURNALLED) /* subject */                                                          \
	X(OP_ACCOUNT_UNFREEZE, 15, OP_JOURNALLED)                                                                      \
	X(OP_ACCOUNT_CLOSE, 16, OP_JOURNALLED)                                                                         \
	X(OP_PAYMENT_CREATE, 17,                                                                                       \
	    OP_JOURNALLED) /* from to amount currency manual hold_seconds fee; reference         \
						    metadata */                     \
	X(OP_PAYMENT_CAPTURE, 18, OP_JOURNALLED)    /* subject amount (0: all) final */                                \
	X(OP_PAYMENT_VOID, 19, OP_JOURNALLED)	    /* subject */                                                      \
	X(OP_PAYMENT_EXPIRE, 20, OP_JOURNALLED)	    /* subject; the ledger's own, no worker asks for it */             \
	X(OP_REFUND_CREATE, 21, OP_JOURNALLED)	    /* subject amount (0: the rest); reference = reason */             \
	X(OP_PAYMENT_GET, 22, OP_ASIDE)		    /* subject */                                                      \
	X(OP_REFUND_GET, 23, OP_ASIDE)		    /* subject */                                                      \
	X(OP_WITHDRAWAL_CREATE, 24, OP_JOURNALLED)  /* from amount currency channel; reference = destination */        \
	X(OP_WITHDRAWAL_CONFIRM, 25, OP_JOURNALLED) /* subject */                                                      \
	X(OP_WITHDRAWAL_FAIL, 26, OP_JOURNALLED)    /* subject */                                                      \
	X(OP_WITHDRAWAL_GET, 27, OP_ASIDE)	    /* subject */                                                      \
	X(OP_TRANSFER_REVERSE, 28, OP_JOURNALLED)   /* subject; reference = reason */                                  \
	X(OP_TRANSFER_BATCH, 29, OP_JOURNALLED)	    /* atomic item_count; items */                                     \
	X(OP_ADMIN_KEY_RENEW, 30, OP_WRITES | OP_ADMINISTERS) /* fingerprint: of the new secret; reference: name */    \
	X(OP_LOGIN_LOOK, 64, OP_READS)	    /* reference: login, or none: of the session's user; channel: address */   \
	X(OP_SESSION_CREATE, 65, OP_WRITES) /* the same; verified record; fingerprint: hash of the token */            \
	X(OP_SESSION_GET, 66, OP_READS)                                                                                \
	X(OP_SESSION_END, 67, OP_WRITES)                                                                               \
	X(OP_USER_GET, 68, OP_READS)                                                                                   \
	X(OP_USER_CREATE, 69, OP_JOURNALLED)   /* reference: login; name record */                                     \
	X(OP_USER_UPDATE, 70, OP_JOURNALLED)   /* name */                                                              \
	X(OP_USER_PASSWORD, 71, OP_JOURNALLED) /* channel: address; verified; record: the new one and the old one */   \
	X(OP_ENTRY_LIST, 96, OP_ASIDE)	       /* subject: the account; page */                                        \
	X(OP_ACCOUNT_LIST, 97, OP_ASIDE)       /* page, here and below; reference */                                   \
	X(OP_TRANSFER_LIST, 98, OP_ASIDE)                                                                              \
	X(OP_TOPUP_LIST, 99, OP_ASIDE)                                                                                 \
	X(OP_EVENT_LIST, 100, OP_ASIDE)                                                                                \
	X(OP_PAYMENT_LIST, 101, OP_ASIDE)                                                                              \
	X(OP_WITHDRAWAL_LIST, 102, OP_ASIDE)                                                                           \
	X(OP_REFUND_LIST, 103, OP_ASIDE) /* subject: the payment */

enum op_kind {
#define X(name, value, flags) name = value,
	OP_KINDS(X)
#undef X
	    OP_KIND_END
};

enum account_kind {
	ACCOUNT_WALLET = 1,
	ACCOUNT_MERCHANT,
	ACCOUNT_CLEARING,
	ACCOUNT_FEE,
	ACCOUNT_SUSPENSE,
	ACCOUNT_KIND_END
};

#define OP_REQUEST_ID_BYTES_MAX 128
#define OP_REFERENCE_BYTES_MAX 512
#define OP_METADATA_BYTES_MAX 65536
#define OP_ITEMS_BYTES_MAX (1280 * 1024) /* gateway/items.h */
#define OP_NAME_BYTES_MAX 400
#define OP_RECORD_BYTES_MAX 128 /* struct password_record, one or two */

/* In the order in which they travel, each of at most OP_..._BYTES_MAX. */
#define OP_TEXTS(X)                                                                                                    \
	X(REQUEST_ID)                                                                                                  \
	X(REFERENCE)                                                                                                   \
	X(METADATA)                                                                                                    \
	X(NAME)                                                                                                        \
	X(RECORD)                                                                                                      \
	X(ITEMS)

enum op_text {
#define X(name) OP_TEXT_##name,
	OP_TEXTS(X)
#undef X
	    OP_TEXT_COUNT
};

enum op_limit { OP_LIMIT_ABSENT, OP_LIMIT_SET, OP_LIMIT_NONE };

/* What is asked of a list (gateway/page.h). No padding: it is hashed. */
struct op_page {
	uint8_t limit, status;
	uint8_t has_status, has_account, has_to, has_after;
	uint8_t latest, reserved; /* latest: of events, from now on */
	uint64_t from_us, to_us;  /* created, to_us not included; Unix */
	uint64_t types;		  /* a bit for each enum event_type; 0: all */
	struct ulid account;
	struct ulid after; /* where the page before ended */
};

struct op {
	uint8_t kind;		  /* enum op_kind */
	uint8_t again;		  /* 1: the worker sends it again; its twin in flight may be itself */
	uint8_t account_kind;	  /* enum account_kind */
	uint8_t has_min, has_max; /* enum op_limit */
	uint8_t has_owner, has_reference;
	uint8_t manual, final, has_fee, atomic;
	uint32_t budget_ms; /* how long after sent_us it may still begin */
	uint8_t by_session; /* secret_hash is that of a session's token, not of an API key */
	uint8_t verified;   /* the worker has found the password to be that of the record */
	uint8_t key_drawn;  /* no client knows the Idempotency-Key: a worker has drawn it */
	uint8_t reserved2[1];
	uint64_t sent_us; /* the sender's CLOCK_BOOTTIME: means something on the same host only */
	/* The ledger's clock in the last answer on this connection (0: none yet), and how long before sent_us
	 * it came. */
	uint64_t heard_us, heard_ago_us;
	uint64_t
	    principal; /* whose secret it is, as far as the worker knows; 0: it does not. To tell twins only: the ledger looks for itself */
	uint32_t text_bytes[OP_TEXT_COUNT];
	uint8_t secret_hash[HASH_BYTES]; /* who asks */
	uint8_t key_hash[HASH_BYTES];	 /* Idempotency-Key */
	uint8_t fingerprint[HASH_BYTES]; /* method, route, path parameters, canonical body */
	struct ulid subject;		 /* what the path names */
	struct ulid from, to;
	int64_t amount, min_balance, max_balance, fee_fixed;
	uint32_t fee_bps, hold_seconds, item_count;
	char currency[4];	     /* terminated */
	char channel[CHANNEL_BYTES]; /* terminated */
	struct op_page page;
};

/* An operation with its texts; the bytes are borrowed and not terminated. */
struct op_message {
	struct op op;
	const char *text[OP_TEXT_COUNT];
};

static inline unsigned op_flags(uint8_t kind)
{
	static const uint8_t flags_of[OP_KIND_END] = {
#define X(name, value, flags) [name] = flags,
	    OP_KINDS(X)
#undef X
	};

	return kind < OP_KIND_END ? flags_of[kind] : 0;
}

static inline bool op_is_known(uint8_t kind)
{
	switch (kind) {
#define X(name, value, flags) case value:
		OP_KINDS(X)
#undef X
		return true;
	default: return false;
	}
}

static inline bool op_is_write(uint8_t kind)
{
	return op_flags(kind) & OP_WRITES;
}

/* Is it for the reader, and not for the writer? */
static inline bool op_is_aside(uint8_t kind)
{
	return op_flags(kind) & OP_ASIDE;
}

static inline bool op_is_admin(uint8_t kind)
{
	return op_flags(kind) & OP_ADMINISTERS;
}

/* Has an Idempotency-Key and a row in the journal. */
static inline bool op_is_journalled(uint8_t kind)
{
	return (op_flags(kind) & OP_JOURNALLED) == OP_JOURNALLED;
}

#endif
