/* The stream between workers and the ledger: header, fixed struct, variable bytes. Both ends are of one release and one byte order,
 * of which they convince themselves first (gateway/hello.h). Pure. */
#ifndef HOLDFAST_GATEWAY_WIRE_H
#define HOLDFAST_GATEWAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gateway/op.h"

#define WIRE_VERSION 0x4807
#define WIRE_HELLO_VERSION 0x48ff /* of the frames that all releases read, and they read no others of each other's */
#define WIRE_HELLO_BYTES_MAX 1024
#define WIRE_FRAME_BYTES_MAX (2 * 1024 * 1024) /* a batch of transfers, and its answer */

enum wire_type {
	WIRE_OP = 1,
	WIRE_ANSWER,
	WIRE_HELLO,   /* the first of either end (gateway/hello.h) */
	WIRE_FOREIGN, /* instead of the ledger's: you are of another release; it has looked at nothing, and will not */
};

struct wire_header {
	uint32_t bytes; /* of the whole frame */
	uint16_t version;
	uint16_t type; /* enum wire_type */
	uint64_t id;   /* chosen by the asker, repeated in the answer */
};

enum wire_outcome {
	WIRE_DONE = 1,	   /* status and body hold */
	WIRE_NOT_EXECUTED, /* nothing happened and nothing will: ask again, here or elsewhere */
	WIRE_UNKNOWN,	   /* may have been committed: ask again with the same key */
	WIRE_OVERLOADED,   /* not executed, the queue is full */
	WIRE_CROWDED,	   /* not executed, too many of the same secret are under way */
	WIRE_STALLED,	   /* not executed, a COMMIT before it waits for the other gateway */
	WIRE_OUTCOME_END
};

struct wire_answer {
	uint8_t outcome;  /* enum wire_outcome */
	uint8_t replayed; /* Idempotent-Replayed */
	uint8_t local;	  /* Durability: local */
	uint8_t has_seq;
	uint16_t status;
	uint16_t retry_after_s; /* 0: none */
	uint32_t scopes;	/* OP_AUTHENTICATE; 429: enum lockout_side */
	uint32_t body_bytes;
	uint64_t seq;	    /* Ledger-Seq */
	uint64_t principal; /* OP_AUTHENTICATE */
	uint64_t clock_us;  /* of the ledger, when it was sent: struct op, heard_us */
};

/* Looks at the start of a stream. The length of the first frame when all of it is there, 0 when more is
 * needed, -EPROTO for another version, type or length than there can be. The version goes with the type. */
ssize_t wire_frame(const void *buf, size_t have, struct wire_header *ret);

/* What follows the header of a WIRE_OP frame. The texts point into buf. 0, or -EPROTO: lengths or members out
 * of range. */
int wire_decode_op(const void *payload, size_t count, struct op_message *ret);

/*
 * When was the operation sent, by our clock, or before that? What lay in a socket while somebody was frozen
 * must not begin late (hold_timeout). On one host there is one clock. Elsewhere: when our last word was sent
 * there, plus the time since it was heard; false when there was none, and then nobody can say how old it is.
 */
bool wire_sent_at(const struct op *op, bool same_host, uint64_t now_us, uint64_t *ret_us);

/* The same for WIRE_ANSWER; *body points into payload. */
int wire_decode_answer(const void *payload, size_t count, struct wire_answer *ret, const char **body);

/* Writes a whole frame. The length, or 0 when it does not fit. */
size_t wire_encode_op(void *buf, size_t size, uint64_t id, const struct op_message *m);
size_t wire_encode_answer(void *buf, size_t size, uint64_t id, const struct wire_answer *a, const char *body);

#endif
