/* The systemd units of a member: ours, and those of MariaDB, HAProxy and keepalived, which we take over. */
#ifndef HOLDFAST_HEARTBEAT_CTL_UNITS_H
#define HOLDFAST_HEARTBEAT_CTL_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/err.h"

#define CTL_FOREIGN 5
#define CTL_UNIT_BYTES 64
#define CTL_UNITS_MAX 80

/* What the units of others were before we came. */
struct ctl_units {
	bool taken;		/* the rest is known */
	bool ours[CTL_FOREIGN]; /* this kind of machine has it */
	bool enabled[CTL_FOREIGN], active[CTL_FOREIGN];
};

/* Notes what the units of others are, stops them, and disables MariaDB's, its sockets too, for only replicationd may start it.
 * Nothing on a witness. 0, or as ctl_run with e and output filled. */
int ctl_units_take(const struct conf *conf, struct ctl_units *ret, struct ctl_output *output, struct errbuf *e);

/* Makes systemd read the drop-ins, stops and disables our units that a machine of this kind does not have (an earlier life may have enabled
 * them), enables and starts every unit of this node. 0, or as ctl_run; output->err
 * then holds the last lines of the journal of the unit that did not start. */
int ctl_units_start(const struct conf *conf, struct ctl_output *output, struct errbuf *e);

/* Enables and starts what can be started, after ctl_units_start has failed. Complains to nobody. */
void ctl_units_start_all(const struct conf *conf);

/* The units that have to run on this node, in the order in which they are started; returns how many, at most max. */
size_t ctl_units_names(const struct conf *conf, char ret[][CTL_UNIT_BYTES], size_t max);

/* Does `systemctl is-WHAT` say WHAT of it: enabled, active? */
bool ctl_units_is(const char *unit, const char *what);

/* Stops and disables all that ctl_units_start started. As far as it goes; complains to nobody. */
void ctl_units_stop(const struct conf *conf);

/* Makes the units of others what they were. The drop-ins are gone by now. */
void ctl_units_give_back(const struct ctl_units *units);

#endif
