#include "gateway/wire.h"

#include <errno.h>
#include <string.h>

static const uint32_t text_bytes_max[OP_TEXT_COUNT] = {
#define X(name) [OP_TEXT_##name] = OP_##name##_BYTES_MAX,
    OP_TEXTS(X)
#undef X
};

/* 0: there is no such frame. */
static uint32_t frame_bytes_max(const struct wire_header *h)
{
	if (h->version == WIRE_VERSION && (h->type == WIRE_OP || h->type == WIRE_ANSWER))
		return WIRE_FRAME_BYTES_MAX;
	if (h->version == WIRE_HELLO_VERSION && (h->type == WIRE_HELLO || h->type == WIRE_FOREIGN))
		return WIRE_HELLO_BYTES_MAX;
	return 0;
}

ssize_t wire_frame(const void *buf, size_t have, struct wire_header *ret)
{
	if (have < sizeof(*ret))
		return 0;
	memcpy(ret, buf, sizeof(*ret));
	if (ret->bytes < sizeof(*ret) || ret->bytes > frame_bytes_max(ret))
		return -EPROTO;
	return have < ret->bytes ? 0 : (ssize_t)ret->bytes;
}

/* 0: it may be left out. */
static int64_t smallest_amount(uint8_t kind)
{
	return kind == OP_TOPUP_CREATE || kind == OP_TRANSFER_CREATE || kind == OP_PAYMENT_CREATE ||
	       kind == OP_WITHDRAWAL_CREATE;
}

static int op_check(const struct op *op)
{
	if (!op_is_known(op->kind))
		return -EPROTO;
	if (!memchr(op->currency, 0, sizeof(op->currency)) || !memchr(op->channel, 0, sizeof(op->channel)))
		return -EPROTO;
	if (op->kind == OP_ACCOUNT_CREATE &&
	    (op->account_kind < ACCOUNT_WALLET || op->account_kind >= ACCOUNT_KIND_END))
		return -EPROTO;
	if (op->kind == OP_PAYMENT_EXPIRE)
		return -EPROTO; /* the ledger's own */
	return op->amount < smallest_amount(op->kind) || op->amount > AMOUNT_MAX ? -EPROTO : 0;
}

int wire_decode_op(const void *payload, size_t count, struct op_message *ret)
{
	const char *at = payload;

	if (count < sizeof(ret->op))
		return -EPROTO;
	memcpy(&ret->op, at, sizeof(ret->op));
	at += sizeof(ret->op);
	count -= sizeof(ret->op);
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++) {
		uint32_t n = ret->op.text_bytes[i];

		if (n > text_bytes_max[i] || n > count)
			return -EPROTO;
		ret->text[i] = at;
		at += n;
		count -= n;
	}
	return count ? -EPROTO : op_check(&ret->op);
}

bool wire_sent_at(const struct op *op, bool same_host, uint64_t now_us, uint64_t *ret_us)
{
	uint64_t ago_us = now_us - op->heard_us;

	if (same_host) {
		*ret_us = op->sent_us < now_us ? op->sent_us : now_us;
		return true;
	}
	if (op->heard_us == 0 || op->heard_us > now_us)
		return false;
	*ret_us = op->heard_us + (op->heard_ago_us < ago_us ? op->heard_ago_us : ago_us);
	return true;
}

int wire_decode_answer(const void *payload, size_t count, struct wire_answer *ret, const char **body)
{
	if (count < sizeof(*ret))
		return -EPROTO;
	memcpy(ret, payload, sizeof(*ret));
	if (ret->outcome < WIRE_DONE || ret->outcome >= WIRE_OUTCOME_END || ret->body_bytes != count - sizeof(*ret))
		return -EPROTO;
	if (ret->outcome == WIRE_DONE && (ret->status < 200 || ret->status > 599))
		return -EPROTO;
	*body = (const char *)payload + sizeof(*ret);
	return 0;
}

static char *put_header(void *buf, size_t total, uint16_t type, uint64_t id)
{
	struct wire_header h = {.bytes = (uint32_t)total, .version = WIRE_VERSION, .type = type, .id = id};

	memcpy(buf, &h, sizeof(h));
	return (char *)buf + sizeof(h);
}

size_t wire_encode_op(void *buf, size_t size, uint64_t id, const struct op_message *m)
{
	size_t total = sizeof(struct wire_header) + sizeof(m->op);
	char *at;

	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		total += m->op.text_bytes[i];
	if (total > size || total > WIRE_FRAME_BYTES_MAX)
		return 0;
	at = put_header(buf, total, WIRE_OP, id);
	memcpy(at, &m->op, sizeof(m->op));
	at += sizeof(m->op);
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++) {
		if (m->op.text_bytes[i])
			memcpy(at, m->text[i], m->op.text_bytes[i]);
		at += m->op.text_bytes[i];
	}
	return total;
}

size_t wire_encode_answer(void *buf, size_t size, uint64_t id, const struct wire_answer *a, const char *body)
{
	size_t total = sizeof(struct wire_header) + sizeof(*a) + a->body_bytes;
	char *at;

	if (total > size || total > WIRE_FRAME_BYTES_MAX)
		return 0;
	at = put_header(buf, total, WIRE_ANSWER, id);
	memcpy(at, a, sizeof(*a));
	if (a->body_bytes)
		memcpy(at + sizeof(*a), body, a->body_bytes);
	return total;
}
