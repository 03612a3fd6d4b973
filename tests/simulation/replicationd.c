#include "tests/simulation/replicationd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/mutant.h"
#include "tests/simulation/world.h"

/* As in replication/actor.c. */
#define LOOK_US 50000
#define SOON_US 5000
#define AGAIN_US 200000
#define SEED_AGAIN_US 2000000
#define STUCK_UNFIT_US 1500000
#define REPORT_US 100000 /* as in the daemons */

#define STUCK_MAX_US 2500000
#define SLOW_CUT_US 300000

void replicationd_close_relay(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;

	d->repl.relay_epoch = d->repl.cut_us = 0;
	if (d->stream.connected)
		stream_cut(&d->stream, w->now_us);
}

void replicationd_power_off(struct replicationd *r)
{
	memset(r, 0, sizeof(*r));
}

void replicationd_kill(struct world *w, unsigned at, uint64_t for_us)
{
	struct database *d = &w->member[at].db;
	struct hb_input gone = {.kind = HB_IN_REPLICATION};

	if (!d->repl.up)
		return;
	replicationd_close_relay(w, at);
	mariadb_hang_up(&d->server, MARIADB_ROW);
	replicationd_power_off(&d->repl);
	d->repl.start_at_us = w->now_us + for_us;
	world_input(w, at, &gone);
}

/* actor.c's check_token() (S7). */
static void start(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct replicationd *r = &d->repl;

	r->up = true;
	r->turn_us = w->now_us;
	r->link_us = w->now_us + 500 + world_dice(w, 10000);
	r->sight.durable = !d->durability_received;
	r->sight.peer_timeout_us = w->member[at].node.settings.peer_timeout_us;
	if (d->has_token && !token_survives(&d->token, d->boot_id, d->dirty.epoch != 0) &&
	    !mutant_on(M14_TOKEN_KEPT_OVER_REBOOT))
		replicationd_destroy_token(w, at);
	if (mutant_on(M10_RELAY_OPENS_BY_DEFAULT)) {
		r->relay_epoch = d->last_relay_epoch;
		r->relay_active = (uint8_t)(1 - at);
	}
}

/* replicationd.c's obey_relay(): at once, whatever the actor is at. */
static void obey_relay(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct replicationd *r = &d->repl;
	int open = plan_relay(&r->order);

	if (open >= 0)
		r->relay_ordered = open ? r->order.epoch : 0;
	if (open == 0 && w->member[at].slow_cut && r->relay_epoch && !r->cut_us)
		r->cut_us = w->now_us + 1 + world_dice(w, SLOW_CUT_US);
	if (open == 0 && !r->cut_us && !mutant_on(M10_NO_CUT))
		replicationd_close_relay(w, at);
	/* What is to be closed late is closed before it is opened again. */
	if (open <= 0 || (!r->cut_us && r->relay_epoch == r->order.epoch && r->relay_active == r->order.active))
		return;
	replicationd_close_relay(w, at);
	r->relay_epoch = d->last_relay_epoch = r->order.epoch;
	r->relay_active = r->order.active;
}

static void take_order(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct replicationd *r = &d->repl;

	if (w->now_us < r->link_us || (r->heard && d->told.generation == r->order.generation))
		return;
	r->heard = true;
	r->order = d->told;
	obey_relay(w, at);
	if (r->turn != TURN_WAIT)
		return;
	r->turn = TURN_LOOK;
	r->turn_us = w->now_us + 100;
	facts_take_order(&r->sight, &r->order);
	if (!w->calm && world_dice(w, 8) == 0)
		r->turn_us += world_dice(w, STUCK_MAX_US);
}

static struct gtid position(const struct mariadb *m, unsigned length)
{
	return length ? (struct gtid){0, m->log[length - 1].server, m->log[length - 1].seq} : (struct gtid){0, 0, 0};
}

/* observation.c, at one moment. */
static void observe_model(const struct world *w, unsigned at, struct observation *o)
{
	const struct database *d = &w->member[at].db;
	const struct mariadb *m = &d->server;
	const struct stream *other = &w->member[1 - at].db.stream;

	memset(o, 0, sizeof(*o));
	o->read_only = m->read_only;
	o->sync_data = m->sync_data;
	o->sync_relay = m->sync_relay;
	o->semi_sync = m->semi;
	if (m->semi) {
		o->semi_clients = (unsigned)(other->connected && other->master == at) + d->stranger;
		o->semi_waits = mariadb_waits(m);
		o->no_tx = m->no_tx;
	}
	o->binlog = o->applied = position(m, m->length);
	o->ledger_epoch = mariadb_ledger_epoch(m);
	o->slave = m->slave;
	o->io_runs = m->io;
	o->io_connected = m->io && d->stream.connected;
	o->sql_runs = m->sql;
	o->io_errno = m->io_errno;
	o->sql_errno = m->sql_errno;
	if (m->slave)
		o->received = position(m, m->received);
}

