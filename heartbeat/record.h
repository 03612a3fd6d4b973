/*
 * The role record: who is active, in which epoch, and whose copy of the data may be trusted. It is the value of one
 * rewritable register, agreed by a majority of the members (CASPaxos, D. Rystsov 2018, arXiv:1802.07000). Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_RECORD_H
#define HOLDFAST_HEARTBEAT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/ip.h"
#include "heartbeat/local.h"

#define HB_MEMBERS_MAX 5
#define HB_NOBODY 255
#define HB_NAME_BYTES 16
#define HB_LATER_BYTES 32
#define HB_LEASE_MAX_US 1000000 /* no lease is ever longer; a member that has just started is silent for so long */

struct hb_ballot {
	uint64_t counter; /* 0: no ballot yet */
	uint8_t node;
};

/* A replica is in no record: it has a register of its own, with nothing promised or accepted in it (heartbeat/node_replica.c). */
enum hb_kind { HB_KIND_GATEWAY, HB_KIND_WITNESS, HB_KIND_REPLICA };

struct hb_member {
	char name[HB_NAME_BYTES];
	uint64_t instance; /* random, made with the state file: a member that lost its memory is another member */
	struct ip address;
	uint16_t port;
	uint8_t kind;		  /* enum hb_kind */
	struct ip second_address; /* on the second network; none: it is not there */
};

enum hb_phase { HB_CLAIMED, HB_OPEN };

/* Why the record was last changed: value, text. */
#define HB_REASONS(X)                                                                                                  \
	X(INIT, "init")                                                                                                \
	X(JOIN, "member-joined")                                                                                       \
	X(START, "start")                                                                                              \
	X(LEASE_EXPIRED, "lease-expired")                                                                              \
	X(DATABASE_DIED, "database-died")                                                                              \
	X(OPENED, "opened")                                                                                            \
	X(PEER_LOST, "peer-lost")                                                                                      \
	X(PEER_IN_SYNC, "peer-in-sync")                                                                                \
	X(ADDRESS, "second-address")                                                                                   \
	X(ACTIVE_UNFIT, "active-unfit")                                                                                \
	X(SWITCHOVER, "switchover")                                                                                    \
	X(MAINTENANCE, "maintenance")                                                                                  \
	X(FORCED_SOLO, "forced-solo")                                                                                  \
	X(FORCED, "forced")
enum hb_reason {
#define X(id, text) HB_REASON_##id,
	HB_REASONS(X)
#undef X
	    HB_REASON_COUNT
};

struct hb_record {
	uint64_t version; /* +1 with each change */
	uint64_t epoch;	  /* +1 with each claim and hand-over */
	uint8_t active;
	uint8_t phase;	 /* enum hb_phase */
	uint8_t keep;	 /* claimed: whoever opens may keep in_sync as it is */
	uint8_t in_sync; /* bit n: member n holds all that was acknowledged, as long as token[n] lies beside its data */
	uint8_t reason;	 /* enum hb_reason */
	uint8_t members;
	uint8_t maintenance;   /* bit n: member n is out of service at an operator's word, and not added to in_sync */
	uint64_t forced_epoch; /* the last that came by force: what was answered before it may be lost; 0: none */
	struct token token[HB_MEMBERS_MAX];
	struct hb_member member[HB_MEMBERS_MAX];

	/* What a later release added, unread: who passes the record on must not change it (heartbeat/codec.h). */
	uint8_t later_bytes, later[HB_LATER_BYTES];
};

/* < 0, 0, > 0 */
int hb_ballot_compare(struct hb_ballot a, struct hb_ballot b);

/* The same content, member by member (padding does not count). */
bool hb_record_equal(const struct hb_record *a, const struct hb_record *b);

/* Members needed for a majority. */
static inline unsigned hb_quorum(unsigned members)
{
	return members / 2 + 1;
}

static inline bool hb_in_sync(const struct hb_record *r, uint8_t node)
{
	return node < HB_MEMBERS_MAX && (r->in_sync >> node & 1);
}

static inline bool hb_in_maintenance(const struct hb_record *r, uint8_t node)
{
	return node < r->members && (r->maintenance >> node & 1);
}

/* Is {node} all there is in in_sync? */
static inline bool hb_is_solo(const struct hb_record *r, uint8_t node)
{
	return r->in_sync == (uint8_t)(1u << node);
}

/* How many members of that kind there are. */
unsigned hb_members_of(const struct hb_record *r, enum hb_kind kind);

/* Of small letters, digits and '-', a letter first, with a NUL behind it: what is neither in the way of a file name, a shell nor a line of
 * a configuration, whoever sends it. */
bool hb_name_valid(const char name[HB_NAME_BYTES]);

/* The number of the member with that name, or HB_NOBODY. */
uint8_t hb_member_find(const struct hb_record *r, const char *name);

const char *hb_reason_text(uint8_t reason);

/* Could this have been written by us, or by a later release that gives more reasons? Refuses counts, numbers and bits out of
 * range. For whatever comes from outside. */
bool hb_record_valid(const struct hb_record *r);

#endif
