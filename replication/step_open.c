/* From a drained copy to an open database, and back to a read only one. */
#include "replication/step.h"

#include <inttypes.h>
#include <poll.h>

#include "heartbeat/log.h"

#define ROW_PATIENCE_MS 20

int step_set_semi(struct actor *a, struct errbuf *e)
{
	a->sight.marked = false;
	return database_run(a->db, e, "SET GLOBAL rpl_semi_sync_master_enabled=%d", a->sight.order.semi_sync != 0);
}

int step_set_dirty(struct actor *a, struct errbuf *e)
{
	return tail_begin(a, e);
}

int step_send_row(struct actor *a, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;
	int code = database_open(a->row_db, e);

	if (!code)
		/* A commit of ours that still waits holds the lock, and it may be semi-sync that we have to switch off for it. */
		code = database_run(a->row_db, e, "SET innodb_lock_wait_timeout=1");
	if (!code)
		code = database_run(a->row_db, e, "BEGIN");
	if (!code)
		code = database_run(a->row_db, e,
		    "INSERT IGNORE INTO holdfast.cluster_epoch (epoch, node, opened_server, opened_seq) VALUES "
		    "(%" PRIu64 ", '%s', %" PRIu32 ", %" PRIu64 ")",
		    o->epoch, a->conf->name, a->sight.db.binlog.server, a->sight.db.binlog.seq);
	if (!code)
		code = database_run(a->row_db, e,
		    "UPDATE holdfast.ledger_head SET epoch=%" PRIu64 " WHERE id=1 AND epoch<%" PRIu64, o->epoch,
		    o->epoch);
	if (!code)
		code = database_send(a->row_db, e, "COMMIT");
	if (code) {
		database_close(a->row_db);
		return code;
	}
	a->sight.row_sent = true;
	return step_take_row(a, ROW_PATIENCE_MS, e);
}

int step_take_row(struct actor *a, int wait_ms, struct errbuf *e)
{
	struct pollfd p = {.fd = database_fd(a->row_db), .events = POLLIN};
	int code;

	if (!a->sight.row_sent || (p.fd >= 0 && poll(&p, 1, wait_ms) == 0))
		return 0;
	code = database_finish(a->row_db, e);
	a->sight.row_sent = false;
	if (code)
		database_close(a->row_db);
	return code;
}

int step_writable(struct actor *a, struct errbuf *e)
{
	int code = database_run(a->db, e, "SET GLOBAL read_only=0");

	if (!code)
		LOG(LOG_NOTICE, "database.open", KV_U("epoch", a->sight.order.epoch));
	return code;
}

/* It waits for commits. The ledger is at rest, but one that it gave up may hang there for want of an acknowledgement. */
int step_read_only(struct actor *a, struct errbuf *e)
{
	int code = database_run(a->db, e, "SET lock_wait_timeout=1");

	if (!code)
		code = database_run(a->db, e, "SET GLOBAL read_only=1");
	if (!code)
		LOG(LOG_NOTICE, "database.close", KV_U("epoch", a->sight.order.epoch));
	return code;
}

/* R5: semi-sync was seen on before this position is read. */
int step_mark(struct actor *a, struct errbuf *e)
{
	struct observation now;
	int code = observe(a->db, &now, e);

	if (code)
		return code;
	a->sight.sync_mark = now.binlog;
	a->sight.marked = true;
	return 0;
}
