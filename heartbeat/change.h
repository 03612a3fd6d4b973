/* The changes that may be made to the role record, each with its guard (doc/protocol.md section 1, "Proposer"). Pure. */
#ifndef HOLDFAST_HEARTBEAT_CHANGE_H
#define HOLDFAST_HEARTBEAT_CHANGE_H

#include "heartbeat/record.h"

/* Each with its word, and whether payments may have to wait until it is chosen. NONE: nothing to do. NOTHING: a round that changes
 * nothing, to finish or to learn what was begun (P4). */
#define HB_CHANGES(X)                                                                                                  \
	X(NONE, "nothing", false)                                                                                      \
	X(NOTHING, "finish", true)                                                                                     \
	X(CLAIM, "claim", true)                                                                                        \
	X(OPEN, "open", true)                                                                                          \
	X(SOLO, "solo", true)                                                                                          \
	X(ADD, "add", false)                                                                                           \
	X(HAND, "hand", true)                                                                                          \
	X(JOIN, "join", false)                                                                                         \
	X(REPLACE, "replace", false)                                                                                   \
	X(MAINTAIN, "maintain", false)                                                                                 \
	X(ADDRESS, "address", false)                                                                                   \
	X(FORCE, "force", true)
enum hb_change_kind {
#define X(id, word, waits) HB_CHANGE_##id,
	HB_CHANGES(X)
#undef X
};

struct hb_change {
	enum hb_change_kind kind;
	uint8_t self;
	uint8_t target; /* ADD, HAND: the other member; MAINTAIN: any but the active; REPLACE: whose place it is */
	uint8_t reason; /* enum hb_reason */
	bool keep;	/* HAND: after a complete drain, so target may open with in_sync as it is */
	bool maintain;	/* HAND: self goes into maintenance by it; MAINTAIN: target goes, or comes back */
	bool reopen;	/* CLAIM: self has restarted or opens anew, so it may claim what it holds already */
	uint64_t epoch; /* OPEN, SOLO, ADD, HAND, ADDRESS, MAINTAIN, REPLACE: the epoch in which the wish was formed */
	uint64_t version;	 /* FORCE: of the record that the operator was shown */
	struct token token;	 /* CLAIM, FORCE: beside the own data now; ADD, HAND: reported by target */
	struct hb_member member; /* JOIN, REPLACE; ADDRESS: its second_address, for target */
};

/* "claim". */
const char *hb_change_word(enum hb_change_kind kind);

/* Do payments wait for it? */
bool hb_change_is_awaited(enum hb_change_kind kind);

/* Applies c to r. True: *ret is the new record. False: the guard does not hold for r; *ret is r unchanged. */
bool hb_change_apply(const struct hb_change *c, const struct hb_record *r, struct hb_record *ret);

#endif
