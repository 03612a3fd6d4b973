/*
 * Throws damaged requests at what reads strangers' bytes in the gateway: HTTP intake, frames of the ledger's socket
 * and card guard. fuzz_gateway [SECONDS [SEED]]: changes good examples at random (1 s unless told; the seed is
 * printed), under whatever sanitizers the build has. Each input stands in memory of exactly its size.
 */
#include "gateway/cardguard.h"
#include "gateway/hello.h"
#include "gateway/intake.h"
#include "gateway/opcheck.h"
#include "gateway/scope.h"
#include "gateway/wire.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX 4096

struct input {
	char *bytes; /* owned, exactly `count` and a NUL behind them */
	size_t count;
};

/* A copy of the example with a few bytes changed, put in, taken out, or cut off. */
static struct input damage(const char *example, size_t count)
{
	static const char spice[] = "\"\\{}[]:,-.0123456789eE%/?# \t\n\x7f\xc2\xa0\xed\xff";
	char buf[INPUT_BYTES_MAX];
	struct input ret;
	uint64_t changes = draw(6);

	memcpy(buf, example, count);
	while (changes--) {
		size_t at = draw(count + 1);

		switch (draw(5)) {
		case 0:
			if (at < count)
				buf[at] = (char)draw(256);
			break;
		case 1:
			if (at < count)
				buf[at] = spice[draw(sizeof(spice) - 1)];
			break;
		case 2:
			if (count < sizeof(buf)) {
				memmove(buf + at + 1, buf + at, count - at);
				buf[at] = spice[draw(sizeof(spice) - 1)];
				count++;
			}
			break;
		case 3:
			if (at < count) {
				memmove(buf + at, buf + at + 1, count - at - 1);
				count--;
			}
			break;
		default:
			if (draw(8) == 0)
				count = at;
			break;
		}
	}
	ret.bytes = malloc(count + 1);
	insist(ret.bytes, "out of memory");
	memcpy(ret.bytes, buf, count);
	ret.bytes[count] = '\0';
	ret.count = count;
	return ret;
}

static struct input damage_text(const char *example)
{
	return damage(example, strlen(example));
}

/* Is it an answer that can be sent: well-formed JSON? */
static void check_refusal(const struct intake *in)
{
	static char buf[65536];
	const struct refusal *r = &in->refusal;
	struct problem p = {.code = r->code,
	    .detail = r->detail,
	    .param = r->param,
	    .request_id = in->request_id,
	    .request_id_bytes = strlen(in->request_id),
	    .fields = r->fields,
	    .field_count = r->field_count};
	struct text t;
	json_t *root;

	text_init(&t, buf, sizeof(buf));
	problem_render(&t, &p);
	insist(!t.cut, "a refusal is too long");
	root = json_loadb(buf, t.used, JSON_REJECT_DUPLICATES, NULL);
	insist(root, "a refusal is not JSON");
	json_decref(root);
}

/* What intake lets through the ledger takes, after a trip over the wire. */
static void check_operation(const struct op_message *m)
{
	static char frame[WIRE_FRAME_BYTES_MAX];
	size_t n = wire_encode_op(frame, sizeof(frame), 1, m);
	struct wire_header h;
	struct op_message got;

	insist(n && wire_frame(frame, n, &h) == (ssize_t)n, "an operation does not fit into a frame");
	insist(!wire_decode_op(frame + sizeof(h), n - sizeof(h), &got) && op_is_sound(&got),
	    "an operation of ours is refused by the ledger");
}

static const struct {
	const char *method, *target, *body;
} requests[] = {
    {"POST", "/v1/transfers",
	"{\"from\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"to\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAW\",\"amount\":1050,"
	"\"currency\":\"CNY\",\"reference\":\"r\\u00e9\",\"metadata\":{\"a\":\"b\",\"c~/\":\"\\ud83d\\ude00\"}}"},
    {"POST", "/v1/accounts",
	"{\"kind\":\"wallet\",\"currency\":\"JPY\",\"min_balance\":-5,\"max_balance\":9007199254740991,"
	"\"metadata\":{}}"},
    {"POST", "/v1/topups",
	"{\"account\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"amount\":1,\"currency\":\"KWD\",\"channel\":\"bank\","
	"\"channel_reference\":\"4111 1111 1111 1112\"}"},
    {"POST", "/v1/transfers/batch",
	"{\"atomic\":true,\"items\":[{\"from\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"to\":\"acc_"
	"01ARZ3NDEKTSV4RRFFQ69G5FAW\","
	"\"amount\":1,\"currency\":\"CNY\",\"reference\":\"r\",\"metadata\":{\"a\":\"b\"}},"
	"{\"from\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAW\",\"to\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"amount\":2,"
	"\"currency\":\"CNY\"}]}"},
    {"POST", "/v1/payments",
	"{\"payer\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"payee\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAW\",\"amount\":100,"
	"\"currency\":"
	"\"CNY\",\"capture\":\"manual\",\"hold_seconds\":60,\"fee\":{\"bps\":290,\"fixed\":3},\"reference\":\"r\"}"},
    {"POST", "/v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/capture", "{\"amount\":5,\"final\":true}"},
    {"POST", "/v1/withdrawals",
	"{\"account\":\"acc_01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"amount\":1,\"currency\":\"KWD\",\"channel\":\"bank\","
	"\"destination\":"
	"{\"type\":\"token\",\"value\":\"x\"}}"},
    {"PATCH", "/v1/accounts/acc_01ARZ3NDEKTSV4RRFFQ69G5FAV",
	"{\"min_balance\":null,\"max_balance\":5,\"metadata\":{\"a\":null,\"b\":\"c\"}}"},
    {"GET", "/v1/idempotency_keys/a%2Fb%7e", ""},
    {"GET", "/v1/accounts/acc_01ARZ3NDEKTSV4RRFFQ69G5FAV/balance", ""},
};

