#include <errno.h>
#include <string.h>

#include "tests/simulation/mutant.h"
#include "tests/simulation/replicationd.h"
#include "tests/simulation/world.h"

#include "replication/gate.h"

#define START_AGAIN_US 1000000

void replicationd_forget(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct sight *s = &d->repl.sight;

	s->drained_epoch = 0;
	s->salvaged = s->row_sent = s->marked = false;
	watch_forget(&s->watch);
	mariadb_hang_up(&d->server, MARIADB_ROW);
}

void replicationd_destroy_token(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;

	d->has_token = false;
	d->server.acknowledged = 0;
	d->server.acknowledged_chain = 0;
}

/* R7. The mutants are the other ways to stop a server. */
static int step_kill(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	(void)part;
	d->repl.sight.prepared = false;
	replicationd_forget(w, at);
	if (mutant_on(M26_FENCE_BY_KILL_QUERY))
		mariadb_kill_sessions(&d->server, true);
	if (mutant_on(M26_FENCE_BY_SEMI_SYNC_OFF))
		mariadb_set_semi(&d->server, false);
	mariadb_end(&d->server, mutant_on(M26_FENCE_BY_SIGTERM) ? MARIADB_SIGTERM : MARIADB_SIGKILL);
	return 0;
}

/* R11: everything above the position at which the next one opened. */
static int export_tail(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	const struct repl_order *o = &d->repl.sight.order;
	uint64_t above_seq;

	if (mutant_on(R11_TAIL_NOT_EXPORTED))
		return 0;
	if (o->active_opened_at.seq == 0)
		return -EAGAIN;
	above_seq = dirty_tail_above(&d->dirty, o->active_opened_at).seq;
	for (unsigned i = 0; i < d->server.length; i++)
		if (d->server.log[i].seq > above_seq)
			book_export(&w->book, d->server.log[i].id);
	return 0;
}

static int step_prepare(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	if (part == 0) {
		int code = d->dirty.epoch ? export_tail(w, at) : 0;

		return code ? code : STEP_MORE;
	}
	if (!mutant_on(M14_TOKEN_KEPT_OVER_SLAVE_START))
		replicationd_destroy_token(w, at);
	d->repl.sight.prepared = true;
	return 0;
}

/* What a SLAVE start has cut off must have been saved. */
static void start_server(struct world *w, unsigned at, bool slave)
{
	struct database *d = &w->member[at].db;
	struct mariadb *m = &d->server;
	unsigned had = m->length;
	bool hard = m->hardened;

	if (mutant_on(M13_SLAVE_START_ALWAYS))
		slave = true;
	if (mutant_on(M13_MASTER_START_ALWAYS))
		slave = false;
	if (mutant_on(M49_FORCE_CUTS_TAIL) && d->repl.order.want == REPL_WANT_STAND_IN && d->dirty.epoch)
		slave = true;
	mariadb_start(m, slave, w->now_us);
	/* A recovery that commits a tail is to be expected of one that counts, and of nobody else. */
	if (d->repl.order.want == REPL_WANT_FOLLOW_OUT)
		m->hardened = hard;
	for (unsigned i = m->length; i < had; i++)
		book_lose(w, at, i);
}

/* The gate asks the main thread: the newest order, the facts of the last look. */
static int step_start(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;
	struct replicationd *r = &d->repl;
	enum gate_role role;
	const char *why;

	if (part == 0) {
		if (r->started_us && w->now_us < r->started_us + START_AGAIN_US)
			return -EAGAIN;
		r->started_us = w->now_us;
		return STEP_MORE;
	}
	role = gate_decide((enum repl_want)r->order.want, r->facts, &why);
	if (role == GATE_REFUSED)
		return -EIO;
	if (!d->server.process)
		start_server(w, at, role == GATE_SLAVE);
	return 0;
}

/* step_token.c, step_set_token_survives() */
static void set_token_survives(struct database *d, bool survives)
{
	if (!d->has_token || d->token.sync_relay == survives)
		return;
	d->token.sync_relay = survives;
	memcpy(d->token.boot_id, d->boot_id, sizeof(d->token.boot_id));
}

static int step_clean(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	(void)part;
	if (d->repl.sight.order.want == REPL_WANT_DRAIN)
		set_token_survives(d, true);
	d->repl.sight.prepared = false;
	d->parted = !mutant_on(R11_PARTING_FORGOTTEN) && d->repl.sight.order.want != REPL_WANT_DRAIN &&
		    !dirty_is_cut(&d->repl.sight.dirty, d->repl.sight.order.active_opened_at, d->repl.sight.db.binlog);
	memset(&d->dirty, 0, sizeof(d->dirty));
	return 0;
}

