/* One gateway's data and all that works on it: mariadbd, replicationd, ledgerd, and what lies beside the data. */
#ifndef HOLDFAST_TESTS_SIMULATION_DATABASE_H
#define HOLDFAST_TESTS_SIMULATION_DATABASE_H

#include "heartbeat/node.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/mariadb.h"
#include "tests/simulation/replicationd.h"
#include "tests/simulation/stream.h"

struct database {
	struct mariadb server;
	struct stream stream;
	struct replicationd repl;
	struct ledger ledger;
	/* durable, beside the data */
	bool data, copy_new, has_token, parted;
	struct token_file token;
	struct dirty_mark dirty;
	bool durability_received; /* the configuration */
	char boot_id[TOKEN_BOOT_ID_BYTES];
	unsigned boots;
	/* */
	struct repl_order told; /* by heartbeatd, last */
	uint64_t last_relay_epoch;
	bool stranger; /* a third replica is connected, and acknowledges */
	uint64_t stranger_us;
};

struct world;

/* Of a new cluster: `at` 0 has data, which counts by its token; the other has none. */
void database_init(struct world *w, unsigned at);

/* After the rest of the world was copied: what lies outside of struct database. */
void database_continue(struct world *w, const struct world *from);

void database_kill(struct database *d); /* SIGKILL of mariadbd */
void database_power_off(struct database *d);
void database_reconnect(struct database *d); /* heartbeatd has started anew: it is told everything again */
bool database_is_open(const struct database *d);

/* Its token stands. One that does not outlive the cut of power is destroyed when replicationd starts, before it says a word. */
bool database_has_token(const struct database *d);
void database_print(const struct world *w, unsigned at);

/* Everything of node `at` that is due now. */
void database_step(struct world *w, unsigned at);
uint64_t database_next_us(const struct world *w, unsigned at);

/* A step of replicationd was taken: what dies now? */
void database_fault(struct world *w, unsigned at);

#endif