static void try_intake(void)
{
	size_t which = draw(sizeof(requests) / sizeof(requests[0]));
	struct input target = damage_text(requests[which].target), body = damage_text(requests[which].body);
	struct input key = damage_text("order-1_0"), type = damage_text("application/json; charset=utf-8");
	struct input secret = damage_text("Bearer sk_0123");
	bool changed_head = draw(2);
	struct http_facts f = {.method = requests[which].method,
	    .target = changed_head ? target.bytes : requests[which].target,
	    .content_type = changed_head ? type.bytes : "application/json",
	    .authorization = changed_head ? secret.bytes : "Bearer sk_1",
	    .key = changed_head ? key.bytes : "k",
	    .request_id = key.bytes,
	    .key_count = 1,
	    .body = body.bytes,
	    .body_bytes = body.count};
	struct intake in;

	intake_init(&in, &f, "bank card-x", "req_own");
	if (!intake_form(&in) || !intake_identify(&in) || !intake_authorize(&in, SCOPE_ALL) || !intake_validate(&in))
		check_refusal(&in);
	else if (in.route->op)
		check_operation(&in.m);
	intake_free(&in);
	free(target.bytes);
	free(body.bytes);
	free(key.bytes);
	free(type.bytes);
	free(secret.bytes);
}

static void try_wire(void)
{
	struct op_message m = {.op = {.kind = (uint8_t)(1 + draw(12)),
				   .account_kind = ACCOUNT_WALLET,
				   .amount = 5,
				   .has_reference = 1,
				   .text_bytes = {3, 2, 9},
				   .currency = "CNY",
				   .channel = "bank"},
	    .text = {"req", "rr", "{\"a\":\"b\"}"}};
	struct wire_answer a = {.outcome = WIRE_DONE, .status = 201, .body_bytes = 4};
	char frame[1024];
	struct hello hello = hello_make("1.2.3", draw(1000));
	unsigned what = (unsigned)draw(5);
	size_t n = what == 0   ? wire_encode_answer(frame, sizeof(frame), 7, &a, "body")
		   : what == 1 ? hello_encode(frame, sizeof(frame), WIRE_HELLO, &hello)
			       : wire_encode_op(frame, sizeof(frame), 7, &m);
	struct input in = damage(frame, n);
	struct wire_header h;
	ssize_t whole = wire_frame(in.bytes, in.count, &h);
	struct op_message got;
	const char *body;
	uint64_t sent_us;

	insist(whole <= (ssize_t)in.count, "a frame longer than what there is");
	if (whole >= (ssize_t)sizeof(h) && h.type == WIRE_ANSWER)
		(void)wire_decode_answer(in.bytes + sizeof(h), (size_t)whole - sizeof(h), &a, &body);
	else if (whole >= (ssize_t)sizeof(h) && (h.type == WIRE_HELLO || h.type == WIRE_FOREIGN))
		insist(hello_decode(in.bytes + sizeof(h), (size_t)whole - sizeof(h), &hello) ||
			   strlen(hello.release) < sizeof(hello.release),
		    "a release without an end");
	else if (whole >= (ssize_t)sizeof(h) &&
		 !wire_decode_op(in.bytes + sizeof(h), (size_t)whole - sizeof(h), &got)) {
		(void)op_is_sound(&got);
		insist(!wire_sent_at(&got.op, draw(2), 1000, &sent_us) || sent_us <= 1000, "sent in the future");
	}
	free(in.bytes);
}

static void try_cardguard(void)
{
	struct input in = damage_text("x 4111 1111\xc2\xa0"
				      "1111-1111 12/27 acc_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	char *exact = malloc(in.count ? in.count : 1);

	insist(exact, "out of memory");
	memcpy(exact, in.bytes, in.count);
	(void)cardguard_finds(exact, in.count);
	free(exact);
	free(in.bytes);
}

int main(int argc, char **argv)
{
	uint64_t rounds = 0;

	if (!fuzz_begin("fuzz_gateway", argc, argv))
		return 1;
	while (fuzz_goes_on())
		for (unsigned i = 0; i < 64; i++, rounds++) {
			try_intake();
			try_wire();
			try_cardguard();
		}
	return printf("fuzz_gateway: %llu rounds\n", (unsigned long long)rounds) < 0;
}