/* actor.c's look(), after the order was taken. */
static void look_at_all(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct sight *s = &d->repl.sight;

	s->looked_us = world_clock(w, at);
	s->data = d->data;
	s->copy_new = d->copy_new;
	s->token = d->has_token ? d->token.token : (struct token){{0}};
	s->dirty = d->dirty;
	s->parted = d->parted;
	s->process = d->server.process;
	if (d->repl.life != d->server.life || !s->process) {
		d->repl.life = d->server.life;
		replicationd_forget(w, at);
	}
	s->up = d->server.up;
	memset(&s->db, 0, sizeof(s->db));
	if (!s->up)
		return;
	if (s->row_sent && !replicationd_take_row(w, at))
		d->repl.failed = true;
	observe_model(w, at, &s->db);
	s->relay_epoch = d->stream.connected ? d->stream.epoch : 0;
	s->backlog_ms =
	    s->db.slave ? backlog_take(&d->repl.backlog, s->db.received.seq, s->db.applied.seq, w->now_us) : 0;
}

static void look(struct world *w, unsigned at)
{
	look_at_all(w, at);
	facts_take_look(&w->member[at].db.repl.sight);
}

static void send_report(struct world *w, unsigned at)
{
	struct replicationd *r = &w->member[at].db.repl;
	struct repl_report now = r->report;
	struct hb_input in = {.kind = HB_IN_REPLICATION, .repl = &now};

	if (!r->looked)
		return;
	if (w->now_us > r->looked_us + STUCK_UNFIT_US)
		now.fit = 0;
	r->reported_us = w->now_us;
	world_input(w, at, &in);
}

static void publish(struct world *w, unsigned at)
{
	struct replicationd *r = &w->member[at].db.repl;
	struct repl_report now;

	facts_report(&r->sight, r->rule, r->failed && !r->again ? "failed" : NULL, &now);
	r->looked_us = w->now_us;
	if (!now.semi_waits)
		r->report.looked_us = now.looked_us;
	if (r->looked && memcmp(&now, &r->report, sizeof(now)) == 0)
		return;
	r->report = now;
	r->looked = true;
	send_report(w, at);
}

/* The mutants that are another table. */
static uint32_t mutate(const struct replicationd *r, uint32_t facts)
{
	bool in = r->order.want == REPL_WANT_FOLLOW_IN;

	if (mutant_on(M14_START_BEFORE_SALVAGE) && in && !(facts & (F_IO | F_SQL)) && (facts & F_UP))
		facts = (facts | F_SALVAGED) & ~(uint32_t)F_SLAVE;
	if (mutant_on(M14_TOKEN_KEPT_OVER_SLAVE_START) && !(facts & F_PROCESS) && (facts & F_PREPARED))
		facts &= ~(uint32_t)F_TOKEN;
	if (mutant_on(M14_TOKEN_KEPT_OVER_START) && (facts & F_UP) && !(facts & F_SQL && facts & F_IO) &&
	    r->order.want == REPL_WANT_FOLLOW_OUT)
		facts &= ~(uint32_t)F_TOKEN;
	if (mutant_on(M15_TOKEN_IGNORED_IN_CLAIM) && r->order.want != REPL_WANT_FOLLOW_OUT)
		facts |= F_TOKEN;
	if (mutant_on(M10_CUT_NOT_VERIFIED) && r->order.want == REPL_WANT_PROMOTE)
		facts &= ~(uint32_t)F_IO;
	if (mutant_on(M14_TOKEN_KEPT_OVER_RESEED) && (facts & F_COPY_NEW))
		facts &= ~(uint32_t)F_TOKEN;
	if (mutant_on(M14_RELAX_UNDER_TOKEN) && (facts & F_FOLLOWS) && !(facts & F_CAUGHT_UP))
		facts &= ~(uint32_t)F_TOKEN;
	if (mutant_on(M09_ROW_BEFORE_SEMI_SYNC) && r->order.want == REPL_WANT_OPEN && !(facts & F_OPENED))
		facts &= ~(uint32_t)(F_SEMI | F_SEMI_WANTED);
	return facts;
}

static void wait(struct replicationd *r, uint64_t now_us, uint64_t for_us)
{
	r->turn = TURN_WAIT;
	r->turn_us = now_us + for_us;
}

