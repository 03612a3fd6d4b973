#include <string.h>

#include "tests/simulation/schedule.h"

#define ROUNDS 5
#define LEASE_US 400000 /* of most seeds */
#define QUICK_LEASE_US 150000
#define PEER_TIMEOUT_US 500000
#define BIT(type) (1u << (type))

struct draw {
	struct schedule *s;
	uint64_t dice;
};

static uint64_t draw(struct draw *d, uint64_t below)
{
	return hb_dice(&d->dice) % below;
}

static struct order *add(struct draw *d, enum order_kind kind)
{
	static struct order spill;
	struct order *o = d->s->count < SCHEDULE_ORDERS ? &d->s->order[d->s->count++] : &spill;

	memset(o, 0, sizeof(*o));
	o->kind = (uint8_t)kind;
	return o;
}

static void set(struct draw *d, enum parameter parameter, int64_t value)
{
	struct order *o = add(d, ORDER_SET);

	o->parameter = (uint8_t)parameter;
	o->value = value;
}

static void run(struct draw *d, uint64_t us)
{
	add(d, ORDER_RUN)->value = (int64_t)us;
}

/* Races are decided around the times that the protocol itself counts. */
static uint64_t duration_us(struct draw *d)
{
	switch (draw(d, 6)) {
	case 0: return 1000 + draw(d, 50000);
	case 1: return LEASE_US * (60 + draw(d, 80)) / 100;
	case 2: return PEER_TIMEOUT_US * (80 + draw(d, 50)) / 100;
	case 3: return (uint64_t)HB_LEASE_MAX_US * (70 + draw(d, 60)) / 100;
	case 4: return 100000 + draw(d, 1500000);
	default: return 100000 + draw(d, 4000000);
	}
}

static uint32_t letters(struct draw *d)
{
	static const uint32_t sets[] = {BIT(HB_PREPARE), BIT(HB_PROMISE), BIT(HB_ACCEPT), BIT(HB_ACCEPTED),
	    BIT(HB_GRANT), BIT(HB_BEAT), BIT(HB_BEAT), BIT(HB_PREPARE) | BIT(HB_ACCEPT),
	    BIT(HB_PROMISE) | BIT(HB_ACCEPTED), BIT(HB_BEAT) | BIT(HB_GRANT), ~0u, ~(BIT(HB_BEAT) | BIT(HB_GRANT))};

	return sets[draw(d, sizeof(sets) / sizeof(sets[0]))];
}

static uint8_t somebody(struct draw *d)
{
	return (uint8_t)draw(d, d->s->nodes);
}

static uint8_t whom(struct draw *d)
{
	static const uint8_t parts[] = {WHO_ACTIVE, WHO_ACTIVE, WHO_STANDBY, WHO_WITNESS};
	uint64_t n = draw(d, 8);

	return n < 4 ? parts[n] : somebody(d);
}

static struct ambush *strike(struct draw *d, enum fault fault, uint8_t at, uint64_t for_us)
{
	struct order *o = add(d, ORDER_STRIKE);

	o->now = true;
	o->strike = (struct ambush){.fault = (uint8_t)fault,
	    .at = at,
	    .peer = draw(d, 2) ? WHO_WITNESS : somebody(d),
	    .by = HB_NOBODY,
	    .letters = letters(d),
	    .for_us = for_us};
	return &o->strike;
}

static enum fault any_fault(struct draw *d)
{
	enum fault f = (enum fault)(1 + draw(d, FAULT_DRAWN - 1));

	/* A machine that loses its disk is rare, and long in coming back. */
	if (f != FAULT_WIPE)
		return f;
	if (draw(d, 4))
		return FAULT_POWER_OFF;
	return draw(d, 2) ? FAULT_WIPE : FAULT_REPLACE;
}

static void at_random(struct draw *d)
{
	for (uint64_t k = 1 + draw(d, 3); k; k--) {
		strike(d, any_fault(d), whom(d), draw(d, 4) ? duration_us(d) : 0);
		run(d, draw(d, 900000));
	}
	run(d, draw(d, 1000000));
}

