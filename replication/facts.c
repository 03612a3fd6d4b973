#include "replication/facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/fitness.h"
#include "heartbeat/guard.h"
#include "heartbeat/since.h"
#include "replication/sqlerror.h"

/* What is received and not applied when a copy begins to sync each transaction: the next takeover has to apply what it does not
 * work off before. From then on it applies hardly faster than the active writes, so what is allowed is more. */
#define CAUGHT_UP_SEQ 30
#define STAYS_CAUGHT_UP_SEQ 1000

/* One that was added to in_sync as soon as it was near must not lose its token for a burst; longer than anything that keeps
 * the active from adding it (heartbeat/node_role.c). */
#define FALLEN_BEHIND_US 10000000
/* One that was left behind, as by a cable that was out for some seconds, works its gap off many times faster when it does not sync what
 * it receives, and for that its token has to go. Long enough for a gap that it works off all the same. */
#define LEFT_BEHIND_US 1000000
/* In peer timeouts: by then the active has heard that the token is gone, or takes us for lost and has written so. */
#define RELAX_AFTER 2

/* A start of replication costs little; what cannot be started is not to fill the journals. */
static const struct pause_limits start_limits = {1000000, 60000000, 5000000};
/* A fresh copy is all of the data, read from the disk of the one that answers payments. */
static const struct pause_limits copy_limits = {2000000, 240000000, 600000000};

/* Each try to follow is several lines in MariaDB's journal; what is mended by hand meanwhile is to be seen soon. */
static const struct pause_limits follow_limits = {200000, 1600000, 0};

/* The error that the applier stopped with, 0: it runs, or somebody stopped it. */
static unsigned applier_error(const struct observation *o)
{
	return o->slave && !o->sql_runs ? o->sql_errno : 0;
}

/* The error that the receiver stopped with, 0: it runs, or somebody stopped it. A lost way stays to be read in one that was stopped meanwhile. */
static unsigned receiver_error(const struct observation *o)
{
	return o->slave && !o->io_runs && o->io_errno && sqlerror_cure(o->io_errno) != SQLERROR_WAY ? o->io_errno : 0;
}

/* Stopped by what no number of starts can mend. What the receiver met says nothing about the data but in known cases. */
static bool is_broken(const struct sight *s)
{
	unsigned applier = applier_error(&s->db), receiver = receiver_error(&s->db);
	enum sqlerror_cure cure = applier ? sqlerror_cure(applier) : SQLERROR_AGAIN;

	if (GUARDED(M53_ANY_ERROR_RESEEDS, false, applier != 0))
		return true;
	return cure == SQLERROR_COPY || (cure == SQLERROR_UNSURE && s->start.tries > SQLERROR_UNSURE_TRIES) ||
	       (receiver && sqlerror_cure(receiver) == SQLERROR_COPY);
}

/* Stopped by what may heal: a disk that is full, a lock. */
static bool is_stopped(const struct sight *s)
{
	return (applier_error(&s->db) || receiver_error(&s->db)) && !is_broken(s);
}

/* It acknowledges nothing and is not to be counted on (B4), whether that may heal or not. */
static bool cannot_apply(const struct sight *s)
{
	return s->up && (applier_error(&s->db) || is_broken(s));
}

static bool needs_copy(const struct sight *s)
{
	return !s->data || (s->up && is_broken(s));
}

static bool is_paused(const struct sight *s)
{
	if (needs_copy(s))
		return pause_holds(&s->copy, s->looked_us);
	return s->up && is_stopped(s) && pause_holds(&s->start, s->looked_us);
}

static bool follows(const struct sight *s)
{
	return s->up && s->db.slave && s->db.io_connected && s->db.sql_runs && s->order.epoch &&
	       s->relay_epoch == s->order.epoch;
}

static bool is_near(const struct sight *s)
{
	uint64_t lag_seq = s->db.sync_data ? STAYS_CAUGHT_UP_SEQ : CAUGHT_UP_SEQ;

	return follows(s) && s->order.near && s->db.received.seq && s->db.applied.seq + lag_seq >= s->db.received.seq;
}

static bool has_fallen_behind(const struct sight *s)
{
	uint64_t patience_us = s->been_near ? FALLEN_BEHIND_US : LEFT_BEHIND_US;

	return s->behind_us && s->looked_us >= s->behind_us + patience_us;
}

static bool caught_up(const struct sight *s)
{
	return is_near(s) || (follows(s) && !token_is_none(&s->token) && !has_fallen_behind(s));
}

bool facts_may_relax(const struct sight *s, uint64_t now_us)
{
	return token_is_none(&s->token) && s->token_us && now_us >= s->token_us + RELAX_AFTER * s->peer_timeout_us;
}

/* The epoch for which this server is open: its mark, its row and its read_only agree. */
static uint64_t opened_epoch(const struct sight *s)
{
	bool open = s->up && !s->db.read_only && s->dirty.epoch && s->dirty.epoch == s->db.ledger_epoch;

	return open ? s->dirty.epoch : 0;
}

