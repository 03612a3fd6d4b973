/*
 * The metrics of all daemons, for Prometheus: one table of names, and their text (exposition format 0.0.4). Names follow the conventions
 * of Prometheus: base units (seconds, bytes), _total for what only grows, _timestamp_seconds for a moment.
 */
#ifndef HOLDFAST_HEARTBEAT_METRICS_H
#define HOLDFAST_HEARTBEAT_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "heartbeat/err.h"

/* Where a daemon leaves its own, in a file of its own that is replaced as a whole (tmpfs): `holdfastctl metrics` puts them together. */
#define METRICS_LEDGERD_NAME "ledger/metrics" /* in the run directory */
#define METRICS_LEDGERD_PATH "/run/holdfast/" METRICS_LEDGERD_NAME
#define METRICS_REPLICATIOND_PATH "/run/holdfast-root/metrics"
#define METRICS_WORKERD_NAME "worker/metrics-%u"
#define METRICS_WORKERD_FORMAT "/run/holdfast/" METRICS_WORKERD_NAME
#define METRICS_EVERY_MS 2000	 /* a daemon renews its file so often */
#define METRICS_FRESH_MS 20000	 /* one that is older than this is nobody's */
#define METRICS_TEXT_BYTES 16384 /* a daemon's file has room in this */

/* id, name without "holdfast_", type, what it says. doc/metrics.md has the same, and a test compares them. */
#define METRICS_CLUSTER(X)                                                                                             \
	X(UP, "up", GAUGE,                                                                                             \
	    "1: heartbeatd of this machine answers; all else of the cluster is missing when it does not")              \
	X(INFO, "info", GAUGE, "always 1; labels cluster, node, version")                                              \
	X(EPOCH, "epoch", GAUGE, "epoch of the record: one higher with each move of the role, and each opening")       \
	X(MODE, "mode", GAUGE, "1 for the label mode that the cluster is in: SYNC, SOLO, STALLED")                     \
	X(WITNESS_HEARD, "witness_heard", GAUGE, "1: a witness is heard here, or this is one")                         \
	X(IN_SYNC, "in_sync", GAUGE, "1: the record counts the copy of label node as whole")                           \
	X(ACTIVE, "active", GAUGE, "1: the record names the gateway of label node active")                             \
	X(ADDRESS_HELD, "address_held", GAUGE, "1: the gateway of label node holds the virtual IP")                    \
	X(PAYMENTS_WAIT, "payments_wait", GAUGE,                                                                       \
	    "1: payments wait for a standby that is silent or does not acknowledge")                                   \
	X(NODE_REACHABLE, "node_reachable", GAUGE, "1: label node is heard here, or is this one")                      \
	X(NODE_STATE, "node_state", GAUGE, "1 for the label state that label node is in")                              \
	X(NODE_COMPLAINS, "node_complains", GAUGE, "1: status gives a reason beside label node")                       \
	X(NODE_MAINTENANCE, "node_maintenance", GAUGE, "1: label node is out of service at an operator's word")        \
	X(NODE_LAG, "node_lag_transactions", GAUGE,                                                                    \
	    "transactions of the active's log that label node has not applied")                                        \
	X(NODE_BACKLOG, "node_backlog_seconds", GAUGE, "time that label node needs to apply what it has received")     \
	X(LEASE, "lease_remaining_seconds", GAUGE, "what is left of the active's lease, as heard last")                \
	X(REPLICA_HEARD, "replica_heard_age_seconds", GAUGE, "since label replica was heard here last")                \
	X(REPLICA_LAG, "replica_lag_transactions", GAUGE,                                                              \
	    "transactions of the active's log that label replica has not applied")                                     \
	X(MOVED_AT, "last_move_timestamp_seconds", GAUGE, "when the role was taken last")                              \
	X(MOVE_TOOK, "last_move_seconds", GAUGE, "how long nobody served then, as far as that is known")               \
	X(MOVE_STAGE, "last_move_stage_seconds", GAUGE,                                                                \
	    "how long that took by label stage, as holdfastctl history has it")                                        \
	X(DROPPED, "datagrams_dropped_total", COUNTER,                                                                 \
	    "heartbeats that were not taken since the start of heartbeatd, by label cause")                            \
	X(KEY_NUMBER, "heartbeat_key_number", GAUGE, "number of the key that heartbeats are sealed with")              \
	X(KEY_ROTATING, "heartbeat_key_rotating", GAUGE, "1: another key is on its way to all members")                \
	X(EXPORTS, "unacknowledged_exports", GAUGE, "exports in /var/lib/holdfast/unacknowledged of this machine")     \
	X(VERIFY_RIGHT, "verify_right", GAUGE,                                                                         \
	    "1: the ledger added up when holdfastctl verify looked last here; 0: it did not, or could not look")       \
	X(VERIFY_FINDINGS, "verify_findings", GAUGE, "what that found")                                                \
	X(VERIFIED_AT, "verify_timestamp_seconds", GAUGE, "when that was")                                             \
	X(BACKED_UP_AT, "backup_timestamp_seconds", GAUGE, "when holdfastctl backup make ended well here last")        \
	X(CERTIFICATE_END, "certificate_end_timestamp_seconds", GAUGE,                                                 \
	    "when label certificate ends: node among the members, edge what clients see, page the status page")        \
	X(WORKER_HOST_UP, "worker_host_up", GAUGE, "1: this gateway sends requests to label worker_host")              \
	X(DAEMON_UP, "daemon_up", GAUGE, "1: the file of metrics of label daemon is fresh")

