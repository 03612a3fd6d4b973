/*
 * The command line of a program: one table says what is read, where it goes, what goes together, and what --help tells of it. --help and --version are
 * every program's; the reading is getopt_long(3)'s, so what is no option may stand between them, but a long one is not to be cut short: what is short
 * for one today is short for another tomorrow.
 */
#ifndef HOLDFAST_HEARTBEAT_CLI_H
#define HOLDFAST_HEARTBEAT_CLI_H

#include <stdbool.h>
#include <stddef.h>

#define CLI_USAGE 2 /* the exit status of who was called wrongly */
#define CLI_OPTIONS_MAX 16

struct cli_option {
	const char *name;  /* without its dashes */
	char letter;	   /* that stands for it, or 0 */
	const char *value; /* what it takes, "FILE"; NULL: nothing */
	const char *help;  /* NULL: for tests, --help does not tell of it */
	/* One of these: */
	const char **text;	     /* its value, not copied; what it is before is the default, and --help tells it */
	bool *flag;		     /* that it was given */
	unsigned long *number, most; /* a number from 1 to most; what it is before is the default */
	const char *with, *without;  /* the name of the option that has to be there, too, or must not; NULL: none */
};

struct cli {
	const char *called;	  /* "holdfast-seed", or "holdfastctl verify" for who runs under that one */
	const char *const *usage; /* the ways to call it, each what follows its name, to a NULL */
	const struct cli_option *option;
	size_t options; /* at most CLI_OPTIONS_MAX */
	int words;	/* so many may be there that are no options */
};

/* -1: the caller goes on, and optind is the first of what is no option; otherwise it ends with that: 0 after --help and --version, CLI_USAGE when standard
 * error says what is wrong. */
int cli_read(const struct cli *c, int argc, char **argv);

/* For who finds what was given to be wrong: why, and the ways to call it, to standard error. Returns CLI_USAGE. */
int cli_refuse(const struct cli *c, const char *why, ...) __attribute__((format(printf, 2, 3)));

#endif
