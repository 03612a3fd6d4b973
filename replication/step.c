#include "replication/actor_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/durable.h"
#include "replication/process.h"
#include "replication/salvage.h"

#define START_AGAIN_US 1000000
#define ROW_PATIENCE_MS 20
#define SEED_LIMIT_MS (12u * 3600 * 1000)
#define PATH_BYTES 256

void step_forget(struct actor *a)
{
	struct sight *s = &a->sight;

	s->drained_epoch = 0;
	s->salvaged = false;
	s->row_sent = false;
	s->marked = false;
	s->answered = false;
	s->mute_us = 0;
	database_close(a->db);
	database_close(a->row_db);
}

static int step_kill(struct actor *a, struct errbuf *e)
{
	a->sight.prepared = false;
	step_forget(a);
	return server_kill(a->server, e);
}

static int step_destroy_token(struct actor *a, struct errbuf *e)
{
	int code = durable_remove(ACTOR_TOKEN, e);

	if (!code && !token_is_none(&a->sight.token))
		LOG(LOG_NOTICE, "token.destroy", KV_S("want", "standby"), KV_U("epoch", a->sight.order.epoch));
	return code;
}

static int step_prepare(struct actor *a, struct errbuf *e)
{
	int code = a->sight.dirty.epoch ? tail_export(a, e) : 0;

	if (!code)
		code = step_destroy_token(a, e);
	a->sight.prepared = !code;
	return code;
}

static int step_start(struct actor *a, struct errbuf *e)
{
	uint64_t now_us = clock_boottime_us();

	if (a->started_us && now_us < a->started_us + START_AGAIN_US)
		return err_set(e, -EAGAIN, "mariadbd does not start: journalctl -u mariadb");
	a->started_us = now_us;
	return server_start(a->server, e);
}

/* Is there from now on something in relay logs that the token speaks of, and that a cut of power may take away (S7)? */
static int set_token_survives(struct actor *a, bool survives, struct errbuf *e)
{
	struct token_file t;
	int code;

	if (token_is_none(&a->sight.token))
		return 0;
	code = token_load(ACTOR_TOKEN, &t, e);
	if (code || t.sync_relay == survives)
		return code;
	t.sync_relay = survives;
	memcpy(t.boot_id, a->boot_id, sizeof(t.boot_id));
	return token_store(ACTOR_TOKEN, &t, e);
}

static int step_clean(struct actor *a, struct errbuf *e)
{
	/* The mark also said that a cut of power costs this copy nothing: without it that is the token's to say. */
	int code = a->sight.order.want == REPL_WANT_DRAIN ? set_token_survives(a, true, e) : 0;

	a->sight.prepared = false;
	return code ? code : tail_settle(a, e);
}

/* The copy that is replaced has nothing that the active lacks but its tail. */
static int step_seed(struct actor *a, struct errbuf *e)
{
	const char *argv[] = {HOLDFAST_LIBEXECDIR "/holdfast-seed", "receive", a->conf->datadir, NULL};
	int code = a->sight.dirty.epoch && a->sight.data ? tail_export(a, e) : 0;

	if (!code)
		code = step_destroy_token(a, e);
	if (!code)
		code = step_kill(a, e);
	if (code)
		return code;
	LOG(LOG_NOTICE, "seed.begin", KV_S("active", a->sight.order.member_name[a->sight.order.active]));
	code = process_run(
	    &(struct process_spec){.argv = argv, .stdin_fd = -1, .stdout_fd = -1}, SEED_LIMIT_MS, &a->cancel, e);
	if (code)
		return code;
	LOG(LOG_NOTICE, "seed.end", KV_S("datadir", a->conf->datadir));
	return tail_is_gone(e);
}

