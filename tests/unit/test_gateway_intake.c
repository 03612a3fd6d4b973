/* What a worker checks by itself: routes, headers, JSON rules, fields. */
#include "gateway/intake.h"
#include "gateway/scope.h"
#include "gateway/wipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include <cmocka.h>

#define ACC1 "acc_01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define ACC2 "acc_01ARZ3NDEKTSV4RRFFQ69G5FAW"
#define PAY(rest) "{\"from\":\"" ACC1 "\",\"to\":\"" ACC2 "\",\"amount\":1,\"currency\":\"CNY\"" rest "}"

static struct http_facts post(const char *target, const char *body)
{
	return (struct http_facts){.method = "POST",
	    .target = target,
	    .content_type = "application/json",
	    .authorization = "Bearer sk_1",
	    .key = "k",
	    .key_count = 1,
	    .body = body,
	    .body_bytes = strlen(body)};
}

/* Runs all stages; the code's word, or "ok". Leaves the first field's pointer and code in `field`. */
static const char *run(const struct http_facts *f, uint32_t scopes, char field[static 256], struct op *op)
{
	struct intake in;
	const char *word = "ok";

	intake_init(&in, f, "bank card-x", "req_own");
	field[0] = '\0';
	if (!intake_form(&in) ||
	    (in.route->op && (!intake_identify(&in) || !intake_authorize(&in, scopes) || !intake_validate(&in)))) {
		word = problem_word(in.refusal.code);
		if (in.refusal.field_count)
			(void)snprintf(field, 256, "%s %s", in.refusal.fields[0].pointer, in.refusal.fields[0].code);
	}
	if (op)
		*op = in.m.op;
	intake_free(&in);
	return word;
}

struct body_case {
	const char *target, *body, *code, *field;
};

static const struct body_case body_cases[] = {
    {"/v1/transfers", PAY(""), "ok", ""},
    {"/v1/transfers", PAY(",\"reference\":\"x\",\"metadata\":{\"a\":\"b\"}"), "ok", ""},
    {"/v1/transfers", "", "malformed_json", ""},
    {"/v1/transfers", "{", "malformed_json", ""},
    {"/v1/transfers", "{}x", "malformed_json", ""},
    {"/v1/transfers", "{\"a\":1,\"a\":1}", "malformed_json", ""},
    {"/v1/transfers", "{\"a\":\"\\u0000\"}", "malformed_json", ""},
    {"/v1/transfers", "{\"a\":\"\\ud800\"}", "malformed_json", ""},
    {"/v1/transfers", "{\"a\":\"\xff\"}", "malformed_json", ""},
    {"/v1/transfers", "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "malformed_json", ""},
    {"/v1/transfers", "{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", "validation_failed", "/from required"},
    {"/v1/transfers", "7", "validation_failed", " not_an_object"},
    {"/v1/transfers", "[]", "validation_failed", " not_an_object"},
    {"/v1/transfers", "{}", "validation_failed", "/from required"},
    {"/v1/transfers", PAY(",\"x/y\":1"), "validation_failed", "/x~1y unknown_field"},
    {"/v1/transfers", PAY(",\"reference\":1"), "validation_failed", "/reference wrong_type"},
    {"/v1/transfers", PAY(",\"reference\":null"), "validation_failed", "/reference wrong_type"},
    {"/v1/transfers", PAY(",\"reference\":\"\""), "validation_failed", "/reference too_short"},
    {"/v1/transfers", PAY(",\"reference\":\"card 4111-1111-1111-1111\""), "pan_not_allowed",
	"/reference pan_not_allowed"},
    {"/v1/transfers", PAY(",\"metadata\":{\"4111111111111111\":\"\"}"), "pan_not_allowed", "/metadata pan_not_allowed"},
    {"/v1/transfers", PAY(",\"4111111111111111\":\"\""), "pan_not_allowed", " pan_not_allowed"},
    {"/v1/transfers", PAY(",\"reference\":\"4111 1111 1111 1111 123\""), "pan_not_allowed",
	"/reference pan_not_allowed"},
    {"/v1/transfers", PAY(",\"metadata\":{\"a\":1}"), "validation_failed", "/metadata/a wrong_type"},
    {"/v1/transfers", PAY(",\"metadata\":[]"), "validation_failed", "/metadata wrong_type"},
    {"/v1/accounts", "{\"kind\":\"wallet\",\"currency\":\"CNY\"}", "ok", ""},
    {"/v1/accounts", "{\"kind\":\"piggy\",\"currency\":\"CNY\"}", "validation_failed", "/kind unknown_kind"},
    {"/v1/accounts", "{\"kind\":\"wallet\",\"currency\":\"cny\"}", "validation_failed", "/currency unknown_currency"},
    {"/v1/accounts", "{\"kind\":\"wallet\",\"currency\":\"CNY\",\"min_balance\":1}", "validation_failed",
	"/min_balance too_large"},
    {"/v1/accounts", "{\"kind\":\"wallet\",\"currency\":\"CNY\",\"max_balance\":-1}", "validation_failed",
	"/max_balance too_small"},
    {"/v1/topups",
	"{\"account\":\"" ACC1
	"\",\"amount\":5,\"currency\":\"KWD\",\"channel\":\"card-x\",\"channel_reference\":\"r\"}",
	"ok", ""},
    {"/v1/topups",
	"{\"account\":\"" ACC1 "\",\"amount\":5,\"currency\":\"KWD\",\"channel\":\"card\",\"channel_reference\":\"r\"}",
	"validation_failed", "/channel unknown_channel"},
};

static void test_bodies(void **state)
{
	char field[256];

	(void)state;
	for (size_t i = 0; i < sizeof(body_cases) / sizeof(body_cases[0]); i++) {
		const struct body_case *c = &body_cases[i];
		struct http_facts f = post(c->target, c->body);

		assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), c->code);
		assert_string_equal(field, c->field);
	}
}

