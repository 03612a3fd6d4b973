#include "tests/simulation/schedule.h"

#include <string.h>

#define SETTLE_US 20000000
#define STAND_US 25000000
#define STAND_SERVED_AFTER_US 2000000 /* what the old active still answers does not count */
#define SLICE_US 20000
#define PEACE_US 3500000 /* until the last fault has had its consequences */
#define HAND_OVER_US 3000000

static void disarm(struct world *w)
{
	w->ambushes.count = 0;
	w->ambushes.due_us = UINT64_MAX;
}

/* The operator ends all maintenance, until it is so. */
static void end_maintenance(struct world *w)
{
	for (uint8_t i = 0; i < w->newest.members; i++)
		if (hb_in_maintenance(&w->newest, i))
			world_command(w, w->newest.active, HB_COMMAND_MAINTENANCE_OFF, i);
}

static bool all_admitted(const struct world *w)
{
	for (unsigned i = 0; i < w->nodes; i++)
		if (!w->member[i].disk.admitted)
			return false;
	return true;
}

/* And says who is gone for good, until another has its place. */
static void say_replaced(struct world *w)
{
	for (uint8_t i = 0; i < w->newest.members; i++)
		if (w->newest.member[i].instance != w->member[i].disk.instance)
			world_command(w, w->newest.active, HB_COMMAND_REPLACE, i);
}

static void settle(struct world *w)
{
	uint64_t end_us = w->now_us + SETTLE_US;

	disarm(w);
	fault_heal(w);
	w->calm = true;
	do {
		end_maintenance(w);
		say_replaced(w);
		world_run(w, SLICE_US);
	} while (w->now_us < end_us && (world_mode(w) != ROLE_MODE_SYNC || w->newest.maintenance || !all_admitted(w)) &&
		 !w->violations);
	if (!all_admitted(w))
		world_broken(w, "everything works and yet one has no vote after %u s", SETTLE_US / 1000000);
	if (world_mode(w) != ROLE_MODE_SYNC)
		world_broken(w, "everything works and yet they are not back in SYNC after %u s", SETTLE_US / 1000000);
	for (end_us = w->now_us + SETTLE_US; !promises_agree(w) && w->now_us < end_us && !w->violations;)
		world_run(w, SLICE_US);
	if (!promises_agree(w))
		world_broken(w, "everything works and yet the active goes by a record that is not the chosen one");
}

/* Is nobody about to change the record? A round that was begun before the fault may end after it, either way. */
static bool is_quiet(const struct world *w)
{
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++)
		if (w->member[i].up &&
		    (w->member[i].node.proposer.step != HB_STEP_IDLE || w->member[i].node.proposer.pending))
			return false;
	return true;
}

/* strictly: it was one fault in peace, so that not even what has changed since is an excuse. */
static void stand(struct world *w, bool strictly)
{
	uint64_t from_us = w->now_us + STAND_SERVED_AFTER_US, end_us = w->now_us + STAND_US;

	disarm(w);
	w->calm = true;
	if (!promises_owe_service(w))
		return;
	strictly = strictly && is_quiet(w);
	while (w->promises.paid_us < from_us && w->now_us < end_us && !w->violations)
		world_run(w, SLICE_US);
	if (w->promises.paid_us < from_us && (strictly || promises_owe_service(w)))
		world_broken(w, "nobody serves for %u s, though a majority with a good copy is up and connected",
		    STAND_US / 1000000);
}

static void serve(struct world *w)
{
	uint64_t from_us = w->now_us, end_us = w->now_us + STAND_US;

	disarm(w);
	w->calm = true;
	while (w->promises.paid_us < from_us && w->now_us < end_us && !w->violations)
		world_run(w, SLICE_US);
	if (w->promises.paid_us < from_us)
		world_broken(w, "nobody serves for %u s, though a role was forced", STAND_US / 1000000);
}

static unsigned active(const struct world *w)
{
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++)
		if (world_answers(w, i))
			return i;
	return WORLD_GATEWAYS;
}

/* C6: the other has the role soon, and there were two copies all the time. */
static void hand_over(struct world *w)
{
	unsigned from, before = w->switchovers;
	uint64_t end_us;

	disarm(w);
	w->calm = true;
	world_run(w, PEACE_US);
	from = active(w);
	if (from == WORLD_GATEWAYS || world_mode(w) != ROLE_MODE_SYNC || w->violations)
		return;
	if (w->trace)
		printf("%9.3f *** hand over in peace\n", (double)w->now_us / 1000);
	end_us = w->now_us + HAND_OVER_US;
	w->solo_seen = false;
	world_command(w, (unsigned)world_dice(w, w->nodes), HB_COMMAND_SWITCHOVER, HB_NOBODY);
	world_run(w, 200000);
	if (!w->verdict.started)
		return;
	while (w->now_us < end_us && active(w) != 1 - from && !w->violations)
		world_run(w, SLICE_US);
	if (active(w) != 1 - from)
		world_broken(w, "everything works and yet a switchover took more than %u s", HAND_OVER_US / 1000000);
	world_run(w, 300000);
	/* A claim of the other's that never came through may lie there still: any round finishes that one instead. */
	if (w->switchovers == before)
		return;
	if (w->solo_seen || world_mode(w) != ROLE_MODE_SYNC)
		world_broken(w, "everything works and yet a switchover left SYNC");
	w->handed++;
}

