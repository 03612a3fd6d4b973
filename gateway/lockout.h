/* Five failed logins within 15 minutes lock for 15 minutes: one login, or one address. Pure. */
#ifndef HOLDFAST_GATEWAY_LOCKOUT_H
#define HOLDFAST_GATEWAY_LOCKOUT_H

#include <stdint.h>

#define LOCKOUT_FAILURES 5
#define LOCKOUT_US (UINT64_C(15) * 60 * 1000000)

/* The last failures, Unix microseconds, oldest first; 0: there was none. */
struct lockout {
	uint64_t at_us[LOCKOUT_FAILURES];
};

/* For how long it is locked still, in microseconds; 0: it is not. Times of ledger time, which never goes back. */
uint64_t lockout_left_us(const struct lockout *l, uint64_t now_us);

/* One more failure. Not while it is locked: an attempt that was not looked at is none. */
void lockout_add(struct lockout *l, uint64_t now_us);

#endif
