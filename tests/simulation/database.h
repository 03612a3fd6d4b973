/*
 * A model of one gateway's MariaDB, replicationd and ledgerd, as far as safety depends on them. Its semantics are those
 * measured on MariaDB 10.11: switching semi-sync off answers OK, a MASTER start keeps the tail, a SLAVE start cuts it.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_DATABASE_H
#define HOLDFAST_TESTS_SIMULATION_DATABASE_H

#include "heartbeat/node.h"

#define DB_LOG_MAX 16384

struct database {
	/* durable */
	uint32_t log[DB_LOG_MAX]; /* payments by number, in order; on a standby the part above `applied` is relay log */
	unsigned length, applied;
	bool uncommitted; /* the last one waits for its acknowledgement: only its binlog is sure to be on disk */
	bool standby_log; /* the part above `applied` came from the active */
	bool dirty;
	struct token token;

	/* lost with the process */
	bool up, read_only, semi;
	uint64_t ready_us; /* a start or a re-seed under way ends then; 0: none */
	bool following;
	uint64_t follow_epoch, drained_epoch, opened_epoch;
	unsigned opened_at, mark;
	bool marked;

	/* the ledger */
	bool in_flight, barrier;
	uint64_t flight_version, flight_epoch, flight_since_us;
	uint64_t barrier_epoch, answered_epoch;
	unsigned answered;
	uint64_t close_generation;

	/* replicationd: what it was told, what it acts on, and until when one of its statements does not return */
	struct repl_order told, order;
	uint64_t stuck_until_us, stuck_since_us;
	unsigned reseeds;
};

struct world;

/* mariadbd is killed: what waited may or may not be there afterwards. */
void database_kill(struct database *d);

/* The machine loses its power. */
void database_power_off(struct database *d);

/* One step of node `at`. Returns when the next one is due, in true time; it comes earlier when the order has changed. */
uint64_t database_step(struct world *w, unsigned at);

#endif
