/* One event of `holdfastctl events`: what the journal has of it, made a line. */
#ifndef HOLDFAST_HEARTBEAT_CTL_EVENT_H
#define HOLDFAST_HEARTBEAT_CTL_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "heartbeat/logline.h"

struct ctl_event {
	uint64_t at_us;	    /* wall clock, since 1970 */
	unsigned level;	    /* 0 emerg to 7 debug, as in syslog(3) */
	const char *source; /* the unit, without "holdfast-" and ".service" */
	const struct logline *line;
};

/* "WHEN LEVEL SOURCE EVENT KEY=VALUE...", in colour on a terminal, and never with a control character of the event's own; or as JSON:
 * {"at", "level", "source", "event", "fields": {KEY: VALUE}}, all of them strings. */
void ctl_event_print(FILE *f, const struct ctl_event *e, bool as_json);

/* A moment in UTC (2026-11-21T21:00:00Z), or how long ago that is: a number with s, m, h or d. At now_us (since 1970): the moment, or -1:
 * neither, or before 1970. */
int64_t ctl_since_us(const char *text, uint64_t now_us);
bool ctl_is_since(const char *text);

/* Copies into ret how a unit is called here: "holdfast-workerd@1.service" is workerd@1, "mariadb.service" is mariadb. */
void ctl_event_source(const char *unit, char *ret, size_t size);

#endif
