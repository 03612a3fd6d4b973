/* One operation as a worker asks it of the ledger. Fixed part; three texts follow it on the wire. */
#ifndef HOLDFAST_GATEWAY_OP_H
#define HOLDFAST_GATEWAY_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/ids.h"

#define HASH_BYTES 32
#define CHANNEL_BYTES 40
#define CHANNEL_CHARS_MAX 32
#define AMOUNT_MAX ((INT64_C(1) << 53) - 1)

#define OP_KINDS(X)                                                                                                    \
	X(OP_AUTHENTICATE, 1)	   /* who is this secret? */                                                           \
	X(OP_ACCOUNT_CREATE, 2)	   /* account_kind currency limits; metadata */                                        \
	X(OP_TOPUP_CREATE, 3)	   /* to amount currency channel; reference = the channel's */                         \
	X(OP_TRANSFER_CREATE, 4)   /* from to amount currency; reference metadata */                                   \
	X(OP_ACCOUNT_GET, 5)	   /* from */                                                                          \
	X(OP_BALANCE_GET, 6)	   /* from */                                                                          \
	X(OP_TRANSFER_GET, 7)	   /* from: the transfer's id */                                                       \
	X(OP_TOPUP_GET, 8)	   /* from: the top-up's id */                                                         \
	X(OP_KEY_GET, 9)	   /* key_hash */                                                                      \
	X(OP_ADMIN_KEY_CREATE, 10) /* fingerprint: hash of the secret; amount: scopes; reference: name */              \
	X(OP_ADMIN_KEY_REVOKE, 11) /* reference: name */                                                               \
	X(OP_ADMIN_KEY_LIST, 12)

enum op_kind {
#define X(name, value) name = value,
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

enum op_text { OP_TEXT_REQUEST_ID, OP_TEXT_REFERENCE, OP_TEXT_METADATA, OP_TEXT_COUNT };

#define OP_REQUEST_ID_BYTES_MAX 128
#define OP_REFERENCE_BYTES_MAX 256
#define OP_METADATA_BYTES_MAX 65536

struct op {
	uint8_t kind;	      /* enum op_kind */
	uint8_t again;	      /* 1: the worker sends it again; its twin in flight may be itself */
	uint8_t account_kind; /* enum account_kind */
	uint8_t has_min, has_max, has_owner, has_reference, reserved;
	uint32_t budget_ms; /* how long after sent_us it may still begin */
	uint64_t sent_us;   /* the sender's CLOCK_BOOTTIME: means something on the same host only */
	/* The ledger's clock in the last answer on this connection (0: none yet), and how long before sent_us
	 * it came. */
	uint64_t heard_us, heard_ago_us;
	uint32_t text_bytes[OP_TEXT_COUNT];
	uint8_t secret_hash[HASH_BYTES]; /* who asks */
	uint8_t key_hash[HASH_BYTES];	 /* Idempotency-Key */
	uint8_t fingerprint[HASH_BYTES]; /* method, route, path parameters, canonical body */
	struct ulid from, to;
	int64_t amount, min_balance, max_balance;
	char currency[4];	     /* terminated */
	char channel[CHANNEL_BYTES]; /* terminated */
};

/* An operation with its texts; the bytes are borrowed and not terminated. */
struct op_message {
	struct op op;
	const char *text[OP_TEXT_COUNT];
};

static inline bool op_is_write(uint8_t kind)
{
	return kind == OP_ACCOUNT_CREATE || kind == OP_TOPUP_CREATE || kind == OP_TRANSFER_CREATE ||
	       kind == OP_ADMIN_KEY_CREATE || kind == OP_ADMIN_KEY_REVOKE;
}

static inline bool op_is_admin(uint8_t kind)
{
	return kind >= OP_ADMIN_KEY_CREATE && kind <= OP_ADMIN_KEY_LIST;
}

/* Has an Idempotency-Key and a row in the journal. */
static inline bool op_is_journalled(uint8_t kind)
{
	return kind == OP_ACCOUNT_CREATE || kind == OP_TOPUP_CREATE || kind == OP_TRANSFER_CREATE;
}

#endif
