#include "replication/replmetrics.h"

#include "heartbeat/metrics.h"

static const char *const states[] = {
    [REPL_DOWN] = "down",
    [REPL_STARTING] = "starting",
    [REPL_SEEDING] = "seeding",
    [REPL_IDLE] = "idle",
    [REPL_SALVAGING] = "salvaging",
    [REPL_FOLLOWING] = "following",
    [REPL_PROMOTING] = "promoting",
    [REPL_DRAINED] = "drained",
    [REPL_OPEN] = "open",
    [REPL_FAILED] = "failed",
    [REPL_QUIET] = "quiet",
};

void replmetrics_print(FILE *f, const void *of)
{
	const struct repl_report *r = of;

	metrics_value(f, METRICS_DATABASE_UP, NULL, r->db_up);
	metrics_value(f, METRICS_REPLICATION_FIT, NULL, r->fit);
	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct metrics_label label[] = {{"state", states[i]}, {NULL, NULL}};

		metrics_value(f, METRICS_REPLICATION_STATE, label, r->state == i);
	}
	metrics_value(f, METRICS_SEMI_SYNC, NULL, r->semi_sync);
	metrics_value(f, METRICS_SEMI_SYNC_CLIENTS, NULL, r->semi_clients);
	metrics_value(f, METRICS_SEMI_SYNC_WAITS, NULL, r->semi_waits);
	metrics_value(f, METRICS_TRANSACTIONS_LOGGED, NULL, (double)r->binlog.seq);
	metrics_value(f, METRICS_TRANSACTIONS_APPLIED, NULL, (double)r->applied.seq);
	metrics_value(f, METRICS_REPLICATION_BACKLOG, NULL, r->backlog_ms / 1e3);
}
