/* A payment: what was authorised, and what became of it. States, fees and how it reads. Pure. */
#ifndef HOLDFAST_GATEWAY_PAYMENT_H
#define HOLDFAST_GATEWAY_PAYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/op.h"
#include "gateway/text.h"

#define FEE_BPS_MAX 10000
#define HOLD_SECONDS_MAX 2592000
#define HOLD_SECONDS_DEFAULT 604800

/* What became of the money that was held back. In the database: the numbers stay. */
enum hold_state {
	HOLD_OPEN = 1,
	HOLD_SETTLED, /* captured, whether all of it or for the last time */
	HOLD_VOIDED,
	HOLD_EXPIRED,
	HOLD_STATE_END
};

enum hold_act { HOLD_CAPTURE, HOLD_FINISH, HOLD_VOID, HOLD_EXPIRE, HOLD_ACT_END };

/* As the API has it; follows from hold and amounts. In the database, for lists: the numbers stay. */
enum payment_status {
	PAYMENT_AUTHORIZED = 1,
	PAYMENT_PARTIALLY_CAPTURED,
	PAYMENT_CAPTURED,
	PAYMENT_PARTIALLY_REFUNDED,
	PAYMENT_REFUNDED,
	PAYMENT_VOIDED,
	PAYMENT_EXPIRED,
	PAYMENT_STATUS_END
};

struct payment {
	struct ulid id, payer, payee;
	char currency[4];
	uint8_t hold; /* enum hold_state */
	bool has_fee;
	uint32_t fee_bps;
	int64_t fee_fixed;
	int64_t authorized, captured, refunded, voided;
	int64_t fee; /* taken so far */
	uint64_t last_seq, created_us;
	uint64_t expires_us;		  /* 0: captured at once, there never was a hold */
	uint64_t touched;		  /* the batch that changed it last; for the one who writes batches */
	const char *reference, *metadata; /* borrowed, not terminated; metadata: JSON, 0 bytes {} */
	size_t reference_bytes, metadata_bytes;
};

/* What is still held back. */
int64_t payment_rest(const struct payment *p);

/* The hold as an operation at that time has to see it: from expires_us on it has expired, swept or not. */
uint8_t payment_hold_at(const struct payment *p, uint64_t now_us);

/* The state after `act`; 0: the state does not allow it. */
uint8_t payment_next_hold(uint8_t hold, enum hold_act act);

uint8_t payment_status(const struct payment *p);

/* The word of a status, NULL for a number that is none; and back, 0 for a word that is none. */
const char *payment_status_word(uint8_t status);
uint8_t payment_status_parse(const char *word);

/* The fee of a capture: bps of it, halves to the even number, and `fixed` with the first. May exceed the amount. */
int64_t payment_fee(int64_t amount, uint32_t bps, int64_t fixed, bool first);

void payment_render(struct text *t, const struct payment *p);

#endif