static int step_enter_position(struct actor *a, struct errbuf *e)
{
	char path[PATH_BYTES], text[128], *end;
	struct gtid g;
	int code;

	(void)snprintf(path, sizeof(path), "%s/" ACTOR_COPY_FILE, a->conf->datadir);
	code = durable_read(path, text, sizeof(text), e);
	if (code)
		return code;
	end = strchr(text, '\n');
	if (strncmp(text, "gtid=", 5) != 0 || !end)
		return err_set(e, -EINVAL, "%s: line 1: gtid= expected", path);
	*end = '\0';
	if (gtid_parse(text + 5, &g))
		return err_set(e, -EINVAL, "%s: line 1: '%.40s' is not a GTID", path, text + 5);
	code = database_run(a->db, e, "RESET MASTER");
	if (!code)
		code = database_run(a->db, e, "SET GLOBAL gtid_binlog_state='%s'", text + 5);
	if (!code)
		code = database_run(a->db, e, "SET GLOBAL gtid_slave_pos='%s'", text + 5);
	return code ? code : durable_remove(path, e);
}

static int step_semi_off(struct actor *a, struct errbuf *e)
{
	return database_run(a->db, e, "SET GLOBAL rpl_semi_sync_master_enabled=0");
}

static int step_follow(struct actor *a, struct errbuf *e)
{
	int code;

	/* Its relay logs may be lost by a cut of power, and the other's still hold what nobody else would have then. */
	if (a->conf->durability_received && !a->sight.order.open)
		return err_set(
		    e, -EAGAIN, "waits until %s has opened", a->sight.order.member_name[a->sight.order.active]);
	code = a->conf->durability_received ? set_token_survives(a, false, e) : 0;

	if (!code && a->sight.db.slave) {
		code = database_run(a->db, e, "STOP SLAVE");
		if (!code)
			code = database_run(a->db, e, "RESET SLAVE ALL");
	}
	if (code)
		return code;
	/* log_slave_updates: what this log holds is what was applied. Without it transactions would be fetched again. */
	code = database_run(a->db, e, "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos");
	if (!code)
		code = database_run(a->db, e,
		    "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%u, MASTER_USER='holdfast-replication',"
		    " MASTER_PASSWORD='%s', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, "
		    "MASTER_HEARTBEAT_PERIOD=1,"
		    " MASTER_SSL=1, MASTER_SSL_CA='" CONF_PKI_DIR "/ca.pem', MASTER_SSL_CERT='" CONF_PKI_DIR
		    "/mariadb.pem',"
		    " MASTER_SSL_KEY='" CONF_PKI_DIR "/mariadb.key', MASTER_SSL_VERIFY_SERVER_CERT=0",
		    a->conf->relay_port, a->password);
	if (!code)
		code = database_run(a->db, e, "START SLAVE");
	return code;
}

static int step_start_io(struct actor *a, struct errbuf *e)
{
	return database_run(a->db, e, "START SLAVE IO_THREAD");
}

static int step_start_sql(struct actor *a, struct errbuf *e)
{
	return database_run(a->db, e, "START SLAVE SQL_THREAD");
}

static int step_stop_slave(struct actor *a, struct errbuf *e)
{
	return database_run(a->db, e, "STOP SLAVE");
}

static int step_stop_io(struct actor *a, struct errbuf *e)
{
	/* R6: the relay was closed by whoever brought the order; with it open, stopping the thread would cut nothing. */
	if (relay_open_epoch(a->relay) && a->sight.order.want == REPL_WANT_PROMOTE)
		return err_set(e, -EAGAIN, "the relay is still open");
	return database_run(a->db, e, "STOP SLAVE IO_THREAD");
}

static int step_drain(struct actor *a, struct errbuf *e)
{
	const struct observation *o = &a->sight.db;
	char gtid[GTID_TEXT_BYTES];
	int code;

	if (!gtid_reaches(o->applied, o->received)) {
		code = database_run(a->db, e, "DO MASTER_GTID_WAIT('%s', 0.05)", gtid_format(o->received, gtid));
		return code ? code : -EAGAIN;
	}
	code = database_run(a->db, e, "STOP SLAVE");
	if (!code)
		code = database_run(a->db, e, "RESET SLAVE ALL");
	a->sight.salvaged = !code;
	return code;
}

/* RESET SLAVE ALL, also when a cut of power has left the server without a readable master.info. */
static int forget_active(struct actor *a, struct errbuf *e)
{
	static const char *const files[] = {"master.info", "relay-log.info"};
	char path[PATH_BYTES];
	int code = database_run(a->db, e, "RESET SLAVE ALL");

	for (unsigned i = 0; code == -EREMOTEIO && i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", a->conf->datadir, files[i]);
		if (durable_remove(path, e))
			return -EIO;
	}
	return code == -EREMOTEIO ? database_run(a->db, e, "RESET SLAVE ALL") : code;
}

