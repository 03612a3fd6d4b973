/* The files of metrics that the daemons of a machine leave, put together. */
#ifndef HOLDFAST_HEARTBEAT_CTL_SCRAPE_H
#define HOLDFAST_HEARTBEAT_CTL_SCRAPE_H

#include <stdint.h>
#include <stdio.h>

#include "heartbeat/conf.h"

/* One value a line, without comments, as metrics_leave leaves them. */
struct ctl_scrape_source {
	char daemon[32];
	char path[64];
};

#define CTL_SCRAPE_SOURCES_MAX 80

/* Which daemons a machine with that configuration has. Returns how many there are in ret. */
unsigned ctl_scrape_sources(const struct conf *conf, struct ctl_scrape_source ret[static CTL_SCRAPE_SOURCES_MAX]);

/* Writes metrics_daemon_up for each source, and the values of those that are fresh: each family once, with all that the sources have
 * of it. A line that is of no family of ours is left out: who wrote it faces the network. now_s: CLOCK_REALTIME. */
void ctl_scrape_print(FILE *f, const struct ctl_scrape_source *source, unsigned sources, int64_t now_s);

#endif