static uint64_t duration_us(struct world *w, unsigned at, enum plan_step step, unsigned part)
{
	const struct database *d = &w->member[at].db;
	uint64_t us = 100 + world_dice(w, 1500);

	if (step == STEP_SEED && part == 3)
		us = 300000 + world_dice(w, 1500000);
	if (step == STEP_DRAIN && part == 0 && !gtid_reaches(d->repl.sight.db.applied, d->repl.sight.db.received))
		us = 5000 + world_dice(w, 45000); /* MASTER_GTID_WAIT */
	if (step == STEP_SALVAGE && part == 1)
		us = 5000 + world_dice(w, 100000);
	/* STOP SLAVE towards a host that has gone silent, if nobody has closed the relay. */
	if ((step == STEP_STOP_IO || step == STEP_STOP_SLAVE || step == STEP_FOLLOW) && part == 0 &&
	    d->stream.connected && d->stream.dark_since_us)
		us = 1000000 + world_dice(w, 1000000);
	if (!w->calm && world_dice(w, 60) == 0)
		us += world_dice(w, 2500000);
	return us;
}

static void end_look(struct world *w, unsigned at)
{
	struct replicationd *r = &w->member[at].db.repl;

	look(w, at);
	r->facts = mutate(r, facts_of(&r->sight));
	r->rule = plan_next((enum repl_want)r->sight.order.want, r->facts);
	if (r->rule->step == STEP_NONE)
		r->failed = false;
	publish(w, at);
	if (!r->up)
		return;
	switch (r->rule->step) {
	case STEP_NONE: wait(r, w->now_us, r->sight.order.hurry ? SOON_US : LOOK_US); break;
	case STEP_FAIL: wait(r, w->now_us, LOOK_US); break;
	case STEP_WAIT: wait(r, w->now_us, SOON_US); break;
	default:
		r->turn = TURN_STEP;
		r->part = 0;
		r->turn_us = w->now_us + duration_us(w, at, r->rule->step, 0);
	}
}

static void end_part(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct replicationd *r = &d->repl;
	enum plan_step step = r->rule->step;
	int code = replicationd_take(w, at, step, r->part);

	if (w->trace && (code <= 0 || code == STEP_MORE))
		printf("%9.3f   %c step %s.%u%s\n", (double)w->now_us / 1000, "ab"[at], plan_step_text(step), r -> part,
		    code == -EAGAIN ? " waits"
		    : code < 0	    ? " failed"
				    : "");
	if (step != STEP_RELAX || code != -EAGAIN) /* it only looks at the clock, for long */
		database_fault(w, at);
	if (!r->up || r->turn != TURN_STEP)
		return;
	if (code == STEP_MORE || code == STEP_STUCK) {
		r->part += code == STEP_MORE;
		r->turn_us = w->now_us + (code == STEP_MORE ? duration_us(w, at, step, r->part) : SOON_US);
		return;
	}
	r->failed = code != 0;
	r->again = code == -EAGAIN;
	facts_take_step(&r->sight, step, code, world_clock(w, at));
	wait(r, w->now_us, code == 0 ? 1 : code == -EAGAIN ? SOON_US : step == STEP_SEED ? SEED_AGAIN_US : AGAIN_US);
}

static void begin_look(struct world *w, struct replicationd *r)
{
	facts_take_order(&r->sight, &r->order);
	r->turn = TURN_LOOK;
	r->turn_us = w->now_us + 100 + world_dice(w, 500);
	if (!w->calm && world_dice(w, 300) == 0)
		r->turn_us += world_dice(w, STUCK_MAX_US);
}

/* poll() returns early when the server ends, and when the epoch row is answered. */
static bool is_woken(const struct database *d)
{
	const struct sight *s = &d->repl.sight;

	return (s->process && (!d->server.process || d->server.life != d->repl.life)) ||
	       (s->row_sent && d->server.session[MARIADB_ROW].state >= MARIADB_OK);
}

void replicationd_step(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct replicationd *r = &d->repl;

	if (!r->up) {
		if (w->now_us < r->start_at_us)
			return;
		start(w, at);
	}
	take_order(w, at);
	if (r->cut_us && w->now_us >= r->cut_us)
		replicationd_close_relay(w, at);
	if (r->turn == TURN_WAIT && (w->now_us >= r->turn_us || is_woken(d)))
		begin_look(w, r);
	else if (r->turn == TURN_LOOK && w->now_us >= r->turn_us)
		end_look(w, at);
	else if (r->turn == TURN_STEP && w->now_us >= r->turn_us)
		end_part(w, at);
	if (r->up && w->member[at].up && w->now_us >= r->reported_us + REPORT_US)
		send_report(w, at);
}

uint64_t replicationd_next_us(const struct world *w, unsigned at)
{
	const struct database *d = &w->member[at].db;
	const struct replicationd *r = &d->repl;
	uint64_t next = r->reported_us + REPORT_US;

	if (!r->up)
		return r->start_at_us;
	if (!r->heard && r->link_us < next)
		next = r->link_us;
	if (r->cut_us && r->cut_us < next)
		next = r->cut_us;
	if (r->turn == TURN_WAIT && is_woken(d))
		return 0;
	return r->turn_us < next || !r->looked ? r->turn_us : next;
}