/* One gateway goes and comes back. Taking the standby out makes nobody wait; the active hands over first. */
static void maintain(struct world *w)
{
	unsigned from, who;
	uint64_t end_us;

	disarm(w);
	w->calm = true;
	world_run(w, PEACE_US);
	from = active(w);
	if (from == WORLD_GATEWAYS || world_mode(w) != ROLE_MODE_SYNC || w->newest.maintenance || w->violations)
		return;
	who = (unsigned)world_dice(w, WORLD_GATEWAYS);
	if (w->trace)
		printf("%9.3f *** maintenance of %s in peace\n", (double)w->now_us / 1000,
		    who == from ? "the active" : "the standby");
	end_us = w->now_us + HAND_OVER_US;
	world_command(w, (unsigned)world_dice(w, w->nodes), HB_COMMAND_MAINTENANCE_ON, (uint8_t)who);
	while (w->now_us < end_us && !(world_mode(w) == ROLE_MODE_SOLO && active(w) == 1 - who) && !w->violations) {
		world_run(w, SLICE_US / 4);
		if (w->verdict.id && !w->verdict.started)
			return;
		if (who != from && world_mode(w) == ROLE_MODE_STALLED)
			world_broken(w, "everything works and yet payments wait for the maintenance of the standby");
	}
	if (!w->verdict.id)
		return;
	if (world_mode(w) != ROLE_MODE_SOLO || active(w) != 1 - who)
		world_broken(w, "everything works and yet a maintenance took more than %u s", HAND_OVER_US / 1000000);
	world_run(w, PEACE_US);
	if (!w->violations && (!hb_in_maintenance(&w->newest, (uint8_t)who) || hb_in_sync(&w->newest, (uint8_t)who)))
		world_broken(w, "a member in maintenance came back by itself");
	w->maintained++;
	settle(w);
}

static void strike(struct world *w, const struct order *o)
{
	struct ambush a = o->strike;

	w->calm = false;
	if (!o->now) {
		if (w->ambushes.count == AMBUSH_MAX)
			return;
		a.armed = true;
		w->ambushes.ambush[w->ambushes.count++] = a;
		return;
	}
	fault_strike(w, (enum fault)a.fault, moment_who(w, a.at, 0), moment_who(w, a.peer, 0), a.letters, a.for_us);
}

static void set(struct world *w, enum parameter parameter, int64_t value)
{
	switch (parameter) {
	case SET_DISK_US: w->disk_us = (uint64_t)value; break;
	case SET_DELAY_US: w->delay_us = (uint64_t)value; break;
	case SET_PACE_US: w->pace_us = (uint64_t)value; break;
	case SET_MIXED_LEASES: w->mixed_leases = value != 0; break;
	case SET_LEASE_US: world_lease(w, (uint64_t)value); break;
	case SET_CLOCK_PPM:
		w->clock_ppm = value;
		for (unsigned i = 0; i < w->nodes; i++)
			world_set_clock(w, i, world_some_rate(w));
		break;
	case SET_COUNT: break;
	}
}

/* One that is set up and in SYNC, made once for all the seeds that begin there. The configuration of the database side is
 * drawn from the seed (one in four has durability = received), and does not change with it. */
static const struct world *settled(unsigned nodes, uint64_t seed)
{
	static struct world ready[2][2];
	static bool made[2][2];
	bool relaxed = seed % 4 == 3, many = nodes == WORLD_NODES;
	struct world *w = &ready[many][relaxed];

	if (!made[many][relaxed]) {
		world_start(w, 8 * nodes + (relaxed ? 3 : 0), nodes, false);
		w->calm = true; /* they have to join in order: the number as a member is the number here */
		world_run(w, 1500000 * nodes);
		settle(w);
		made[many][relaxed] = true;
	}
	return w;
}

void schedule_warm(void)
{
	(void)settled(3, 0);
	(void)settled(3, 3);
}

void schedule_pause_both(struct world *w)
{
	uint64_t epoch, both_us = 200000 + world_dice(w, 1800000);

	settle(w);
	world_run(w, 3000000);		   /* whatever was wrong with a database has passed */
	if (w->violations || !is_quiet(w)) /* letters that took long have made one suspicious: its round goes on */
		return;
	epoch = w->member[0].node.known.epoch;
	w->member[0].frozen = w->member[1].frozen = true;
	world_run(w, both_us);
	w->member[world_dice(w, WORLD_GATEWAYS)].frozen = false;
	world_run(w, world_dice(w, 20000));
	w->member[0].frozen = w->member[1].frozen = false;
	if (w->trace)
		printf("%9.3f both wake up after %u ms\n", (double)w->now_us / 1000, (unsigned)(both_us / 1000));
	world_run(w, 1500000);
	if (w->member[0].node.known.epoch != epoch || w->member[1].node.known.epoch != epoch)
		world_broken(w, "both stood still for %u ms, and one took over", (unsigned)(both_us / 1000));
}

void schedule_run(struct world *w, const struct schedule *s, uint64_t noise, bool trace)
{
	if (s->from_nothing) {
		world_start(w, noise, s->nodes, trace);
		w->calm = true;
		world_run(w, 1500000 * s->nodes);
		settle(w);
	} else {
		world_continue(w, settled(s->nodes, noise), noise, trace);
	}
	for (unsigned i = 0; i < s->count && !w->violations; i++) {
		const struct order *o = &s->order[i];

		switch (o->kind) {
		case ORDER_RUN: world_run(w, (uint64_t)o->value); break;
		case ORDER_STRIKE: strike(w, o); break;
		case ORDER_STAND: stand(w, o->value); break;
		case ORDER_SERVE: serve(w); break;
		case ORDER_SETTLE: settle(w); break;
		case ORDER_MAINTAIN: maintain(w); break;
		case ORDER_HAND_OVER: hand_over(w); break;
		case ORDER_SET: set(w, (enum parameter)o->parameter, o->value); break;
		default: break;
		}
	}
}
