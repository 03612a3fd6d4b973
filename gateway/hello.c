#include "gateway/hello.h"

#include <errno.h>
#include <string.h>

#include "gateway/items.h"

struct place {
	size_t offset, bytes;
};

#define PLACE(type, member)                                                                                            \
	{                                                                                                              \
		offsetof(struct type, member), sizeof(((struct type *)NULL)->member)                                   \
	}

/* Every member that travels. */
static const struct place places[] = {
    {0, sizeof(struct op)},
    PLACE(op, kind),
    PLACE(op, again),
    PLACE(op, account_kind),
    PLACE(op, has_min),
    PLACE(op, has_max),
    PLACE(op, has_owner),
    PLACE(op, has_reference),
    PLACE(op, manual),
    PLACE(op, final),
    PLACE(op, has_fee),
    PLACE(op, atomic),
    PLACE(op, budget_ms),
    PLACE(op, by_session),
    PLACE(op, verified),
    PLACE(op, key_drawn),
    PLACE(op, sent_us),
    PLACE(op, heard_us),
    PLACE(op, heard_ago_us),
    PLACE(op, principal),
    PLACE(op, text_bytes),
    PLACE(op, secret_hash),
    PLACE(op, key_hash),
    PLACE(op, fingerprint),
    PLACE(op, subject),
    PLACE(op, from),
    PLACE(op, to),
    PLACE(op, amount),
    PLACE(op, min_balance),
    PLACE(op, max_balance),
    PLACE(op, fee_fixed),
    PLACE(op, fee_bps),
    PLACE(op, hold_seconds),
    PLACE(op, item_count),
    PLACE(op, currency),
    PLACE(op, channel),
    PLACE(op, page),
    PLACE(op_page, limit),
    PLACE(op_page, status),
    PLACE(op_page, has_status),
    PLACE(op_page, has_account),
    PLACE(op_page, has_to),
    PLACE(op_page, has_after),
    PLACE(op_page, latest),
    PLACE(op_page, from_us),
    PLACE(op_page, to_us),
    PLACE(op_page, types),
    PLACE(op_page, account),
    PLACE(op_page, after),
    {0, sizeof(struct item)},
    PLACE(item, from),
    PLACE(item, to),
    PLACE(item, amount),
    PLACE(item, currency),
    PLACE(item, reference_bytes),
    PLACE(item, metadata_bytes),
    PLACE(item, key_hash),
    {0, sizeof(struct wire_answer)},
    PLACE(wire_answer, outcome),
    PLACE(wire_answer, replayed),
    PLACE(wire_answer, local),
    PLACE(wire_answer, has_seq),
    PLACE(wire_answer, status),
    PLACE(wire_answer, retry_after_s),
    PLACE(wire_answer, scopes),
    PLACE(wire_answer, body_bytes),
    PLACE(wire_answer, seq),
    PLACE(wire_answer, principal),
    PLACE(wire_answer, clock_us),
};

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
static uint64_t mix(uint64_t sum, uint64_t number)
{
	for (unsigned i = 0; i < 8; i++) {
		sum ^= number >> (8 * i) & 0xff;
		sum *= UINT64_C(0x100000001b3);
	}
	return sum;
}

const struct hello_text hello_texts[OP_TEXT_COUNT] = {
#define X(name) {#name, OP_##name##_BYTES_MAX},
    OP_TEXTS(X)
#undef X
};

uint64_t hello_layout(void)
{
	return hello_layout_of(hello_texts);
}

uint64_t hello_layout_of(const struct hello_text texts[static OP_TEXT_COUNT])
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		sum = mix(mix(sum, places[i].offset), places[i].bytes);
#define X(name, value, flags) sum = mix(mix(sum, value), flags);
	OP_KINDS(X)
#undef X
	for (size_t i = 0; i < OP_TEXT_COUNT; i++) {
		sum = mix(sum, texts[i].bytes_max);
		for (const char *at = texts[i].name; *at; at++)
			sum = mix(sum, (unsigned char)*at);
	}
	return sum;
}

struct hello hello_make(const char *release, uint64_t clock_us)
{
	struct hello ret = {
	    .byte_order = HELLO_BYTE_ORDER, .version = WIRE_VERSION, .layout = hello_layout(), .clock_us = clock_us};
	size_t n = strnlen(release, sizeof(ret.release) - 1);

	memcpy(ret.release, release, n);
	return ret;
}

bool hello_fits(const struct hello *theirs)
{
	return theirs->byte_order == HELLO_BYTE_ORDER && theirs->version == WIRE_VERSION &&
	       theirs->layout == hello_layout();
}

int hello_decode(const void *payload, size_t count, struct hello *ret)
{
	if (count < sizeof(*ret))
		return -EPROTO;
	memcpy(ret, payload, sizeof(*ret));
	ret->release[sizeof(ret->release) - 1] = '\0';
	return 0;
}

size_t hello_encode(void *buf, size_t size, enum wire_type type, const struct hello *h)
{
	struct wire_header header = {
	    .bytes = sizeof(header) + sizeof(*h), .version = WIRE_HELLO_VERSION, .type = (uint16_t)type};

	if (header.bytes > size)
		return 0;
	memcpy(buf, &header, sizeof(header));
	memcpy((char *)buf + sizeof(header), h, sizeof(*h));
	return header.bytes;
}
