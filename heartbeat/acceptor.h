/*
 * One member's vote in the register, and its lease promise (protocol.md section 1, A1-A6). Pure: the caller makes
 * `reg` durable before any reply leaves that depends on it. Times are CLOCK_BOOTTIME microseconds of this member.
 */
#ifndef HOLDFAST_HEARTBEAT_ACCEPTOR_H
#define HOLDFAST_HEARTBEAT_ACCEPTOR_H

#include "heartbeat/record.h"

/* What must survive a restart, kept in one checksummed file (heartbeat/statefile.h). */
struct hb_register {
	uint64_t cluster;  /* id of the cluster, derived from its key */
	uint64_t instance; /* of this member's memory */
	uint64_t boot;	   /* counts the starts: an older start's messages are recognised */
	uint8_t admitted;  /* 0: AMNESIA, has no vote until the others' state was adopted */
	uint8_t kind;	   /* enum hb_kind, of this member */
	char name[HB_NAME_BYTES];
	struct hb_ballot promised;
	struct hb_ballot accepted_ballot;
	struct hb_record accepted;
};

enum hb_refusal {
	HB_OK,
	HB_REFUSED_AMNESIA,
	HB_REFUSED_BALLOT,
	HB_REFUSED_PROMISE,
	HB_REFUSED_SILENT,
	HB_REFUSED_ROLE,
	/* A JOIN, in a STATE; who does not know these takes no notice of them. */
	HB_REFUSED_NAME,      /* a worker host has the name */
	HB_REFUSED_OLD,	      /* the joiner's release cannot read the record */
	HB_REFUSED_MEMBER_OLD /* that of a member, or of the replica, could not read the record with the joiner in it */
};

struct hb_acceptor {
	struct hb_register reg;
	uint64_t generation;	      /* +1 with each change of reg that must be durable */
	uint64_t identity_generation; /* the last one that changed accepted.active or accepted.epoch */
	uint8_t promise_to;	      /* lease promise; HB_NOBODY: none */
	uint64_t promise_until_us;
	uint64_t silent_until_us;
};

/* Starts from a register read from disk (or a new one): silent for HB_LEASE_MAX_US. */
void hb_acceptor_start(struct hb_acceptor *a, const struct hb_register *reg, uint64_t now_us);

/* Does a lease promise to anybody but `to` run? */
bool hb_acceptor_promised_other(const struct hb_acceptor *a, uint8_t to, uint64_t now_us);

/* A1. A repeated prepare of the ballot that is promised already is granted again: it is the same promise. */
enum hb_refusal hb_acceptor_prepare(struct hb_acceptor *a, uint8_t from, struct hb_ballot b, uint64_t now_us);

/* A2, and A5 when the record is known chosen and came with a heartbeat. */
enum hb_refusal hb_acceptor_accept(
    struct hb_acceptor *a, uint8_t from, struct hb_ballot b, const struct hb_record *r, uint64_t now_us);

/* A3. echo_us: the stamp of ours that the asker echoes; duration_us is capped at HB_LEASE_MAX_US by the caller. */
enum hb_refusal hb_acceptor_renew(
    struct hb_acceptor *a, uint8_t from, uint64_t epoch, uint64_t echo_us, uint64_t duration_us, uint64_t now_us);

/* A6: the end of amnesia, once the silence is over. The maxima of what all other admitted members hold. */
void hb_acceptor_adopt(struct hb_acceptor *a, struct hb_ballot promised, struct hb_ballot accepted_ballot,
    const struct hb_record *accepted, uint64_t now_us);

#endif
