/* What may stand behind a command of holdfastctl: one table of options, and which of them a command takes and
 * needs. */
#ifndef HOLDFAST_HEARTBEAT_CTL_OPTIONS_H
#define HOLDFAST_HEARTBEAT_CTL_OPTIONS_H

#include <stdbool.h>

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
	CTL_TOKEN = 1 << 8, /* the one word that is no option */
	CTL_SECOND = 1 << 20,
	CTL_FORMAT = 1 << 25,
	CTL_TO = 1 << 26,
	CTL_FROM = 1 << 27,
	CTL_LOGS = 1 << 28,
	CTL_UNTIL = 1 << 29,
	CTL_REPLICA = 1 << 10,
	CTL_WORKER = 1 << 15,
	CTL_ACCEPT_FINDINGS = 1 << 24,
	CTL_HTTP = 1 << 11,
	CTL_SINCE = 1 << 12,
	CTL_FOLLOW = 1 << 13,
	CTL_ADOPT = 1 << 14,
	CTL_REST = 1 << 9, /* everything is another program's */
};

struct ctl_options {
	const char *name, *address, *second_address, *vip, *interface, *cluster, *format, *to, *from, *logs, *until,
	    *since, *adopt, *token; /* point into argv; NULL: not given */
	bool witness, replica, worker, yes, json, http, follow, accept_findings;
	char **rest; /* NULL terminated */
};

/* A command. The table is in holdfastctl.c; dispatch, usage and help walk it. */
struct ctl_command {
	const char *word, *synopsis, *help;
	unsigned takes, needs;			 /* bits of enum ctl_option */
	int (*run)(const struct ctl_options *o); /* returns the exit status */
};

/* argv holds what follows the command's word and is NULL terminated. 0, or -EINVAL with e filled: an option
 * that is unknown, not for this command, given twice, without its value, with a value of the wrong form, or
 * missing. */
int ctl_options_parse(const struct ctl_command *command, char **argv, struct ctl_options *ret, struct errbuf *e);

#endif
