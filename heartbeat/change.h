/* The changes that may be made to the role record, each with its guard (protocol.md section 1, "f"). Pure. */
#ifndef HOLDFAST_HEARTBEAT_CHANGE_H
#define HOLDFAST_HEARTBEAT_CHANGE_H

#include "heartbeat/record.h"

enum hb_change_kind {
	HB_CHANGE_NONE,	   /* nothing to do */
	HB_CHANGE_NOTHING, /* a round that changes nothing: to finish or to learn what was begun (P4) */
	HB_CHANGE_CLAIM,
	HB_CHANGE_OPEN,
	HB_CHANGE_SOLO,
	HB_CHANGE_ADD,
	HB_CHANGE_HAND,
	HB_CHANGE_JOIN,
	HB_CHANGE_MAINTAIN,
	HB_CHANGE_ADDRESS,
};

struct hb_change {
	enum hb_change_kind kind;
	uint8_t self;
	uint8_t target;		 /* ADD, HAND: the other member; MAINTAIN: any but the active */
	uint8_t reason;		 /* enum hb_reason */
	bool keep;		 /* HAND: after a complete drain, so target may open with in_sync as it is */
	bool maintain;		 /* HAND: self goes into maintenance by it; MAINTAIN: target goes, or comes back */
	bool reopen;		 /* CLAIM: self has restarted or opens anew, so it may claim what it holds already */
	uint64_t epoch;		 /* OPEN, SOLO, ADD, HAND, ADDRESS, MAINTAIN: the epoch in which the wish was formed */
	struct token token;	 /* CLAIM: beside the own data now; ADD, HAND: reported by target */
	struct hb_member member; /* JOIN; ADDRESS: its second_ipv4, for target */
};

/* Applies c to r. True: *ret is the new record. False: the guard does not hold for r; *ret is r unchanged. */
bool hb_change_apply(const struct hb_change *c, const struct hb_record *r, struct hb_record *ret);

#endif
