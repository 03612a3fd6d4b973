/* Five failed logins within 15 minutes lock for 15 minutes: one login, or one address. Pure. */
#ifndef HOLDFAST_GATEWAY_LOCKOUT_H
#define HOLDFAST_GATEWAY_LOCKOUT_H

#include <stdbool.h>
#include <stdint.h>

#define LOCKOUT_FAILURES 5
#define LOCKOUT_US (UINT64_C(15) * 60 * 1000000)

/* The last failures, Unix microseconds, oldest first; 0: there was none. */
struct lockout {
	uint64_t at_us[LOCKOUT_FAILURES];
};

/* For how long it is locked still, in microseconds; 0: it is not. Times of ledger time, which never goes back. */
uint64_t lockout_left_us(const struct lockout *l, uint64_t now_us);

/* What is locked, in an answer that says so (struct wire_answer, scopes). */
enum lockout_side { LOCKOUT_LOGIN = 1, LOCKOUT_ADDRESS = 2 };

/* One more failure. Not while it is locked: an attempt that was not looked at is none. */
void lockout_add(struct lockout *l, uint64_t now_us);

/* A login succeeded: takes its failures out of those of the address it came from. They are known by their times, which both have; those
 * of other logins stay, so that nobody buys an address free with a login of his own. Is anything left? */
bool lockout_forgive(struct lockout *address, const struct lockout *login);

#endif