/* A copy is needed when two histories differ; that is to be explained by a crash. */
static void check_reseed(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	const struct mariadb *m = &d->server;

	w->reseeds++;
	if (d->data && !m->torn && !m->hardened && !(w->given_up >> at & 1))
		world_broken(w, "%c takes a fresh copy, and no crash explains why", "ab"[at]);
}

static int take_copy(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	unsigned from = d->repl.sight.order.active;
	struct mariadb *m = &d->server, *of;

	if (d->repl.order.want != REPL_WANT_FOLLOW_OUT || from > 1 || from == at || d->repl.order.active != from)
		return -ECANCELED;
	of = &w->member[from].db.server;
	if (!world_connected(w, at, from) || !of->up)
		return -EPIPE;
	check_reseed(w, at);
	if (d->has_token)
		world_broken(w, "%c takes a fresh copy under the token of the old", "ab"[at]);
	for (unsigned i = m->length; i && !mariadb_holds(of, i, mariadb_chain(m, i)); i--)
		book_lose(w, at, i - 1);
	mariadb_copy(m, of);
	w->given_up &= (uint8_t) ~(1u << at);
	d->data = d->copy_new = true;
	return STEP_MORE;
}

static int step_seed(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	switch (part) {
	case 0: {
		int code = d->dirty.epoch && d->data ? export_tail(w, at) : 0;

		return code ? code : STEP_MORE;
	}
	case 1:
		if (!mutant_on(M14_TOKEN_KEPT_OVER_RESEED))
			replicationd_destroy_token(w, at);
		return STEP_MORE;
	case 2: (void)step_kill(w, at, 0); return STEP_MORE;
	case 3: return take_copy(w, at);
	default:
		d->parted = false;
		memset(&d->dirty, 0, sizeof(d->dirty));
		return 0;
	}
}

static int step_enter_position(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	w->member[at].db.copy_new = false;
	return 0;
}

static int step_semi_off(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	mariadb_set_semi(&w->member[at].db.server, false);
	return 0;
}

static int step_destroy(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	replicationd_destroy_token(w, at);
	return 0;
}

static int step_follow(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;
	struct mariadb *m = &d->server;

	switch (part) {
	case 0:
		if (d->durability_received && !d->repl.sight.order.open)
			return -EAGAIN;
		if (d->durability_received)
			set_token_survives(d, false);
		mariadb_stop_slave(m, true, true);
		return STEP_MORE;
	case 1:
		if (d->repl.sight.db.slave)
			mariadb_reset_slave(m);
		return STEP_MORE;
	case 2: m->slave = true; return STEP_MORE;
	default: mariadb_start_slave(m, true, true, w->now_us); return 0;
	}
}

static int step_start_io(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	mariadb_start_slave(&w->member[at].db.server, true, false, w->now_us);
	return 0;
}

static int step_start_sql(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	mariadb_start_slave(&w->member[at].db.server, false, true, w->now_us);
	return 0;
}

static int step_stop_slave(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	mariadb_stop_slave(&w->member[at].db.server, true, true);
	return 0;
}

static int step_stop_io(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	(void)part;
	if (d->repl.relay_epoch && d->repl.sight.order.want == REPL_WANT_PROMOTE && !mutant_on(M10_CUT_NOT_VERIFIED))
		return -EAGAIN;
	mariadb_stop_slave(&d->server, true, false);
	return 0;
}

static int step_drain(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;
	const struct observation *o = &d->repl.sight.db;

	if (part == 0 && !gtid_reaches(o->applied, o->received) && !mutant_on(M11_DRAIN_REPORTED_EARLY))
		return -EAGAIN;
	if (part == 0) {
		mariadb_stop_slave(&d->server, true, true);
		return STEP_MORE;
	}
	mariadb_reset_slave(&d->server);
	d->repl.sight.salvaged = true;
	return 0;
}

static void salvage_failed(struct world *w, unsigned at)
{
	if (w->member[at].db.repl.sight.order.want == REPL_WANT_FOLLOW_IN && w->member[at].db.repl.sight.order.open)
		replicationd_destroy_token(w, at);
}

