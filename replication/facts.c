#include "replication/facts.h"

#include <stdio.h>
#include <string.h>

#include "heartbeat/fitness.h"
#include "heartbeat/guard.h"
#include "heartbeat/since.h"

/* What is received and not applied when a copy begins to sync each transaction: the next takeover has to apply what it does not
 * work off before. From then on it applies hardly faster than the active writes, so what is allowed is more. */
#define CAUGHT_UP_SEQ 30
#define STAYS_CAUGHT_UP_SEQ 1000

/* One that was added to in_sync as soon as it was near must not lose its token for a burst; longer than anything that keeps
 * the active from adding it (heartbeat/node_role.c). */
#define FALLEN_BEHIND_US 10000000
/* In peer timeouts: by then the active has heard that the token is gone, or takes us for lost and has written so. */
#define RELAX_AFTER 2

/* A history that does not fit: the position is not, or no longer, in the active's log; anything that stops the
 * applier. https://mariadb.com/kb/en/mariadb-error-codes/ Everything else may heal by itself. */
#define ER_MASTER_FATAL_ERROR_READING_BINLOG 1236

static bool is_broken(const struct observation *o)
{
	return o->slave &&
	       ((!o->sql_runs && o->sql_errno) || (!o->io_runs && o->io_errno == ER_MASTER_FATAL_ERROR_READING_BINLOG));
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
	return s->behind_us && s->looked_us >= s->behind_us + FALLEN_BEHIND_US;
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
	since_note(&s->behind_us, s->order.want == REPL_WANT_FOLLOW_OUT && follows(s) && !is_near(s), s->looked_us);
	if (!token_is_none(&s->token) || !s->token_us)
		s->token_us = s->looked_us;
	if (s->up)
		watch_look(
		    &s->watch, &s->order, s->order.epoch && opened_epoch(s) == s->order.epoch, s->marked, &s->db);
}

void facts_take_order(struct sight *s, const struct repl_order *order)
{
	if (order->epoch != s->order.epoch)
		s->marked = false;
	/* Under any other order a start is a MASTER one and may write: the next SLAVE start is prepared anew (R11). */
	if (order->want != REPL_WANT_FOLLOW_OUT)
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
	    {up && is_broken(o), F_BROKEN},
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

void facts_report(const struct sight *s, const struct plan_rule *rule, const char *failure, struct repl_report *ret)
{
	const struct observation *o = &s->db;

	memset(ret, 0, sizeof(*ret));
	ret->state = rule->state;
	ret->order_generation = s->order.generation;
	ret->token = s->token;
	ret->dirty = s->dirty.epoch != 0;
	ret->parted = s->parted;
	ret->db_up = s->up;
	ret->looked_us = s->looked_us;
	if (failure)
		say(ret->reason, failure);
	else if (s->up && is_broken(o))
		say(ret->reason, o->error);
	else if (s->up && o->slave && !o->io_connected && o->error[0])
		say_silent(s, ret->reason);
	else if (rule->state != REPL_OPEN && rule->state != REPL_FOLLOWING)
		say(ret->reason, rule->why);
	if (!s->up)
		return;
	ret->fit = rule->state != REPL_FAILED && !is_broken(o);
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
