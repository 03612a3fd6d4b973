/*
 * replicationd in virtual time: the real plan and the real facts (replication/plan.c, replication/facts.c) over a model of
 * the database. What is modelled is only the shell: looks and statements take time, fail, and may be the last thing that
 * this process, the database or the machine did.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_REPLICATIOND_H
#define HOLDFAST_TESTS_SIMULATION_REPLICATIOND_H

#include "replication/backlog.h"
#include "replication/facts.h"

struct world;

enum turn { TURN_WAIT, TURN_LOOK, TURN_STEP };

struct replicationd {
	bool up;
	uint64_t start_at_us, link_us; /* heartbeatd is heard from then on */
	struct repl_order order;       /* the main thread's */
	bool heard;		       /* an order has come in this life */
	uint64_t relay_epoch;	       /* open for; 0: closed */
	uint8_t relay_active;
	uint64_t relay_ordered; /* what relay_epoch is to be by the last order that said so */
	uint64_t cut_us;	/* closed then; 0: it need not be */
	/* the actor */
	struct sight sight;
	struct backlog backlog;
	enum turn turn;
	uint64_t turn_us; /* its end */
	const struct plan_rule *rule;
	unsigned part;	    /* of the step under way */
	bool failed, again; /* the last step; it may only have to wait */
	uint32_t facts;
	bool looked;
	uint64_t looked_us, started_us;
	unsigned life;
	struct repl_report report;
	uint64_t reported_us;
};

/* What a part of a step returned, besides 0, -EAGAIN and other errors. */
#define STEP_MORE 1  /* the next part follows */
#define STEP_STUCK 2 /* the same part again: the statement has not returned */

void replicationd_kill(struct world *w, unsigned at, uint64_t for_us);
void replicationd_power_off(struct replicationd *r);
void replicationd_step(struct world *w, unsigned at);
uint64_t replicationd_next_us(const struct world *w, unsigned at);

/* replicationd_steps.c: carries out a part of a step. */
int replicationd_take(struct world *w, unsigned at, enum plan_step step, unsigned part);
/* replicationd_open.c: steps that end before or with an open database. */
int replicationd_set_semi(struct world *w, unsigned at, unsigned part);
int replicationd_mark(struct world *w, unsigned at, unsigned part);
int replicationd_set_dirty(struct world *w, unsigned at, unsigned part);
int replicationd_send_row(struct world *w, unsigned at, unsigned part);
int replicationd_writable(struct world *w, unsigned at, unsigned part);
int replicationd_read_only(struct world *w, unsigned at, unsigned part);

void replicationd_forget(struct world *w, unsigned at);
void replicationd_destroy_token(struct world *w, unsigned at);
bool replicationd_take_row(struct world *w, unsigned at); /* false: it failed */
void replicationd_close_relay(struct world *w, unsigned at);

#endif
