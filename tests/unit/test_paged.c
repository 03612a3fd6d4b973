/* The parts of the status page that decide: forms and cookies, routes, sessions, who may try a password, the figures of the ledger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/paged_file.h"
#include "heartbeat/paged_form.h"
#include "heartbeat/paged_guard.h"
#include "heartbeat/paged_route.h"
#include "heartbeat/paged_series.h"
#include "heartbeat/paged_session.h"
#include "heartbeat/pki.h"

static void test_form(void **state)
{
	static const struct {
		const char *body, *name, *want; /* NULL: refused */
	} rows[] = {
	    {"to=b", "to", "b"},
	    {"token=1&to=b", "to", "b"},
	    {"to=", "to", ""},
	    {"to=a+b%20c", "to", "a b c"},
	    {"to=%C3%A9", "to", "\xc3\xa9"},
	    {"to=%2b%26", "to", "+&"},
	    {"too=b", "to", NULL},
	    {"to", "to", NULL},
	    {"", "to", NULL},
	    {"&&to=b&", "to", "b"},
	    {"to=b&to=a", "to", NULL},
	    {"to=b&to=b", "to", NULL},
	    {"to=%", "to", NULL},
	    {"to=%4", "to", NULL},
	    {"to=%4g", "to", NULL},
	    {"to=%00", "to", NULL},
	    {"to=0123456789abcde", "to", "0123456789abcde"},
	    {"to=0123456789abcdef", "to", NULL},
	    {"to=%30123456789abcde", "to", "0123456789abcde"},
	    {"to==b", "to", "=b"},
	};
	char got[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool taken = paged_form_take(rows[i].body, strlen(rows[i].body), rows[i].name, got, sizeof(got));

		if (taken != (rows[i].want != NULL))
			fail_msg("'%s' was %s", rows[i].body, taken ? "taken" : "refused");
		assert_string_equal(got, rows[i].want ? rows[i].want : "");
	}
	/* A NUL in the body ends nothing, and is in no value. */
	assert_false(paged_form_take("to=b\0c", 6, "to", got, sizeof(got)));
}

static void test_cookie(void **state)
{
	static const struct {
		const char *header, *want;
	} rows[] = {
	    {"s=abc", "abc"},
	    {"x=1; s=abc; y=2", "abc"},
	    {"x=1;s=abc", "abc"},
	    {"  s=abc ", "abc"},
	    {"xs=abc", NULL},
	    {"s", NULL},
	    {"", NULL},
	    {NULL, NULL},
	    {"s=abc; s=abd", NULL},
	    {"s=12345678", NULL},
	    {"s=1234567", "1234567"},
	    {";;;s=", ""},
	};
	char got[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool taken = paged_cookie_take(rows[i].header, "s", got, sizeof(got));

		if (taken != (rows[i].want != NULL))
			fail_msg("row %zu was %s", i, taken ? "taken" : "refused");
		assert_string_equal(got, rows[i].want ? rows[i].want : "");
	}
}

static void test_origin(void **state)
{
	(void)state;
	assert_true(paged_origin_is_own(NULL, "10.0.0.1:8407"));
	assert_true(paged_origin_is_own("https://10.0.0.1:8407", "10.0.0.1:8407"));
	assert_false(paged_origin_is_own("http://10.0.0.1:8407", "10.0.0.1:8407"));
	assert_false(paged_origin_is_own("https://10.0.0.1", "10.0.0.1:8407"));
	assert_false(paged_origin_is_own("https://evil.example", "10.0.0.1:8407"));
	assert_false(paged_origin_is_own("null", "10.0.0.1:8407"));
	assert_false(paged_origin_is_own("https://", ""));
	assert_false(paged_origin_is_own("https://", NULL));
}

static void test_length(void **state)
{
	size_t n = 7;

	(void)state;
	assert_true(paged_length_take("1024", 1024, &n) && n == 1024);
	assert_false(paged_length_take("1025", 1024, &n));
	assert_false(paged_length_take("", 1024, &n));
	assert_false(paged_length_take("-1", 1024, &n));
	assert_false(paged_length_take("99999999999999999999999", 1024, &n));
	assert_int_equal(n, 1024);
}

