/* `holdfastctl history`: who took over from whom, why, and where the time went. */
#ifndef HOLDFAST_HEARTBEAT_CTL_HISTORY_H
#define HOLDFAST_HEARTBEAT_CTL_HISTORY_H

#include <jansson.h>
#include <stdio.h>

/* The answer of heartbeatd to "history", as a table. */
void ctl_history_print(FILE *f, const json_t *history);

#endif
