/* What the database says about itself, read at one moment: numbers and words, no judgement. */
#ifndef HOLDFAST_REPLICATION_OBSERVATION_H
#define HOLDFAST_REPLICATION_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/gtid.h"
#include "replication/variable.h"

struct database;

struct observation {
	bool read_only;
	bool sync_data;	 /* sync_binlog=1 and innodb_flush_log_at_trx_commit=1 */
	bool sync_relay; /* sync_relay_log=1 */
	bool semi_sync;	 /* rpl_semi_sync_master_enabled */
	/* looked up only while semi_sync is on, 0 otherwise */
	unsigned semi_clients; /* Rpl_semi_sync_master_clients */
	unsigned semi_waits;   /* Rpl_semi_sync_master_wait_sessions */
	bool asleep;	       /* Rpl_semi_sync_master_status is OFF: it is on, and waits for nobody */
	uint64_t no_tx;	       /* Rpl_semi_sync_master_no_tx: answered without an acknowledgement (R10) */
	struct gtid binlog;    /* @@gtid_binlog_pos */
	uint64_t ledger_epoch; /* ledger_head.epoch: the last opening whose row is committed */
	bool slave;	       /* replication is configured */
	bool io_runs, io_connected, sql_runs;
	unsigned io_errno, sql_errno;
	char error[160];      /* the words of sql_errno or io_errno */
	struct gtid received; /* Gtid_IO_Pos */
	struct variable_values variables;
	char version[32];    /* @@version */
	struct gtid applied; /* gtid_slave_pos or gtid_binlog_pos, whichever is further */
};

/* 0, -EPIPE when the connection is lost, -EREMOTEIO when the server refused, or -EINVAL when an answer makes no sense;
 * e filled. */
int observe(struct database *db, struct observation *ret, struct errbuf *e);

#endif
