/* What the parts of the audit share; for them and their test only. */
#ifndef HOLDFAST_REPLICATION_AUDIT_PARTS_H
#define HOLDFAST_REPLICATION_AUDIT_PARTS_H

#include "replication/audit.h"

/* The gateway's numbers, which are in the database for ever: tests/unit/test_audit.c holds these against its headers. */
enum audit_kind {
	KIND_ACCOUNT_CREATE = 2,
	KIND_TOPUP_CREATE = 3,
	KIND_TRANSFER_CREATE = 4,
	KIND_ACCOUNT_FREEZE = 14,
	KIND_ACCOUNT_UNFREEZE = 15,
	KIND_ACCOUNT_CLOSE = 16,
	KIND_PAYMENT_CREATE = 17,
	KIND_PAYMENT_CAPTURE = 18,
	KIND_PAYMENT_VOID = 19,
	KIND_PAYMENT_EXPIRE = 20,
	KIND_REFUND_CREATE = 21,
	KIND_WITHDRAWAL_CREATE = 24,
	KIND_WITHDRAWAL_CONFIRM = 25,
	KIND_WITHDRAWAL_FAIL = 26,
	KIND_TRANSFER_REVERSE = 28,
	KIND_TRANSFER_BATCH = 29,
	KIND_USER_CREATE = 69,
};

enum { STATE_OPEN, STATE_FROZEN, STATE_CLOSED };
enum { STATE_HELD = 1, STATE_SETTLED, STATE_VOIDED, STATE_EXPIRED };
enum { STATE_PENDING = 1, STATE_SUCCEEDED, STATE_FAILED };

enum { SLOT_NONE, SLOT_ACCOUNT, SLOT_PAYMENT, SLOT_WITHDRAWAL };
enum { FLAG_MADE = 1, FLAG_MOVED = 2, FLAG_ROW = 4 };

/* The prefix of the id of what a kind makes or changes; NULL: it has none that is looked at. */
const char *audit_prefix(unsigned kind);

/* The slot of this one, made when there is none. NULL: it is of another slice, or there is no room. */
struct audit_slot *audit_slot(struct audit *a, uint8_t kind, const struct ulid *id);

/* Of two, in this order; never 0. */
uint64_t audit_hash(const struct ulid *one, const struct ulid *other);

/* They wrap around instead of overflowing: what comes out of that is wrong in any case. */
int64_t audit_add(int64_t a, int64_t b);
int64_t audit_sub(int64_t a, int64_t b);

/* Tells unless they are the same. */
void audit_compare(struct audit *a, enum audit_check check, uint64_t seq, const char *of, const char *what,
    int64_t expected, int64_t found);

/* The currency of a slot is that of what names it first. */
void audit_currency(struct audit *a, enum audit_check check, struct audit_slot *s, uint64_t seq, const char *currency);

/* "acc_...", "pay_..." or "wd_...". */
const char *audit_slot_name(const struct audit_slot *s, char buf[static ID_TEXT_BYTES]);

/* Row by row, as the caller of audit_take_row() has it, what does not need any slot. */
void audit_check_row(struct audit *a, const struct audit_row *r);

/* The number behind "member": in the beginning of an answer. False: there is none. */
bool audit_body_number(const struct audit_row *r, const char *member, int64_t *ret);

/* What a movement or an action did to a payment or a withdrawal. */
void audit_row_of_payment(struct audit *a, const struct audit_row *r);
void audit_row_of_withdrawal(struct audit *a, const struct audit_row *r);

/* What the journal made of one that has a row, and what the row says. */
void audit_end_payment(struct audit *a, const struct audit_slot *s, const char *name);
void audit_end_withdrawal(struct audit *a, const struct audit_slot *s, const char *name);

#endif