static void test_routes(void **state)
{
	(void)state;
	assert_int_equal(paged_route_find("GET", "/"), PAGED_PAGE);
	assert_int_equal(paged_route_find("HEAD", "/"), PAGED_PAGE);
	assert_int_equal(paged_route_find("POST", "/switchover"), PAGED_SWITCHOVER);
	assert_int_equal(paged_route_find("GET", "/switchover"), PAGED_OTHER_METHOD);
	assert_int_equal(paged_route_find("HEAD", "/switchover"), PAGED_OTHER_METHOD);
	assert_int_equal(paged_route_find("POST", "/"), PAGED_OTHER_METHOD);
	assert_int_equal(paged_route_find("GET", "/status.json/"), PAGED_ELSEWHERE);
	assert_int_equal(paged_route_find("GET", "//"), PAGED_ELSEWHERE);
	assert_string_equal(paged_route_allow("/login"), "POST");
	assert_string_equal(paged_route_allow("/"), "GET, HEAD");
	for (unsigned i = 0; i < PAGED_ROUTE_COUNT; i++) {
		bool open = i == PAGED_PAGE || i == PAGED_LOGIN;

		/* Nothing is told without a session, and nothing is changed without its token. */
		assert_int_equal(paged_route_needs_session((enum paged_route)i), !open);
		assert_int_equal(paged_route_needs_token((enum paged_route)i), !open && i != PAGED_STATUS);
	}
}

static const char *secret_of(unsigned n, char text[static PAGED_SECRET_CHARS + 1])
{
	(void)snprintf(text, PAGED_SECRET_CHARS + 1, "%0*x", PAGED_SECRET_CHARS, n);
	return text;
}

static void test_sessions(void **state)
{
	struct paged_sessions t = {0};
	char secret[PAGED_SECRET_CHARS + 1], token[PAGED_SECRET_CHARS + 1];
	struct paged_session *s;

	(void)state;
	/* What an empty place holds opens nothing. */
	assert_null(paged_session_find(&t, "", 0));
	assert_null(paged_session_find(&t, secret_of(0, secret), 0));
	memset(secret, 0, sizeof(secret));
	assert_null(paged_session_find(&t, secret, 0));

	paged_session_begin(&t, secret_of(1, secret), secret_of(2, token), 1000);
	s = paged_session_find(&t, secret, 1000);
	assert_non_null(s);
	assert_true(paged_session_has_token(s, token));
	assert_false(paged_session_has_token(s, secret));
	assert_false(paged_session_has_token(s, ""));
	assert_null(paged_session_find(&t, secret_of(2, token), 1000));
	secret[5] = 'x';
	assert_null(paged_session_find(&t, secret, 1000));
	(void)secret_of(1, secret);
	paged_session_end(s);
	assert_null(paged_session_find(&t, secret, 1000));
}

static void test_session_ends(void **state)
{
	struct paged_sessions t = {0};
	char secret[PAGED_SECRET_CHARS + 1], token[PAGED_SECRET_CHARS + 1];
	int64_t now_ms = 1000;

	(void)state;
	paged_session_begin(&t, secret_of(1, secret), secret_of(2, token), now_ms);
	assert_non_null(paged_session_find(&t, secret, now_ms + PAGED_IDLE_MS - 1));
	assert_null(paged_session_find(&t, secret, now_ms + 2 * PAGED_IDLE_MS - 1));
	/* One that is asked for all the time ends all the same. */
	paged_session_begin(&t, secret, token, now_ms);
	for (; now_ms < 1000 + PAGED_LIFE_MS; now_ms += PAGED_IDLE_MS / 2)
		assert_non_null(paged_session_find(&t, secret, now_ms));
	assert_null(paged_session_find(&t, secret, 1000 + PAGED_LIFE_MS));
}

