#include "tests/simulation/database.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/world.h"

#define START_US 300000
#define RESEED_US 1500000
#define PULL_MAX 40
#define APPLY_MAX 30
#define STUCK_ONE_IN 6 /* new orders */
#define STUCK_MAX_US 2500000
#define STUCK_UNFIT_US 1500000

static void process_gone(struct database *d)
{
	d->up = false;
	d->read_only = true;
	d->semi = false;
	d->ready_us = 0;
	d->following = false;
	d->follow_epoch = d->drained_epoch = d->opened_epoch = 0;
	d->marked = false;
	d->in_flight = false;
	d->barrier_epoch = 0;
}

void database_kill(struct database *d)
{
	process_gone(d);
}

void database_power_off(struct database *d)
{
	process_gone(d);
	memset(&d->order, 0, sizeof(d->order));
	memset(&d->told, 0, sizeof(d->told));
	d->stuck_until_us = 0;
	d->answered = 0;
	d->answered_epoch = 0;
}

static void draw_token(struct world *w, struct database *d)
{
	for (unsigned i = 0; i < TOKEN_BYTES; i++)
		d->token.byte[i] = (uint8_t)(1 + world_dice(w, 255));
}

/* MASTER start: recovery commits whatever the binlog holds; a standby's relay log is salvaged. */
static void start_master(struct world *w, struct database *d)
{
	if (d->ready_us == 0) {
		d->ready_us = w->now_us + START_US;
		return;
	}
	if (w->now_us < d->ready_us)
		return;
	d->ready_us = 0;
	d->up = true;
	d->read_only = true;
	d->uncommitted = false;
	d->applied = d->length;
	d->standby_log = false;
}

/* SLAVE start: the token goes first; the tail that waited is cut off, an unapplied relay log is thrown away. */
static void start_slave(struct world *w, struct database *d)
{
	if (d->ready_us == 0) {
		memset(&d->token, 0, sizeof(d->token));
		d->ready_us = w->now_us + START_US;
		return;
	}
	if (w->now_us < d->ready_us)
		return;
	d->ready_us = 0;
	if (d->standby_log)
		d->length = d->applied;
	else if (d->uncommitted && d->length)
		d->length--;
	d->applied = d->length;
	d->uncommitted = d->standby_log = d->dirty = false;
	d->up = true;
	d->read_only = true;
	draw_token(w, d);
}

static bool is_prefix(const struct database *d, const struct database *of)
{
	return d->length <= of->length && memcmp(d->log, of->log, d->length * sizeof(d->log[0])) == 0;
}

static void reseed(struct world *w, struct database *d, const struct database *from)
{
	if (d->ready_us == 0) {
		memset(&d->token, 0, sizeof(d->token));
		d->ready_us = w->now_us + RESEED_US;
		d->reseeds++;
		return;
	}
	if (w->now_us < d->ready_us)
		return;
	d->ready_us = 0;
	/* A copy holds what is committed, not what still waits. */
	d->length = from->length - (from->in_flight && from->length ? 1 : 0);
	memcpy(d->log, from->log, d->length * sizeof(d->log[0]));
	d->applied = d->length;
	d->uncommitted = d->standby_log = d->dirty = false;
	draw_token(w, d);
}

static void follow(struct world *w, unsigned at, bool out)
{
	struct database *d = &w->member[at].db;
	unsigned from = d->order.active;
	struct database *a = &w->member[from < WORLD_NODES ? from : 0].db;
	unsigned n;

	if (from >= WORLD_NODES || from == at || !world_connected(w, at, from) || !a->up || a->read_only) {
		d->following = false;
		return;
	}
	if (d->follow_epoch != d->order.epoch || !d->following) {
		if (!is_prefix(d, a)) {
			d->following = false;
			if (out)
				reseed(w, d, a);
			return;
		}
		d->following = true;
		d->follow_epoch = d->order.epoch;
	}
	n = a->length - d->length;
	if (n > PULL_MAX)
		n = PULL_MAX;
	memcpy(d->log + d->length, a->log + d->length, n * sizeof(d->log[0]));
	d->length += n;
	d->standby_log = true;
	if (world_dice(w, 4))
		d->applied += d->length - d->applied < APPLY_MAX ? d->length - d->applied : APPLY_MAX;
	/* The acknowledgement: everything up to here is in our relay log, on disk. */
	if (a->semi && a->in_flight && d->length == a->length)
		a->uncommitted = false;
}

