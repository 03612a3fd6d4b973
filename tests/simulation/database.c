#include "tests/simulation/database.h"

#include <stdio.h>
#include <string.h>

#include "tests/simulation/mutant.h"
#include "tests/simulation/world.h"

/* One in so many steps of replicationd is followed by the end of something; which, depends on the seed. */
#define FAULT_ONE_IN 60
#define STRANGER_ONE_IN 3

static void number_boot(struct database *d)
{
	(void)snprintf(d->boot_id, sizeof(d->boot_id), "boot-%u", ++d->boots);
}

/* Both the same; every fourth seed with durability = received. */
static void configure(const struct world *w, struct database *d)
{
	d->durability_received = w->seed % 4 == 3;
	d->server.sync_relay_wanted = !d->durability_received;
	d->server.sync_relay = d->server.sync_relay_wanted;
	d->server.strict = !mutant_on(M29_NO_STRICT_MODE);
	if (d->has_token)
		d->token.sync_relay = !d->durability_received;
}

void database_init(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;

	memset(d, 0, sizeof(*d));
	mariadb_init(&d->server, (uint8_t)(at + 1), w->log[at], w->book.placed, &w->dice);
	configure(w, d);
	number_boot(d);
	if (at)
		return;
	d->data = d->has_token = true;
	memset(&d->token.token, 7, TOKEN_BYTES);
	configure(w, d);
	memcpy(d->token.boot_id, d->boot_id, sizeof(d->boot_id));
}

void database_continue(struct world *w, const struct world *from)
{
	book_copy(&w->book, &from->book);
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++) {
		struct database *d = &w->member[i].db;

		memcpy(w->log[i], from->log[i], d->server.received * sizeof(w->log[i][0]));
		d->server.log = w->log[i];
		d->server.placed = w->book.placed;
		d->server.dice = &w->dice;
		configure(w, d);
	}
}

void database_kill(struct database *d)
{
	mariadb_end(&d->server, MARIADB_SIGKILL);
}

void database_power_off(struct database *d)
{
	mariadb_end(&d->server, MARIADB_POWER);
	replicationd_power_off(&d->repl);
	ledger_power_off(&d->ledger);
	memset(&d->stream, 0, sizeof(d->stream));
	memset(&d->told, 0, sizeof(d->told));
	d->stranger = false;
	number_boot(d);
}

void database_reconnect(struct database *d)
{
	d->repl.reported_us = d->ledger.reported_us = 0;
}

bool database_is_open(const struct database *d)
{
	return d->server.up && !d->server.read_only;
}

bool database_has_token(const struct database *d)
{
	return d->has_token && (d->repl.up || token_survives(&d->token, d->boot_id, d->dirty.epoch != 0));
}

void database_print(const struct world *w, unsigned at)
{
	const struct database *d = &w->member[at].db;
	const struct mariadb *m = &d->server;

	printf("          %c db %s%s%s%s length=%u received=%u engine=%u synced=%u slave=%d%s%s%s dirty=%llu token=%d "
	       "want=%u/%u relay=%llu %s ledger=%d\n",
	    "ab"[at],
	    m -> up	      ? "up"
		 : m->process ? "starting"
			      : "down",
	    m->read_only ? "" : " writable", m->semi ? " semi" : "", m->torn ? " torn" : "", m->length, m->received,
	    m->engine, m->synced, m->slave, m->io ? " io" : "", d->stream.connected ? " connected" : "",
	    m->sql ? " sql" : "", (unsigned long long)d->dirty.epoch, d->has_token, d->repl.sight.order.want,
	    d->told.want, (unsigned long long)d->repl.relay_epoch,
	    d->repl.rule ? plan_step_text(d->repl.rule->step) : "-", d->ledger.state);
}

/* M28: nobody but the peer may replicate; with the mutant somebody does. */
static void step_stranger(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;

	if (!mutant_on(M28_ANYBODY_MAY_REPLICATE) || w->calm || !database_is_open(d)) {
		d->stranger = false;
		d->stranger_us = w->now_us + 1000;
		return;
	}
	if (w->now_us < d->stranger_us)
		return;
	d->stranger_us = w->now_us + 1000;
	if (!d->stranger && world_dice(w, 300) == 0)
		d->stranger = true;
	if (d->stranger && mariadb_waits(&d->server) && world_dice(w, STRANGER_ONE_IN) == 0)
		mariadb_acknowledge(&d->server, d->server.length);
}

static void kill_replicationd(struct world *w, unsigned at)
{
	replicationd_kill(w, at, 100000 + world_dice(w, 300000));
}

static void kill_ledger(struct world *w, unsigned at)
{
	uint64_t for_us = 100000 + world_dice(w, 200000);

	if (for_us % 2)
		ledger_end(w, at, for_us);
	else
		ledger_kill(w, at, for_us);
}

static void kill_mariadb(struct world *w, unsigned at)
{
	database_kill(&w->member[at].db);
}

static void kill_other_mariadb(struct world *w, unsigned at)
{
	database_kill(&w->member[1 - at].db);
}

static void cut_power(struct world *w, unsigned at)
{
	world_power_off(w, at, 100000 + world_dice(w, 2000000));
}

static void cut_other_power(struct world *w, unsigned at)
{
	world_power_off(w, 1 - at, 100000 + world_dice(w, 2000000));
}

static void isolate(struct world *w, unsigned at)
{
	for (unsigned i = 0; i < WORLD_NODES; i++)
		w->cut[i][at] = w->cut[at][i] = i != at;
}

static const struct {
	const char *name;
	void (*strike)(struct world *w, unsigned at);
} faults[] = {
    {"replicationd killed", kill_replicationd},
    {"mariadbd killed", kill_mariadb},
    {"power off", cut_power},
    {"isolated", isolate},
    {"the other's mariadbd killed", kill_other_mariadb},
    {"the other's power off", cut_other_power},
    {"ledgerd killed, or told to end", kill_ledger},
};

void database_fault(struct world *w, unsigned at)
{
	unsigned kinds = sizeof(faults) / sizeof(faults[0]);
	unsigned kind;

	if (w->calm || world_dice(w, FAULT_ONE_IN))
		return;
	/* A seed has its favourite, so that the same thing also goes wrong again and again. */
	kind = world_dice(w, 2) ? (unsigned)(w->seed % kinds) : (unsigned)world_dice(w, kinds);
	if (w->trace)
		printf("%9.3f *** %c just after a step: %s\n", (double)w->now_us / 1000, "ab"[at], faults[kind].name);
	faults[kind].strike(w, at);
}

void database_step(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];

	mariadb_step(&m->db.server, w->now_us);
	stream_step(w, at);
	step_stranger(w, at);
	replicationd_step(w, at);
	if (m->up)
		ledger_step(w, at);
	if (m->up && m->db.repl.up)
		book_check_copy(w, at);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t database_next_us(const struct world *w, unsigned at)
{
	uint64_t next = lower(mariadb_next_us(&w->member[at].db.server), stream_next_us(w, at));

	next = lower(next, lower(replicationd_next_us(w, at), ledger_next_us(w, at)));
	if (mutant_on(M28_ANYBODY_MAY_REPLICATE))
		next = lower(next, w->member[at].db.stranger_us);
	return next;
}
