/* The small pure parts: identifiers, framing, scopes, currencies, text, image. */
#include "gateway/currency.h"
#include "gateway/hello.h"
#include "gateway/image.h"
#include "gateway/opcheck.h"
#include "gateway/problem.h"
#include "gateway/scope.h"
#include "gateway/underway.h"
#include "gateway/wire.h"
#include "heartbeat/ids.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_ids(void **state)
{
	uint8_t random[ULID_RANDOM_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 250};
	char buf[ID_TEXT_BYTES];
	struct ulid a, b;

	(void)state;
	ulid_make(1469918176385, random, &a); /* the time of the ULID specification's example */
	(void)id_format("acc_", &a, buf);
	assert_int_equal(strlen(buf), 30);
	assert_memory_equal(buf, "acc_01ARYZ6S41", 14);
	assert_true(id_parse(buf, 30, "acc_", &b));
	assert_true(ulid_equal(&a, &b));
	memset(&a, 0xff, sizeof(a));
	assert_string_equal(id_format("", &a, buf), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
	assert_true(id_parse(buf, 26, "", &b) && ulid_equal(&a, &b));
	assert_false(id_parse("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", 26, "", &b));
	assert_false(id_parse("0123456789012345678901234I", 26, "", &b));
	assert_false(id_parse("0123456789012345678901234a", 26, "", &b));
	assert_false(id_parse("0123456789012345678901234\0", 26, "", &b));
	assert_false(id_parse(buf, 25, "", &b));
	assert_false(id_parse("tr_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", 29, "acc_", &b));
}

static void test_currency(void **state)
{
	(void)state;
	assert_int_equal(currency_exponent("CNY", 3), 2);
	assert_int_equal(currency_exponent("JPY", 3), 0);
	assert_int_equal(currency_exponent("KWD", 3), 3);
	assert_int_equal(currency_exponent("CLF", 3), 4);
	assert_int_equal(currency_exponent("XTS", 3), -1);
	assert_int_equal(currency_exponent("NYC", 3), -1);
	assert_int_equal(currency_exponent("CN", 2), -1);
}

static void test_scopes(void **state)
{
	char buf[SCOPE_TEXT_BYTES];
	const char *bad;
	uint32_t s;

	(void)state;
	assert_int_equal(scope_parse("ledger:read, topups:write", &s, &bad), 0);
	assert_int_equal(s, SCOPE_LEDGER_READ | SCOPE_TOPUPS_WRITE);
	assert_string_equal(scope_format(s, buf), "ledger:read topups:write");
	assert_int_equal(scope_parse("*", &s, &bad), 0);
	assert_string_equal(scope_format(s, buf), "*");
	assert_int_equal(scope_parse("", &s, &bad), -EINVAL);
	assert_int_equal(scope_parse("ledger:read x", &s, &bad), -EINVAL);
	assert_string_equal(bad, "x");
}

static void test_text(void **state)
{
	char buf[64];
	struct text t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	text_put_i64(&t, INT64_MIN);
	text_put_json(&t, "a\"\\\n", 4);
	text_put_hex(&t, "\x00\xff", 2);
	assert_int_equal(t.used, 20 + 13 + 7);
	assert_memory_equal(buf, "-9223372036854775808\"a\\\"\\\\\\u000a\"x'00ff'", t.used);
	text_clear(&t);
	text_put_time(&t, 1700000000000001);
	assert_memory_equal(buf, "\"2023-11-14T22:13:20.000001Z\"", t.used);
	text_put(&t, buf, 60);
	assert_true(t.cut);
}

static void test_problems(void **state)
{
	char buf[512];
	struct text t;
	struct problem_field f = {"/amount", "too_small"};
	struct problem p = {.code = PROBLEM_VALIDATION_FAILED,
	    .detail = "d",
	    .param = "amount",
	    .request_id = "r",
	    .request_id_bytes = 1,
	    .fields = &f,
	    .field_count = 1};

	(void)state;
	for (unsigned i = 0; i < PROBLEM_CODE_COUNT; i++) {
		assert_in_range(problem_status(i), 400, 504);
		assert_non_null(problem_word(i));
	}
	text_init(&t, buf, sizeof(buf));
	problem_render(&t, &p);
	buf[t.used] = '\0';
	assert_string_equal(buf,
	    "{\"type\":\"urn:holdfast:error:validation_failed\",\"title\":\"Validation "
	    "failed\",\"status\":422,"
	    "\"code\":\"validation_failed\",\"detail\":\"d\",\"param\":\"amount\",\"retryable\":false,"
	    "\"request_id\":\"r\",\"errors\":[{\"pointer\":\"/amount\",\"code\":\"too_small\"}]}");
}

static void test_wire_op(void **state)
{
	struct op_message m = {
	    .op = {.kind = OP_TRANSFER_CREATE, .amount = 5, .text_bytes = {3, 0, 2}}, .text = {"req", NULL, "{}"}};
	struct op_message got;
	struct wire_header h;
	char buf[1024];
	size_t n = wire_encode_op(buf, sizeof(buf), 99, &m);

	(void)state;
	assert_int_not_equal(n, 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(wire_frame(buf, i, &h), 0);
	assert_int_equal(wire_frame(buf, n, &h), (ssize_t)n);
	assert_int_equal(h.id, 99);
	assert_int_equal(wire_decode_op(buf + sizeof(h), n - sizeof(h), &got), 0);
	assert_int_equal(got.op.amount, 5);
	assert_memory_equal(got.text[OP_TEXT_METADATA], "{}", 2);
	assert_int_equal(wire_decode_op(buf + sizeof(h), n - sizeof(h) - 1, &got), -EPROTO);
	assert_int_equal(wire_encode_op(buf, n - 1, 99, &m), 0);
	m.op.amount = 0;
	n = wire_encode_op(buf, sizeof(buf), 99, &m);
	assert_int_equal(wire_decode_op(buf + sizeof(h), n - sizeof(h), &got), -EPROTO);
	m.op = (struct op){.kind = OP_KIND_END};
	n = wire_encode_op(buf, sizeof(buf), 99, &m);
	assert_int_equal(wire_decode_op(buf + sizeof(h), n - sizeof(h), &got), -EPROTO);
	buf[4] ^= 1;
	assert_int_equal(wire_frame(buf, n, &h), -EPROTO);
}

static void test_wire_sent_at(void **state)
{
	struct op op = {.sent_us = 700};
	uint64_t at_us;

	(void)state;
	assert_true(wire_sent_at(&op, true, 1000, &at_us)); /* the first message, on our own clock: 300 old */
	assert_int_equal(at_us, 700);
	op.sent_us = 2000; /* not from the future */
	assert_true(wire_sent_at(&op, true, 1000, &at_us));
	assert_int_equal(at_us, 1000);
	assert_false(wire_sent_at(&op, false, 1000, &at_us)); /* the first message of another host: who knows */
	op.heard_us = 1001;
	assert_false(wire_sent_at(&op, false, 1000, &at_us));
	op.heard_us = 600;
	op.heard_ago_us = 150;
	assert_true(wire_sent_at(&op, false, 1000, &at_us));
	assert_int_equal(at_us, 750);
	op.heard_ago_us = UINT64_MAX;
	assert_true(wire_sent_at(&op, false, 1000, &at_us));
	assert_int_equal(at_us, 1000);
}

static struct op_message sound(uint8_t kind)
{
	return (struct op_message){.op = {.kind = kind,
				       .account_kind = ACCOUNT_WALLET,
				       .amount = 1,
				       .has_reference = 1,
				       .text_bytes = {3, 1, 9},
				       .currency = "CNY",
				       .channel = "bank"},
	    .text = {"req", "r", "{\"a\":\"b\"}"}};
}

#define UNSOUND(kind, ...)                                                                                             \
	do {                                                                                                           \
		struct op_message m = sound(kind);                                                                     \
		assert_true(op_is_sound(&m));                                                                          \
		__VA_ARGS__;                                                                                           \
		assert_false(op_is_sound(&m));                                                                         \
	} while (0)

/* What a worker of ours never sends. The first would be an account that cannot be read again. */
static void test_opcheck(void **state)
{
	static char long_text[513];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	UNSOUND(OP_ACCOUNT_CREATE, memcpy(m.op.currency, "CN ", 4));
	UNSOUND(OP_ACCOUNT_CREATE, m.op.currency[0] = '\0');
	UNSOUND(OP_ACCOUNT_CREATE, m.op.min_balance = INT64_MIN);
	UNSOUND(OP_ACCOUNT_CREATE, m.op.min_balance = 1);
	UNSOUND(OP_ACCOUNT_CREATE, m.op.max_balance = INT64_MAX);
	UNSOUND(OP_ACCOUNT_CREATE, m.op.has_min = 2);
	UNSOUND(OP_ACCOUNT_CREATE, m.text[OP_TEXT_METADATA] = "{},\"x\":1");
	UNSOUND(OP_ACCOUNT_CREATE, m.text[OP_TEXT_METADATA] = "{\"a\":  1}");
	UNSOUND(OP_TRANSFER_CREATE, m.text[OP_TEXT_METADATA] = "[\"a\",\"b\"");
	/* What merges them takes the compact form for granted. */
	UNSOUND(OP_ACCOUNT_UPDATE, m.text[OP_TEXT_METADATA] = "{\"a\" :\"b\"}", m.op.text_bytes[OP_TEXT_METADATA] = 10);
	UNSOUND(OP_ACCOUNT_CREATE, m.text[OP_TEXT_METADATA] = "{\"a\":\"b\"} ", m.op.text_bytes[OP_TEXT_METADATA] = 10);
	/* The columns hold 256 bytes, that of a destination 512. */
	UNSOUND(OP_TRANSFER_CREATE, m.text[OP_TEXT_REFERENCE] = long_text, m.op.text_bytes[OP_TEXT_REFERENCE] = 257);
	UNSOUND(OP_TOPUP_CREATE, m.text[OP_TEXT_REFERENCE] = long_text, m.op.text_bytes[OP_TEXT_REFERENCE] = 257);
	UNSOUND(OP_WITHDRAWAL_CREATE, m.text[OP_TEXT_REFERENCE] = long_text, m.op.text_bytes[OP_TEXT_REFERENCE] = 513);
	UNSOUND(OP_TRANSFER_CREATE, m.text[OP_TEXT_REFERENCE] = "\xff");
	UNSOUND(OP_TRANSFER_CREATE, m.op.has_reference = 0);
	UNSOUND(OP_TRANSFER_CREATE, m.text[OP_TEXT_REQUEST_ID] = "a\nb");
	UNSOUND(OP_TOPUP_CREATE, m.op.channel[0] = '\0');
	UNSOUND(OP_TOPUP_CREATE, memset(m.op.channel, 'x', 33));
	UNSOUND(OP_TOPUP_CREATE, m.op.text_bytes[OP_TEXT_REFERENCE] = m.op.has_reference = 0);
	UNSOUND(OP_BALANCE_GET, m.op.again = 7);
}

static void test_wire_answer(void **state)
{
	struct wire_answer a = {.outcome = WIRE_DONE, .status = 201, .body_bytes = 4, .seq = 8}, got;
	struct wire_header h;
	const char *body;
	char buf[256];
	size_t n = wire_encode_answer(buf, sizeof(buf), 5, &a, "body");

	(void)state;
	assert_int_equal(wire_frame(buf, n, &h), (ssize_t)n);
	assert_int_equal(wire_decode_answer(buf + sizeof(h), n - sizeof(h), &got, &body), 0);
	assert_int_equal(got.seq, 8);
	assert_memory_equal(body, "body", 4);
	assert_int_equal(wire_decode_answer(buf + sizeof(h), n - sizeof(h) - 1, &got, &body), -EPROTO);
	a.status = 99; /* the HTTP side could not pass it on */
	n = wire_encode_answer(buf, sizeof(buf), 5, &a, "body");
	assert_int_equal(wire_decode_answer(buf + sizeof(h), n - sizeof(h), &got, &body), -EPROTO);
}

/* Whoever is made otherwise is recognised, and a later release may say more. */
static void test_hello(void **state)
{
	struct hello ours = hello_make("1.2.3-a-release-with-a-long-name", 77), got = ours;
	struct wire_header h;
	char buf[256];
	size_t n = hello_encode(buf, sizeof(buf), WIRE_HELLO, &ours);

	(void)state;
	assert_int_equal(wire_frame(buf, n, &h), (ssize_t)n);
	assert_int_equal(h.type, WIRE_HELLO);
	assert_int_equal(hello_decode(buf + sizeof(h), n - sizeof(h), &got), 0);
	assert_true(hello_fits(&got));
	assert_int_equal(got.clock_us, 77);
	assert_string_equal(got.release, "1.2.3-a-release-with-a-");
	assert_int_equal(hello_decode(buf + sizeof(h), n - sizeof(h) + 8, &got), 0);
	assert_int_equal(hello_decode(buf + sizeof(h), n - sizeof(h) - 1, &got), -EPROTO);
	got.version++;
	assert_false(hello_fits(&got));
	got = ours;
	got.layout++;
	assert_false(hello_fits(&got));
	got = ours;
	got.byte_order = 0x04030201;
	assert_false(hello_fits(&got));
	assert_int_equal(hello_encode(buf, n - 1, WIRE_HELLO, &ours), 0);
	/* The version goes with the type, and only so much is a hello. */
	h.version = WIRE_VERSION;
	memcpy(buf, &h, sizeof(h));
	assert_int_equal(wire_frame(buf, n, &h), -EPROTO);
	h.version = WIRE_HELLO_VERSION;
	h.type = WIRE_OP;
	memcpy(buf, &h, sizeof(h));
	assert_int_equal(wire_frame(buf, n, &h), -EPROTO);
	h.type = WIRE_FOREIGN;
	h.bytes = WIRE_HELLO_BYTES_MAX + 1;
	memcpy(buf, &h, sizeof(h));
	assert_int_equal(wire_frame(buf, n, &h), -EPROTO);
}

/* Texts have no place of their own in a struct: two that changed places would be read as each other. */
static void test_hello_knows_the_texts(void **state)
{
	struct hello_text texts[OP_TEXT_COUNT];

	(void)state;
	assert_int_equal(hello_layout_of(hello_texts), hello_layout());
	assert_string_equal(hello_texts[OP_TEXT_REFERENCE].name, "REFERENCE");
	for (size_t i = 1; i < OP_TEXT_COUNT; i++) {
		memcpy(texts, hello_texts, sizeof(texts));
		texts[i - 1] = hello_texts[i];
		texts[i] = hello_texts[i - 1];
		assert_true(hello_layout_of(texts) != hello_layout());
		texts[i - 1] = hello_texts[i - 1];
		texts[i] = hello_texts[i];
		texts[i].bytes_max++;
		assert_true(hello_layout_of(texts) != hello_layout());
	}
}

/* What is marked is known by its name until the next batch, and nothing else is. */
static void test_odd_rows(void **state)
{
	char name[ODDROW_REFERENCE_BYTES], other[ODDROW_REFERENCE_BYTES];
	struct image *image = image_new();
	struct oddrow **odd;
	struct ulid one = {{1}}, two = {{2}};

	(void)state;
	assert_non_null(image);
	odd = image_odd(image);
	assert_null(*odd);
	assert_true(oddrow_mark(odd, &one, sizeof(one), "account: odd"));
	assert_string_equal(oddrow_why(*odd, &one, sizeof(one)), "account: odd");
	assert_null(oddrow_why(*odd, &two, sizeof(two)));
	assert_null(oddrow_why(*odd, &one, sizeof(one) - 1));
	assert_true(oddrow_mark(odd, name, oddrow_reference("bank", "x1", 2, name), "journal: odd"));
	assert_non_null(oddrow_why(*odd, other, oddrow_reference("bank", "x1", 2, other)));
	assert_null(oddrow_why(*odd, other, oddrow_reference("bank", "x", 1, other)));
	assert_null(oddrow_why(*odd, other, oddrow_reference("ban", "kx1", 3, other)));
	image_trim(image);
	assert_null(*odd);
	assert_true(oddrow_mark(odd, &one, sizeof(one), "account: odd"));
	image_clear(image);
	assert_null(*odd);
	image_free(image);
}

/* Each secret has as many places as the others, and who has none is not counted. */
static void test_underway(void **state)
{
	struct underway *u = underway_new();
	uint8_t one[HASH_BYTES] = {1, 2, 3}, two[HASH_BYTES] = {1, 2, 4}, nobody[HASH_BYTES] = {0};

	(void)state;
	assert_non_null(u);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(underway_enter(u, one, 3));
		assert_true(underway_enter(u, nobody, 1));
	}
	assert_false(underway_enter(u, one, 3));
	assert_true(underway_enter(u, two, 3)); /* in the same slot */
	underway_leave(u, one);
	assert_true(underway_enter(u, one, 3));
	assert_false(underway_enter(u, one, 3));
	for (unsigned i = 0; i < 3; i++) {
		underway_leave(u, one);
		underway_leave(u, nobody);
	}
	underway_leave(u, two);
	assert_true(underway_enter(u, one, 1));
	assert_false(underway_enter(u, one, 1));
	underway_free(u); /* with somebody in it */
}

static void test_image(void **state)
{
	static const char metadata[65536];
	struct image *image = image_new();
	struct account a = {.posted = 5};
	struct stored s = {.principal = 1,
	    .channel = "bank",
	    .channel_reference = "r",
	    .channel_reference_bytes = 1,
	    .body = "x",
	    .body_bytes = 1};
	struct ulid id = {{0}};

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		a.id.byte[14] = (uint8_t)(i >> 8);
		a.id.byte[15] = (uint8_t)i;
		assert_non_null(image_add_account(image, &a, "{}", 2));
	}
	id.byte[14] = 3;
	id.byte[15] = 231;
	assert_non_null(image_account(image, &id));
	assert_string_equal(image_account(image, &id)->metadata, "{}");
	id.byte[15] = 232;
	assert_null(image_account(image, &id));
	assert_non_null(image_add_stored(image, &s));
	assert_non_null(image_stored(image, 1, s.key_hash));
	assert_null(image_stored(image, 2, s.key_hash));
	assert_non_null(image_stored_by_reference(image, "bank", "r", 1));
	assert_null(image_stored_by_reference(image, "bank", "R", 1));
	image_trim(image);
	assert_null(image_stored(image, 1, s.key_hash));
	id.byte[15] = 231;
	assert_non_null(image_account(image, &id));
	for (unsigned i = 0; i <= 64 * 16; i++) { /* more metadata than the cache holds */
		a.id.byte[0] = 1;
		a.id.byte[14] = (uint8_t)(i >> 8);
		a.id.byte[15] = (uint8_t)i;
		assert_non_null(image_add_account(image, &a, metadata, sizeof(metadata)));
	}
	image_trim(image);
	assert_null(image_account(image, &a.id));
	image_clear(image);
	assert_null(image_account(image, &id));
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_currency),
	    cmocka_unit_test(test_scopes),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_problems),
	    cmocka_unit_test(test_wire_op),
	    cmocka_unit_test(test_wire_sent_at),
	    cmocka_unit_test(test_opcheck),
	    cmocka_unit_test(test_wire_answer),
	    cmocka_unit_test(test_hello),
	    cmocka_unit_test(test_hello_knows_the_texts),
	    cmocka_unit_test(test_odd_rows),
	    cmocka_unit_test(test_underway),
	    cmocka_unit_test(test_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