static void order_open(struct database *d)
{
	if (d->opened_epoch != d->order.epoch) {
		d->semi = d->order.semi_sync;
		d->dirty = true;
		d->opened_at = d->length;
		d->read_only = false;
		d->opened_epoch = d->order.epoch;
		d->marked = false;
		d->standby_log = false;
	}
	if (d->semi != (bool)d->order.semi_sync) {
		d->semi = d->order.semi_sync;
		d->marked = false;
	}
	if (!d->semi)
		d->uncommitted = false; /* released: whoever waited is told OK */
	if (d->semi && !d->marked) {
		d->marked = true;
		d->mark = d->length - (d->in_flight ? 0 : 0);
	}
}

static void obey(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;

	if (d->order.want != REPL_WANT_FOLLOW_IN && d->order.want != REPL_WANT_FOLLOW_OUT)
		d->following = false;
	switch (d->order.want) {
	case REPL_WANT_DOWN:
		if (d->up)
			process_gone(d);
		break;
	case REPL_WANT_HOLD_IN:
		if (!d->up)
			start_master(w, d);
		break;
	case REPL_WANT_FOLLOW_IN:
		if (!d->up)
			start_master(w, d);
		else
			follow(w, at, false);
		break;
	case REPL_WANT_FOLLOW_OUT:
		if (d->dirty && d->up)
			process_gone(d);
		if (!d->up)
			start_slave(w, d);
		else
			follow(w, at, true);
		break;
	case REPL_WANT_PROMOTE:
		if (!d->up)
			start_master(w, d);
		else if (d->applied < d->length)
			d->applied++;
		else
			d->drained_epoch = d->order.epoch;
		break;
	case REPL_WANT_OPEN:
		if (d->up)
			order_open(d);
		break;
	default: break;
	}
}

static void commit_returned(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct database *d = &m->db;
	uint32_t payment = d->log[d->length - 1];

	d->in_flight = false;
	d->applied = d->length;
	if (d->barrier) {
		d->barrier_epoch = d->flight_epoch;
		return;
	}
	/* R9: version as it was, or landed and the gate is open in the same epoch now. */
	if (!role_may_answer(&m->view, d->flight_version, world_clock(w, at)) &&
	    !(m->view.epoch == d->flight_epoch && role_may_answer(&m->view, m->view.version, world_clock(w, at))))
		return;
	w->answered[payment] = true;
	w->last_answered = payment;
	d->answered = d->length;
	d->answered_epoch = d->flight_epoch;
	for (unsigned i = 0; i < 2; i++) {
		const struct database *o = &w->member[i].db;

		if (hb_in_sync(&m->node.known, (uint8_t)i) && i != at && w->member[i].db.length < d->length &&
		    token_equal(&o->token, &m->node.known.token[i]))
			world_broken(w, "payment %u answered in SYNC is not in the other's log", payment);
	}
}

static void ledger(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct database *d = &m->db;
	const struct role_view *v = &m->view;
	bool writable = d->up && !d->read_only && v->active == at && v->self == at && v->open &&
			v->writable_epoch == v->epoch && d->opened_epoch == v->epoch;

	d->close_generation = m->node.close_generation;
	if (d->in_flight && !d->uncommitted)
		commit_returned(w, at);
	if (!writable || d->in_flight)
		return;
	d->barrier = d->barrier_epoch != v->epoch;
	if (!d->barrier && world_clock(w, at) >= v->gate_until_us)
		return;
	if (d->length >= DB_LOG_MAX || w->next_payment >= WORLD_PAYMENTS)
		return;
	d->log[d->length++] = w->next_payment++;
	d->in_flight = true;
	d->uncommitted = d->semi;
	d->flight_version = v->version;
	d->flight_epoch = v->epoch;
	d->flight_since_us = world_clock(w, at);
}

