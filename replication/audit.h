/*
 * Does a ledger add up? What the rows of its journal did is summed up again, one row after the other, and held against what its tables
 * have. Pure; the memory is the caller's: a ledger with more accounts, payments and withdrawals than it holds is walked in several
 * passes, each of which keeps a slice of them.
 *
 * A pass: audit_begin(); each account, each payment and each withdrawal, and each row of the journal by its sequence; audit_end(). Whether the
 * tables or the journal come first is the caller's choice: they are compared at the end.
 */
#ifndef HOLDFAST_REPLICATION_AUDIT_H
#define HOLDFAST_REPLICATION_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/ids.h"

/* How a finding is called, and what is not true then. */
#define AUDIT_CHECKS(X)                                                                                                \
	X(AUDIT_HEAD, "head", "the ledger has one head, of an epoch that was opened")                                  \
	X(AUDIT_CONSTRAINT, "constraint", "the tables have their unique keys and their CHECK constraints")             \
	X(AUDIT_SEQUENCE, "sequence", "the journal has every operation up to its head, once")                          \
	X(AUDIT_BATCH, "batch",                                                                                        \
	    "no operation is of an earlier batch than the one before it, or of a later one than "                      \
	    "the head")                                                                                                \
	X(AUDIT_TIME, "time", "the ledger's time does not go back")                                                    \
	X(AUDIT_EVENT, "event", "events are numbered without gaps, in the order of the journal")                       \
	X(AUDIT_KEY, "key", "no key of idempotency was executed twice")                                                \
	X(AUDIT_ANSWER, "answer", "what is stored as the answer to a key names its operation and its amounts")         \
	X(AUDIT_MOVEMENT, "movement", "both sides of every movement are accounts, in its currency")                    \
	X(AUDIT_AFTER, "after-balance", "the balance after an entry is the one before it and its amount")              \
	X(AUDIT_BALANCE, "balance", "every balance is the sum of its movements")                                       \
	X(AUDIT_CURRENCY, "currency", "the balances of every currency add up to nothing")                              \
	X(AUDIT_PENDING_OUT, "pending-out", "pending_out is what open holds and withdrawals keep back")                \
	X(AUDIT_PENDING_IN, "pending-in", "pending_in is what open holds promise")                                     \
	X(AUDIT_ACCOUNT, "account", "every account is as the journal left it, and within its limits")                  \
	X(AUDIT_PAYMENT, "payment", "every payment is what the journal made of it, and within its amounts")            \
	X(AUDIT_EXPIRY, "expired-hold", "no hold is open long after its time")                                         \
	X(AUDIT_WITHDRAWAL, "withdrawal", "every withdrawal is what the journal made of it")                           \
	X(AUDIT_RESOURCE, "resource", "what the journal says was made is there")                                       \
	X(AUDIT_REVERSAL, "reversal", "what reverses a transfer is its mirror")

enum audit_check {
#define X(name, word, truth) name,
	AUDIT_CHECKS(X)
#undef X
	    AUDIT_CHECK_END
};

#define AUDIT_VALUE_BYTES 64

/* Something is not as it must be. */
struct audit_finding {
	enum audit_check check;
	uint64_t seq;		/* of the journal; 0: it is not one operation's */
	char of[ID_TEXT_BYTES]; /* the account or the resource, a currency or a table; "": none of them */
	const char *what;	/* which figure of it */
	char expected[AUDIT_VALUE_BYTES], found[AUDIT_VALUE_BYTES];
};

const char *audit_check_word(enum audit_check check);
const char *audit_check_truth(enum audit_check check);

/* The first bytes of an answer that are looked at; those of a payment are longer. */
#define AUDIT_BODY_BYTES 192
#define AUDIT_PAYMENT_BODY_BYTES 512
#define AUDIT_CURRENCIES_MAX 256
#define AUDIT_HOLD_GRACE_US UINT64_C(300000000) /* by then the ledger has swept it, if anything goes on at all */

struct audit_head {
	uint64_t batch_seq, next_seq, next_event, last_us;
};

/* A row of the journal (etc/schema). A number that is NULL there is 0 here where there is no has_. */
struct audit_row {
	uint64_t seq, batch_seq, created_us, replay_of, event, event_seq;
	unsigned kind, status;
	bool has_id, has_subject, has_debit, has_credit, has_fee_account;
	bool has_debit_after, has_credit_after, has_fee_after, has_reverses;
	struct ulid id, subject, debit, credit, fee_account;
	int64_t amount, fee, debit_after, credit_after, fee_after;
	char currency[4];
	const char *body; /* its beginning, borrowed */
	size_t body_bytes;
};

struct audit_account {
	struct ulid id;
	unsigned status;
	char currency[4];
	int64_t posted, pending_in, pending_out, min_balance, max_balance;
	bool has_min, has_max;
	uint64_t last_seq;
};

struct audit_payment {
	struct ulid id, payer, payee;
	char currency[4];
	unsigned status, hold;
	int64_t authorized, captured, refunded, voided, fee;
	uint64_t last_seq, expires_us;
};

struct audit_withdrawal {
	struct ulid id, account;
	char currency[4];
	unsigned status;
	int64_t amount;
	uint64_t last_seq;
};

struct audit_amounts {
	int64_t authorized, captured, refunded, voided, fee;
	uint64_t parties; /* a hash of payer and payee; 0: not known */
};

/* One account, payment or withdrawal: as the journal has it so far, and what its row in a table says. */
struct audit_slot {
	struct ulid id;
	uint8_t kind, state, flags, row_state, row_status;
	char currency[4];
	uint64_t last_seq, row_last_seq;
	union {
		struct {
			int64_t posted, after, pending_in, pending_out;
			int64_t row_posted, row_pending_in, row_pending_out;
		} account;
		struct {
			struct audit_amounts journal, row;
		} payment;
		struct {
			int64_t amount, row_amount;
			uint64_t account, row_account; /* a hash of it; 0: not known */
		} withdrawal;
	} of;
};

struct audit {
	void (*tell)(void *userdata, const struct audit_finding *f);
	void *userdata;
	struct audit_head head;
	struct audit_slot *slots;
	size_t slot_count, used;
	unsigned slices, slice;
	bool full; /* the table is too small: what comes out is worth nothing */
	uint64_t next_seq, next_event, last_batch, last_us;
	struct {
		char code[4];
		uint64_t sum; /* modulo 2^64 */
	} currency[AUDIT_CURRENCIES_MAX];
	size_t currency_count;
	uint64_t findings[AUDIT_CHECK_END];
};

/* How many slots of so many bytes can be used. */
size_t audit_slots(size_t bytes);

/* In how many passes so many objects are looked at with so many slots. At least 1. */
unsigned audit_slices(uint64_t objects, size_t slots);

/* Begins pass `slice` of `slices`. Set before: tell, userdata, head, slots and slot_count (audit_slots). What is not about a slice is looked at
 * in the first. findings are counted on; they are the caller's to clear. */
void audit_begin(struct audit *a, unsigned slice, unsigned slices);
void audit_take_row(struct audit *a, const struct audit_row *r);
void audit_take_payment(struct audit *a, const struct audit_payment *p);
void audit_take_withdrawal(struct audit *a, const struct audit_withdrawal *w);
void audit_take_account(struct audit *a, const struct audit_account *c);
void audit_end(struct audit *a);

/* Tells of something that the caller found by itself. */
void audit_tell(struct audit *a, enum audit_check check, uint64_t seq, const char *of, const char *what,
    const char *expected, const char *found);

#endif
