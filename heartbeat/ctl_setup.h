/* What init and join have in common: check everything, then do one step after the other, or take all of it
 * back. */
#ifndef HOLDFAST_HEARTBEAT_CTL_SETUP_H
#define HOLDFAST_HEARTBEAT_CTL_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/ctl_options.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/ctl_status.h"
#include "heartbeat/ctl_units.h"
#include "heartbeat/keyring.h"
#include "heartbeat/pki.h"

struct ctl_setup {
	const char *command; /* for messages */
	struct conf conf;
	uint8_t key[PKI_KEY_BYTES]; /* of the cluster: a secret */
	struct keyring ring;	    /* of the heartbeats, as the token had it; count 0: the first key */
	struct settings_member member[CTL_MEMBERS_MAX];
	unsigned members;
	char data_token[64];		   /* of the new data directory, hexadecimal; "" when joining */
	bool accepts_findings;		   /* of the ledger that it begins with */
	const char *adopt;		   /* data directory of a MariaDB that becomes its data; NULL: none */
	const char *backup, *logs, *until; /* where the ledger comes from; NULL: it begins empty, or only the backup */
	char epoch[24];			   /* the first of the new cluster */
	struct ctl_undo undo;
	struct ctl_units units;
	struct ctl_output output; /* of the program that ran last */
	bool keep; /* a step that fails from now on takes nothing back: the cluster counts on this machine */
};

struct ctl_step {
	const char *text;				   /* "doing this" */
	int (*run)(struct ctl_setup *s, struct errbuf *e); /* 0, or -errno with e filled */
};

/* The configuration that the options ask for, with the defaults for all else. 0 or -EINVAL with e. */
int ctl_setup_conf(const struct ctl_options *o, struct conf *ret, struct errbuf *e);

/* Everything that must be true of this machine. Changes nothing. 0 or -errno with e. */
int ctl_setup_check(const struct ctl_setup *s, struct errbuf *e);

/* Says what will be done and asks, unless yes. Exit status: 0 go on, 1 do not (said so), 2 nobody is there to
 * ask. */
int ctl_setup_confirm(const struct ctl_setup *s, bool yes);

/* Does the steps in order. If one fails, says why and what came of it. Returns the exit status. */
int ctl_setup_run(struct ctl_setup *s, const struct ctl_step *step, size_t steps);

/* Steps. */
int ctl_setup_units(struct ctl_setup *s, struct errbuf *e); /* stops what is in the way */
int ctl_setup_register(
    struct ctl_setup *s, struct errbuf *e);		    /* --init-state when data_token is set, or --join-state */
int ctl_setup_start(struct ctl_setup *s, struct errbuf *e); /* the units */

/* Looks at the status again and again and shows what changes, until done says so (> 0), or that it cannot be
 * (-errno with e filled), for at most limit_s. 0, -ETIMEDOUT (e is the caller's to fill), -EINTR, or done's.
 * *last is the last look. */
int ctl_setup_wait(const struct ctl_setup *s, int (*done)(const struct ctl_look *look, struct errbuf *e),
    unsigned limit_s, struct ctl_look *last, struct errbuf *e);

/* A step: until the cluster of this machine serves. 0, -ETIMEDOUT after 60 s, or -EINTR, with e filled. */
int ctl_setup_wait_serving(struct ctl_setup *s, struct errbuf *e);

#endif
