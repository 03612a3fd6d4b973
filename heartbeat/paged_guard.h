/*
 * Who may try a password at the status page now. Five failures of an address within 15 minutes lock it for 15 minutes, and all together may
 * try ten times at once and then once in two seconds: to guess from many addresses is slow, too, and costs no more than that of the machine's
 * time. Times are of one clock that never goes back. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_PAGED_GUARD_H
#define HOLDFAST_HEARTBEAT_PAGED_GUARD_H

#include <stdint.h>

#include "heartbeat/ip.h"

#define PAGED_FAILURES 5
#define PAGED_LOCK_MS (INT64_C(15) * 60 * 1000)
#define PAGED_ADDRESSES_MAX 64
#define PAGED_TRIES 10
#define PAGED_TRY_MS INT64_C(2000)

struct paged_guard {
	struct {
		struct ip ip; /* none: a free place */
		unsigned failures;
		int64_t last_ms; /* failure */
	} address[PAGED_ADDRESSES_MAX];
	int64_t spent_ms; /* all together: the moment at which every try that was made is paid for */
};

enum paged_may {
	PAGED_MAY,
	PAGED_LOCKED, /* this address */
	PAGED_BUSY,   /* too many tries of all together */
};

/* An address stands for all from where its owner can try: of IPv6 for its /64. */

/* May that address (not none) try now? A try that it may is counted. *wait_ms: else, for how long not. */
enum paged_may paged_guard_ask(struct paged_guard *g, const struct ip *ip, int64_t now_ms, int64_t *wait_ms);

/* What became of the try. When all places are taken the address that failed longest ago is forgotten. */
void paged_guard_failed(struct paged_guard *g, const struct ip *ip, int64_t now_ms);
void paged_guard_passed(struct paged_guard *g, const struct ip *ip);

#endif
