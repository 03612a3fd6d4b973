/*
 * A second ledger, written from the API's text and for this test alone, as simply as can be: every movement and every hold is a
 * fact in one list, and whatever is asked is found by going through it from its beginning. 128-bit arithmetic. Nothing of the
 * product is used but its numbers for events.
 */
#ifndef HOLDFAST_TESTS_DIFFERENTIAL_NAIVE_H
#define HOLDFAST_TESTS_DIFFERENTIAL_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#define USERS 6	    /* accounts that have names; the last is kept in another currency */
#define ACCOUNTS 10 /* then the clearing accounts and the fee accounts of both currencies */
#define CLEARING(currency) (USERS + (currency))
#define FEES(currency) (USERS + 2 + (currency))
#define ACCOUNTS_MAX 40 /* and those that are opened on the way */
#define STEPS_MAX 400
#define LEGS_MAX 500 /* of a batch */
#define MOVES_MAX (2 * STEPS_MAX + LEGS_MAX)
#define METADATA_NAMES 24 /* of members that are ever set: more than an account may have */
#define METADATA_STEP_MAX 8

enum what {
	TOPUP,
	TRANSFER,
	REVERSE,
	PAY,
	CAPTURE,
	VOID,
	EXPIRE,
	REFUND,
	WITHDRAW,
	CONFIRM,
	FAIL,
	FREEZE,
	UNFREEZE,
	CLOSE,
	LIMIT,
	CREATE,
	BATCH,
	WHAT_END
};

/* An API key, one without the scope, a session of the user who owns the first two accounts. */
enum who { KEY, POOR_KEY, SESSION };
#define OWNED 2

enum limit { LIMIT_ABSENT, LIMIT_SET, LIMIT_NONE };

/* One request. Subjects and accounts by their place; NOTHING: there is no such thing. All of it is compared, so no gaps. */
#define NOTHING (-1)
struct step {
	int64_t amount, fixed, min, max; /* amount 0: left out */
	int32_t what, from, to, subject, currency, reference;
	int32_t bps, seconds, manual, final, has_fee, has_min, has_max;
	int32_t who;	     /* enum who */
	int32_t kind, owner; /* CREATE: 1 to 5; 0 none, 1 the session's user, 2 somebody who is not there */
	/* Of LIMIT and CREATE: members from `member` on, all with that value; a negative one takes them away. */
	int32_t members, member, value;
	int32_t legs; /* of BATCH: which legs; no two requests have the same */
};
_Static_assert(sizeof(struct step) == 4 * sizeof(int64_t) + 20 * sizeof(int32_t), "no gaps");

/* The transfers of a batch. */
struct leg {
	int64_t amount;
	int from, to, currency;
};
struct legs {
	int count;
	bool atomic;
	struct leg leg[LEGS_MAX];
};

/* What moved: amount from one to the other, and then a fee from there on; the balances after that, of the other before the fee. */
struct told_movement {
	int from, to, fees; /* NOTHING: nothing moved, no fee */
	int64_t amount, fee, from_after, to_after, fee_after;
};

struct verdict {
	int status, event;
	const char *code; /* of a refusal, else "" */
	bool stored, replayed;
	uint64_t touched; /* a bit for each account of which something changed */
	struct told_movement moved;
};

/* Of a batch: as a verdict, and of each leg, in order; failed: of an atomic one, the leg that spoke for it, or NOTHING. */
struct batch_verdict {
	int status, failed, rows, events, count;
	const char *code;
	bool replayed;
	uint64_t touched;
	struct {
		int status;
		const char *code;
	} leg[LEGS_MAX];
};

struct naive;

struct naive *naive_new(void);
void naive_free(struct naive *n);
void naive_clear(struct naive *n);

/* The request with that key, at that time. */
struct verdict naive_decide(struct naive *n, const struct step *s, unsigned key, uint64_t now_us);

/* The same of a batch, s->what BATCH; of one that is replayed only that is told. */
void naive_batch(
    struct naive *n, const struct step *s, const struct legs *legs, unsigned key, struct batch_verdict *ret);

/* posted, pending_in, pending_out */
void naive_balance(const struct naive *n, int account, int64_t ret[static 3]);
int naive_status(const struct naive *n, int account); /* 0 open, 1 frozen, 2 closed */
int naive_accounts(const struct naive *n);
int naive_currency(const struct naive *n, int account);
int naive_kind(const struct naive *n, int account);
/* min_balance and max_balance. True: there is one. */
bool naive_limit(const struct naive *n, int account, bool max, int64_t *ret);
/* As the API writes it. */
#define NAIVE_METADATA_BYTES 512
void naive_metadata(const struct naive *n, int account, char ret[static NAIVE_METADATA_BYTES]);

/* authorised, captured, refunded, voided, fee; and the word of its status. */
const char *naive_payment(const struct naive *n, int payment, int64_t ret[static 5]);
uint64_t naive_expiry(const struct naive *n, int payment); /* 0: nothing is held */
int naive_payments(const struct naive *n);
int naive_withdrawals(const struct naive *n);
int naive_transfers(const struct naive *n);
const char *naive_withdrawal(const struct naive *n, int withdrawal);

#endif