/* Makes that the moment comes: one of the gateways goes, or comes back. */
static void start(struct draw *d, enum moment moment)
{
	static const enum fault goes[] = {
	    FAULT_POWER_OFF, FAULT_FREEZE, FAULT_ISOLATE, FAULT_RESTART, FAULT_DEAF, FAULT_MUTE};
	static const enum fault parts[] = {FAULT_POWER_OFF, FAULT_FREEZE, FAULT_ISOLATE, FAULT_CUT,
	    FAULT_CUT_REPLICATION, FAULT_RESTART, FAULT_CUT_ONE_WAY};
	bool hand = moment >= MOMENT_HAND_ASKED && moment <= MOMENT_HAND_CHOSEN;
	bool solo = moment >= MOMENT_SOLO_ASKED && moment <= MOMENT_ADD_CHOSEN;
	uint64_t pick = draw(d, 8);

	if (moment >= MOMENT_MAINTAIN_ASKED && moment <= MOMENT_MAINTAIN_CHOSEN)
		strike(d, FAULT_MAINTENANCE, draw(d, 3) ? WHO_STANDBY : WHO_ACTIVE, draw(d, 4) ? duration_us(d) : 0);
	else if (hand && draw(d, 2))
		strike(d, FAULT_SWITCHOVER, WHO_ACTIVE, 0);
	else if (hand || pick == 0)
		strike(d, FAULT_KILL_DATABASE, WHO_ACTIVE, 0);
	else if (solo || moment == MOMENT_SEMI_ON || moment == MOMENT_SEMI_OFF || pick <= 2)
		strike(d, parts[draw(d, sizeof(parts) / sizeof(parts[0]))], WHO_STANDBY, 300000 + draw(d, 900000))
		    ->peer = WHO_ACTIVE;
	else
		strike(d, goes[draw(d, sizeof(goes) / sizeof(goes[0]))], WHO_ACTIVE, duration_us(d));
}

static void lie_in_wait(struct draw *d, enum moment moment, enum fault fault)
{
	static const uint8_t by[] = {WHO_ACTOR, WHO_ACTOR, WHO_ACTOR, WHO_OTHER, WHO_OTHER, WHO_WITNESS};
	struct ambush *a = strike(d, fault, by[draw(d, sizeof(by))], draw(d, 8) ? duration_us(d) : 0);

	d->s->order[d->s->count - 1].now = false;
	a->moment = (uint8_t)moment;
	if (draw(d, 2))
		a->peer = WHO_OTHER;
	/* At once, within the next fsync, or about a lease later. */
	switch (draw(d, 4)) {
	case 0: a->after_us = draw(d, 5000); break;
	case 1: a->after_us = draw(d, 8) ? 0 : LEASE_US * (50 + draw(d, 100)) / 100; break;
	default: break;
	}
}

static void aimed(struct draw *d, uint64_t aim)
{
	enum moment moment = (enum moment)(aim % MOMENT_DRAWN);
	enum fault fault = (enum fault)(1 + aim / MOMENT_DRAWN % (FAULT_DRAWN - 1));

	lie_in_wait(d, moment, fault);
	for (uint64_t more = draw(d, 3); more; more--)
		lie_in_wait(d, draw(d, 2) ? moment : (enum moment)draw(d, MOMENT_DRAWN), any_fault(d));
	start(d, moment);
	run(d, 300000 + draw(d, 1200000));
	if (draw(d, 3) == 0)
		start(d, (enum moment)draw(d, MOMENT_DRAWN));
	run(d, draw(d, 800000));
}

void schedule_draw(struct schedule *s, uint64_t seed, unsigned nodes)
{
	static const int64_t disks[] = {500, 4000, 4000, 15000}, delays[] = {400, 1500, 1500, 10000};
	static const int64_t paces[] = {5000, 30000, 30000, 60000};
	struct draw d = {.s = s, .dice = seed * 0xd1342543de82ef95u + 77};

	memset(s, 0, offsetof(struct schedule, order));
	s->nodes = nodes;
	s->from_nothing = seed % 64 == 0;
	set(&d, SET_DISK_US, disks[draw(&d, 4)]);
	set(&d, SET_DELAY_US, delays[draw(&d, 4)]);
	set(&d, SET_PACE_US, paces[draw(&d, 4)]);
	set(&d, SET_MIXED_LEASES, draw(&d, 8) == 0);
	set(&d, SET_CLOCK_PPM, draw(&d, 3) ? 3000 : -4900);
	if (seed / 500 % 4 == 3)
		set(&d, SET_LEASE_US, QUICK_LEASE_US);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t kind = draw(&d, 20);

		if (kind < 6)
			at_random(&d);
		else if (kind < 9)
			strike(&d, any_fault(&d), whom(&d), 0);
		else
			aimed(&d, seed * ROUNDS + round);
		if (kind >= 6 && kind < 11)
			add(&d, ORDER_STAND)->value = kind < 9;
		add(&d, ORDER_SETTLE);
		if (draw(&d, 8) == 0)
			add(&d, ORDER_HAND_OVER);
		if (draw(&d, 8) == 0)
			add(&d, ORDER_MAINTAIN);
		run(&d, draw(&d, 300000));
	}
}