/* What is changed, and what is done to something that the path names. */
static void test_changes(void **state)
{
	static const struct {
		const char *method, *target, *body, *code, *field;
	} cases[] = {
	    {"PATCH", "", "{}", "ok", ""},
	    {"PATCH", "", "{\"metadata\":{\"a\":null,\"b\":\"c\"},\"min_balance\":-7,\"max_balance\":null}", "ok", ""},
	    {"PATCH", "", "{\"min_balance\":9007199254740992}", "validation_failed", "/min_balance too_large"},
	    {"PATCH", "", "{\"metadata\":{\"a\":1}}", "validation_failed", "/metadata/a wrong_type"},
	    {"PATCH", "", "{\"metadata\":null}", "validation_failed", "/metadata wrong_type"},
	    {"PATCH", "", "{\"kind\":\"wallet\"}", "validation_failed", "/kind unknown_field"},
	    {"PATCH", "", "", "unsupported_media_type", ""},
	    {"PATCH", "/freeze", "{}", "method_not_allowed", ""},
	    {"POST", "/freeze", "", "ok", ""},
	    {"POST", "/unfreeze", "{}", "ok", ""},
	    {"POST", "/close", "{\"a\":1}", "validation_failed", "/a unknown_field"},
	};
	char target[128], field[256];
	struct op first, second;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_facts f;

		(void)snprintf(target, sizeof(target), "/v1/accounts/" ACC1 "%s", cases[i].target);
		f = post(target, cases[i].body);
		f.method = cases[i].method;
		if (!*cases[i].body)
			f.content_type = NULL;
		assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &first), cases[i].code);
		assert_string_equal(field, cases[i].field);
		f.key_count = 0;
		f.key = NULL;
		if (strcmp(cases[i].code, "ok") != 0)
			continue;
		if (strcmp(f.method, "PATCH") != 0) {
			assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), "idempotency_key_missing");
			continue;
		}
		assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &first), "ok");
		assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &second), "ok");
		assert_memory_not_equal(first.key_hash, second.key_hash, HASH_BYTES);
	}
}