/* Reports go on while a statement does not return; they tell of the last look. */
static void report_again(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct repl_report r = m->told_repl;
	struct hb_input in = {.kind = HB_IN_REPLICATION, .repl = &r};

	if (w->now_us <= m->repl_told_us + 50000)
		return;
	if (w->now_us > m->db.stuck_since_us + STUCK_UNFIT_US)
		r.fit = 0;
	m->repl_told_us = w->now_us;
	world_input(w, at, &in);
}

static void report(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct database *d = &m->db;
	struct repl_report r = {
	    .state = d->opened_epoch ? REPL_OPEN
		     : d->up	     ? REPL_IDLE
				     : REPL_DOWN,
	    .fit = 1,
	    .db_up = d->up,
	    .dirty = d->dirty,
	    .semi_sync = d->semi,
	    .semi_clients = 1,
	    .semi_waits = d->semi && d->in_flight && d->uncommitted,
	    .following = d->following,
	    .drained_epoch = d->drained_epoch,
	    .opened_epoch = d->opened_epoch,
	    .follow_epoch = d->follow_epoch,
	    .token = d->token,
	    .binlog = {0, 1, d->applied},
	    .received = {0, 1, d->length},
	    .applied = {0, 1, d->applied},
	    .sync_mark = {0, 1, d->mark},
	    .sync_marked = d->marked,
	    .opened_at = {0, 1, d->opened_at},
	    .order_generation = d->order.generation,
	};
	struct ledger_report l = {
	    .fit = 1,
	    .ready = 1,
	    .barrier_epoch = d->barrier_epoch,
	    .gate_closed_generation = d->close_generation,
	    .commit_since_us = d->in_flight ? d->flight_since_us : 0,
	    .answered_epoch = d->answered_epoch,
	    .answered = {0, 1, d->answered},
	};
	struct hb_input in = {.kind = HB_IN_REPLICATION, .repl = &r};

	if (d->stuck_until_us)
		report_again(w, at);
	else if (memcmp(&r, &m->told_repl, offsetof(struct repl_report, binlog)) != 0 ||
		 w->now_us > m->repl_told_us + 20000) {
		m->told_repl = r;
		m->repl_told_us = w->now_us;
		world_input(w, at, &in);
	}
	if (memcmp(&l, &m->told_ledger, offsetof(struct ledger_report, commit_since_us)) != 0 ||
	    w->now_us > m->ledger_told_us + 20000) {
		m->told_ledger = l;
		in = (struct hb_input){.kind = HB_IN_LEDGER, .ledger = &l};
		m->ledger_told_us = w->now_us;
		world_input(w, at, &in);
	}
}

/* A step that was decided under one order may be carried out under another: the server took its time. The relay is cut at
 * once all the same; it belongs to another thread. */
static void act(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;

	if (d->told.want != REPL_WANT_FOLLOW_IN && d->told.want != REPL_WANT_FOLLOW_OUT)
		d->following = false;
	if (d->stuck_until_us) {
		if (w->now_us < d->stuck_until_us)
			return;
		d->stuck_until_us = 0;
		obey(w, at);
	}
	if (!w->calm && memcmp(&d->told, &d->order, sizeof(d->told)) != 0 && world_dice(w, STUCK_ONE_IN) == 0) {
		d->order = d->told;
		d->stuck_since_us = w->now_us;
		d->stuck_until_us = w->now_us + 1 + world_dice(w, STUCK_MAX_US);
		return;
	}
	d->order = d->told;
	obey(w, at);
}

uint64_t database_step(struct world *w, unsigned at)
{
	act(w, at);
	ledger(w, at);
	report(w, at);
	return w->now_us + 1000 + world_dice(w, 6000);
}
