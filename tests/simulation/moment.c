#include "tests/simulation/moment.h"

#include <stdio.h>
#include <string.h>

#include "tests/simulation/world.h"

static const char *const words[] = {
#define X(id, word) word,
    MOMENTS(X)
#undef X
};

unsigned moment_who(const struct world *w, uint8_t who, unsigned actor)
{
	unsigned active = w->member[0].node.known.members ? w->member[0].node.known.active : 0;

	for (unsigned i = 1; i < WORLD_GATEWAYS; i++)
		if (w->member[i].up && w->member[i].node.known.version > w->member[0].node.known.version)
			active = w->member[i].node.known.active;
	switch (who) {
	case WHO_ACTOR: return actor;
	case WHO_OTHER: return actor < WORLD_GATEWAYS ? 1 - actor : active;
	case WHO_ACTIVE: return active;
	case WHO_STANDBY: return 1 - active;
	case WHO_WITNESS: return WORLD_GATEWAYS;
	default: return who < w->nodes ? who : 0;
	}
}

static void has_come(struct world *w, unsigned at, enum moment moment)
{
	struct ambushes *all = &w->ambushes;

	all->hits[moment]++;
	for (unsigned i = 0; i < all->count; i++) {
		struct ambush *a = &all->ambush[i];

		if (!a->armed || a->due_us || a->moment != moment ||
		    (a->by != HB_NOBODY && moment_who(w, a->by, at) != at))
			continue;
		a->at = (uint8_t)moment_who(w, a->at, at);
		a->peer = (uint8_t)moment_who(w, a->peer, at);
		a->due_us = w->now_us + a->after_us;
		if (a->due_us < all->due_us)
			all->due_us = a->due_us;
		if (w->trace)
			printf("%9.3f ... %s of %s has come\n", (double)w->now_us / 1000, words[moment],
			    w->member[at].disk.name);
	}
}

static void look_at_round(struct world *w, unsigned at, const struct hb_node *n, struct seen *s)
{
	const struct hb_proposer *p = &n->proposer;
	int of = -1;

	if (p->step == s->step)
		return;
	if (p->step == HB_STEP_PREPARE)
		of = MOMENT_NOTHING_ASKED;
	else if (p->step == HB_STEP_SELF_ACCEPT || p->step == HB_STEP_CLOSE_GATE)
		of = MOMENT_NOTHING_PROMISED;
	else if (p->step == HB_STEP_ACCEPT)
		of = MOMENT_NOTHING_ACCEPTED;
	else if (s->step == HB_STEP_ACCEPT && p->step != HB_STEP_BACK_OFF)
		of = MOMENT_NOTHING_CHOSEN;
	if (of >= 0 && p->change.kind >= HB_CHANGE_NOTHING && p->change.kind <= HB_CHANGE_MAINTAIN)
		has_come(w, at, (enum moment)(of + 4 * ((int)p->change.kind - HB_CHANGE_NOTHING)));
	if (of >= 0 && p->change.kind == HB_CHANGE_FORCE)
		has_come(w, at, (enum moment)(of + MOMENT_FORCE_ASKED - MOMENT_NOTHING_ASKED));
	s->step = (uint8_t)p->step;
}

#define CAME(field, now, moment)                                                                                       \
	do {                                                                                                           \
		if (s->field != (now)) {                                                                               \
			s->field = (now);                                                                              \
			if (now)                                                                                       \
				has_come(w, at, moment);                                                               \
		}                                                                                                      \
	} while (0)

static void look_at_database(struct world *w, unsigned at, const struct hb_node *n, struct seen *s)
{
	bool waits = n->repl.semi_waits, follows = n->repl.following, up = n->repl.db_up, semi = n->repl.semi_sync;

	if (s->semi && !semi)
		has_come(w, at, MOMENT_SEMI_OFF);
	CAME(semi, semi, MOMENT_SEMI_ON);
	CAME(up, up, MOMENT_DATABASE_UP);
	CAME(waits, waits, MOMENT_COMMIT_WAITS);
	CAME(follows, follows, MOMENT_FOLLOWS);
	CAME(drained, n->repl.drained_epoch, MOMENT_DRAINED);
	CAME(opened, n->repl.opened_epoch, MOMENT_OPENED);
	CAME(barrier, n->ledger.barrier_epoch, MOMENT_BARRIER);
	if (memcmp(&s->token, &n->repl.token, sizeof(s->token)) != 0) {
		s->token = n->repl.token;
		has_come(w, at, MOMENT_TOKEN);
	}
}

void moment_look(struct world *w, unsigned at)
{
	const struct hb_node *n = &w->member[at].node;
	struct seen *s = &w->member[at].seen;
	bool storing = w->member[at].store_at_us != 0, gate = n->gate_until_us != 0, booted = n->booted;

	look_at_round(w, at, n, s);
	if (s->storing && !storing)
		has_come(w, at, MOMENT_WRITTEN);
	CAME(storing, storing, MOMENT_WRITING);
	CAME(version, n->known.version, MOMENT_LEARNT);
	CAME(booted, booted, MOMENT_BOOTED);
	if (at >= WORLD_GATEWAYS)
		return;
	look_at_database(w, at, n, s);
	if (s->gate && !gate)
		has_come(w, at, MOMENT_GATE_CLOSED);
	CAME(gate, gate, MOMENT_GATE_OPEN);
	CAME(want, n->order.want, MOMENT_ORDER);
}

void moment_strike(struct world *w)
{
	struct ambushes *all = &w->ambushes;

	all->due_us = UINT64_MAX;
	for (unsigned i = 0; i < all->count; i++) {
		struct ambush *a = &all->ambush[i];

		if (!a->armed || !a->due_us)
			continue;
		if (a->due_us > w->now_us) {
			all->due_us = a->due_us < all->due_us ? a->due_us : all->due_us;
			continue;
		}
		a->armed = false;
		fault_strike(w, (enum fault)a->fault, a->at, a->peer, a->letters, a->for_us);
	}
}

const char *moment_word(unsigned moment)
{
	return moment < MOMENT_COUNT ? words[moment] : "?";
}