/* Clients that name the type on every POST need no body either, where it may be left out; nowhere else is nothing JSON. */
static void test_no_body_with_a_type(void **state)
{
	static const struct {
		const char *target, *type, *code;
	} cases[] = {
	    {"/v1/accounts/" ACC1 "/freeze", "application/json", "ok"},
	    {"/v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/capture", "application/json; charset=utf-8", "ok"},
	    {"/v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/void", "application/json", "ok"},
	    {"/v1/withdrawals/wd_01ARZ3NDEKTSV4RRFFQ69G5FAV/fail", "application/json", "ok"},
	    {"/v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/void", "text/plain", "unsupported_media_type"},
	    {"/v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/refunds", "application/json", "malformed_json"},
	    {"/v1/transfers", "application/json", "malformed_json"},
	};
	char field[256];
	struct op bare, braces;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_facts f = post(cases[i].target, "");

		f.content_type = cases[i].type;
		assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &bare), cases[i].code);
		if (strcmp(cases[i].code, "ok") != 0)
			continue;
		f = post(cases[i].target, "{}");
		assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &braces), "ok");
		assert_memory_equal(bare.fingerprint, braces.fingerprint, sizeof(bare.fingerprint));
	}
}

static void test_users(void **state)
{
	static const struct body_case cases[] = {
	    {"/v1/users", "{\"login\":\"a.b@c\",\"password\":\"0123456789\",\"display_name\":\"A\"}", "ok", ""},
	    {"/v1/users", "{\"login\":\"a b\",\"password\":\"0123456789\",\"display_name\":\"A\"}", "validation_failed",
		"/login invalid"},
	    {"/v1/users", "{\"login\":\"4111111111111111\",\"password\":\"0123456789\",\"display_name\":\"A\"}",
		"pan_not_allowed", "/login pan_not_allowed"},
	    {"/v1/users", "{\"login\":\"abc\",\"password\":\"012345678\",\"display_name\":\"A\"}", "validation_failed",
		"/password too_short"},
	    {"/v1/users", "{\"login\":\"abc\",\"password\":\"0123456789\",\"display_name\":\"\"}", "validation_failed",
		"/display_name too_short"},
	    {"/v1/users", "{\"login\":\"abc\",\"password\":1234567890,\"display_name\":\"A\"}", "validation_failed",
		"/password wrong_type"},
	    {"/v1/users",
		"{\"login\":\"abc\",\"password\":\"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\","
		"\"display_name\":\"A\"}",
		"ok", ""},
	    {"/v1/users/me/password", "{\"old\":\"x\",\"new\":\"0123456789\"}", "scope_missing", ""},
	};
	struct http_facts f;
	struct op first, second;
	char field[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f = post(cases[i].target, cases[i].body);
		assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), cases[i].code);
		assert_string_equal(field, cases[i].field);
	}
	f = post("/v1/users/me/password", "{\"old\":\"x\",\"new\":\"0123456789\"}");
	assert_string_equal(run(&f, SCOPES_OF_SESSION, field, &first), "ok");
	/* A fast hash of a password would be one to guess by. */
	f = post("/v1/users/me/password", "{\"old\":\"y\",\"new\":\"9876543210\"}");
	assert_string_equal(run(&f, SCOPES_OF_SESSION, field, &second), "ok");
	assert_memory_equal(first.fingerprint, second.fingerprint, HASH_BYTES);
	assert_string_equal(first.channel, "unknown");
	f.address = "192.0.2.7, 10.0.0.1";
	(void)run(&f, SCOPES_OF_SESSION, field, &first);
	assert_string_equal(first.channel, "192.0.2.7");
	f.authorization = "Bearer st_x";
	(void)run(&f, SCOPES_OF_SESSION, field, &first);
	assert_int_equal(first.by_session, 1);
	assert_int_equal(second.by_session, 0);
}