void facts_take_look(struct sight *s)
{
	bool out = s->order.want == REPL_WANT_FOLLOW_OUT && follows(s);

	since_note(&s->behind_us, out && !is_near(s), s->looked_us);
	s->been_near = out && (s->been_near || is_near(s));
	if (!token_is_none(&s->token) || !s->token_us)
		s->token_us = s->looked_us;
	/* Not only started: a lock is waited for first, and an old backlog is applied up to what cannot be. */
	pause_look(&s->start, &start_limits, is_near(s), s->looked_us);
	pause_look(&s->copy, &copy_limits, is_near(s), s->looked_us);
	if (s->up && is_stopped(s) && !s->stopped)
		pause_failed(&s->start, &start_limits, s->looked_us);
	s->stopped = s->up && is_stopped(s);
	if (s->up)
		watch_look(&s->watch, &s->order, s->order.epoch && opened_epoch(s) == s->order.epoch, s->marked, &s->db,
		    s->looked_us);
}

void facts_take_step(struct sight *s, enum plan_step step, int code, uint64_t now_us)
{
	if (code == 0 && (step == STEP_FOLLOW || step == STEP_START_IO || step == STEP_START_SQL))
		s->stopped = false;
	if (step == STEP_FOLLOW && code == 0)
		s->follow = (struct pause){0};
	else if (step == STEP_FOLLOW && code != -EAGAIN)
		pause_failed(&s->follow, &follow_limits, now_us);
	if (step == STEP_SEED && code != -EAGAIN && code != -ECANCELED && code != -EPIPE)
		pause_failed(&s->copy, &copy_limits, now_us);
}

bool facts_must_wait(const struct sight *s, enum plan_step step)
{
	return step == STEP_FOLLOW && pause_holds(&s->follow, s->looked_us);
}

void facts_take_order(struct sight *s, const struct repl_order *order)
{
	bool given_up = order->want == REPL_WANT_GIVEN_UP;

	/* What was in the way of a copy of another active, or of another opening, is not in the way of this one's. */
	if (order->epoch != s->order.epoch || order->active != s->order.active)
		s->copy = s->follow = (struct pause){0};
	if (order->epoch != s->order.epoch)
		s->marked = false;
	/* Under any other order a start is a MASTER one and may write: the next SLAVE start is prepared anew (R11). */
	/* What is enough for one that follows is not for one that is given up: that one saves what it has, whether it counted or not. */
	if ((order->want != REPL_WANT_FOLLOW_OUT && !given_up) || given_up != (s->order.want == REPL_WANT_GIVEN_UP))
		s->prepared = false;
	s->order = *order;
}

