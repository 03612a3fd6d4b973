#include "tests/simulation/promises.h"

#include "tests/simulation/world.h"

#define CHOSEN_IN_A_SECOND 40

static const struct hb_register *acceptor_of(const struct world *w, unsigned at)
{
	const struct member *m = &w->member[at];

	return m->up ? &m->node.acceptor.reg : &m->disk;
}

/* What may be lost is what the operator was shown: bound to the record, and to the one that is chosen. */
static void look_at_force(struct world *w, const struct hb_record *r)
{
	if (r->version != w->shown_version + 1)
		world_broken(w, "the role was forced from version %llu on, and the operator was shown %llu",
		    (unsigned long long)r->version - 1, (unsigned long long)w->shown_version);
	w->given_up = (uint8_t) ~(1u << r->active);
	book_accept_loss(w, r->active);
}

/* The register as nobody in the cluster can see it: which record does a majority hold? */
static void look_at_register(struct world *w)
{
	struct promises *p = &w->promises;
	bool found = false;

	p->stale = false;
	for (unsigned i = 0; i < w->nodes; i++) {
		const struct hb_register *r = acceptor_of(w, i);
		unsigned same = 0;

		if (!r->admitted || (found && hb_ballot_compare(r->accepted_ballot, p->ballot) <= 0))
			continue;
		for (unsigned k = 0; k < w->nodes; k++) {
			const struct hb_register *o = acceptor_of(w, k);

			same += o->admitted && hb_ballot_compare(o->accepted_ballot, r->accepted_ballot) == 0;
		}
		if (same < hb_quorum(r->accepted.members))
			continue;
		found = true;
		/* Not when a majority only seemed to hold what was not on disk before one of it lost its power. */
		if (p->chosen && hb_ballot_compare(r->accepted_ballot, p->ballot) > 0 &&
		    (r->accepted.in_sync & ~p->record.in_sync & p->record.maintenance & r->accepted.maintenance))
			world_broken(w, "a member in maintenance was added to in_sync");
		/* Who finishes it at a higher ballot may be the old active: for a moment no ballot has a majority. */
		if (r->accepted.forced_epoch > p->record.forced_epoch)
			look_at_force(w, &r->accepted);
		p->ballot = r->accepted_ballot;
		p->record = r->accepted;
	}
	p->chosen = found;
	if (found && p->record.phase == HB_OPEN)
		p->open_in_sync = p->record.in_sync;
}

static const char *name_of(const struct world *w, unsigned at)
{
	return w->member[at].disk.name;
}

/* Once heartbeatd has heard of it and answers nothing, it answers for what it says again. */
static void look_at_meddling(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	const struct hb_node *n = &m->node;
	bool heard = !n->repl.semi_sync || n->repl.leaks || n->leak.at.seq;

	/* One copy is what is promised; not any more while another is being added. */
	bool solo = hb_is_solo(&n->known, (uint8_t)at) && !n->proposer.pending;

	if ((solo && !n->adding) || (heard && (solo || !world_answers(w, at))))
		m->meddled = false;
}

void promises_check(struct world *w)
{
	struct promises *p = &w->promises;
	unsigned answering = 0;

	if (p->stale)
		look_at_register(w);
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++) {
		const struct hb_proposer *r = &w->member[i].node.proposer;

		if (w->member[i].observes && w->member[i].up && r->step != HB_STEP_IDLE &&
		    r->change.kind != HB_CHANGE_NOTHING)
			world_broken(w, "%s observes only, and begins a change", name_of(w, i));
		if (w->member[i].meddled)
			look_at_meddling(w, i);
		if (!world_answers(w, i))
			continue;
		answering++;
		/* Leases of two actives are disjoint; who is sole cannot be superseded. */
		if (p->chosen && p->record.active != i)
			world_broken(w, "%s answers while the chosen record names another", name_of(w, i));
	}
	if (answering > 1)
		world_broken(w, "two nodes answer");
}

/* Two disks, unless the configuration says that one of them may be the memory of a machine. */
static bool is_on_disk(const struct world *w, const struct database *d)
{
	const struct mariadb *m = &d->server;

	return d->durability_received || w->book.must <= m->synced || w->book.must <= m->relay_synced;
}

