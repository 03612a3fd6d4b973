/* The events: how a line of the journal is shown, in colour on a terminal only; and what --since takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "heartbeat/ctl_event.h"
#include "heartbeat/ctl_paint.h"

#define AT_US UINT64_C(1795354857536789)

static struct logline line;

static void read_line(const char *text)
{
	assert_true(logline_read(text, strlen(text), &line));
}

/* What is shown, for the caller to free. */
static char *shown(unsigned level, bool as_json)
{
	struct ctl_event e = {.at_us = AT_US, .level = level, .source = "heartbeatd", .line = &line};
	char *ret = NULL;
	size_t size;
	FILE *f = open_memstream(&ret, &size);

	ctl_event_print(f, &e, as_json);
	(void)fclose(f);
	return ret;
}

static void expect(unsigned level, bool as_json, const char *want)
{
	char *got = shown(level, as_json);

	assert_string_equal(got, want);
	free(got);
}

static void test_a_line(void **state)
{
	(void)state;
	read_line("event=role.move from=standby to=active why=\"lease of a ran out\" epoch=7 left=\"\"");
	expect(LOG_NOTICE, false,
	    "2026-11-22T13:40:57.536Z notice  heartbeatd     role.move          from=standby to=active "
	    "why=\"lease of a ran out\" epoch=7 left=\"\"\n");
	expect(LOG_WARNING, true,
	    "{\"at\":\"2026-11-22T13:40:57.536Z\",\"level\":\"warning\",\"source\":\"heartbeatd\",\"event\":\"role."
	    "move\","
	    "\"fields\":{\"from\":\"standby\",\"to\":\"active\",\"why\":\"lease of a ran "
	    "out\",\"epoch\":\"7\",\"left\":\"\"}}\n");
	read_line("event=daemon.stop");
	expect(LOG_ERR, false, "2026-11-22T13:40:57.536Z error   heartbeatd     daemon.stop\n");
}

/* What a terminal would obey comes to it as a question mark, and a line stays one. */
static void test_a_hostile_line(void **state)
{
	char *got;

	(void)state;
	read_line("event=http.complain what=\"a\\x1b[31m\\x0ab \\\"c\\\"\"");
	assert_string_equal(line.pair[0].value, "a\033[31m\nb \"c\"");
	expect(LOG_NOTICE, false,
	    "2026-11-22T13:40:57.536Z notice  heartbeatd     http.complain      what=\"a?[31m?b \\\"c\\\"\"\n");
	read_line("event=a.b what=x\xc3");
	got = shown(LOG_NOTICE, true);
	assert_non_null(strstr(got, "\"what\":\"x?\""));
	free(got);
	assert_false(logline_read("event=nonsense", 14, &line));
	assert_false(logline_read("another=a.b", 11, &line));
	assert_false(logline_read("event=", 6, &line));
	assert_false(logline_read("", 0, &line));
}

/* What comes out at the other end of a terminal. */
static char *shown_on_a_terminal(unsigned level, char *ret, size_t size)
{
	struct ctl_event e = {.at_us = AT_US, .level = level, .source = "ledgerd", .line = &line};
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	ssize_t n;
	FILE *f;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	f = fopen(ptsname(master), "we");
	assert_non_null(f);
	ctl_event_print(f, &e, false);
	(void)fflush(f);
	n = read(master, ret, size - 1);
	assert_true(n > 0);
	ret[n] = '\0';
	(void)fclose(f);
	(void)close(master);
	return ret;
}

static void test_colour(void **state)
{
	char got[512];

	(void)state;
	read_line("event=ledger.wait epoch=7");
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_non_null(strstr(shown_on_a_terminal(LOG_WARNING, got, sizeof(got)), "\033[33mwarning"));
	assert_non_null(strstr(shown_on_a_terminal(LOG_ALERT, got, sizeof(got)), "\033[31malert"));
	assert_null(strstr(shown_on_a_terminal(LOG_NOTICE, got, sizeof(got)), "\033[3"));
	assert_int_equal(setenv("NO_COLOR", "", 1), 0); /* as if it were not set, says no-color.org */
	assert_non_null(strchr(shown_on_a_terminal(LOG_NOTICE, got, sizeof(got)), '\033'));
	assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
	assert_null(strchr(shown_on_a_terminal(LOG_ALERT, got, sizeof(got)), '\033'));
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	assert_null(strchr(shown_on_a_terminal(LOG_ALERT, got, sizeof(got)), '\033'));
	assert_int_equal(unsetenv("TERM"), 0);
	assert_null(strchr(shown_on_a_terminal(LOG_ALERT, got, sizeof(got)), '\033'));
	assert_string_equal(ctl_paint(stdin, PAINT_BAD), "");
}

static void test_since(void **state)
{
	static const char *const wrong[] = {"", "10", "s", "10x", "10mm", "-1s", "+1s", " 1s", "1 s", "100001s",
	    "99999999999999999999d", "2026-11-21", "2026-11-21T21:00:00", "2026-11-21T21:00:00Zx",
	    "2026-02-30T00:00:00Z", "2026-11-21 21:00:00Z", "1969-12-31T23:59:59Z", "100000d", "2026-1-21T21:00:00Z"};
	static const struct {
		const char *text;
		uint64_t ago_s;
	} good[] = {{"0s", 0}, {"90s", 90}, {"10m", 600}, {"2h", 7200}, {"3d", 259200}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (ctl_since_us(wrong[i], AT_US) != -1)
			fail_msg("'%s' is taken", wrong[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(ctl_since_us(good[i].text, AT_US), AT_US - good[i].ago_s * 1000000);
	assert_int_equal(ctl_since_us("2026-11-22T13:40:57Z", AT_US), AT_US / 1000000 * 1000000);
	assert_int_equal(ctl_since_us("1970-01-01T00:00:00Z", AT_US), 0);
	assert_true(ctl_is_since("10m"));
	assert_false(ctl_is_since("10"));
}

static void test_sources(void **state)
{
	static const struct {
		const char *unit, *want;
	} cases[] = {{"holdfast-heartbeatd.service", "heartbeatd"}, {"holdfast-workerd@2.service", "workerd@2"},
	    {"mariadb.service", "mariadb"}, {"", ""}, {".service", ""}, {"a\033b", "a?b"}};
	char got[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ctl_event_source(cases[i].unit, got, sizeof(got));
		assert_string_equal(got, cases[i].want);
	}
	ctl_event_source("holdfast-a-very-long-name@1.service", got, sizeof(got));
	assert_string_equal(got, "a-very-long-nam");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_line),
	    cmocka_unit_test(test_a_hostile_line),
	    cmocka_unit_test(test_colour),
	    cmocka_unit_test(test_since),
	    cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
