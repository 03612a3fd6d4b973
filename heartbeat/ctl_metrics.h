/* The metrics of the cluster as this machine sees it, out of a status. */
#ifndef HOLDFAST_HEARTBEAT_CTL_METRICS_H
#define HOLDFAST_HEARTBEAT_CTL_METRICS_H

#include <jansson.h>
#include <stdio.h>

/* Of what heartbeatd answers to "status", with what ctl_status_whole adds to it; NULL: it does not answer. A value that the status
 * does not have, or has as null, is left out. Each family that can have a value is walked in the order of heartbeat/metrics.h. */
void ctl_metrics_print(FILE *f, const json_t *status);

#endif