static void test_session_table(void **state)
{
	struct paged_sessions t = {0};
	char secret[PAGED_SECRET_CHARS + 1], token[PAGED_SECRET_CHARS + 1];

	(void)state;
	(void)secret_of(0, token);
	for (unsigned i = 1; i <= PAGED_SESSIONS_MAX; i++)
		paged_session_begin(&t, secret_of(i, secret), token, i);
	assert_non_null(paged_session_find(&t, secret_of(1, secret), 100));
	paged_session_begin(&t, secret_of(99, secret), token, 101);
	/* 2 was seen longest ago: 1 was seen just now. */
	assert_null(paged_session_find(&t, secret_of(2, secret), 102));
	assert_non_null(paged_session_find(&t, secret_of(1, secret), 102));
	assert_non_null(paged_session_find(&t, secret_of(99, secret), 102));
	for (unsigned i = 3; i <= PAGED_SESSIONS_MAX; i++)
		assert_non_null(paged_session_find(&t, secret_of(i, secret), 102));
}

static enum paged_may ask(struct paged_guard *g, uint32_t who, int64_t now_ms, int64_t *wait_ms)
{
	struct ip ip = ip_of_v4(who);

	return paged_guard_ask(g, &ip, now_ms, wait_ms);
}

static void failed(struct paged_guard *g, uint32_t who, int64_t now_ms)
{
	struct ip ip = ip_of_v4(who);

	paged_guard_failed(g, &ip, now_ms);
}

static void passed(struct paged_guard *g, uint32_t who)
{
	struct ip ip = ip_of_v4(who);

	paged_guard_passed(g, &ip);
}

/* Who has one address of IPv6 has the others of its /64, and nobody else's. */
static void test_addresses_of_one_owner(void **state)
{
	struct ip here = {.byte = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1}}, other = here;
	struct paged_guard g = {0};
	int64_t wait_ms;

	(void)state;
	for (unsigned i = 0; i < PAGED_FAILURES; i++) {
		here.byte[IP_BYTES - 1] = (uint8_t)i;
		paged_guard_failed(&g, &here, 1000);
	}
	assert_int_equal(paged_guard_ask(&g, &here, 1001, &wait_ms), PAGED_LOCKED);
	other.byte[7] = 2;
	assert_int_equal(paged_guard_ask(&g, &other, 1001, &wait_ms), PAGED_MAY);
	paged_guard_passed(&g, &other);
	assert_int_equal(paged_guard_ask(&g, &here, 1001, &wait_ms), PAGED_LOCKED);
	here.byte[IP_BYTES - 1] = 99;
	paged_guard_passed(&g, &here);
	assert_int_equal(paged_guard_ask(&g, &here, 1001, &wait_ms), PAGED_MAY);
	/* ::1, through a tunnel to this machine. */
	here = (struct ip){.byte = {[IP_BYTES - 1] = 1}};
	other = (struct ip){.byte = {[IP_BYTES - 1] = 2}};
	for (unsigned i = 0; i < PAGED_FAILURES; i++)
		paged_guard_failed(&g, &here, 1000);
	assert_int_equal(paged_guard_ask(&g, &here, 1001, &wait_ms), PAGED_LOCKED);
	assert_int_equal(paged_guard_ask(&g, &other, 1001, &wait_ms), PAGED_MAY);
}

static void test_lock(void **state)
{
	struct paged_guard g = {0};
	int64_t now_ms = 0, wait_ms;

	(void)state;
	for (unsigned i = 0; i < PAGED_FAILURES; i++, now_ms += 60000) {
		assert_int_equal(ask(&g, 7, now_ms, &wait_ms), PAGED_MAY);
		failed(&g, 7, now_ms);
	}
	now_ms -= 60000;
	assert_int_equal(ask(&g, 7, now_ms + 1, &wait_ms), PAGED_LOCKED);
	assert_int_equal(wait_ms, PAGED_LOCK_MS - 1);
	assert_int_equal(ask(&g, 8, now_ms + 1, &wait_ms), PAGED_MAY);
	assert_int_equal(ask(&g, 7, now_ms + PAGED_LOCK_MS - 1, &wait_ms), PAGED_LOCKED);
	assert_int_equal(ask(&g, 7, now_ms + PAGED_LOCK_MS, &wait_ms), PAGED_MAY);
	/* It begins anew: one more failure does not lock it. */
	failed(&g, 7, now_ms + PAGED_LOCK_MS);
	assert_int_equal(ask(&g, 7, now_ms + PAGED_LOCK_MS + 1, &wait_ms), PAGED_MAY);
	/* Who knows the password is forgiven. */
	g = (struct paged_guard){0};
	for (unsigned i = 0; i < PAGED_FAILURES - 1; i++)
		failed(&g, 9, 0);
	passed(&g, 9);
	failed(&g, 9, 0);
	assert_int_equal(ask(&g, 9, 1, &wait_ms), PAGED_MAY);
}

