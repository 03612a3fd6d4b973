/*
 * What happens to a world, as a list of orders: drawn from a seed, or read from a file. The noise (delays, durations of
 * writes, who comes first) is the world's own; a file names the noise seeds it is tried with.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_SCHEDULE_H
#define HOLDFAST_TESTS_SIMULATION_SCHEDULE_H

#include <stdio.h>

#include "tests/simulation/world.h"

#define SCHEDULE_ORDERS 96
#define SCHEDULE_MUTANTS 4

enum order_kind {
	ORDER_RUN,	 /* time passes */
	ORDER_STRIKE,	 /* a fault, now or when its moment comes */
	ORDER_STAND,	 /* what is broken stays so: somebody has to serve, if anybody can */
	ORDER_SERVE,	 /* what is broken stays so, and somebody has to serve: an operator has seen to it */
	ORDER_SETTLE,	 /* all is mended: they have to come back to SYNC */
	ORDER_HAND_OVER, /* nothing is wrong, and an operator wants the other one: nobody is alone meanwhile */
	ORDER_MAINTAIN,	 /* nothing is wrong, and one gateway is taken out of service and back: payments do not wait */
	ORDER_SET,
};

enum parameter { SET_DISK_US, SET_DELAY_US, SET_PACE_US, SET_CLOCK_PPM, SET_MIXED_LEASES, SET_LEASE_US, SET_COUNT };

struct order {
	uint8_t kind, parameter;
	bool now; /* STRIKE: does not wait for a moment */
	struct ambush strike;
	int64_t value; /* RUN: us; SET */
};

struct schedule {
	unsigned nodes;
	bool from_nothing; /* they are set up and join first */
	unsigned long noise_from, noise_count;
	unsigned mutants;
	int mutant[SCHEDULE_MUTANTS]; /* a file must fail with these guards off */
	unsigned count;
	struct order order[SCHEDULE_ORDERS];
};

/* The aim goes through all pairs of moment and fault, evenly; the rest is drawn. */
void schedule_draw(struct schedule *s, uint64_t seed, unsigned nodes);

/* Makes the world that most begin with, all guards on. Without, the first run does it. */
void schedule_warm(void);

/* Runs it in a world that starts with this noise. The world is kept in *w. */
void schedule_run(struct world *w, const struct schedule *s, uint64_t noise, bool trace);

/* Goes on after a run: all is well, then both gateways stand still together for 0.2 to 2 s, as when a host pauses its guests.
 * Nobody failed, so nobody may take over. */
void schedule_pause_both(struct world *w);

void schedule_print(FILE *f, const struct schedule *s);

/* 0, or the number of the first line that makes no sense (-1: the file cannot be opened). */
int schedule_read(const char *path, struct schedule *ret);

#endif
