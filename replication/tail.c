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
#include "replication/tailfiles.h"

#define PATH_BYTES 256
#define BINLOG_INDEX "binlog.index"
#define RELAY_INDEX "relay.index"

/* One export: from which logs, and what is known of it. */
struct export
{
	const char *index; /* binlog.index or relay.index */
	struct gtid above;
	uint64_t opened_epoch; /* in which it was opened for writing; 0: it was not */
	char file[PATH_BYTES], when[TAIL_TIME_BYTES];
};

static const char *name_of(const struct repl_order *o, uint8_t member)
{
	return member < sizeof(o->member_name) / sizeof(o->member_name[0]) ? o->member_name[member] : "";
}

static enum tail_kind kind_of(const struct repl_order *o)
{
	if (o->want == REPL_WANT_GIVEN_UP)
		return TAIL_GIVEN_UP;
	return o->self == REPL_REPLICA ? TAIL_REPLICA : TAIL_OWN;
}

/* The last of the files: where it lies, the export is whole. */
static int tell(const struct actor *a, const struct export *x, const struct salvage_result *r,
    const struct journal_counts *made, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;
	char path[PATH_BYTES + 16], text[TAIL_SUMMARY_BYTES], last[GTID_TEXT_BYTES];
	const struct tail_summary s = {.node = a->conf->name,
	    .active = o->want == REPL_WANT_STAND_IN ? a->conf->name : name_of(o, o->active),
	    .kind = kind_of(o),
	    .received = strcmp(x->index, RELAY_INDEX) == 0,
	    .when = x->when,
	    .file = x->file,
	    .opened_epoch = x->opened_epoch,
	    .epoch = o->epoch,
	    .above = x->above,
	    .transactions = r->groups,
	    .first_seq = r->first_seq,
	    .last = r->last,
	    .made = *made};
	int code;

	(void)snprintf(path, sizeof(path), "%s.summary", x->file);
	tail_summary_text(&s, text);
	code = durable_write(path, text, e);
	if (!code)
		LOG(LOG_WARNING, "tail.export", KV_U("transactions", r->groups), KV_U("transfers", made->transfers),
		    KV_U("topups", made->topups), KV_U("accounts", made->accounts), KV_U("payments", made->payments),
		    KV_U("refunds", made->refunds), KV_U("withdrawals", made->withdrawals), KV_U("users", made->users),
		    KV_U("captures", made->captures), KV_U("voids", made->voids), KV_U("expiries", made->expiries),
		    KV_U("confirmed", made->confirmed), KV_U("failed", made->failed), KV_U("changes", made->changes),
		    KV_U("others", made->others), KV_U("from", r->first_seq), KV_S("to", gtid_format(r->last, last)),
		    KV_U("opened_epoch", x->opened_epoch), KV_U("epoch", o->epoch), KV_S("summary", path));
	return code;
}

/* epoch: of which it is, for its name. */
static int take_out(
    struct actor *a, const char *index, struct gtid above, uint64_t epoch, uint64_t opened_epoch, struct errbuf *e)
{
	struct export x = {.index = index, .above = above, .opened_epoch = opened_epoch};
	bool received = strcmp(index, RELAY_INDEX) == 0;
	char when[TAIL_TIME_BYTES], before[PATH_BYTES];
	struct journal_counts made;
	struct salvage_result r;
	time_t now = time(NULL);
	struct tm tm;
	int code;

	if (mkdir(CONF_TAILS_DIR, 0700) && errno != EEXIST)
		return err_set(e, -errno, CONF_TAILS_DIR ": %s", strerror(errno));
	(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	(void)strftime(x.when, sizeof(x.when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	(void)snprintf(
	    x.file, sizeof(x.file), CONF_TAILS_DIR "/epoch-%" PRIu64 "-%s%s", epoch, when, received ? "-received" : "");
	code = salvage_cut(a->conf->datadir, index, above, x.file, &r, e);
	if (code || r.groups == 0)
		return code;
	if (tailfiles_has(x.file, before, sizeof(before))) {
		LOG(LOG_NOTICE, "tail.again", KV_S("file", before), KV_U("transactions", r.groups));
		return durable_remove(x.file, e);
	}
	code = salvage_print(x.file, &a->ending, &made, e);
	return code ? code : tell(a, &x, &r, &made, e);
}

/* What was received and is in no binary log: whole transactions above the end of that. Nothing that the binary log has at or below `above`
 * matters. */
static int take_out_received(struct actor *a, struct gtid above, uint64_t epoch, struct errbuf *e)
{
	const struct salvage_range range = {.above_seq = above.seq};
	struct salvage_result own;
	int code = salvage_cut_range(a->conf->datadir, BINLOG_INDEX, &range, NULL, &own, e);

	if (!code && own.last.seq > above.seq)
		above = own.last;
	if (!code)
		code = take_out(a, RELAY_INDEX, above, epoch, 0, e);
	/* What a cut of power has made of it: nobody will read it later either. */
	if (code == -EINVAL)
		LOG(LOG_ERR, "relay-log.unreadable", KV_S("why", e->text));
	return code == -EINVAL ? 0 : code;
}

int tail_export(struct actor *a, struct errbuf *e)
{
	const struct repl_order *o = &a->sight.order;
	uint64_t opened = a->sight.dirty.epoch;
	struct gtid above;
	int code = 0;

	if (o->active_opened_at.seq == 0)
		return err_set(e, -EAGAIN, "waits to hear at which position %s opened", name_of(o, o->active));
	above = dirty_tail_above(&a->sight.dirty, o->active_opened_at);
	/* A standby has acknowledged what only its relay logs have. */
	if (o->want == REPL_WANT_GIVEN_UP) {
		above = dirty_given_up_above(&a->sight.dirty, o->active_opened_at, o->self + 1u);
		code = take_out_received(a, above, o->epoch, e);
	}
	return code ? code : take_out(a, BINLOG_INDEX, above, opened ? opened : o->epoch, opened, e);
}

int tail_export_parted(struct actor *a, struct errbuf *e)
{
	struct gtid above = {.seq = a->sight.lineage_parted_seq};
	int code = take_out_received(a, above, a->sight.lineage_epoch, e);

	if (!code)
		code = take_out(a, BINLOG_INDEX, above, a->sight.lineage_epoch, 0, e);
	a->sight.lineage_saved = !code;
	return code;
}

int tail_export_received(struct actor *a, struct errbuf *e)
{
	return take_out_received(a, a->sight.db.applied, a->sight.order.epoch, e);
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

	if (!code)
		code = durable_remove(ACTOR_LINEAGE, e);
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