static void test_amounts(void **state)
{
	static const struct {
		const char *amount, *field;
	} cases[] = {
	    {"1", ""},
	    {"9007199254740991", ""},
	    {"9007199254740992", "/amount too_large"},
	    {"0", "/amount too_small"},
	    {"-1", "/amount too_small"},
	    {"-0", "/amount too_small"},
	    {"1.0", "/amount not_an_integer"},
	    {"1e3", "/amount not_an_integer"},
	    {"\"1\"", "/amount wrong_type"},
	    {"99999999999999999999", "/amount too_large"},
	    {"-99999999999999999999", "/amount too_small"},
	    {"1e999", " too_large"},
	    {"true", "/amount wrong_type"},
	    {"null", "/amount wrong_type"},
	};
	char body[512], field[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_facts f;

		(void)snprintf(body, sizeof(body),
		    "{\"from\":\"" ACC1 "\",\"to\":\"" ACC2 "\",\"amount\":%s,\"currency\":\"CNY\"}", cases[i].amount);
		f = post("/v1/transfers", body);
		assert_string_equal(
		    run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), cases[i].field[0] ? "validation_failed" : "ok");
		assert_string_equal(field, cases[i].field);
	}
}

static void test_order(void **state)
{
	struct http_facts f = post("/v1/transfers", "{");
	char field[256], long_key[300];

	(void)state;
	memset(long_key, 'k', sizeof(long_key));
	long_key[251] = '\0';
	f.content_type = "text/plain";
	f.too_large = true;
	f.authorization = NULL;
	f.key_count = 0;
	assert_string_equal(run(&f, 0, field, NULL), "too_large");
	f.too_large = false;
	assert_string_equal(run(&f, 0, field, NULL), "unsupported_media_type");
	f.content_type = "Application/JSON; charset=UTF-8";
	assert_string_equal(run(&f, 0, field, NULL), "malformed_json");
	f.body = "{}";
	f.body_bytes = 2;
	assert_string_equal(run(&f, 0, field, NULL), "unauthenticated");
	f.authorization = "Bearer sk_1";
	assert_string_equal(run(&f, SCOPE_LEDGER_READ, field, NULL), "scope_missing");
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), "idempotency_key_missing");
	f.key_count = 2;
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), "idempotency_key_invalid");
	f.key_count = 1;
	f.key = "a b";
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), "idempotency_key_invalid");
	f.key = long_key;
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), "idempotency_key_invalid");
	f.key = "4111111111111111";
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), "pan_not_allowed");
	long_key[250] = '\0';
	f.key = long_key;
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, NULL), "validation_failed");
}

static void test_routes(void **state)
{
	static const struct {
		const char *method, *target, *code;
	} cases[] = {
	    {"GET", "/healthz", "ok"},
	    {"GET", "/v1/accounts/" ACC1, "ok"},
	    {"GET", "/v1/accounts/" ACC1 "/", "not_found"},
	    {"GET", "/v1/accounts/" ACC1 "/balance", "ok"},
	    {"GET", "/v1/accounts/x", "not_found"},
	    {"GET", "/v1/accounts/" ACC1 "?a=1", "bad_parameter"},
	    {"GET", "/v1/transfers", "ok"},
	    {"PUT", "/v1/transfers", "method_not_allowed"},
	    {"HEAD", "/healthz", "method_not_allowed"},
	    {"GET", "/v1/idempotency_keys/a%2Fb", "ok"},
	    {"GET", "/v1/idempotency_keys/a%2", "idempotency_key_invalid"},
	    {"GET", "/v1/idempotency_keys/a%00", "idempotency_key_invalid"},
	    {"GET", "/v1/idempotency_keys/a/b", "not_found"},
	    {"GET", "/v1/idempotency_keys/%34111-1111-1111-1111", "pan_not_allowed"},
	    {"GET", "/v1/idempotency_keys/", "not_found"},
	    {"GET", "", "not_found"},
	};
	char field[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_facts f = {
		    .method = cases[i].method, .target = cases[i].target, .authorization = "bearer sk_1"};

		assert_string_equal(run(&f, SCOPE_LEDGER_READ, field, NULL), cases[i].code);
	}
}

