/* The line about a request: what is in it, in which mode there is one, and what is never in it. */
#include "gateway/accesslog.h"
#include "heartbeat/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ACC "acc_01ARZ3NDEKTSV4RRFFQ69G5FAV"

static char param[ROUTE_PARAM_BYTES], allow[ROUTE_ALLOW_BYTES];

/* A request that was answered. */
static struct exchange answered(const char *method, const char *path, unsigned status)
{
	return (struct exchange){.answered = true,
	    .begun = true,
	    .method = method,
	    .address = "192.0.2.7",
	    .status = status,
	    .reply_bytes = 77,
	    .arrived_us = 1000,
	    .intake = {.route = route_find(method, path, strlen(path), param, allow), .request_id = "req-1"}};
}

static const char *line_of(const struct exchange *x, uint32_t mode, bool cut)
{
	static char buf[1024];
	struct accesslog_line line;

	if (!accesslog_fill(x, mode, cut, 1500, &line))
		return "none";
	assert_true(line.count <= ACCESSLOG_PAIRS_MAX);
	(void)log_format(buf, sizeof(buf), "request.answer", line.kv, line.count);
	return buf;
}

static void test_a_payment(void **state)
{
	struct exchange x = answered("POST", "/v1/transfers", 201);

	(void)state;
	x.principal = 7;
	x.from_ledger = true;
	x.answer = (struct wire_answer){.has_seq = 1, .seq = 42, .replayed = 1};
	memset(x.intake.m.op.key_hash, 0xab, HASH_BYTES);
	assert_string_equal(line_of(&x, CONF_LOG_ON, false),
	    "event=request.answer request_id=req-1 method=POST route=/v1/transfers status=201 principal=7 "
	    "key=abababababababab replayed=1 ledger_seq=42 durability=replicated duration_us=500 bytes=77 "
	    "client=192.0.2.7");
	x.answer.local = 1;
	x.intake.m.op.key_drawn = 1; /* by the worker: no client's */
	assert_string_equal(line_of(&x, CONF_LOG_ON, true),
	    "event=request.answer request_id=req-1 method=POST route=/v1/transfers status=201 principal=7 replayed=1 "
	    "ledger_seq=42 durability=local duration_us=500 bytes=77 client=192.0.2.7 cut=1");
}

/* All of the path that is told is its template. */
static void test_paths(void **state)
{
	struct exchange x = answered("GET", "/v1/accounts/" ACC "/balance", 404);

	(void)state;
	memcpy(x.code, "not_found", 10);
	assert_string_equal(line_of(&x, CONF_LOG_ERRORS, false),
	    "event=request.answer request_id=req-1 method=GET route=/v1/accounts/{id}/balance status=404 "
	    "code=not_found "
	    "duration_us=500 bytes=77 client=192.0.2.7");
	x = answered("GET", "/4111111111111111", 404);
	assert_null(strstr(line_of(&x, CONF_LOG_ON, false), "4111"));
	assert_non_null(strstr(line_of(&x, CONF_LOG_ON, false), " route=- "));
}

static void test_modes(void **state)
{
	static const struct {
		unsigned status;
		bool answered, cut, in_errors;
	} cases[] = {{200, true, false, false}, {201, true, false, false}, {204, true, false, false},
	    {400, true, false, true}, {402, true, false, true}, {500, true, false, true}, {503, true, false, true},
	    {200, true, true, true}, {0, false, false, true}, {0, false, true, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct exchange x = answered("GET", "/v1/accounts/" ACC, cases[i].status);

		x.answered = cases[i].answered;
		assert_string_equal(line_of(&x, CONF_LOG_OFF, cases[i].cut), "none");
		assert_string_not_equal(line_of(&x, CONF_LOG_ON, cases[i].cut), "none");
		assert_true((strcmp(line_of(&x, CONF_LOG_ERRORS, cases[i].cut), "none") != 0) == cases[i].in_errors);
	}
}

/* The edge asks many times a second; somebody who asks for the description does not. */
static void test_checks_are_no_requests(void **state)
{
	struct exchange check = answered("GET", "/healthz", 200), asks = answered("GET", "/v1/openapi.json", 200);

	(void)state;
	assert_string_equal(line_of(&check, CONF_LOG_ON, true), "none");
	assert_string_not_equal(line_of(&asks, CONF_LOG_ON, false), "none");
}

static void test_code_of_a_body(void **state)
{
	static char buf[1024];
	char word[PROBLEM_WORD_BYTES];
	struct text t;

	(void)state;
	for (unsigned c = 0; c < PROBLEM_CODE_COUNT; c++) {
		struct problem p = {.code = (enum problem_code)c, .detail = "x", .request_id = ""};

		text_init(&t, buf, sizeof(buf));
		problem_render(&t, &p);
		problem_word_of(t.at, t.used, word);
		assert_string_equal(word, problem_word((enum problem_code)c));
		for (size_t n = 0; n < 60; n++) /* whatever is cut off: within its room, terminated */
			problem_word_of(t.at, n, word);
	}
	problem_word_of("{\"object\":\"account\"}", 20, word);
	assert_string_equal(word, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_payment),
	    cmocka_unit_test(test_paths),
	    cmocka_unit_test(test_modes),
	    cmocka_unit_test(test_checks_are_no_requests),
	    cmocka_unit_test(test_code_of_a_body),
	};

	return cmocka_run_group_tests_name("accesslog", tests, NULL, NULL);
}
