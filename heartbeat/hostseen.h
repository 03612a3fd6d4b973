/*
 * What HAProxy of this gateway said of the worker hosts when it was asked last, for those who may not ask it, or must not wait for it:
 * holdfastctl worker leaves it in /run, each half minute and with each change of their list. Pure but for hostseen_take.
 */
#ifndef HOLDFAST_HEARTBEAT_HOSTSEEN_H
#define HOLDFAST_HEARTBEAT_HOSTSEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/roster.h"

#define HOSTSEEN_NAME "worker-hosts" /* below /run/holdfast */
#define HOSTSEEN_BYTES 1024
#define HOSTSEEN_OLD_MS 90000 /* after so long nothing is known of them */

struct hostseen {
	uint64_t at_ms; /* CLOCK_BOOTTIME */
	unsigned count;
	struct {
		char name[16], address[48];
		char state[12]; /* heartbeat/ctl_hosts.h */
	} host[ROSTER_LIVE_MAX];
};

/* The text that hostseen_parse takes. */
void hostseen_print(const struct hostseen *s, char ret[static HOSTSEEN_BYTES]);

/* False: it is none of ours, and *ret is not to be looked at. */
bool hostseen_parse(const char *text, struct hostseen *ret);

/* The file of that directory; false: there is none, or none of ours. It is in memory: nobody waits for a disk. */
bool hostseen_take(const char *run_dir, struct hostseen *ret);

/* Is that the name of one? */
bool hostseen_has(const struct hostseen *s, const char *name);

/* Was it looked at too long ago, by that time? */
bool hostseen_is_old(const struct hostseen *s, uint64_t now_ms);

/* Of host number i at that time: "unknown" when it was looked at too long ago. */
const char *hostseen_state(const struct hostseen *s, unsigned i, uint64_t now_ms);

#endif