/* Whoever mistyped a parameter is told which; what could be something else than a name is not sent back. */
static void test_unknown_parameters(void **state)
{
	static const struct {
		const char *target, *param;
	} cases[] = {
	    {"/v1/accounts/" ACC1 "?foo=1&bar", "foo"},
	    {"/v1/openapi.json?foo", "foo"},
	    {"/v1/transfers?limit=1&colour=red", "colour"},
	    {"/v1/accounts?account=" ACC1, "account"},
	    {"/v1/transfers?limit=0", "limit"},
	    {"/v1/transfers?=1", NULL},
	    {"/v1/accounts/" ACC1 "?", NULL},
	    {"/v1/transfers?a%20b=1", "a%20b"},
	    {"/v1/transfers?a\tb=1", NULL},
	    {"/v1/transfers?4111111111111111=1", NULL},
	    {"/v1/transfers?x12345678901234567890123456789012345678901234567890123456789012=1",
		"x12345678901234567890123456789012345678901234567890123456789012"},
	    {"/v1/transfers?x123456789012345678901234567890123456789012345678901234567890123=1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_facts f = {.method = "GET", .target = cases[i].target};
		struct intake in;

		intake_init(&in, &f, "bank", "req_own");
		assert_true(intake_form(&in));
		assert_false(intake_validate(&in));
		assert_string_equal(problem_word(in.refusal.code), "bad_parameter");
		assert_string_equal(
		    in.refusal.param ? in.refusal.param : "none", cases[i].param ? cases[i].param : "none");
		intake_free(&in);
	}
}

/* The same request means the same bytes in another order or with other blanks, and nothing else does. */
static void test_fingerprint(void **state)
{
	struct http_facts f = post("/v1/transfers", PAY(",\"reference\":\"x\""));
	struct op a, b;
	char field[256];

	(void)state;
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &a), "ok");
	f = post("/v1/transfers", "{ \"reference\":\"\\u0078\", \"currency\":\"CNY\",\"amount\": 1,\"to\":\"" ACC2
				  "\",\"from\":\"" ACC1 "\"}");
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &b), "ok");
	assert_memory_equal(a.fingerprint, b.fingerprint, HASH_BYTES);
	assert_memory_equal(a.key_hash, b.key_hash, HASH_BYTES);
	f = post("/v1/transfers", PAY(",\"reference\":\"y\""));
	assert_string_equal(run(&f, SCOPE_ALL | SCOPE_KEY, field, &b), "ok");
	assert_memory_not_equal(a.fingerprint, b.fingerprint, HASH_BYTES);
}

static void test_request_id(void **state)
{
	struct http_facts f = {.method = "GET", .target = "/healthz", .request_id = "mine"};
	struct intake in;

	(void)state;
	intake_init(&in, &f, "", "req_own");
	assert_string_equal(in.request_id, "mine");
	f.request_id = "4111111111111111";
	intake_init(&in, &f, "", "req_own");
	assert_string_equal(in.request_id, "req_own");
	f.request_id = "two words";
	intake_init(&in, &f, "", "req_own");
	assert_string_equal(in.request_id, "req_own");
}

/* What lay in a string of JSON is gone with it. Read as a core dump would, for to look there by a pointer is no longer allowed. */
static void test_json_is_wiped(void **state)
{
	static const char word[] = "correct horse battery staple, and some more";
	char body[128], seen[sizeof(word)] = "";
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uintptr_t at;
	json_t *v;

	(void)state;
	assert_true(fd >= 0);
	(void)snprintf(body, sizeof(body), "{\"password\":\"%s\"}", word);
	v = json_loads(body, 0, NULL);
	at = (uintptr_t)json_string_value(json_object_get(v, "password"));
	assert_int_equal(pread(fd, seen, sizeof(word), (off_t)at), sizeof(word));
	assert_memory_equal(seen, word, sizeof(word));
	json_decref(v);
	/* The allocator may have put something of its own at the beginning. */
	assert_int_equal(pread(fd, seen, sizeof(word), (off_t)at), sizeof(word));
	assert_null(memmem(seen, sizeof(seen), word + 16, 8));
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_no_body_with_a_type),
	    cmocka_unit_test(test_users),
	    cmocka_unit_test(test_amounts),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_unknown_parameters),
	    cmocka_unit_test(test_fingerprint),
	    cmocka_unit_test(test_request_id),
	    cmocka_unit_test(test_json_is_wiped),
	};

	if (sodium_init() < 0)
		return 1;
	wipe_json();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
