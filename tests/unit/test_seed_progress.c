/* What `status` says while a fresh copy is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "replication/seed_progress.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S 1000000ull
#define MB 1000000ull
#define GB (1000 * MB)
#define BEGIN (100 * S)

/* `rate` bytes a second until `received` of `total` are there, a line and a look each second. */
static uint64_t fetch(struct seed_progress *p, uint64_t rate, uint64_t received, uint64_t total)
{
	char line[SEED_PROGRESS_LINE_BYTES];
	uint64_t now_us = BEGIN, bytes = 0;

	for (;; now_us += S, bytes = bytes + rate < received ? bytes + rate : received) {
		seed_progress_line(SEED_PHASE_FETCH, bytes, total, line);
		line[strcspn(line, "\n")] = '\0';
		assert_true(seed_progress_take(p, line, now_us));
		seed_progress_pass(p, now_us);
		if (bytes == received)
			return now_us;
	}
}

static void test_how_long_it_takes(void **state)
{
	static const struct {
		uint64_t rate, received, total;
		const char *text;
	} cases[] = {
	    {50 * MB, 3100 * MB, 10 * GB, "fetching a copy: 3.1 of 10.0 GB, about 2 min left"},
	    {50 * MB, 7000 * MB, 10 * GB, "fetching a copy: 7.0 of 10.0 GB, about 60 s left"},
	    {50 * MB, 9700 * MB, 10 * GB, "fetching a copy: 9.7 of 10.0 GB, some seconds left"},
	    {MB, 20 * MB, 10 * GB, "fetching a copy: 0.0 of 10.0 GB, about 3 h left"},
	    {MB, 20 * MB, 1000 * GB, "fetching a copy: 0.0 of 1000.0 GB, more than 2 days left"},
	    {10 * MB, 100 * MB, 450 * MB, "fetching a copy: 100 of 450 MB, about 40 s left"},
	    /* The size is that of the files when it began; the log that was written meanwhile comes on top. */
	    {10 * MB, 470 * MB, 450 * MB, "fetching a copy: 470 of 470 MB, some seconds left"},
	    /* Too early to tell. */
	    {100 * MB, 200 * MB, 10 * GB, "fetching a copy: 0.2 of 10.0 GB"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seed_progress p = {0};
		char text[LOCAL_REASON_BYTES];
		uint64_t now_us = fetch(&p, cases[i].rate, cases[i].received, cases[i].total);

		seed_progress_text(&p, now_us, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* A second in which nothing came does not double what is left, and ten say so. */
static void test_a_pause(void **state)
{
	struct seed_progress p = {0};
	char text[LOCAL_REASON_BYTES];
	uint64_t now_us = fetch(&p, 50 * MB, 4 * GB, 10 * GB);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		seed_progress_pass(&p, now_us += S);
	seed_progress_text(&p, now_us, text);
	assert_string_equal(text, "fetching a copy: 4.0 of 10.0 GB, about 3 min left");
	for (unsigned i = 0; i < 15; i++)
		seed_progress_pass(&p, now_us += S);
	seed_progress_text(&p, now_us, text);
	assert_string_equal(text, "fetching a copy: 4.0 of 10.0 GB, nothing has come for 20 s");
	assert_true(seed_progress_take(&p, "fetch 4100000000 10000000000", now_us += S));
	seed_progress_pass(&p, now_us);
	seed_progress_text(&p, now_us, text);
	assert_non_null(strstr(text, " left"));
}

static void test_bursts(void **state)
{
	struct seed_progress p = {0};
	char line[SEED_PROGRESS_LINE_BYTES];
	uint64_t now_us = BEGIN;

	(void)state;
	for (uint64_t i = 0; i <= 40; i++, now_us += S) {
		seed_progress_line(SEED_PHASE_FETCH, i / 4 * 400 * MB, 10 * GB, line);
		line[strcspn(line, "\n")] = '\0';
		assert_true(seed_progress_take(&p, line, now_us));
		seed_progress_pass(&p, now_us);
		/* 400 MB every 4 s. */
		if (i > 20)
			assert_true(p.rate > 70.0 * MB && p.rate < 130.0 * MB);
	}
}

static void test_phases(void **state)
{
	static const struct {
		const char *line;
		unsigned later_s;
		bool again;
		const char *text;
	} cases[] = {
	    {"ask 0 0", 0, false, "asking for a copy"},
	    {"ask 0 0", 12, false, "asking for a copy, for 12 s"},
	    {"ask 0 0", 0, true, "asking for a copy (the last one was interrupted)"},
	    {"fetch 0 10000000000", 1, false, "fetching a copy: 0.0 of 10.0 GB"},
	    {"fetch 1 10000000000", 1, true, "fetching a copy (the last one was interrupted): 0.0 of 10.0 GB"},
	    {"verify 10000000000 10000000000", 1, false, "verifying the copy"},
	    {"prepare 10000000000 10000000000", 9, false, "preparing the copy"},
	    {"prepare 10000000000 10000000000", 61, false, "preparing the copy, for 61 s"},
	    {"install 10000000000 10000000000", 3, false, "putting the copy in place"},
	};
	struct seed_progress none = {0};
	char text[LOCAL_REASON_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seed_progress p = {.again = cases[i].again};

		assert_true(seed_progress_take(&p, cases[i].line, BEGIN));
		seed_progress_text(&p, BEGIN + cases[i].later_s * S, text);
		assert_string_equal(text, cases[i].text);
	}
	seed_progress_text(&none, BEGIN, text);
	assert_string_equal(text, "asking for a copy");
}

static void test_what_is_no_line(void **state)
{
	static const char *const bad[] = {"", "gtid=0-1-5", "fetch", "fetch 1", "fetch 1 2 3", "fetch 1 x",
	    "fetch 1 2x", "fetched 1 2", "averyveryverylongword 1 2"};
	struct seed_progress p = {0}, before = p;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(seed_progress_take(&p, bad[i], BEGIN));
		assert_memory_equal(&p, &before, sizeof(p));
	}
}

static void test_one_that_failed(void **state)
{
	static const struct {
		const char *line, *why, *text;
	} cases[] = {
	    {"fetch 3100000000 10000000000",
		"/usr/libexec/holdfast/holdfast-seed: exit status 1: holdfast-seed: sender: ended before it was "
		"complete",
		"the copy was interrupted at 3.1 of 10.0 GB, and begins again: sender: ended before it was complete"},
	    {"fetch 31000000 100000000", "/x/holdfast-seed: killed by signal 9: ",
		"the copy was interrupted at 31 of 100 MB, and begins again: killed by signal 9: "},
	    {"ask 0 0", "holdfast-seed: the sender refused: no",
		"asking for a copy failed, and begins again: the sender refused: no"},
	    {"prepare 5 5",
		"/x/holdfast-seed: exit status 1: holdfast-seed: /usr/bin/mariadb-backup: exit status 1: no",
		"preparing the copy failed, and begins again: /usr/bin/mariadb-backup: exit status 1: no"},
	};
	char text[LOCAL_REASON_BYTES], endless[400];
	struct seed_progress p = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		p = (struct seed_progress){0};
		assert_true(seed_progress_take(&p, cases[i].line, BEGIN));
		seed_progress_failed(&p, cases[i].why, text);
		assert_string_equal(text, cases[i].text);
	}
	memset(endless, 'x', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	seed_progress_failed(&p, endless, text);
	assert_int_equal(strlen(text), LOCAL_REASON_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_how_long_it_takes),
	    cmocka_unit_test(test_a_pause),
	    cmocka_unit_test(test_bursts),
	    cmocka_unit_test(test_phases),
	    cmocka_unit_test(test_what_is_no_line),
	    cmocka_unit_test(test_one_that_failed),
	};

	return cmocka_run_group_tests_name("seed_progress", tests, NULL, NULL);
}