/* B2. Groups are filtered by GTID, so that doing it again does nothing. */
static int salvage(struct actor *a, struct errbuf *e)
{
	struct salvage_result r;
	struct observation now;
	int code = salvage_cut(a->conf->datadir, "relay.index", a->sight.db.applied, ACTOR_SALVAGE, &r, e);

	/* Every transaction has its number, and each is one more than the one before: what is missing was lost. */
	if (!code && r.groups && (r.hole || r.first_seq != a->sight.db.applied.seq + 1))
		return err_set(e, -EBADMSG,
		    "the relay log has a hole: data to %" PRIu64 ", then %" PRIu64 " to %" PRIu64,
		    a->sight.db.applied.seq, r.first_seq, r.last.seq);
	if (!code && r.groups)
		code = salvage_apply(ACTOR_SALVAGE, DATABASE_SOCKET, &a->ending, e);
	if (!code)
		code = observe(a->db, &now, e);
	if (code)
		return code;
	if (!gtid_reaches(now.binlog, r.last))
		return err_set(e, -EBADMSG, "the relay log reaches %" PRIu64 ", the data only %" PRIu64, r.last.seq,
		    now.binlog.seq);
	if (r.groups)
		LOG(LOG_NOTICE, "relay-log.salvage", KV_U("transactions", r.groups), KV_U("seq", r.last.seq));
	(void)unlink(ACTOR_SALVAGE);
	code = forget_active(a, e);
	a->sight.salvaged = !code;
	return code;
}

static int step_salvage(struct actor *a, struct errbuf *e)
{
	struct errbuf ignored;
	int code = salvage(a, e);

	/* Not provable: another copy is whole and in use, so this one says that it is not. Never when it may be the last. */
	if ((code == -EBADMSG || code == -EINVAL) && a->sight.order.want == REPL_WANT_FOLLOW_IN && a->sight.order.open)
		(void)step_destroy_token(a, &ignored);
	return code;
}

static int step_say_drained(struct actor *a, struct errbuf *e)
{
	int code = 0;

	if (relay_open_epoch(a->relay))
		return err_set(e, -EAGAIN, "the relay is still open");
	if (a->sight.order.want == REPL_WANT_STAND_IN)
		code = tail_keep(a, e);
	/* All is in the data now, which is always fsynced. The record may soon name this copy alone. */
	if (!code)
		code = set_token_survives(a, true, e);
	if (!code)
		a->sight.drained_epoch = a->sight.order.epoch;
	return code;
}

/* A crash of the machine costs this copy what it has: it does not count, and comes back by a fresh one. */
static int step_relax(struct actor *a, struct errbuf *e)
{
	return database_run(
	    a->db, e, "SET GLOBAL sync_relay_log=0, GLOBAL sync_binlog=0, GLOBAL innodb_flush_log_at_trx_commit=2");
}

static int sync_files(struct actor *a, struct errbuf *e)
{
	static const char *const logs[] = {"relay.index", "binlog.index"}, *const files[] = {
									       "master.info", "relay-log.info"};
	int code = 0;

	for (unsigned i = 0; !code && i < sizeof(logs) / sizeof(logs[0]); i++)
		code = salvage_sync(a->conf->datadir, logs[i], e);
	for (unsigned i = 0; !code && i < sizeof(files) / sizeof(files[0]); i++)
		code = durable_sync(a->conf->datadir, files[i], e);
	return code;
}

/* First the settings, then the applier at rest, so that nothing is under way that was begun before them; what is made
 * durable then is all there is. LOCAL: a plain FLUSH would be a transaction of our own in the binary log. START of one thread may throw relay logs away, and may: there is no token. */
static int step_sync(struct actor *a, struct errbuf *e)
{
	int code = database_run(a->db, e,
	    "SET GLOBAL sync_relay_log=%d, GLOBAL sync_binlog=1, GLOBAL innodb_flush_log_at_trx_commit=1",
	    !a->conf->durability_received);

	if (!code)
		code = database_run(a->db, e, "STOP SLAVE SQL_THREAD");
	if (!code)
		code = database_run(a->db, e, "FLUSH LOCAL ENGINE LOGS");
	if (!code)
		code = sync_files(a, e);
	if (!code && a->sight.order.want != REPL_WANT_STAND_IN)
		code = database_run(a->db, e, "START SLAVE SQL_THREAD");
	if (code)
		(void)step_relax(a, NULL);
	return code;
}

