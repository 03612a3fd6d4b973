#include "replication/step.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/durable.h"
#include "replication/inuse.h"
#include "replication/relaykeep.h"
#include "replication/salvage.h"

#define START_AGAIN_US 1000000
#define SALVAGE_TRIES 3 /* of a replica */
#define PATH_BYTES 256

void step_forget(struct actor *a)
{
	struct sight *s = &a->sight;

	s->drained_epoch = 0;
	s->salvaged = false;
	s->salvage_tries = 0;
	s->row_sent = false;
	s->marked = false;
	watch_forget(&s->watch);
	/* What was found to be another stays that: nothing writes into it. */
	s->lineage_known = s->lineage_known && s->lineage == LINEAGE_OTHER;
	s->answered = false;
	s->mute_us = 0;
	database_close(a->db);
	database_close(a->row_db);
}

int step_kill(struct actor *a, struct errbuf *e)
{
	a->sight.prepared = false;
	step_forget(a);
	return server_kill(a->server, e);
}

/* The cluster is given up: anybody may have what nobody else has, also who did not count. The token goes first, for whoever starts anew before
 * all is saved, and hears nobody, must not serve again. What was saved once is not saved at each start. */
static int give_up(struct actor *a, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;
	char at[GTID_TEXT_BYTES], done[128], before[128] = "";
	int code = step_destroy_token(a, e);

	if (code)
		return code;
	(void)snprintf(done, sizeof(done), "epoch=%llu at=%s\n", (unsigned long long)o->epoch,
	    gtid_format(o->active_opened_at, at));
	code = durable_read(ACTOR_GIVEN_UP, before, sizeof(before), e);
	if (!code && strcmp(before, done) == 0)
		return 0;
	code = tail_export(a, e);
	if (!code)
		code = tail_is_gone(e);
	return code ? code : durable_write(ACTOR_GIVEN_UP, done, e);
}

static int step_prepare(struct actor *a, struct errbuf *e)
{
	int code = 0;

	if (a->sight.order.want == REPL_WANT_GIVEN_UP) {
		code = give_up(a, e);
	} else {
		if (a->sight.dirty.epoch)
			code = tail_export(a, e);
		if (!code)
			code = step_destroy_token(a, e);
	}
	a->sight.prepared = !code;
	return code;
}

static int step_start(struct actor *a, struct errbuf *e)
{
	uint64_t now_us = clock_boottime_us();
	int code;

	if (a->started_us && now_us < a->started_us + START_AGAIN_US)
		return err_set(e, -EAGAIN, "%s",
		    a->starts > 1 ? "mariadbd does not start: journalctl -u mariadb" : "mariadbd is being started");
	a->started_us = now_us;
	a->starts++;
	/* If it cannot be written, mariadbd will say what is wrong with it. */
	code = inuse_mark(a->conf->datadir, e);
	if (code < 0)
		LOG(LOG_ERR, "binlog.unmarked", KV_S("why", e->text));
	if (code > 0)
		LOG(LOG_NOTICE, "binlog.recover",
		    KV_S("why", "it was closed in order, and what mariadbd does after that may not have been done"));
	return server_start(a->server, e);
}

static int step_clean(struct actor *a, struct errbuf *e)
{
	/* The mark also said that a cut of power costs this copy nothing: without it that is the token's to say. */
	int code = a->sight.order.want == REPL_WANT_DRAIN ? step_set_token_survives(a, true, e) : 0;

	a->sight.prepared = false;
	return code ? code : tail_settle(a, e);
}

static int step_semi_off(struct actor *a, struct errbuf *e)
{
	return database_run(a->db, e, "SET GLOBAL rpl_semi_sync_master_enabled=0");
}

/* RESET SLAVE ALL, also when a cut of power has left the server without a readable master.info. */
static int forget_active(struct actor *a, struct errbuf *e)
{
	static const char *const files[] = {"master.info", "relay-log.info"};
	char path[PATH_BYTES];
	/* A replica's next start is a SLAVE one, which cuts what InnoDB has committed in memory only, and its relay logs go here. */
	int code = a->sight.order.self == REPL_REPLICA ? database_run(a->db, e, "FLUSH LOCAL ENGINE LOGS") : 0;

	if (!code)
		code = database_run(a->db, e, "RESET SLAVE ALL");

	for (unsigned i = 0; code == -EREMOTEIO && i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", a->conf->datadir, files[i]);
		if (durable_remove(path, e))
			return -EIO;
	}
	return code == -EREMOTEIO ? database_run(a->db, e, "RESET SLAVE ALL") : code;
}