/* Not to be proved, cut short in the middle, or done. */
static int step_salvage(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;
	struct mariadb *m = &d->server;

	if (part == 0) {
		if ((m->spoilt && m->received > m->length) || (!w->calm && world_dice(w, 40) == 0)) {
			salvage_failed(w, at);
			return -EBADMSG;
		}
		return STEP_MORE;
	}
	if (part == 1) {
		if (m->ill && m->received > m->length)
			return -EIO;
		if (!w->calm && world_dice(w, 8) == 0) {
			(void)mariadb_apply(m, (unsigned)world_dice(w, 20));
			return -EIO;
		}
		if (!mariadb_apply(m, UINT32_MAX)) {
			salvage_failed(w, at);
			return -EBADMSG;
		}
		return STEP_MORE;
	}
	mariadb_reset_slave(m);
	d->repl.sight.salvaged = true;
	return 0;
}

static int step_say_drained(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	(void)part;
	if (d->repl.relay_epoch && !mutant_on(M10_CUT_NOT_VERIFIED))
		return -EAGAIN;
	if (d->repl.sight.order.want == REPL_WANT_STAND_IN && d->dirty.epoch)
		d->dirty.opened_at = DIRTY_OPENED_ANYWHERE;
	set_token_survives(d, true);
	d->repl.sight.drained_epoch = d->repl.sight.order.epoch;
	return 0;
}

static int step_relax(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;
	struct mariadb *m = &d->server;

	(void)part;
	if (!facts_may_relax(&d->repl.sight, world_clock(w, at)) && !mutant_on(M14_RELAX_UNDER_TOKEN))
		return -EAGAIN;
	m->sync_data = m->sync_relay = false;
	return 0;
}

static int step_sync(struct world *w, unsigned at, unsigned part)
{
	struct mariadb *m = &w->member[at].db.server;

	switch (part) {
	case 0:
		m->sync_data = true;
		m->sync_relay = m->sync_relay_wanted;
		return STEP_MORE;
	case 1: mariadb_stop_slave(m, false, true); return STEP_MORE;
	case 2: mariadb_flush(m); return STEP_MORE;
	default:
		if (w->member[at].db.repl.sight.order.want != REPL_WANT_STAND_IN)
			mariadb_start_slave(m, false, true, w->now_us);
		return 0;
	}
}

static int step_new_token(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	(void)part;
	if (d->repl.sight.order.want == REPL_WANT_FOLLOW_OUT)
		d->parted = false;
	replicationd_destroy_token(w, at);
	d->has_token = true;
	d->token.sync_relay = !d->durability_received;
	memcpy(d->token.boot_id, d->boot_id, sizeof(d->token.boot_id));
	for (unsigned i = 0; i < TOKEN_BYTES; i++)
		d->token.token.byte[i] = (uint8_t)(1 + world_dice(w, 255));
	return 0;
}

/* sql: it is a statement, so it needs the server. */
static const struct {
	int (*take)(struct world *w, unsigned at, unsigned part);
	bool sql;
} steps[STEP_COUNT] = {
    [STEP_KILL] = {step_kill, false},
    [STEP_PREPARE] = {step_prepare, false},
    [STEP_START] = {step_start, false},
    [STEP_CLEAN] = {step_clean, false},
    [STEP_SEED] = {step_seed, false},
    [STEP_ENTER_POSITION] = {step_enter_position, true},
    [STEP_DESTROY_TOKEN] = {step_destroy, false},
    [STEP_SEMI_OFF] = {step_semi_off, true},
    [STEP_FOLLOW] = {step_follow, true},
    [STEP_START_IO] = {step_start_io, true},
    [STEP_START_SQL] = {step_start_sql, true},
    [STEP_STOP_IO] = {step_stop_io, true},
    [STEP_STOP_SLAVE] = {step_stop_slave, true},
    [STEP_DRAIN] = {step_drain, true},
    [STEP_SALVAGE] = {step_salvage, true},
    [STEP_SAY_DRAINED] = {step_say_drained, false},
    [STEP_RELAX] = {step_relax, true},
    [STEP_SYNC] = {step_sync, true},
    [STEP_NEW_TOKEN] = {step_new_token, false},
    [STEP_SET_SEMI] = {replicationd_set_semi, true},
    [STEP_SET_DIRTY] = {replicationd_set_dirty, false},
    [STEP_SEND_ROW] = {replicationd_send_row, true},
    [STEP_WRITABLE] = {replicationd_writable, true},
    [STEP_MARK] = {replicationd_mark, true},
    [STEP_READ_ONLY] = {replicationd_read_only, true},
};

int replicationd_take(struct world *w, unsigned at, enum plan_step step, unsigned part)
{
	if (!steps[step].take)
		return -EAGAIN;
	if (steps[step].sql && !w->member[at].db.server.up)
		return -EPIPE;
	return steps[step].take(w, at, part);
}
