/* The command line: what is read of the table, and what is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "heartbeat/cli.h"

#define WORDS_MAX 12
#define DEFAULTS                                                                                                       \
	{                                                                                                              \
		"/etc/x.conf", NULL, false, 50                                                                         \
	}

struct wishes {
	const char *conf, *hidden;
	bool check;
	unsigned long share;
};

/* What a program wrote while it was called with these words. */
struct call {
	struct wishes wishes;
	int code, left;
	char out[1024], err[1024];
};

static void read_back(FILE *f, char *ret, size_t size)
{
	rewind(f);
	ret[fread(ret, 1, size - 1, f)] = '\0';
	(void)fclose(f);
}

static struct call call(const char *words)
{
	static const char *const usage[] = {"[-n] [-f FILE] [WORD]", "--again", NULL};
	struct call c = {.wishes = DEFAULTS};
	const struct cli_option option[] = {
	    {"config", 'f', "FILE", "configuration", .text = &c.wishes.conf},
	    {"check", 'n', NULL, "check it", .flag = &c.wishes.check, .with = "config"},
	    {"share", 0, "PERCENT", "of the time", .number = &c.wishes.share, .most = 100},
	    {"hidden", 0, "DIR", NULL, .text = &c.wishes.hidden, .without = "share"},
	};
	const struct cli cli = {"holdfast-test", usage, option, sizeof(option) / sizeof(option[0]), 1};
	static char line[256]; /* values point into it */
	char *argv[WORDS_MAX + 1] = {"holdfast-test"}, *rest = line;
	FILE *out = tmpfile(), *err = tmpfile();
	int argc = 1, kept[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};

	assert_true(out && err && kept[0] >= 0 && kept[1] >= 0);
	(void)snprintf(line, sizeof(line), "%s", words);
	for (char *word; argc < WORDS_MAX && (word = strtok_r(rest, " ", &rest)) != NULL;)
		argv[argc++] = word;
	(void)fflush(stdout);
	(void)dup2(fileno(out), STDOUT_FILENO);
	(void)dup2(fileno(err), STDERR_FILENO);
	optind = 0;
	c.code = cli_read(&cli, argc, argv);
	c.left = argc - optind;
	(void)fflush(stdout);
	(void)dup2(kept[0], STDOUT_FILENO);
	(void)dup2(kept[1], STDERR_FILENO);
	(void)close(kept[0]);
	(void)close(kept[1]);
	read_back(out, c.out, sizeof(c.out));
	read_back(err, c.err, sizeof(c.err));
	return c;
}

static void test_what_is_given_is_taken(void **state)
{
	struct call c = call("");

	(void)state;
	assert_int_equal(c.code, -1);
	assert_string_equal(c.wishes.conf, "/etc/x.conf");
	assert_false(c.wishes.check || c.left);
	c = call("word --hidden dir");
	assert_string_equal(c.wishes.hidden, "dir");
	c = call("-n -f /tmp/y --share 100 word");
	assert_int_equal(c.code, -1);
	assert_string_equal(c.wishes.conf, "/tmp/y");
	assert_int_equal(c.wishes.share, 100);
	assert_true(c.wishes.check);
	assert_int_equal(c.left, 1);
	c = call("--config=/tmp/z --check -- --share");
	assert_string_equal(c.wishes.conf, "/tmp/z");
	assert_true(c.wishes.check);
	assert_int_equal(c.left, 1);
	assert_string_equal(c.err, "");
}

static void test_help_tells_the_defaults(void **state)
{
	static const char help[] = "usage: holdfast-test [-n] [-f FILE] [WORD]\n"
				   "       holdfast-test --again\n"
				   "  -f, --config FILE    configuration (/etc/x.conf)\n"
				   "  -n, --check          check it\n"
				   "      --share PERCENT  of the time (50)\n"
				   "      --version, --help\n";

	(void)state;
	assert_string_equal(call("--help").out, help);
	assert_string_equal(call("-f /tmp/y --share 7 --help").out, help);
	assert_int_equal(call("--help --unknown").code, 0);
	assert_int_equal(call("--version").code, 0);
	assert_string_equal(call("--version").out, "holdfast-test " PACKAGE_VERSION "\n");
}

static void test_what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *words, *said;
	} cases[] = {
	    {"--unknown", "unrecognized option '--unknown'\n"},
	    {"-x", "invalid option -- 'x'\n"},
	    {"-f", "option requires an argument -- 'f'\n"},
	    {"--check=1", "doesn't allow an argument\n"},
	    {"--share 0", "holdfast-test: --share: '0' is no number from 1 to 100\n"},
	    {"--share 101", "'101' is no number from 1 to 100\n"},
	    {"--share -1", "'-1' is no number"},
	    {"--share 7%", "'7%' is no number"},
	    {"--share 99999999999999999999", "is no number"},
	    {"--share= -f x", "--share: '' is no number"},
	    {"--config=", "holdfast-test: --config is empty, want FILE\n"},
	    {"--check", "holdfast-test: --check wants --config, too\n"},
	    {"--hidden x --share 5", "holdfast-test: --share and --hidden: it is one of them\n"},
	    {"one -f x two", "holdfast-test: 'two' is one word too many\n"},
	    {"one two --share 7", "holdfast-test: 'two' is one word too many\n"},
	    {"--conf x", "holdfast-test: --config is not to be cut short\n"},
	    {"--conf=x", "holdfast-test: --config is not to be cut short\n"},
	    {"a --che -f x", "holdfast-test: --check is not to be cut short\n"},
	    {"--conf --config -n", "holdfast-test: --config is not to be cut short\n"},
	    {"--hel", "holdfast-test: --help is not to be cut short\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call c = call(cases[i].words);

		if (c.code != CLI_USAGE || !strstr(c.err, cases[i].said) || c.out[0])
			fail_msg("%s: %d, %s", cases[i].words, c.code, c.err);
		assert_int_equal(c.wishes.share, 50);
	}
	assert_non_null(strstr(
	    call("--unknown").err, "usage: holdfast-test [-n] [-f FILE] [WORD]\n       holdfast-test --again\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_given_is_taken),
	    cmocka_unit_test(test_help_tells_the_defaults),
	    cmocka_unit_test(test_what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
