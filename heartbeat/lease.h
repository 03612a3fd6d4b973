/*
 * The lease of the active: until when has a majority promised to listen to nobody else? The holder counts from the
 * moment it sent, less a margin for clocks that run at different rates (Gray and Cheriton 1989; protocol.md). Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_LEASE_H
#define HOLDFAST_HEARTBEAT_LEASE_H

#include "heartbeat/record.h"

struct hb_lease {
	uint64_t epoch;			   /* the grants below are for this one */
	uint64_t until_us[HB_MEMBERS_MAX]; /* by our clock, margin taken off; 0: none */
};

/* Forgets all grants when the epoch is another one. */
void hb_lease_begin(struct hb_lease *l, uint64_t epoch);

/* Counts a grant. sent_us: our stamp on the request that was granted. Grants for another epoch are ignored. */
void hb_lease_grant(struct hb_lease *l, uint8_t from, uint64_t epoch, uint64_t sent_us, uint64_t duration_us);

/* The moment (our clock) at which a majority that includes self ends; 0 when there is none. */
uint64_t hb_lease_until(const struct hb_lease *l, uint8_t self, uint8_t members, uint64_t epoch);

/* The same for the others alone, as many of them as are needed beside self; UINT64_MAX when none is. */
uint64_t hb_lease_others_until(const struct hb_lease *l, uint8_t self, uint8_t members, uint64_t epoch);

#endif
