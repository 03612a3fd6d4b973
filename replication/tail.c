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
#include "replication/tail_summary.h"

#define PATH_BYTES 256

/* The last of the files: where it lies, the export is whole. */
static int tell(const struct actor *a, const struct salvage_result *r, const struct journal_counts *made,
    struct gtid above, uint64_t epoch, const char *file, const struct tm *tm, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;
	char when[TAIL_TIME_BYTES], path[PATH_BYTES + 16], text[TAIL_SUMMARY_BYTES], last[GTID_TEXT_BYTES];
	const struct tail_summary s = {.node = a->conf->name,
	    .active = o->member_name[o->active],
	    .when = when,
	    .file = file,
	    .opened_epoch = epoch,
	    .epoch = o->epoch,
	    .above = above,
	    .transactions = r->groups,
	    .first_seq = r->first_seq,
	    .last = r->last,
	    .made = *made};
	int code;

	(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", tm);
	(void)snprintf(path, sizeof(path), "%s.summary", file);
	tail_summary_text(&s, text);
	code = durable_write(path, text, e);
	if (!code)
		LOG(LOG_WARNING, "tail.export", KV_U("transactions", r->groups), KV_U("transfers", made->transfers),
		    KV_U("topups", made->topups), KV_U("accounts", made->accounts), KV_U("payments", made->payments),
		    KV_U("refunds", made->refunds), KV_U("withdrawals", made->withdrawals), KV_U("users", made->users),
		    KV_U("captures", made->captures), KV_U("voids", made->voids), KV_U("expiries", made->expiries),
		    KV_U("confirmed", made->confirmed), KV_U("failed", made->failed), KV_U("changes", made->changes),
		    KV_U("others", made->others), KV_U("from", r->first_seq), KV_S("to", gtid_format(r->last, last)),
		    KV_U("opened_epoch", epoch), KV_U("epoch", o->epoch), KV_S("summary", path));
	return code;
}

/* epoch: of which it is, for its name. */
static int export_above(struct actor *a, struct gtid above, uint64_t epoch, struct errbuf *e)
{
	char file[PATH_BYTES], when[TAIL_TIME_BYTES];
	struct journal_counts made;
	struct salvage_result r;
	time_t now = time(NULL);
	struct tm tm;
	int code;

	if (mkdir(CONF_TAILS_DIR, 0700) && errno != EEXIST)
		return err_set(e, -errno, CONF_TAILS_DIR ": %s", strerror(errno));
	(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	(void)snprintf(file, sizeof(file), CONF_TAILS_DIR "/epoch-%" PRIu64 "-%s", epoch, when);
	code = salvage_cut(a->conf->datadir, "binlog.index", above, file, &r, e);
	if (code || r.groups == 0)
		return code;
	code = salvage_print(file, &a->ending, &made, e);
	return code ? code : tell(a, &r, &made, above, epoch, file, &tm, e);
}

int tail_export(struct actor *a, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;

	if (o->active_opened_at.seq == 0)
		return err_set(e, -EAGAIN, "waits to hear at which position %s opened", o->member_name[o->active]);
	return export_above(a, dirty_tail_above(&a->sight.dirty, o->active_opened_at), a->sight.dirty.epoch, e);
}

int tail_export_parted(struct actor *a, struct errbuf *e)
{
	struct gtid above = {.seq = a->sight.lineage_parted_seq};
	int code = export_above(a, above, a->sight.lineage_epoch, e);

	a->sight.lineage_saved = !code;
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
