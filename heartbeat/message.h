/* What members say to each other, and its bytes. The envelope around it is heartbeat/wire.h. Pure. */
#ifndef HOLDFAST_HEARTBEAT_MESSAGE_H
#define HOLDFAST_HEARTBEAT_MESSAGE_H

#include <stddef.h>

#include "heartbeat/command.h"
#include "heartbeat/record.h"
#include "heartbeat/transition.h"

enum hb_message_type {
	HB_BEAT = 1, /* heartbeat: facts, chosen record, request for a lease */
	HB_GRANT,    /* the lease is granted */
	HB_PREPARE,
	HB_PROMISE, /* answer to prepare, yes or no */
	HB_ACCEPT,
	HB_ACCEPTED, /* answer to accept, yes or no */
	HB_READ,
	HB_STATE,    /* answer to read, or to a join that cannot be done here */
	HB_JOIN,     /* a member to be asks for admission */
	HB_KEYS,     /* which keys of the heartbeats a member holds; for heartbeat/keyring.h, not for the core */
	HB_COMMAND,  /* an operator's, passed on */
	HB_VERDICT,  /* the answer to it */
	HB_WATCH,    /* a replica, which is no member, tells of itself and asks for a beat */
	HB_GIVEN_UP, /* one that was promoted tells those whose cluster it was a replica of */
	HB_MESSAGE_TYPES
};

/*
 * What the fields mean that were added to the record, as a number that rises: a member of a lower level passes them on, but
 * does not obey them. None may be set before all members have announced the level of the release that brought it (hb_level).
 * 1: second_address. 2: maintenance. 3: forced_epoch. 4: addresses of IPv6, which one of a lower level cannot pass on.
 */
#define HB_LEVEL 4
#define HB_LEVEL_FORCED 3 /* the first that has force promote */
#define HB_LEVEL_IPV6 4	  /* the first that has addresses of IPv6 */
#define HB_LEVEL_HEARS 3  /* the first that tells whom it hears */

/* Facts about a gateway that others act on or show. */
struct hb_facts {
	uint8_t state; /* enum hb_state */
	uint8_t fit;   /* could take the role: database following or applied, ledger there */
	uint8_t serving;
	uint8_t holds_vip;
	uint64_t follow_epoch;
	struct token token;
	struct gtid binlog, received, applied;
	uint64_t answered_epoch; /* high-water mark */
	struct gtid answered;
	uint64_t opened_epoch;
	struct gtid opened_at;
	uint32_t backlog_ms;
	uint32_t lease_ms;	    /* left of the active's lease, for show */
	struct hb_transition moved; /* the last opening by this node: for show */
	char reason[LOCAL_REASON_BYTES];
	struct ip second_address; /* on the second network, as configured now; none: it has none */
	uint8_t level;		  /* HB_LEVEL of its release; 0: one that has none */
	uint8_t hears;		  /* bit n: it has heard member n in the last seconds, or cannot rule it out */
	uint8_t apart; /* its log may have what the active's has not: it was active itself, and is not settled */
};

#define HB_BOX_BYTES 32
#define HB_GIFT_BYTES 80 /* a sealed box around a key */

struct hb_keys {
	uint32_t oldest, newest, use; /* numbers of the keys it holds on disk, and of the one it writes with */
	uint32_t wish;		      /* number of the key it was asked for; 0: none */
	uint64_t print;		      /* of the newest */
	uint8_t box[HB_BOX_BYTES];    /* public key of its present life */
	uint32_t gift_number;	      /* 0: none */
	uint8_t gift[HB_GIFT_BYTES];  /* the key of that number, for the receiver's box */
};

struct hb_message {
	uint8_t type;		 /* enum hb_message_type */
	uint8_t from;		 /* member number; HB_NOBODY: not admitted yet */
	uint64_t boot, instance; /* of the sender */

	/* BEAT */
	uint64_t stamp_us; /* sender's clock */
	uint64_t echo_us;  /* BEAT, COMMAND: last stamp heard from the receiver, in this boot of the receiver; 0 none */
	uint64_t echo_boot; /* BEAT; COMMAND: it is meant for this life of the receiver's */
	uint8_t want_lease;
	struct hb_facts facts;

	/* BEAT (want_lease), GRANT */
	uint64_t epoch, duration_us;

	struct hb_ballot ballot;	  /* PREPARE .. ACCEPTED: of the round; BEAT: at which `record` was chosen */
	uint8_t refusal;		  /* PROMISE, ACCEPTED, STATE: enum hb_refusal */
	struct hb_ballot promised;	  /* BEAT, PROMISE, ACCEPTED, STATE */
	struct hb_ballot accepted_ballot; /* BEAT, PROMISE, ACCEPTED, STATE */
	uint8_t has_record;
	struct hb_record record; /* BEAT: chosen; ACCEPT: value; PROMISE, STATE: accepted */

	/* JOIN (and facts.level), WATCH (and stamp_us, facts) */
	struct hb_member member;

	/* GIVEN_UP: member.name who says so, epoch its own, echo_boot the instance that is meant, facts.opened_at where it went on. */

	struct hb_keys keys;	   /* KEYS */
	struct hb_command command; /* COMMAND */
	struct hb_verdict verdict; /* VERDICT */
};

/* Version 1 has no blocks that can grow (heartbeat/codec.h): what was added since cannot be said in it. */
#define HB_FLAT_VERSION 1
#define HB_MESSAGE_BYTES_MAX 1276

/* Writes m into buf as that version of the wire has it and returns the length, at most HB_MESSAGE_BYTES_MAX; 0 when that
 * version cannot say it. m must be one that we made. */
size_t hb_message_encode(const struct hb_message *m, uint8_t version, uint8_t buf[static HB_MESSAGE_BYTES_MAX]);

/* 0 and *ret filled; -EINVAL: short, long, or a value out of range; -EPROTO: well-formed, but of a type that we do not know,
 * with type and sender filled; else *ret is undefined. */
int hb_message_decode(const uint8_t *buf, size_t size, uint8_t version, struct hb_message *ret);

/* The register's bytes, for the state file. flat: as the first version of the file had them. */
struct hb_register;
#define HB_REGISTER_BYTES_MAX 860
size_t hb_register_encode(const struct hb_register *r, uint8_t buf[static HB_REGISTER_BYTES_MAX]);
int hb_register_decode(const uint8_t *buf, size_t size, bool flat, struct hb_register *ret);

#endif
