#include "replication/observation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "replication/database.h"

static bool is_yes(const char *text)
{
	return strcmp(text, "Yes") == 0;
}

/* One domain is all we allow, for a position is compared by its number; "" is before the first transaction. */
static int take_gtid(const struct database_row *row, const char *column, struct gtid *ret, struct errbuf *e)
{
	const char *text = database_value(row, column);

	*ret = (struct gtid){0};
	if (!text[0] || gtid_parse(text, ret) == 0)
		return 0;
	return err_set(e, -EINVAL, "%s is '%.60s': want one GTID", column, text);
}

/* One statement: a column more costs a microsecond, a statement more fifty. */
#define X(id, name, wanted, of, dynamic, lost) ", @@GLOBAL." name " AS " name
#define VARIABLE_COLUMNS VARIABLES(X)

static int observe_self(struct database *db, struct observation *o, struct errbuf *e)
{
	struct database_row *row;
	struct gtid slave = {0};
	int code = database_query(db, &row, e,
	    "SELECT @@read_only ro, @@sync_relay_log relay, @@sync_binlog blog, @@innodb_flush_log_at_trx_commit "
	    "redo,@@rpl_semi_sync_master_enabled semi, @@gtid_binlog_pos AS "
	    "pos, @@gtid_slave_pos slave,"
	    " (SELECT epoch FROM holdfast.ledger_head WHERE id=1) epoch, @@version AS version" VARIABLE_COLUMNS);

	if (code)
		return code;
	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		(void)snprintf(
		    o->variables.text[i], VARIABLE_VALUE_BYTES, "%s", database_value(row, variables[i].name));
	(void)snprintf(o->version, sizeof(o->version), "%s", database_value(row, "version"));
	o->read_only = database_number(row, "ro") != 0;
	o->sync_relay = database_number(row, "relay") == 1;
	o->sync_data = database_number(row, "blog") == 1 && database_number(row, "redo") == 1;
	o->semi_sync = database_number(row, "semi") != 0;
	o->ledger_epoch = database_number(row, "epoch");
	code = take_gtid(row, "pos", &o->binlog, e);
	if (!code)
		code = take_gtid(row, "slave", &slave, e);
	if (!code)
		o->applied = gtid_reaches(o->binlog, slave) ? o->binlog : slave;
	database_row_free(row);
	return code;
}
#undef X

static int observe_semi_sync(struct database *db, struct observation *o, struct errbuf *e)
{
	struct database_row *row;
	int code = database_query(db, &row, e,
	    "SELECT MAX(IF(VARIABLE_NAME='RPL_SEMI_SYNC_MASTER_CLIENTS',VARIABLE_VALUE,0)+0) clients,"
	    " MAX(IF(VARIABLE_NAME='RPL_SEMI_SYNC_MASTER_WAIT_SESSIONS',VARIABLE_VALUE,0)+0) waits,"
	    " MAX(VARIABLE_NAME='RPL_SEMI_SYNC_MASTER_STATUS' AND VARIABLE_VALUE='OFF') asleep,"
	    " MAX(IF(VARIABLE_NAME='RPL_SEMI_SYNC_MASTER_NO_TX',VARIABLE_VALUE,0)+0) no_tx"
	    " FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME LIKE 'RPL_SEMI_SYNC_MASTER_%%'");

	if (code)
		return code;
	o->semi_clients = (unsigned)database_number(row, "clients");
	o->semi_waits = (unsigned)database_number(row, "waits");
	o->asleep = database_number(row, "asleep") != 0;
	o->no_tx = database_number(row, "no_tx");
	database_row_free(row);
	return 0;
}

static int observe_slave(struct database *db, struct observation *o, struct errbuf *e)
{
	struct database_row *row;
	int code = database_query(db, &row, e, "SHOW SLAVE STATUS");

	if (code == -ENOENT)
		return 0;
	if (code)
		return code;
	o->slave = true;
	o->io_connected = is_yes(database_value(row, "Slave_IO_Running"));
	o->io_runs = strcmp(database_value(row, "Slave_IO_Running"), "No") != 0;
	o->sql_runs = is_yes(database_value(row, "Slave_SQL_Running"));
	o->io_errno = (unsigned)database_number(row, "Last_IO_Errno");
	o->sql_errno = (unsigned)database_number(row, "Last_SQL_Errno");
	(void)snprintf(o->error, sizeof(o->error), "%s",
	    o->sql_errno ? database_value(row, "Last_SQL_Error") : database_value(row, "Last_IO_Error"));
	code = take_gtid(row, "Gtid_IO_Pos", &o->received, e);
	database_row_free(row);
	return code;
}

int observe(struct database *db, struct observation *ret, struct errbuf *e)
{
	int code;

	*ret = (struct observation){0};
	code = observe_self(db, ret, e);
	/* The order matters for R5: semi-sync was on before the position that goes with it was read. */
	if (!code && ret->semi_sync)
		code = observe_semi_sync(db, ret, e);
	if (!code)
		code = observe_slave(db, ret, e);
	return code;
}