static void test_all_together(void **state)
{
	struct paged_guard g = {0};
	int64_t now_ms = 5000, wait_ms;
	unsigned tries = 0;

	(void)state;
	/* From as many addresses as one likes. */
	while (ask(&g, 1000 + tries, now_ms, &wait_ms) == PAGED_MAY)
		failed(&g, 1000 + tries++, now_ms);
	assert_int_equal(tries, PAGED_TRIES);
	assert_int_equal(wait_ms, PAGED_TRY_MS);
	assert_int_equal(ask(&g, 1, now_ms + PAGED_TRY_MS - 1, &wait_ms), PAGED_BUSY);
	assert_int_equal(ask(&g, 1, now_ms + PAGED_TRY_MS, &wait_ms), PAGED_MAY);
	assert_int_equal(ask(&g, 1, now_ms + PAGED_TRY_MS, &wait_ms), PAGED_BUSY);
	/* An hour of silence is worth no more tries. */
	now_ms += 3600000;
	for (tries = 0; ask(&g, 1, now_ms, &wait_ms) == PAGED_MAY; tries++)
		;
	assert_int_equal(tries, PAGED_TRIES);
	for (unsigned i = 0; i < 10 * PAGED_ADDRESSES_MAX; i++)
		failed(&g, 100000 + i, now_ms + i);
	/* The last ones are known, whoever came before. */
	for (unsigned i = 0; i < PAGED_FAILURES; i++)
		failed(&g, 55, now_ms + 100000);
	assert_int_equal(ask(&g, 55, now_ms + 100001, &wait_ms), PAGED_LOCKED);
}

static const char metrics[] = "holdfast_ledger_open 1\n"
			      "holdfast_ledger_requests_total{way=\"write\"} 77\n"
			      "holdfast_ledger_answer_seconds_bucket{le=\"0.001\"} 0\n"
			      "holdfast_ledger_answer_seconds_bucket{le=\"0.0025\"} 10\n"
			      "holdfast_ledger_answer_seconds_bucket{le=\"0.005\"} 100\n"
			      "holdfast_ledger_answer_seconds_bucket{le=\"+Inf\"} 100\n"
			      "holdfast_ledger_answer_seconds_sum 0.25\n"
			      "holdfast_ledger_batch_requests_sum 60\n";

static void test_count(void **state)
{
	struct paged_count c;

	(void)state;
	assert_true(paged_series_read(metrics, &c));
	assert_true(c.open);
	assert_int_equal(c.payments, 60);
	assert_int_equal(c.bounds, 4);
	assert_int_equal(c.answers[1], 10);
	assert_false(paged_series_read("", &c));
	assert_false(paged_series_read("holdfast_ledger_open 1\nholdfast_ledger_batch_requests_sum 60\n", &c));
	assert_false(paged_series_read("holdfast_ledger_open x\n", &c));
}

static void near(double got, double want)
{
	if (fabs(got - want) > 1e-6)
		fail_msg("%f, want %f", got, want);
}

static void test_quantile(void **state)
{
	struct paged_count from = {.bounds = 4}, to;

	(void)state;
	assert_true(paged_series_read(metrics, &to));
	/* 10 in 1 to 2.5 ms, 90 in 2.5 to 5: the 50th is the 40th of 90. */
	near(paged_series_quantile(&from, &to, 0.5), 2.5 + 2.5 * 40 / 90);
	near(paged_series_quantile(&from, &to, 0.05), 1 + 1.5 * 5 / 10);
	near(paged_series_quantile(&from, &to, 1), 5);
	assert_true(paged_series_quantile(&to, &to, 0.5) < 0);
	assert_true(paged_series_quantile(&to, &from, 0.5) < 0);
}