static int step_new_token(struct actor *a, struct errbuf *e)
{
	struct token t;
	/* It follows: what it has is what the active has. */
	int code = a->sight.order.want == REPL_WANT_FOLLOW_OUT ? tail_is_gone(e) : 0;

	if (!code)
		code = token_create(ACTOR_TOKEN, a->conf->name, a->boot_id, !a->conf->durability_received, &t, e);
	if (!code)
		LOG(LOG_NOTICE, "token.create", KV_U("epoch", a->sight.order.epoch));
	return code;
}

static int step_set_semi(struct actor *a, struct errbuf *e)
{
	a->sight.marked = false;
	return database_run(a->db, e, "SET GLOBAL rpl_semi_sync_master_enabled=%d", a->sight.order.semi_sync != 0);
}

static int step_set_dirty(struct actor *a, struct errbuf *e)
{
	return tail_begin(a, e);
}

static int step_send_row(struct actor *a, struct errbuf *e)
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
		    "INSERT IGNORE INTO holdfast.cluster_epoch (epoch, node) VALUES (%" PRIu64 ", '%s')", o->epoch,
		    a->conf->name);
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

static int step_writable(struct actor *a, struct errbuf *e)
{
	int code = database_run(a->db, e, "SET GLOBAL read_only=0");

	if (!code)
		LOG(LOG_NOTICE, "database.open", KV_U("epoch", a->sight.order.epoch));
	return code;
}

/* It waits for commits. The ledger is at rest, but one that it gave up may hang there for want of an acknowledgement. */
static int step_read_only(struct actor *a, struct errbuf *e)
{
	int code = database_run(a->db, e, "SET lock_wait_timeout=1");

	if (!code)
		code = database_run(a->db, e, "SET GLOBAL read_only=1");
	if (!code)
		LOG(LOG_NOTICE, "database.close", KV_U("epoch", a->sight.order.epoch));
	return code;
}

/* R5: semi-sync was seen on before this position is read. */
static int step_mark(struct actor *a, struct errbuf *e)
{
	struct observation now;
	int code = observe(a->db, &now, e);

	if (code)
		return code;
	a->sight.sync_mark = now.binlog;
	a->sight.no_tx_at_mark = now.no_tx;
	a->sight.marked = true;
	return 0;
}

/* In the order of PLAN_STEPS; none: the step is to wait. */
static int (*const steps[STEP_COUNT])(struct actor *, struct errbuf *) = {
    [STEP_KILL] = step_kill,
    [STEP_PREPARE] = step_prepare,
    [STEP_START] = step_start,
    [STEP_CLEAN] = step_clean,
    [STEP_SEED] = step_seed,
    [STEP_ENTER_POSITION] = step_enter_position,
    [STEP_SEMI_OFF] = step_semi_off,
    [STEP_DESTROY_TOKEN] = step_destroy_token,
    [STEP_FOLLOW] = step_follow,
    [STEP_START_IO] = step_start_io,
    [STEP_START_SQL] = step_start_sql,
    [STEP_STOP_IO] = step_stop_io,
    [STEP_STOP_SLAVE] = step_stop_slave,
    [STEP_DRAIN] = step_drain,
    [STEP_SALVAGE] = step_salvage,
    [STEP_SAY_DRAINED] = step_say_drained,
    [STEP_RELAX] = step_relax,
    [STEP_SYNC] = step_sync,
    [STEP_NEW_TOKEN] = step_new_token,
    [STEP_SET_SEMI] = step_set_semi,
    [STEP_SET_DIRTY] = step_set_dirty,
    [STEP_SEND_ROW] = step_send_row,
    [STEP_WRITABLE] = step_writable,
    [STEP_MARK] = step_mark,
    [STEP_READ_ONLY] = step_read_only,
};

int step_take(struct actor *a, enum plan_step step, struct errbuf *e)
{
	return steps[step] ? steps[step](a, e) : -EAGAIN;
}
