/* simulate --seeds N [--from S] | --seed S [--trace]: faults drawn from a seed, promises checked after every step. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/simulation/world.h"

#define FAULTS 8
#define READY 8
#define SETTLE_US 15000000

struct total {
	unsigned long seeds, failovers, violations, payments;
	double virtual_s;
};

static void power(struct world *w, unsigned at)
{
	world_power_off(w, at, 100000 + world_dice(w, 5000000));
}

static void kill_database(struct world *w, unsigned at)
{
	database_kill(&w->member[at % 2].db);
}

static void freeze(struct world *w, unsigned at)
{
	w->member[at].frozen = true;
}

static void isolate(struct world *w, unsigned at)
{
	for (unsigned i = 0; i < w->nodes; i++)
		w->cut[i][at] = w->cut[at][i] = i != at;
}

static void cut_pair(struct world *w, unsigned at)
{
	unsigned other = (at + 1 + (unsigned)world_dice(w, 2)) % w->nodes;

	w->cut[at][other] = w->cut[other][at] = true;
}

static void cut_one_way(struct world *w, unsigned at)
{
	for (unsigned i = 0; i < w->nodes; i++)
		w->cut[i][at] = i != at;
}

static void lose(struct world *w, unsigned at)
{
	(void)at;
	w->loss_percent = 10 + (unsigned)world_dice(w, 50);
}

static void restart_heartbeat(struct world *w, unsigned at)
{
	world_restart_heartbeat(w, at);
}

static const struct {
	const char *name;
	void (*strike)(struct world *w, unsigned at);
} faults[] = {
    {"power off", power},
    {"kill database", kill_database},
    {"freeze", freeze},
    {"isolate", isolate},
    {"cut a pair", cut_pair},
    {"deaf", cut_one_way},
    {"loss", lose},
    {"restart heartbeatd", restart_heartbeat},
};

/* Half of the faults go where they hurt: to whoever is active. */
static unsigned victim(struct world *w)
{
	unsigned at = (unsigned)world_dice(w, w->nodes);

	for (unsigned i = 0; i < 2 && world_dice(w, 2); i++)
		if (w->member[i].up && w->member[i].node.state == HB_ACTIVE)
			at = i;
	return at;
}

static void strike(struct world *w)
{
	unsigned kind = (unsigned)world_dice(w, sizeof(faults) / sizeof(faults[0])), at = victim(w);

	if (w->trace)
		printf("%9.3f *** %s %c\n", (double)w->now_us / 1000, faults[kind].name, "abw"[at]);
	faults[kind].strike(w, at);
}

static void settle(struct world *w)
{
	world_heal(w);
	w->calm = true;
	for (unsigned i = 0; i < w->nodes; i++)
		if (!w->member[i].up && w->member[i].start_at_us > w->now_us + 1000000)
			w->member[i].start_at_us = w->now_us + 1000000;
	for (unsigned waited = 0; waited < SETTLE_US && world_mode(w) != ROLE_MODE_SYNC && !w->violations;
	     waited += 50000)
		world_run(w, 50000);
	if (world_mode(w) != ROLE_MODE_SYNC)
		world_broken(w, "everything works and yet they are not back in SYNC after %u s", SETTLE_US / 1000000);
	w->calm = false;
}

/* One that is set up and in SYNC, made once for all the seeds that begin there. */
static const struct world *settled(unsigned nodes)
{
	static struct world ready[READY];
	static bool made[READY];
	struct world *w = &ready[nodes % READY];

	if (!made[nodes % READY]) {
		world_start(w, nodes, nodes, false);
		w->calm = true; /* they have to join in order: the number as a member is the number here */
		world_run(w, 1500000 * nodes);
		settle(w);
		made[nodes % READY] = true;
	}
	return w;
}

static unsigned long run_seed(uint64_t seed, bool trace, struct total *t)
{
	static struct world w;

	world_continue(&w, settled(3), seed, trace);
	for (unsigned i = 0; i < FAULTS && !w.violations; i++) {
		for (unsigned k = 1 + (unsigned)world_dice(&w, 3); k; k--) {
			strike(&w);
			world_run(&w, world_dice(&w, 1200000));
		}
		world_run(&w, world_dice(&w, 1500000));
		settle(&w);
		world_run(&w, world_dice(&w, 500000));
	}
	t->seeds++;
	t->failovers += w.failovers;
	t->payments += w.book.answers;
	t->virtual_s += (double)w.now_us / 1e6;
	if (w.violations) {
		t->violations++;
		printf("seed %llu: %s (at %.3f s)\n", (unsigned long long)seed, w.broken, (double)w.now_us / 1e6);
	}
	return w.violations;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"seeds", required_argument, NULL, 'n'},
	    {"seed", required_argument, NULL, 's'},
	    {"from", required_argument, NULL, 'f'},
	    {"trace", no_argument, NULL, 't'},
	    {NULL, 0, NULL, 0},
	};
	unsigned long seeds = 20, from = 1;
	struct total t = {0};
	bool trace = false;
	struct timespec a, b;
	double took;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'n': seeds = strtoul(optarg, NULL, 10); break;
		case 's':
			from = strtoul(optarg, NULL, 10);
			seeds = 1;
			break;
		case 'f': from = strtoul(optarg, NULL, 10); break;
		case 't': trace = true; break;
		default:
			(void)fprintf(stderr, "usage: simulate [--seeds N] [--from S] | --seed S [--trace]\n");
			return 2;
		}
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (unsigned long i = 0; i < seeds; i++)
		run_seed(from + i, trace, &t);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	took = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("simulate: seeds=%lu failovers=%lu payments=%lu violations=%lu virtual_s=%.0f cpu_s=%.1f "
	       "failovers_per_s=%.0f\n",
	    t.seeds, t.failovers, t.payments, t.violations, t.virtual_s, took,
	    took > 0 ? (double)t.failovers / took : 0);
	return t.violations != 0;
}