void promises_answered(struct world *w, unsigned at)
{
	struct promises *p = &w->promises;
	bool in_sync = w->member[at].view.mode == ROLE_MODE_SYNC; /* so the client is told */

	if (p->stale)
		look_at_register(w);
	if (w->member[at].node.holds_vip)
		p->paid_us = w->now_us; /* else it is the answer to nobody */
	if (!p->chosen)
		return;
	if (p->record.active != at)
		world_broken(w, "%s has answered after the role went to another", name_of(w, at));
	/* Every copy that counts has it. The members may not know yet that this record is chosen. */
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++) {
		const struct database *d = &w->member[i].db;

		if (in_sync && hb_in_sync(&p->record, (uint8_t)i) && !is_on_disk(w, d))
			world_broken(
			    w, "%s has answered in SYNC what %s does not have on disk", name_of(w, at), name_of(w, i));
		if (hb_in_sync(&p->record, (uint8_t)i) && database_has_token(d) &&
		    token_equal(&d->token.token, &p->record.token[i]) &&
		    !mariadb_holds(&d->server, w->book.must, w->book.must_chain))
			world_broken(w, "%s counts as a copy, and what %s has answered is not there", name_of(w, i),
			    name_of(w, at));
	}
}

/* Can the two talk? One whose letters are lost by their type is as good as away. */
static bool can_talk(const struct world *w, unsigned a, unsigned b)
{
	return world_linked(w, a, b) && w->now_us >= w->member[a].hold_until_us &&
	       w->now_us >= w->member[b].hold_until_us;
}

/* Who is sole needs nobody, as long as its own acceptor holds the record and nothing of its own is pending. */
static bool serves_alone(const struct world *w)
{
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++)
		if (world_answers(w, i) && w->member[i].db.server.up && !w->member[i].hung &&
		    !w->member[i].vip_deaf_us && hb_node_is_sole(&w->member[i].node))
			return true;
	return false;
}

void promises_chosen(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];

	if (w->now_us >= m->second_us + 1000000) {
		m->second_us = w->now_us;
		m->chosen = 0;
	}
	w->solo_seen = w->solo_seen || hb_is_solo(&m->node.known, m->node.known.active);
	if (++m->chosen == CHOSEN_IN_A_SECOND)
		world_broken(w, "%s: %u records in a second", name_of(w, at), m->chosen);
}

/* One whose register cannot be written votes for nothing new. */
static bool can_vote(const struct member *m)
{
	return m->node.acceptor.reg.admitted && !m->stuck_us;
}

/* Is there something that it has received and cannot apply? */
static bool cannot_drain(const struct mariadb *m)
{
	return (m->stalled || m->ill) && m->received > m->engine;
}

/* Could it serve if a majority were with it? */
static bool is_whole(const struct member *m, const struct token *counts)
{
	return m->up && !m->observes && can_vote(m) && !m->frozen && !m->hung && !m->vip_deaf_us &&
	       database_has_token(&m->db) && token_equal(counts, &m->db.token.token) && !cannot_drain(&m->db.server);
}

bool promises_owe_service(struct world *w)
{
	struct promises *p = &w->promises;
	unsigned whole;

	if (serves_alone(w))
		return true;

	/* A path on which all letters take a lease is no path, and yet they say that their sender lives. */
	for (unsigned i = 0; i < w->nodes; i++)
		if (w->now_us < w->member[i].hold_until_us && w->member[i].hold_late_us)
			return false;
	look_at_register(w);
	whole = p->record.in_sync | (p->record.phase == HB_CLAIMED ? p->open_in_sync : 0);
	for (unsigned g = 0; p->chosen && g < WORLD_GATEWAYS; g++) {
		unsigned members = 1;

		if (!(whole >> g & 1) || !is_whole(&w->member[g], &p->record.token[g]))
			continue;
		for (unsigned i = 0; i < w->nodes; i++)
			members += i != g && can_vote(&w->member[i]) && can_talk(w, g, i);
		if (members >= hb_quorum(w->nodes))
			return true;
	}
	return false;
}

bool promises_agree(struct world *w)
{
	struct promises *p = &w->promises;

	look_at_register(w);
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++)
		if (world_answers(w, i) && p->chosen && !hb_record_equal(&w->member[i].node.known, &p->record))
			return false;
	return true;
}