static int step_follow(struct actor *a, struct errbuf *e)
{
	int code;

	/* Its relay logs may be lost by a cut of power, and the other's still hold what nobody else would have then. */
	if (a->conf->durability_received && !a->sight.order.open)
		return err_set(
		    e, -EAGAIN, "waits until %s has opened", a->sight.order.member_name[a->sight.order.active]);
	/* A replica's opens only when the histories were compared; a receiver that is refused waits a second. */
	if (a->sight.order.want == REPL_WANT_REPLICA && relay_open_epoch(a->relay) != a->sight.order.epoch)
		return err_set(e, -EAGAIN, "waits for the relay");
	code = a->conf->durability_received ? step_set_token_survives(a, false, e) : 0;

	if (!code && a->sight.db.slave)
		code = database_run(a->db, e, "STOP SLAVE");
	/* Who counts has salvaged what it received by now. MariaDB never syncs master.info: what a cut of power leaves of it may be an empty
	 * file, which is no slave, and with which no CHANGE MASTER succeeds. */
	if (!code && (a->sight.db.slave || a->sight.order.want == REPL_WANT_FOLLOW_OUT))
		code = forget_active(a, e);
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
	/* From now on it receives anew. */
	if (!code && a->sight.order.want == REPL_WANT_REPLICA) {
		a->sight.salvaged = false;
		a->sight.salvage_tries = 0;
	}
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

/* B2. Groups are filtered by GTID, so that doing it again does nothing. */
static int salvage(struct actor *a, struct errbuf *e)
{
	/* mariadb-binlog executes what the applier would refuse: an event whose checksum does not fit. */
	const struct salvage_range range = {.above_seq = a->sight.db.applied.seq, .verify = true};
	struct salvage_result r;
	struct observation now;
	int code = salvage_cut_range(a->conf->datadir, "relay.index", &range, ACTOR_SALVAGE, &r, e);

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
	if (!code)
		a->sight.salvage_tries = 0;
	return code;
}

/* A replica that cannot apply what it received. Beside the pair the two histories are compared with it lying there, and it goes only where the
 * source has all of it, or when it is exported. When it stands in for a pair that is gone, an operator has accepted that it is lost. */
static int leave_received(struct actor *a, int failed, struct errbuf *e)
{
	struct errbuf why = *e;
	char raw[PATH_BYTES];
	int code = 0;

	/* What takes long, or a server that went away, says nothing about what was received. */
	if (failed == -ETIMEDOUT || failed == -EPIPE || ++a->sight.salvage_tries < SALVAGE_TRIES)
		return failed;
	LOG(LOG_ERR, "relay-log.unapplied", KV_S("why", why.text));
	if (a->sight.order.want == REPL_WANT_STAND_IN) {
		code = tail_export_received(a, e);
		/* Nor can all of it be exported where a file of it cannot be read; what is around that is kept as it is. */
		(void)snprintf(raw, sizeof(raw), CONF_TAILS_DIR "/epoch-%" PRIu64 "-received", a->sight.order.epoch);
		if (!code && mkdir(CONF_TAILS_DIR, 0700) && errno != EEXIST)
			code = err_set(e, -errno, CONF_TAILS_DIR ": %s", strerror(errno));
		if (!code)
			code = relay_keep(a->conf->datadir, raw, e);
		if (!code)
			code = forget_active(a, e);
	}
	a->sight.salvaged = !code;
	return code;
}

static int step_salvage(struct actor *a, struct errbuf *e)
{
	struct errbuf ignored;
	int code = salvage(a, e);

	if (a->sight.order.self == REPL_REPLICA && code && code != -EAGAIN && code != -ECANCELED)
		return leave_received(a, code, e);

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
		code = step_set_token_survives(a, true, e);
	if (!code)
		a->sight.drained_epoch = a->sight.order.epoch;
	return code;
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
    [STEP_COMPARE] = step_compare,
};

int step_take(struct actor *a, enum plan_step step, struct errbuf *e)
{
	return steps[step] ? steps[step](a, e) : -EAGAIN;
}
