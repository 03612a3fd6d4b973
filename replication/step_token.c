/* The token, and what it says: that relay logs and data are on disk as the configuration wants them (S7). */
#include "replication/step.h"

#include <errno.h>
#include <string.h>

#include "heartbeat/durable.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"
#include "replication/salvage.h"

int step_destroy_token(struct actor *a, struct errbuf *e)
{
	int code = durable_remove(ACTOR_TOKEN, e);

	if (!code && !token_is_none(&a->sight.token))
		LOG(LOG_NOTICE, "token.destroy", KV_S("want", "standby"), KV_U("epoch", a->sight.order.epoch));
	return code;
}

/* Is there from now on something in relay logs that the token speaks of, and that a cut of power may take away (S7)? */
int step_set_token_survives(struct actor *a, bool survives, struct errbuf *e)
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

static int relax(struct actor *a, struct errbuf *e)
{
	return database_run(
	    a->db, e, "SET GLOBAL sync_relay_log=0, GLOBAL sync_binlog=0, GLOBAL innodb_flush_log_at_trx_commit=2");
}

/* A crash of the machine costs this copy what it has: it does not count, and comes back by a fresh one. */
int step_relax(struct actor *a, struct errbuf *e)
{
	if (!facts_may_relax(&a->sight, clock_boottime_us()))
		return err_set(e, -EAGAIN, "waits until the active knows that its token is gone");
	return relax(a, e);
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

int step_sync_all(struct actor *a, struct errbuf *e)
{
	int code = database_run(a->db, e, "FLUSH LOCAL ENGINE LOGS");

	return code ? code : sync_files(a, e);
}

/* First the settings, then the applier at rest, so that nothing is under way that was begun before them; what is made
 * durable then is all there is. LOCAL: a plain FLUSH would be a transaction of our own in the binary log. START of one thread may throw relay logs away, and may: there is no token. */
int step_sync(struct actor *a, struct errbuf *e)
{
	int code = database_run(a->db, e,
	    "SET GLOBAL sync_relay_log=%d, GLOBAL sync_binlog=1, GLOBAL innodb_flush_log_at_trx_commit=1",
	    !a->conf->durability_received);

	if (!code)
		code = database_run(a->db, e, "STOP SLAVE SQL_THREAD");
	if (!code)
		code = step_sync_all(a, e);
	if (!code && a->sight.order.want != REPL_WANT_STAND_IN)
		code = database_run(a->db, e, "START SLAVE SQL_THREAD");
	if (code)
		(void)relax(a, NULL);
	return code;
}

int step_new_token(struct actor *a, struct errbuf *e)
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