static void test_series(void **state)
{
	static struct paged_series s;
	struct paged_count c;

	(void)state;
	assert_true(paged_series_read(metrics, &c));
	paged_series_note(&s, &c, 1000, 1000);
	assert_int_equal(s.points, 1);
	assert_false(s.point[0].known);
	paged_series_note(&s, &c, 1000, 2000); /* the same file */
	assert_int_equal(s.points, 1);
	c.payments += 200;
	paged_series_note(&s, &c, 3000, 3100);
	assert_int_equal(s.points, 2);
	assert_true(s.point[1].known);
	near(s.point[1].rate, 100);
	/* The ledger was started again: it counts from 0. */
	c.payments = 5;
	paged_series_note(&s, &c, 5000, 5000);
	assert_int_equal(s.points, 3);
	assert_false(s.point[2].known);
	c.payments = 25;
	paged_series_note(&s, &c, 7000, 7000);
	near(s.point[3].rate, 10);
	/* It is standby now: what it counts is nobody's. */
	c.open = false;
	paged_series_note(&s, &c, 9000, 9000);
	assert_false(s.point[4].known);
	/* No file any more: one point says so, and the old figures are not shown as the present ones. */
	paged_series_note(&s, NULL, 0, 9000 + PAGED_LATE_MS);
	paged_series_note(&s, NULL, 0, 9000 + PAGED_LATE_MS + 1000);
	assert_int_equal(s.points, 6);
	assert_false(s.point[5].known);
	/* One that is as old as it was is no new one. */
	for (int i = 0; i < 3 * PAGED_POINTS; i++) {
		c.payments += 2;
		paged_series_note(&s, &c, 100000 + 2000 * i, 100000 + 2000 * i);
	}
	assert_int_equal(s.points, PAGED_POINTS);
}

static void test_password(void **state)
{
	char line[PAGED_HASH_BYTES + 2];
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(paged_password_make("123456789", line, &e), -EINVAL);
	assert_non_null(strstr(e.text, "10 to 128"));
	assert_int_equal(paged_password_make("1234567890", line, &e), 0);
	assert_int_equal(strncmp(line, "$argon2id$", 10), 0);
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_true(paged_password_check("/nonexistent", "1234567890", &e) < 0);
}

static void test_certificate(void **state)
{
	const struct pki_subject who = {.cluster = "pay", .name = "a", .address = "10.0.0.1"},
				 bad = {"pay", "A!", "10.0.0.1", NULL};
	char pem[PKI_PEM_BYTES], other[PKI_PEM_BYTES], print[PKI_FINGERPRINT_BYTES], of_other[PKI_FINGERPRINT_BYTES];
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(pki_make_page(&who, pem, &e), 0);
	assert_int_equal(pki_make_page(&who, other, &e), 0);
	assert_non_null(strstr(pem, "PRIVATE KEY"));
	assert_int_equal(pki_fingerprint(pem, print, &e), 0);
	assert_int_equal(pki_fingerprint(other, of_other, &e), 0);
	assert_int_equal(strlen(print), 95);
	assert_string_not_equal(print, of_other);
	assert_int_equal(pki_make_page(&bad, pem, &e), -EINVAL);
	assert_int_equal(pki_fingerprint("nothing", print, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_form),
	    cmocka_unit_test(test_cookie),
	    cmocka_unit_test(test_origin),
	    cmocka_unit_test(test_length),
	    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_sessions),
	    cmocka_unit_test(test_session_ends),
	    cmocka_unit_test(test_session_table),
	    cmocka_unit_test(test_lock),
	    cmocka_unit_test(test_addresses_of_one_owner),
	    cmocka_unit_test(test_all_together),
	    cmocka_unit_test(test_count),
	    cmocka_unit_test(test_quantile),
	    cmocka_unit_test(test_series),
	    cmocka_unit_test(test_password),
	    cmocka_unit_test(test_certificate),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