#define METRICS_REPLICATION(X)                                                                                         \
	X(DATABASE_UP, "database_up", GAUGE, "1: mariadbd takes connections")                                          \
	X(REPLICATION_FIT, "replication_fit", GAUGE, "1: the database answers, its disk and threads work")             \
	X(REPLICATION_STATE, "replication_state", GAUGE, "1 for the label state that the database is in")              \
	X(SEMI_SYNC, "semi_sync", GAUGE, "1: commits wait for an acknowledgement of the standby")                      \
	X(SEMI_SYNC_CLIENTS, "semi_sync_clients", GAUGE,                                                               \
	    "connections that may acknowledge; on the active in SYNC it is 1")                                         \
	X(SEMI_SYNC_WAITS, "semi_sync_waits", GAUGE, "1: a commit waits for its acknowledgement now")                  \
	X(TRANSACTIONS_LOGGED, "transactions_logged", GAUGE,                                                           \
	    "sequence number of the last transaction in the log of the database here")                                 \
	X(TRANSACTIONS_APPLIED, "transactions_applied", GAUGE,                                                         \
	    "sequence number of the last transaction that is applied here")                                            \
	X(REPLICATION_BACKLOG, "replication_backlog_seconds", GAUGE,                                                   \
	    "time to apply what was received and is not applied")
#define METRICS_LEDGER(X)                                                                                              \
	X(LEDGER_OPEN, "ledger_open", GAUGE, "1: the ledger here may answer now")                                      \
	X(LEDGER_REQUESTS, "ledger_requests_total", COUNTER,                                                           \
	    "operations that workers sent, by label way: write, read")                                                 \
	X(LEDGER_ANSWERS, "ledger_answers_total", COUNTER,                                                             \
	    "answers by label outcome: done; not-executed, overloaded, crowded, stalled: nothing happened; unknown")   \
	X(LEDGER_SECONDS, "ledger_answer_seconds", HISTOGRAM,                                                          \
	    "from an operation's arrival at the ledger to its answer")                                                 \
	X(LEDGER_QUEUE, "ledger_queue_requests", GAUGE, "operations that wait, by label way: write, read")             \
	X(LEDGER_BATCH, "ledger_batch_requests", HISTOGRAM,                                                            \
	    "operations that were taken together to be committed; halves of a batch with a culprit are not counted "   \
	    "again")
#define METRICS_WORKER(X)                                                                                              \
	X(HTTP_REQUESTS, "http_requests_total", COUNTER,                                                               \
	    "requests that a worker was done with, by labels worker and status; none: the other end was gone first")   \
	X(HTTP_SECONDS, "http_request_seconds", HISTOGRAM,                                                             \
	    "from a request's arrival, at the edge if that says when, to the end of its answer, by label worker")      \
	X(HTTP_WAITING, "http_requests_waiting", GAUGE, "requests of label worker that wait for a ledger")

#define METRICS(X) METRICS_CLUSTER(X) METRICS_REPLICATION(X) METRICS_LEDGER(X) METRICS_WORKER(X)

enum metrics_type { METRICS_GAUGE, METRICS_COUNTER, METRICS_HISTOGRAM };

enum metrics_id {
#define X(id, name, type, help) METRICS_##id,
	METRICS(X)
#undef X
	    METRICS_COUNT
};

struct metrics_family {
	const char *name; /* "holdfast_..." */
	enum metrics_type type;
	const char *help;
};

/* One of the table; id below METRICS_COUNT. */
const struct metrics_family *metrics_family(enum metrics_id id);
const char *metrics_type_word(enum metrics_type type);

/* A label and its value; a list of them ends with name NULL. */
struct metrics_label {
	const char *name, *value;
};

/* The two lines of comment before the values of a family: once, and all values of it directly behind. */
void metrics_begin(FILE *f, enum metrics_id id);

/* A value, as a whole number when it is one. label may be NULL. */
void metrics_value(FILE *f, enum metrics_id id, const struct metrics_label *label, double value);

/* Both, for a family with one value and no label. */
void metrics_single(FILE *f, enum metrics_id id, double value);

#define METRICS_BOUNDS_MAX 16

/* How often a value was at most so much: begins as {metrics_bounds_..., all else 0}. */
struct metrics_histogram {
	const double *bound; /* rising, ends with 0 */
	uint64_t count[METRICS_BOUNDS_MAX + 1];
	double sum;
};
extern const double metrics_bounds_seconds[], metrics_bounds_batch[];

void metrics_observe(struct metrics_histogram *h, double value);

/* Its values, without the head. label may be NULL. */
void metrics_put_histogram(
    FILE *f, enum metrics_id id, const struct metrics_label *label, const struct metrics_histogram *h);

/* Puts what print writes into the place of the file at path, for all who read it at once. Waits for no disk when that is on a tmpfs. 0;
 * -EFBIG: more than METRICS_TEXT_BYTES; or -errno, with e filled. */
int metrics_leave(const char *path, void (*print)(FILE *f, const void *of), const void *of, struct errbuf *e);

/* Its text as it was left, and when: milliseconds of CLOCK_REALTIME. False, and "": there is none. Waits for nobody, whatever lies there. */
bool metrics_take(const char *path, char text[static METRICS_TEXT_BYTES], int64_t *left_ms);

#endif
