/* What the parts of the naive ledger share; for them only. */
#ifndef HOLDFAST_TESTS_DIFFERENTIAL_NAIVE_PARTS_H
#define HOLDFAST_TESTS_DIFFERENTIAL_NAIVE_PARTS_H

#include "gateway/event.h"
#include "tests/differential/naive.h"

#define FACTS_MAX (8 * STEPS_MAX + 2 * MOVES_MAX)
#define HUGE_BALANCE ((wide)1 << 61)

__extension__ typedef __int128 wide;

/* Something happened to an account, to a payment, or to both. */
struct fact {
	int account, payment;
	wide posted, in, out;				  /* of the account */
	wide authorised, captured, refunded, voided, fee; /* of the payment */
};

struct person {
	int status, currency, kind;
	bool has_min, has_max, owned; /* by the session's user */
	wide min, max;
	int members, name[METADATA_NAMES], value[METADATA_NAMES]; /* in the order in which they came */
};

struct deal {
	int payer, payee, currency, manual, has_fee, bps;
	wide fixed;
	uint64_t expires_us;
	enum { HELD, DONE, GIVEN_UP, RUN_OUT } end;
};

struct payout {
	int account, currency;
	wide amount;
	enum { PENDING, SUCCEEDED, FAILED } state;
};

struct moved {
	int from, to;
	wide amount;
	bool is_reversal, is_reversed;
};

struct answered {
	unsigned key;
	struct step step;
	struct verdict verdict;
};

struct naive {
	struct person person[ACCOUNTS_MAX];
	int accounts;
	struct fact fact[FACTS_MAX];
	struct deal deal[STEPS_MAX];
	struct payout payout[STEPS_MAX];
	struct moved moved[MOVES_MAX];
	struct answered answered[STEPS_MAX];
	int facts, deals, payouts, moves, answers;
};

struct fact *naive_fact(struct naive *n, int account, int payment);
struct fact naive_sum(const struct naive *n, int payment);
void naive_move(struct naive *n, int from, int to, wide amount);

struct verdict naive_transfer(struct naive *n, const struct step *s);

struct verdict naive_refusal(int status, const char *code);
struct verdict naive_success(int status, int event);

/* Each check: status 0 when nothing speaks against it. */
extern const struct verdict naive_fine;
struct verdict naive_check_owner(const struct naive *n, const struct step *s, int account);
struct verdict naive_check_open(const struct naive *n, int one, int other);
struct verdict naive_check_thawed(const struct naive *n, int one, int other);
struct verdict naive_check_currency(const struct naive *n, int one, int other, int currency);
struct verdict naive_check_room(const struct naive *n, int account, wide amount);
struct verdict naive_check_money(const struct naive *n, int account, wide amount);

#define MUST(check)                                                                                                    \
	do {                                                                                                           \
		struct verdict must = check;                                                                           \
		if (must.status)                                                                                       \
			return must;                                                                                   \
	} while (0)

/* Accounts. */
struct verdict naive_set_status(struct naive *n, const struct step *s);
struct verdict naive_set_limit(struct naive *n, const struct step *s);
struct verdict naive_create(struct naive *n, const struct step *s);
wide naive_posted(const struct naive *n, int account);
wide naive_pending_in(const struct naive *n, int account);
wide naive_pending_out(const struct naive *n, int account);

/* Payments. */
struct verdict naive_pay(struct naive *n, const struct step *s, uint64_t now_us);
struct verdict naive_capture(struct naive *n, const struct step *s, uint64_t now_us);
struct verdict naive_void(struct naive *n, const struct step *s, uint64_t now_us);
struct verdict naive_expire(struct naive *n, const struct step *s, uint64_t now_us);
struct verdict naive_refund(struct naive *n, const struct step *s);

#endif
