/*
 * A model of one mariadbd 10.11 and its files, as far as an answer depends on them. Its semantics were measured: who waits
 * for an acknowledgement gets OK when semi-sync is switched off or the query is killed; SIGTERM and KILL commit what waits;
 * a MASTER start commits whatever the binary log holds, a SLAVE start cuts off what InnoDB had not made durable; START of
 * replication with both threads stopped throws the relay logs away. It knows nothing of roles, records and orders.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_MARIADB_H
#define HOLDFAST_TESTS_SIMULATION_MARIADB_H

#include <stdbool.h>
#include <stdint.h>

#define MARIADB_LOG_MAX 12000

struct tx {
	uint64_t chain; /* of this transaction and all before it: equal here, equal to the beginning */
	uint32_t id;	/* unique */
	uint32_t seq;	/* of its GTID, with `server` */
	uint16_t epoch; /* ledger_head.epoch once it is committed */
	uint8_t server;
};

enum mariadb_client { MARIADB_LEDGER, MARIADB_ROW, MARIADB_CLIENTS };

enum mariadb_commit {
	MARIADB_NO_COMMIT,
	MARIADB_QUEUED,	 /* waits for the row lock on ledger_head */
	MARIADB_SYNCING, /* being made durable; not in the binary log for sure */
	MARIADB_WAITING, /* in the binary log, waits for its acknowledgement */
	MARIADB_OK,	 /* COMMIT has returned; taken with mariadb_take() */
	MARIADB_ERROR,	 /* an error: read only, or R12 found another head */
	MARIADB_GONE,	 /* the connection was lost: committed or not, the client cannot know */
};

struct session {
	enum mariadb_commit state;
	struct tx tx;
	uint64_t expects; /* chain of the last transaction that the client knows of; 0: any */
	uint64_t until_us;
	unsigned index; /* in the binary log, from MARIADB_WAITING on */
	bool abandoned; /* the client is gone, the transaction goes on */
};

enum mariadb_end { MARIADB_SIGKILL, MARIADB_SIGTERM, MARIADB_POWER };

struct mariadb {
	uint64_t *dice;
	uint32_t *placed; /* by id: the end of the binary log that each transaction was written to */
	struct tx *log;	  /* the binary log, and above `length` what only the relay log holds */
	uint8_t server;	  /* server_id */
	/* files */
	unsigned length;	       /* of the binary log */
	unsigned received;	       /* >= length: to the end of the relay log */
	unsigned synced, relay_synced; /* what a cut of power leaves of the two */
	unsigned engine;	       /* committed in InnoDB: what a SELECT sees */
	unsigned flushed;	       /* commits that a SLAVE start finds */
	bool slave;		       /* replication is configured (master.info) */
	bool torn;		       /* InnoDB and binary log disagree: replication will stop with an error */
	bool hardened; /* a recovery has committed what waited: no SLAVE start can cut it off any more */
	/* the process */
	bool process, up;
	unsigned life;
	uint64_t up_at_us;
	bool read_only, semi, sync_data, sync_relay;
	bool strict, sync_relay_wanted; /* the configuration */
	uint64_t no_tx;
	struct session session[MARIADB_CLIENTS];
	/* a standby's threads; the stream itself is stream.h's */
	bool io, sql;
	unsigned io_errno, sql_errno;
	uint64_t apply_at_us;
	bool ill;	       /* each start of the applier ends with an error that says nothing about the data */
	bool stalled;	       /* the applier waits for something that does not come */
	bool spoilt;	       /* the relay logs cannot be read */
	unsigned acknowledged; /* the end of what was acknowledged to anybody */
	uint64_t acknowledged_chain;
};

#define MARIADB_ER_FATAL_READING_BINLOG 1236
#define MARIADB_ER_OUT_OF_ORDER 1950
#define MARIADB_ER_DISK_FULL 1021

/* An empty data directory. dice, log[MARIADB_LOG_MAX] and placed[] are borrowed. */
void mariadb_init(struct mariadb *m, uint8_t server, struct tx *log, uint32_t *placed, uint64_t *dice);

/* Starts the process; it accepts connections some time later. slave_role: init_rpl_role=SLAVE. */
void mariadb_start(struct mariadb *m, bool slave_role, uint64_t now_us);

/* The process ends, one way or another. */
void mariadb_end(struct mariadb *m, enum mariadb_end how);

/* The next moment at which something happens by itself; UINT64_MAX: nothing will. */
uint64_t mariadb_next_us(const struct mariadb *m);
void mariadb_step(struct mariadb *m, uint64_t now_us);

/* Is an earlier connection's transaction still on its way? Then BEGIN or INSERT of another waits for its locks. */
bool mariadb_blocks(const struct mariadb *m, enum mariadb_client c);
/* COMMIT of one transaction is sent: mariadb_take() tells how it goes. */
void mariadb_commit(struct mariadb *m, enum mariadb_client c, uint32_t id, uint16_t epoch, uint64_t expects);
/* OK, ERROR or GONE, once; or how far it is. */
enum mariadb_commit mariadb_take(struct mariadb *m, enum mariadb_client c);
/* The client's connection ends; what is on its way goes on. */
void mariadb_hang_up(struct mariadb *m, enum mariadb_client c);
bool mariadb_waits(const struct mariadb *m); /* Rpl_semi_sync_master_wait_sessions > 0 */

/* A semi-sync replica has everything up to here in its relay log. */
void mariadb_acknowledge(struct mariadb *m, unsigned upto);

/* KILL of the sessions that wait: committed; the client is told OK (query) or loses its connection. */
void mariadb_kill_sessions(struct mariadb *m, bool query);

void mariadb_set_semi(struct mariadb *m, bool on);
void mariadb_stop_slave(struct mariadb *m, bool io, bool sql);
void mariadb_start_slave(struct mariadb *m, bool io, bool sql, uint64_t now_us);
void mariadb_reset_slave(struct mariadb *m); /* RESET SLAVE ALL: both threads must be stopped */
void mariadb_flush(struct mariadb *m);	     /* everything that lies in files becomes durable */

/* Received by the IO thread: one transaction, written to the relay log. */
void mariadb_receive(struct mariadb *m, const struct tx *t, uint64_t now_us);

/* Executes up to `most` transactions of the relay log; false: they do not fit (strict mode). */
bool mariadb_apply(struct mariadb *m, unsigned most);

/* The data directory becomes a copy of what `of` has committed. */
void mariadb_copy(struct mariadb *m, const struct mariadb *of);

uint64_t mariadb_chain(const struct mariadb *m, unsigned length);
static inline uint16_t mariadb_ledger_epoch(const struct mariadb *m)
{
	return m->engine ? m->log[m->engine - 1].epoch : 0;
}

/* Are the first `length` transactions in binary log or relay log, and with this chain? */
bool mariadb_holds(const struct mariadb *m, unsigned length, uint64_t chain);

#endif
