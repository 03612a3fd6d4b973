/*
 * What both ends of the stream between workers and the ledger say first. While a cluster is upgraded they may be of different
 * releases, whose operations differ; so neither looks at anything of the other's before it has seen that they are made alike. This
 * frame, and struct wire_header, are the same in all releases: members are added at the end. Pure.
 */
#ifndef HOLDFAST_GATEWAY_HELLO_H
#define HOLDFAST_GATEWAY_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/wire.h"

#define HELLO_RELEASE_BYTES 24

struct hello {
	uint32_t byte_order; /* HELLO_BYTE_ORDER, as the sender has it in memory */
	uint16_t version;    /* WIRE_VERSION */
	uint16_t reserved;
	uint64_t layout;		   /* hello_layout() */
	uint64_t clock_us;		   /* of a ledger, as in struct wire_answer; of a worker 0 */
	char release[HELLO_RELEASE_BYTES]; /* for people; terminated */
};

#define HELLO_BYTE_ORDER 0x01020304u

/* A text of an operation (OP_TEXTS). */
struct hello_text {
	const char *name;
	uint64_t bytes_max;
};
extern const struct hello_text hello_texts[OP_TEXT_COUNT];

/* A number that is another one as soon as a member of an operation, an item or an answer is at another place, an operation has another
 * number, or a text has changed its place or how long it may be. The second: as if the texts were these. */
uint64_t hello_layout(void);
uint64_t hello_layout_of(const struct hello_text texts[static OP_TEXT_COUNT]);

/* Ours. release: PACKAGE_VERSION; cut when it is too long. */
struct hello hello_make(const char *release, uint64_t clock_us);

/* Do both speak the same language? */
bool hello_fits(const struct hello *theirs);

/* What follows the header of a WIRE_HELLO or WIRE_FOREIGN frame, of any release. 0, or -EPROTO. */
int hello_decode(const void *payload, size_t count, struct hello *ret);

/* Writes a whole frame of type WIRE_HELLO or WIRE_FOREIGN. The length, or 0 when it does not fit. */
size_t hello_encode(void *buf, size_t size, enum wire_type type, const struct hello *h);

#endif
