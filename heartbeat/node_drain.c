/* C6: the role is handed over on purpose, with nothing lost, nothing unsettled and nobody refused. */
#include "heartbeat/node_parts.h"

#include <stdio.h>

#define LEVEL_SWITCHOVER 1 /* of a release that takes a record with that reason */
#define DRAIN_US 2000000   /* then it is called off; requests wait for longer than that */
#define AGAIN_US 200000
#define NOTE_US 10000000 /* how long the reason of a failure is told */
#define LAG_MAX_SEQ 1000 /* what the standby may lack when it begins */
#define LAG_MAX_MS 500
#define ADDRESS_MAX_US 500000 /* the address stays for so long with who has handed over, if the other does not serve */
#define ANSWERS_US 30000      /* for what waited to be answered by the way it came */

/* Why the role cannot go to m, now or any more; NULL: it can. */
static const char *obstacle(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_facts *f = &n->peer[m].facts;

	if (!hb_mine(n) || n->known.phase != HB_OPEN)
		return "the record has changed";
	if (hb_in_maintenance(&n->known, m))
		return "it is in maintenance";
	if (!hb_in_sync(&n->known, m))
		return "it does not hold everything: the mode is SOLO";
	if (!hb_answers(n, m, now_us))
		return "nothing is heard from it";
	if (!token_equal(&f->token, &n->known.token[m]))
		return "its copy is not the one that the record trusts";
	if (f->follow_epoch != n->my_epoch)
		return "it does not follow";
	if (!f->fit)
		return f->reason[0] ? f->reason : "it is not fit";
	return NULL;
}

static uint64_t behind(const struct hb_node *n, uint8_t m)
{
	uint64_t applied = n->peer[m].facts.applied.seq, mine = n->repl.binlog.seq;

	return mine > applied ? mine - applied : 0;
}

static bool all_are_of_this_release(const struct hb_node *n)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && n->peer[i].stamp_us && n->peer[i].facts.level < LEVEL_SWITCHOVER)
			return false;
	return true;
}

const char *hb_drain_not_now(const struct hb_node *n, uint64_t now_us)
{
	if (!n->serving || !n->opened || hb_is_sick(n, now_us))
		return "is not serving";
	if (hb_is_draining(n))
		return "is handing over already";
	if (n->repl_away)
		return "is without its replicationd at the moment: try again";
	if (n->proposer.pending || !hb_record_equal(&n->acceptor.reg.accepted, &n->known))
		return "is changing the record: try again";
	if (!all_are_of_this_release(n))
		return "hears members of an older release: upgrade them first";
	return hb_node_has_lease(n, now_us) ? NULL : "does not hold the lease: the others do not answer";
}

bool hb_drain_begin(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	uint8_t m = c->target == HB_NOBODY ? hb_other_gateway(n) : c->target;
	const char *self = hb_member_name(n, n->self), *no = hb_drain_not_now(n, now_us);
	const struct hb_facts *f = &n->peer[m < HB_MEMBERS_MAX ? m : 0].facts;

	if (m == n->self) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s is active already", self);
		return false;
	}
	if (m >= n->known.members || n->known.member[m].kind != HB_KIND_GATEWAY) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "there is no other gateway");
		return false;
	}
	if (no) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s %s", self, no);
		return false;
	}
	no = obstacle(n, m, now_us);
	if (no) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s cannot take over: %.90s", hb_member_name(n, m), no);
		return false;
	}
	if (behind(n, m) > LAG_MAX_SEQ || f->backlog_ms > LAG_MAX_MS) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s lags: %llu transactions, %u ms; allowed are %d, %d ms",
		    hb_member_name(n, m), (unsigned long long)behind(n, m), (unsigned)f->backlog_ms, LAG_MAX_SEQ,
		    LAG_MAX_MS);
		return false;
	}
	n->drain = (struct hb_drain){.to = m, .generation = now_us, .began_us = now_us};
	n->drain_note[0] = '\0';
	n->beat_now = true;
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s hands over to %s", self, hb_member_name(n, m));
	return true;
}

void hb_drain_for_ledger(struct hb_node *n, uint64_t now_us)
{
	const struct hb_command command = {.kind = HB_COMMAND_SWITCHOVER, .target = HB_NOBODY};
	char why[LOCAL_REASON_BYTES];

	/* Refused, or called off: it may go a moment later, and the ledger waits for that. */
	if (n->drain_note[0] && now_us < n->drain_note_us + AGAIN_US)
		return;
	if (!hb_mine(n) || hb_is_draining(n) || hb_is_solo(&n->known, n->self) ||
	    hb_drain_begin(n, &command, now_us, why))
		return;
	(void)snprintf(n->drain_note, sizeof(n->drain_note), "its ledger is told to end, and %.80s", why);
	n->drain_note_us = now_us;
}