uint32_t facts_of(const struct sight *s)
{
	const struct observation *o = &s->db;
	bool up = s->up;
	const struct {
		bool holds;
		enum plan_fact fact;
	} facts[] = {
	    {s->data, F_DATA},
	    {s->process, F_PROCESS},
	    {up, F_UP},
	    {s->process && s->mute_us && s->looked_us > s->mute_us + FIT_HUNG_US, F_HUNG},
	    {up && !o->read_only, F_WRITABLE},
	    {up && o->semi_sync, F_SEMI},
	    {s->order.semi_sync != 0, F_SEMI_WANTED},
	    {!token_is_none(&s->token), F_TOKEN},
	    {s->dirty.epoch != 0, F_DIRTY},
	    {s->dirty.epoch != 0 && s->dirty.epoch == s->order.epoch, F_DIRTY_NOW},
	    {s->prepared, F_PREPARED},
	    {s->copy_new, F_COPY_NEW},
	    {up && o->slave, F_SLAVE},
	    {up && s->salvaged, F_SALVAGED},
	    {up && o->io_runs, F_IO},
	    {up && o->sql_runs, F_SQL},
	    {up && is_broken(s), F_BROKEN},
	    {is_paused(s), F_PAUSED},
	    {follows(s), F_FOLLOWS},
	    {caught_up(s), F_CAUGHT_UP},
	    {up && o->sync_data && (o->sync_relay || !s->durable), F_SYNCED},
	    {up && s->drained_epoch && s->drained_epoch == s->order.epoch, F_DRAINED},
	    {up && o->ledger_epoch == s->order.epoch, F_ROW},
	    {up && s->row_sent, F_ROW_SENT},
	    {s->order.epoch && opened_epoch(s) == s->order.epoch, F_OPENED},
	    {up && s->marked, F_MARKED},
	    {up && o->read_only && o->semi_waits == 0, F_QUIET},
	};
	uint32_t bits = 0;

	_Static_assert(sizeof(facts) / sizeof(facts[0]) == PLAN_FACT_COUNT, "every fact has a line");
	for (unsigned i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		bits |= facts[i].holds ? (uint32_t)facts[i].fact : 0;
	return bits;
}

static void say(char *reason, const char *text)
{
	size_t n = strlen(text);

	n = n < LOCAL_REASON_BYTES - 1 ? n : LOCAL_REASON_BYTES - 1;
	memcpy(reason, text, n);
	reason[n] = '\0';
}

/* Its own words are long, and of 127.0.0.1: the relay (replication/relay.h). The journal of mariadb has them. */
static void say_silent(const struct sight *s, char *reason)
{
	const struct repl_order *w = &s->order;
	const char *active =
	    w->active < sizeof(w->member_name) / sizeof(w->member_name[0]) ? w->member_name[w->active] : "";

	(void)snprintf(reason, LOCAL_REASON_BYTES,
	    "receives nothing from the database of %.15s: does it run, are 7445 and 3306 open? (MariaDB error %u)",
	    active[0] ? active : "the active", (unsigned)s->db.io_errno);
}

/* Which error, how often, and when it goes on. Its own words are longer than there is room for: mariadb's journal has them. */
static void say_paused(const struct sight *s, const char *failure, const char *why, char *reason)
{
	const struct pause *p = needs_copy(s) ? &s->copy : &s->start;
	unsigned error = applier_error(&s->db) ? applier_error(&s->db) : receiver_error(&s->db);
	unsigned pause_s = (unsigned)(p->length_us / 1000000);
	const char *text = error ? sqlerror_text(error) : NULL;
	const char *name;
	int room;

	if (!text)
		text = failure ? failure : s->db.error[0] ? s->db.error : why;
	name = strstr(text, " ("); /* as the source has it: there is no room for that */
	room = name ? (int)(name - text) : 60;
	if (!needs_copy(s))
		(void)snprintf(reason, LOCAL_REASON_BYTES, "MariaDB error %u, %u times, next try after %u s: %.*s",
		    error, p->tries, pause_s, room < 46 ? room : 46, text);
	else if (error)
		(void)snprintf(reason, LOCAL_REASON_BYTES,
		    "MariaDB error %u after %u fresh copies, next after %u s: %.*s", error, p->tries, pause_s,
		    room < 40 ? room : 40, text);
	else
		(void)snprintf(
		    reason, LOCAL_REASON_BYTES, "%u copies in vain, next after %u s: %.60s", p->tries, pause_s, text);
}

void facts_report(const struct sight *s, const struct plan_rule *rule, const char *failure, struct repl_report *ret)
{
	const struct observation *o = &s->db;

	memset(ret, 0, sizeof(*ret));
	ret->state = rule->state;
	ret->order_generation = s->order.generation;
	ret->token = s->token;
	ret->dirty = s->dirty.epoch != 0;
	ret->parted = s->parted;
	ret->compared_epoch = s->noted.epoch;
	ret->astray = s->noted.other;
	ret->astray_seq = s->noted.parted_seq;
	ret->db_up = s->up;
	ret->looked_us = s->looked_us;
	if (is_paused(s))
		say_paused(s, failure, rule->why, ret->reason);
	else if (failure)
		say(ret->reason, failure);
	else if (s->up && (is_broken(s) || is_stopped(s)))
		say(ret->reason, o->error);
	else if (s->up && o->slave && !o->io_connected && o->error[0])
		say_silent(s, ret->reason);
	else if (s->order.want == REPL_WANT_GIVEN_UP && rule->step == STEP_NONE)
		ret->reason[0] = '\0'; /* all is saved: heartbeatd knows it by that */
	else if (rule->state != REPL_OPEN && rule->state != REPL_FOLLOWING)
		say(ret->reason, rule->why);
	if (s->up && s->watch.crowded)
		say(ret->notice, "another replica acknowledges: SHOW SLAVE HOSTS in its database names it");
	else
		say(ret->notice, s->notice[0] ? s->notice : s->schema_notice[0] ? s->schema_notice : s->version_notice);
	if (!s->up)
		return;
	ret->fit = rule->state != REPL_FAILED && !cannot_apply(s);
	ret->stuck = s->order.self == REPL_REPLICA && (is_broken(s) || s->salvage_tries > 0);
	ret->semi_sync = o->semi_sync;
	ret->semi_clients = (uint8_t)(o->semi_clients < 255 ? o->semi_clients : 255);
	ret->semi_waits = o->semi_sync && o->semi_waits > 0;
	ret->row_waits = s->row_sent;
	ret->following = follows(s);
	ret->follow_epoch = follows(s) ? s->order.epoch : 0;
	ret->cut_epoch = s->order.want == REPL_WANT_PROMOTE && !o->io_runs && !s->relay_epoch ? s->order.epoch : 0;
	ret->drained_epoch = s->drained_epoch;
	ret->opened_epoch = opened_epoch(s);
	ret->binlog = o->binlog;
	/* What was received over a connection of another epoch says nothing about this one (R5). */
	ret->received = GUARD(M08_DEAD_CONNECTION_TOLD, follows(s)) ? o->received : (struct gtid){0};
	ret->applied = o->applied;
	ret->sync_marked = s->marked && o->semi_sync;
	ret->sync_mark = s->sync_mark;
	ret->leaks = s->watch.leaks;
	ret->leaked = s->watch.leaked;
	ret->backlog_ms = s->backlog_ms;
	ret->opened_at = ret->opened_epoch ? s->dirty.opened_at : (struct gtid){0};
}
