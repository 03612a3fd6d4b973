/* What a report of replicationd tells Prometheus (heartbeat/metrics.h). */
#ifndef HOLDFAST_REPLICATION_REPLMETRICS_H
#define HOLDFAST_REPLICATION_REPLMETRICS_H

#include <stdio.h>

#include "heartbeat/local.h"

/* As metrics_leave wants it; of: a struct repl_report. */
void replmetrics_print(FILE *f, const void *of);

#endif
