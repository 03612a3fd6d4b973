/* What a row of the journal tells the world: one event, or none. The numbers are in the journal. Pure. */
#ifndef HOLDFAST_GATEWAY_EVENT_H
#define HOLDFAST_GATEWAY_EVENT_H

#include <stdint.h>

#define EVENTS(X)                                                                                                      \
	X(EVENT_USER_CREATED, 1, "user.created")                                                                       \
	X(EVENT_ACCOUNT_CREATED, 2, "account.created")                                                                 \
	X(EVENT_ACCOUNT_UPDATED, 3, "account.updated")                                                                 \
	X(EVENT_ACCOUNT_FROZEN, 4, "account.frozen")                                                                   \
	X(EVENT_ACCOUNT_UNFROZEN, 5, "account.unfrozen")                                                               \
	X(EVENT_ACCOUNT_CLOSED, 6, "account.closed")                                                                   \
	X(EVENT_TOPUP_SUCCEEDED, 7, "topup.succeeded")                                                                 \
	X(EVENT_WITHDRAWAL_PENDING, 8, "withdrawal.pending")                                                           \
	X(EVENT_WITHDRAWAL_SUCCEEDED, 9, "withdrawal.succeeded")                                                       \
	X(EVENT_WITHDRAWAL_FAILED, 10, "withdrawal.failed")                                                            \
	X(EVENT_TRANSFER_POSTED, 11, "transfer.posted")                                                                \
	X(EVENT_TRANSFER_REVERSED, 12, "transfer.reversed")                                                            \
	X(EVENT_PAYMENT_AUTHORIZED, 13, "payment.authorized")                                                          \
	X(EVENT_PAYMENT_CAPTURED, 14, "payment.captured")                                                              \
	X(EVENT_PAYMENT_VOIDED, 15, "payment.voided")                                                                  \
	X(EVENT_PAYMENT_EXPIRED, 16, "payment.expired")                                                                \
	X(EVENT_REFUND_SUCCEEDED, 17, "refund.succeeded")                                                              \
	X(EVENT_USER_UPDATED, 18, "user.updated")

enum event_type {
	EVENT_NONE,
#define X(name, value, word) name = value,
	EVENTS(X)
#undef X
	    EVENT_TYPE_END
};

/* "noun.verb", or NULL for a number that is none. */
const char *event_word(uint8_t type);

/* The type for a word of the API, or EVENT_NONE. */
uint8_t event_parse(const char *word);

#endif