/* The database is read only, at our present word, and nothing of it waits. */
static bool is_quiet(const struct hb_node *n, uint64_t now_us)
{
	const struct repl_report *p = &n->repl;

	return n->order.want == REPL_WANT_DRAIN && p->order_generation == n->order.generation &&
	       p->state == REPL_QUIET && p->db_up && !p->semi_waits && !p->row_waits && hb_repl_fresh(n, now_us);
}

static bool has_everything(const struct hb_node *n, uint8_t m)
{
	const struct hb_facts *f = &n->peer[m].facts;

	return gtid_reaches(f->received, n->repl.binlog) && gtid_reaches(f->applied, n->repl.binlog);
}

/* Without a lease the other may be serving by now, and have it too: not for long. */
bool hb_drain_keeps_address(const struct hb_node *n, uint64_t now_us)
{
	return hb_is_draining(n) && !hb_is_sick(n, now_us) && now_us < n->leased_us + ADDRESS_MAX_US;
}

const char *hb_drain_waits(const struct hb_node *n, uint64_t now_us)
{
	if (n->proposer.pending)
		return "handing over: waits until the record says so";
	if (!n->drain.rests)
		return "handing over: waits for the last batch of the ledger";
	if (!is_quiet(n, now_us))
		return "handing over: waits until the database is read only";
	if (!has_everything(n, n->drain.to))
		return "handing over: waits until the other has applied everything";
	return "handing over: writes the record";
}

bool hb_drain_stands(const struct hb_node *n, uint64_t now_us)
{
	return hb_is_draining(n) && !hb_is_sick(n, now_us) && !obstacle(n, n->drain.to, now_us);
}

bool hb_drain_passes(struct hb_node *n, uint64_t now_us)
{
	if (!hb_drain_owns(n))
		return true;
	if (!hb_drain_stands(n, now_us) || !GUARD(M27_HAND_UNDRAINED, n->drain.rests && is_quiet(n, now_us)) ||
	    !GUARD(M27_HAND_BEHIND, has_everything(n, n->drain.to)))
		return false;
	n->drain.passed = true;
	return true;
}

static void end(struct hb_node *n, const char *note, uint64_t now_us)
{
	const char *to = hb_member_name(n, n->drain.to);

	if (note) {
		(void)snprintf(n->drain_note, sizeof(n->drain_note), "did not hand over to %s: %.80s", to, note);
		n->drain_note_us = now_us;
	}
	n->drain = (struct hb_drain){0};
	if (n->unopened_us)
		n->unopened_us = now_us; /* it was closed on purpose, and has its time to be open again */
	n->beat_now = true;
}

void hb_drain_look(struct hb_node *n, uint64_t now_us)
{
	struct hb_drain *d = &n->drain;
	const char *no;

	if (n->drain_note[0] && now_us > n->drain_note_us + NOTE_US)
		n->drain_note[0] = '\0';
	if (n->vip_until_us && n->peer[n->known.active].facts.serving && n->vip_until_us > now_us + ANSWERS_US)
		n->vip_until_us = now_us + ANSWERS_US;
	if (!hb_is_draining(n))
		return;
	if (hb_ledger_fresh(n, now_us) && n->ledger.rest_generation == d->generation)
		d->rests = true;
	if (n->proposer.pending)
		return; /* S4: it stays closed until the outcome is known */
	no = hb_is_sick(n, now_us) ? "its own database is gone" : obstacle(n, d->to, now_us);
	if (hb_ill(n, now_us) != HB_ILL_NONE)
		no = hb_ill_text(hb_ill(n, now_us));
	/* It would come back in a moment, perhaps, and payments would wait for that. */
	if (!no && n->repl_away)
		no = "its replicationd is away";
	if (!no && GUARDED(M30_DRAIN_NEVER_ENDS, now_us > d->began_us + DRAIN_US, false))
		no = hb_drain_waits(n, now_us) + sizeof("handing over: ") - 1;
	if (no)
		end(n, no, now_us);
}

void hb_drain_learn(struct hb_node *n, const struct hb_record *r, uint64_t now_us)
{
	bool ours = n->drain.passed && r->active == n->drain.to && r->epoch == n->my_epoch + 1 &&
		    (r->phase == HB_CLAIMED ? r->keep : hb_in_sync(r, n->self));

	if (!hb_is_draining(n) || r->epoch == n->known.epoch)
		return;
	if (ours) {
		n->handed_epoch = r->epoch;
		n->vip_until_us = now_us + ADDRESS_MAX_US;
		n->opened = false;
	}
	end(n, ours ? NULL : "the record has changed", now_us);
}
