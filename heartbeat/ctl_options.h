/* What may stand behind a command of holdfastctl: one table of options, and which of them a command takes and
 * needs. */
#ifndef HOLDFAST_HEARTBEAT_CTL_OPTIONS_H
#define HOLDFAST_HEARTBEAT_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "heartbeat/err.h"

enum ctl_option {
	CTL_NAME = 1 << 0,
	CTL_ADDRESS = 1 << 1,
	CTL_VIP = 1 << 2,
	CTL_INTERFACE = 1 << 3,
	CTL_CLUSTER = 1 << 4,
	CTL_WITNESS = 1 << 5,
	CTL_YES = 1 << 6,
	CTL_JSON = 1 << 7,
	CTL_REST = 1 << 9, /* everything is another program's */
	CTL_REPLICA = 1 << 10,
	CTL_HTTP = 1 << 11,
	CTL_SINCE = 1 << 12,
	CTL_FOLLOW = 1 << 13,
	CTL_ADOPT = 1 << 14,
	CTL_WORKER = 1 << 15,
	CTL_ACCEPT_LOSS = 1 << 16,
	CTL_SECOND = 1 << 20,
	CTL_ACCEPT_FINDINGS = 1 << 24,
	CTL_FORMAT = 1 << 25,
	CTL_TO = 1 << 26,
	CTL_FROM = 1 << 27,
	CTL_LOGS = 1 << 28,
	CTL_UNTIL = 1 << 29,
	/* The one word that is no option: */
	CTL_TOKEN = 1 << 8,
	CTL_NODE = 1 << 17,
	CTL_HOST = 1 << 18,
	CTL_FILE = 1 << 19,
};

struct ctl_options {
	const char *name, *address, *second_address, *vip, *interface, *cluster, *format, *to, *from, *logs, *until,
	    *since, *adopt, *token, *node, *host, *file; /* point into argv; NULL: not given */
	bool witness, replica, worker, yes, json, http, follow, accept_findings, accept_loss;
	char **rest; /* NULL terminated */
};

/* A command. The table is in holdfastctl.c; dispatch, usage, help and completion walk it. */
struct ctl_command {
	const char *word; /* one, or two with a blank between; those that begin alike stand together */
	const char *synopsis, *help;
	unsigned takes, needs;			 /* bits of enum ctl_option */
	int (*run)(const struct ctl_options *o); /* returns the exit status */
	bool hosts;				 /* also on a worker host, where no heartbeatd is */
};

/* The first of the two words of a command: how many bytes of it, which is all of what is one word. */
size_t ctl_command_first(const struct ctl_command *c);

/* Do the two begin with the same word? */
bool ctl_command_alike(const struct ctl_command *one, const struct ctl_command *other);

/* The command that argv, which is NULL terminated, begins with; *used says how many words that took. NULL, and e is filled: none. */
const struct ctl_command *ctl_command_find(
    const struct ctl_command *commands, size_t count, char **argv, size_t *used, struct errbuf *e);

/* What --help tells of the commands that begin with that word; false: there are none. */
bool ctl_command_help(FILE *f, const struct ctl_command *commands, size_t count, const char *word);

/* argv holds what follows the command's word and is NULL terminated. 0, or -EINVAL with e filled: an option
 * that is unknown, not for this command, given twice, without its value, with a value of the wrong form, or
 * missing. */
int ctl_options_parse(const struct ctl_command *command, char **argv, struct ctl_options *ret, struct errbuf *e);

#endif
