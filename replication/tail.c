/*
 * What this copy wrote itself and another one may lack: where it begins, and that it is saved before it goes.
 *
 * Whoever opens remembers at which position (the dirty mark), and says so: who was active before exports what it has above. That is
 * true as long as both logs are one up to there. It is not when a role was forced upon a copy that had gone another way than the lost
 * one: with a tail of its own, or with what the lost one had not replaced yet. Then the position is ANYWHERE, and whoever comes back
 * exports all that it wrote since it opened itself.
 */
#include "replication/actor_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "heartbeat/log.h"
#include "replication/salvage.h"

#define PATH_BYTES 256

int tail_export(struct actor *a, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;
	char file[PATH_BYTES], when[32];
	struct salvage_result r;
	time_t now = time(NULL);
	struct tm tm;
	int code;

	if (o->active_opened_at.seq == 0)
		return err_set(e, -EAGAIN, "waits to hear at which position %s opened", o->member_name[o->active]);
	if (mkdir(CONF_TAILS_DIR, 0700) && errno != EEXIST)
		return err_set(e, -errno, CONF_TAILS_DIR ": %s", strerror(errno));
	(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	(void)snprintf(file, sizeof(file), CONF_TAILS_DIR "/epoch-%" PRIu64 "-%s", a->sight.dirty.epoch, when);
	code = salvage_cut(
	    a->conf->datadir, "binlog.index", dirty_tail_above(&a->sight.dirty, o->active_opened_at), file, &r, e);
	if (code || r.groups == 0)
		return code;
	code = salvage_print(file, &a->ending, e);
	if (!code)
		LOG(LOG_WARNING, "tail.export", KV_U("transactions", r.groups), KV_S("file", file));
	return code;
}

int tail_begin(struct actor *a, struct errbuf *e)
{
	struct dirty_mark d;

	dirty_open(&a->sight.dirty, a->sight.parted, a->sight.order.epoch, a->sight.db.binlog, &d);
	return dirty_store(ACTOR_DIRTY, &d, e);
}

int tail_keep(struct actor *a, struct errbuf *e)
{
	uint64_t epoch = a->sight.dirty.epoch;
	struct dirty_mark d = {.epoch = epoch == UINT64_MAX ? 1 : epoch, .opened_at = DIRTY_OPENED_ANYWHERE};

	if (!epoch)
		return 0;
	LOG(LOG_WARNING, "tail.keep", KV_U("epoch", epoch));
	return dirty_store(ACTOR_DIRTY, &d, e);
}

int tail_is_gone(struct errbuf *e)
{
	int code = durable_remove(ACTOR_PARTED, e);

	return code ? code : durable_remove(ACTOR_DIRTY, e);
}

int tail_settle(struct actor *a, struct errbuf *e)
{
	const struct sight *s = &a->sight;
	int code;

	/* Complete: whoever comes next has all of it. */
	if (s->order.want == REPL_WANT_DRAIN)
		return tail_is_gone(e);
	/* The start has cut what was not committed. What was stays until a fresh copy replaces it. */
	if (dirty_is_cut(&s->dirty, s->order.active_opened_at, s->db.binlog))
		return tail_is_gone(e);
	code = durable_write(ACTOR_PARTED, "its log has what the active's has not\n", e);
	return code ? code : durable_remove(ACTOR_DIRTY, e);
}
