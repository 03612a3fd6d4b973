#include "config.h"

#include "heartbeat/cli.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 256 /* above every letter */
#define COLUMN_BYTES 48

enum { OUR_HELP = FIRST + CLI_OPTIONS_MAX, OUR_VERSION };

/* "-f, --config FILE", with room for the letter where others have one. */
static size_t name_option(const struct cli_option *o, bool letters, char ret[static COLUMN_BYTES])
{
	char letter[5] = "";
	int n;

	if (o->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	n = snprintf(ret, COLUMN_BYTES, "%*s--%s%s%s", letters ? 4 : 0, letter, o->name, o->value ? " " : "",
	    o->value ? o->value : "");
	assert(n > 0 && n < COLUMN_BYTES);
	return (size_t)n;
}

static void print_default(const struct cli_option *o)
{
	if (o->text && *o->text)
		(void)printf(" (%s)", *o->text);
	else if (o->number)
		(void)printf(" (%lu)", *o->number);
	(void)putchar('\n');
}

static void print_usage(FILE *f, const struct cli *c)
{
	for (size_t i = 0; c->usage[i]; i++)
		(void)fprintf(f, "%s %s %s\n", i ? "      " : "usage:", c->called, c->usage[i]);
}

static void print_help(const struct cli *c)
{
	char column[COLUMN_BYTES];
	bool letters = false;
	size_t width = 0;

	print_usage(stdout, c);
	for (size_t i = 0; i < c->options; i++)
		letters = letters || (c->option[i].help && c->option[i].letter);
	for (size_t i = 0; i < c->options; i++)
		if (c->option[i].help && name_option(&c->option[i], letters, column) > width)
			width = strlen(column);
	for (size_t i = 0; i < c->options; i++) {
		if (!c->option[i].help)
			continue;
		(void)name_option(&c->option[i], letters, column);
		(void)printf("  %-*s  %s", (int)width, column, c->option[i].help);
		print_default(&c->option[i]);
	}
	(void)printf("  %*s--version, --help\n", letters ? 4 : 0, "");
}

/* Why has been said. */
static int refuse(const struct cli *c)
{
	print_usage(stderr, c);
	(void)fputs("--help tells the options\n", stderr);
	return CLI_USAGE;
}

int cli_refuse(const struct cli *c, const char *why, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%s: ", c->called);
	va_start(ap, why);
	(void)vfprintf(stderr, why, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return refuse(c);
}

/* The tables of getopt_long(): letters has room for ":" after each. */
static void make_tables(const struct cli *c, struct option *longs, char *letters)
{
	size_t n = 0;

	assert(c->options <= CLI_OPTIONS_MAX);
	for (size_t i = 0; i < c->options; i++) {
		const struct cli_option *o = &c->option[i];

		assert(!!o->text + !!o->flag + !!o->number == 1 && !o->flag == !!o->value);
		longs[i] = (struct option){
		    o->name, o->value ? required_argument : no_argument, NULL, o->letter ? o->letter : FIRST + (int)i};
		if (o->letter)
			letters[n++] = o->letter;
		if (o->letter && o->value)
			letters[n++] = ':';
	}
	letters[n] = '\0';
	longs[c->options] = (struct option){"help", no_argument, NULL, OUR_HELP};
	longs[c->options + 1] = (struct option){"version", no_argument, NULL, OUR_VERSION};
	longs[c->options + 2] = (struct option){NULL, 0, NULL, 0};
}

/* Which option that is; options when it is none of the table. */
static size_t find(const struct cli *c, int got)
{
	size_t i = 0;

	while (i < c->options && got != (c->option[i].letter ? c->option[i].letter : FIRST + (int)i))
		i++;
	return i;
}

static bool is_given(const struct cli *c, const char *const *given, const char *name)
{
	size_t i = 0;

	while (i < c->options && strcmp(c->option[i].name, name) != 0)
		i++;
	assert(i < c->options);
	return given[i];
}

/* 0 for what is no number from 1 to most. */
static unsigned long number_of(const char *text, unsigned long most)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	return text[0] < '0' || text[0] > '9' || *end || v > most ? 0 : v;
}

/* Nothing of it was taken yet. */
static int check(const struct cli *c, const char *const *given)
{
	for (size_t i = 0; i < c->options; i++) {
		const struct cli_option *o = &c->option[i];

		if (!given[i])
			continue;
		if (o->text && !given[i][0])
			return cli_refuse(c, "--%s is empty, want %s", o->name, o->value);
		if (o->number && !number_of(given[i], o->most))
			return cli_refuse(c, "--%s: '%.32s' is no number from 1 to %lu", o->name, given[i], o->most);
		if (o->with && !is_given(c, given, o->with))
			return cli_refuse(c, "--%s wants --%s, too", o->name, o->with);
		if (o->without && is_given(c, given, o->without))
			return cli_refuse(c, "--%s and --%s: it is one of them", o->without, o->name);
	}
	return -1;
}

static void take(const struct cli *c, const char *const *given)
{
	for (size_t i = 0; i < c->options; i++) {
		const struct cli_option *o = &c->option[i];

		if (!given[i])
			continue;
		if (o->number)
			*o->number = number_of(given[i], o->most);
		else if (o->text)
			*o->text = given[i];
		else
			*o->flag = true;
	}
}

/* Of a long option that getopt_long() has just taken: what was typed of it is not all of it. */
static bool is_cut_short(const char *name, char *const *argv)
{
	const char *typed = argv[optarg && optarg == argv[optind - 1] ? optind - 2 : optind - 1];

	return strcspn(typed, "=") != strlen("--") + strlen(name);
}

int cli_read(const struct cli *c, int argc, char **argv)
{
	struct option longs[CLI_OPTIONS_MAX + 3];
	char letters[2 * CLI_OPTIONS_MAX + 1];
	const char *given[CLI_OPTIONS_MAX] = {0}; /* taken at the end: --help tells the defaults, wherever it stands */
	int got, at = -1, code;

	make_tables(c, longs, letters);
	for (; (got = getopt_long(argc, argv, letters, longs, &at)) >= 0; at = -1) {
		size_t i = find(c, got);

		if (at >= 0 && got != '?' && is_cut_short(longs[at].name, argv))
			return cli_refuse(c, "--%s is not to be cut short", longs[at].name);
		if (i < c->options) {
			given[i] = optarg ? optarg : "";
		} else if (got == OUR_HELP) {
			print_help(c);
			return 0;
		} else if (got == OUR_VERSION) {
			(void)printf("%s %s\n", c->called, PACKAGE_VERSION);
			return 0;
		} else {
			return refuse(c);
		}
	}
	code = check(c, given);
	if (code < 0 && argc - optind > c->words)
		return cli_refuse(c, "'%.64s' is one word too many", argv[optind + c->words]);
	if (code < 0)
		take(c, given);
	return code;
}
