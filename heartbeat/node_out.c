#include "heartbeat/node_parts.h"

#include <string.h>

#include "heartbeat/fitness.h"
#include "heartbeat/ip_text.h"

void hb_node_facts(const struct hb_node *n, uint64_t now_us, struct hb_facts *ret)
{
	const struct repl_report *p = &n->repl;
	uint64_t lease_us = hb_lease_until(&n->lease, n->self, n->known.members, n->my_epoch);

	memset(ret, 0, sizeof(*ret));
	ret->state = (uint8_t)n->state;
	ret->level = HB_LEVEL;
	ret->hears = hb_hears(n, now_us);
	ret->second_address = n->settings.second_address;
	ret->serving = n->serving && n->gate_until_us > now_us;
	ret->holds_vip = n->holds_vip;
	ret->answered_epoch = n->high_water_epoch;
	ret->answered = n->high_water;
	ret->moved = n->moved;
	if (hb_mine(n) && lease_us > now_us)
		ret->lease_ms = (uint32_t)((lease_us - now_us) / 1000);
	memcpy(ret->reason, n->reason, sizeof(ret->reason));
	if (!hb_repl_fresh(n, now_us))
		return;
	ret->fit = hb_takes_over(n, now_us);
	/* One that dies again and again is not worth waiting for. */
	ret->follow_epoch = hb_deaths_too_many(&n->database_deaths, now_us) ? 0 : p->follow_epoch;
	ret->token = p->token;
	ret->apart = p->dirty || p->parted;
	ret->binlog = p->binlog;
	ret->received = p->received;
	ret->applied = p->applied;
	ret->opened_epoch = p->opened_epoch;
	ret->opened_at = p->opened_at;
	ret->backlog_ms = p->backlog_ms;
}

/* Has it been without a lease for so long that what it began will not give it one soon? */
static bool is_given_up(struct hb_node *n, uint64_t now_us)
{
	if (hb_node_has_lease(n, now_us) || n->leased_us < n->epoch_us)
		n->leased_us = now_us;
	return now_us > n->leased_us + 2 * n->settings.lease_us;
}

/* They hear us and grant us the lease, but no round of ours comes to its end: the lease only keeps them from helping another, while
 * payments wait. */
static bool holds_in_vain(const struct hb_node *n, uint64_t now_us)
{
	return GUARDED(M47_HOLDS_IN_VAIN, n->unchosen_us && now_us > n->unchosen_us + FIT_ROUND_US, false);
}

/* R13. */
static bool is_to_hold(const struct hb_node *n, uint64_t now_us)
{
	return hb_fit_to_renew(n, now_us) && !holds_in_vain(n, now_us);
}

/* An active that nobody grants anything must not keep its own acceptor closed: a claim that half of the others have accepted
 * could never be finished. */
static bool keeps_own_vote(struct hb_node *n, uint64_t now_us)
{
	return !is_given_up(n, now_us) ||
	       hb_lease_others_until(&n->lease, n->self, n->known.members, n->my_epoch) > now_us;
}

/* What others grant to one that cannot vote for itself only keeps them from claiming. A hand-over is like that, for a moment. */
static bool asks(struct hb_node *n, uint64_t now_us)
{
	return is_to_hold(n, now_us) && GUARD(M39_ASKS_WITHOUT_OWN_VOTE, hb_has_own_vote(n) || !is_given_up(n, now_us));
}

/* Without a request: whoever is no member has no lease to grant. */
struct hb_message *hb_beat(struct hb_node *n, uint8_t to, uint64_t now_us, struct hb_outbox *out)
{
	struct hb_message *m = hb_outbox_add(out, to, HB_BEAT, 0);

	m->stamp_us = now_us;
	m->epoch = n->my_epoch;
	m->duration_us = n->settings.lease_us;
	hb_node_facts(n, now_us, &m->facts);
	m->ballot = n->known_ballot;
	m->promised = n->acceptor.reg.promised;
	m->accepted_ballot = n->acceptor.reg.accepted_ballot;
	m->has_record = n->known.members > 0;
	m->record = n->known;
	return m;
}

static void beat(struct hb_node *n, uint8_t to, uint64_t now_us, struct hb_outbox *out)
{
	struct hb_message *m = hb_beat(n, to, now_us, out);

	m->echo_us = n->peer[to].stamp_us;
	m->echo_boot = n->peer[to].boot;
	m->want_lease = asks(n, now_us);
}

/* The own vote obeys the same rule as everybody's (S3), and is worth nothing before its record is on disk. */
static void grant_self(struct hb_node *n, uint64_t now_us)
{
	if (!GUARD(M35_OWN_VOTE_HELD, keeps_own_vote(n, now_us)) || !is_to_hold(n, now_us) ||
	    n->persisted < n->acceptor.identity_generation)
		return;
	if (GUARD(M02_OWN_VOTE_EXEMPT,
		hb_acceptor_renew(&n->acceptor, n->self, n->my_epoch, now_us, n->settings.lease_us, now_us) == HB_OK))
		hb_lease_grant(&n->lease, n->self, n->my_epoch, now_us, n->settings.lease_us);
}

/*
 * Each grant says that its sender lives, and costs as much as a beat. While we grant, ours only carry news, and the stamps
 * without which nothing would be granted (L3): three in a lease are enough, in that of the one who asks.
 */
static uint64_t next_beat_us(const struct hb_node *n, uint64_t now_us)
{
	uint64_t interval_us = n->settings.interval_us, slow_us = n->granted_for_us / 3;
	bool grants = !hb_mine(n) && n->granted_us && now_us < n->granted_us + 2 * interval_us;

	return now_us + (grants && slow_us > interval_us ? slow_us : interval_us);
}

void hb_tell_members(struct hb_node *n, uint64_t now_us, struct hb_outbox *out)
{
	const struct hb_record *r = &n->acceptor.reg.accepted;

	if (n->self == HB_NOBODY || (!n->beat_now && now_us < n->beat_us))
		return;
	n->beat_now = false;
	n->beat_us = next_beat_us(n, now_us);
	if (hb_mine(n)) {
		hb_lease_begin(&n->lease, n->my_epoch);
		grant_self(n, now_us);
	}
	for (uint8_t i = 0; i < r->members; i++)
		if (i != n->self)
			beat(n, i, now_us, out);
}

static enum repl_want want_as_active(const struct hb_node *n, uint64_t now_us)
{
	if (n->my_epoch != n->known.epoch)
		return REPL_WANT_NOTHING; /* our own claim comes first: another may be about to open */
	if (n->known.phase == HB_CLAIMED)
		return GUARDED(M12_WRITES_BEFORE_OPEN, REPL_WANT_PROMOTE,
		    n->repl.drained_epoch == n->my_epoch ? REPL_WANT_OPEN : REPL_WANT_PROMOTE);
	if (hb_is_sick(n, now_us))
		return REPL_WANT_NOTHING;
	return n->drain.rests ? REPL_WANT_DRAIN : REPL_WANT_OPEN;
}

static enum repl_want want(const struct hb_node *n, uint64_t now_us)
{
	const struct hb_record *r = &n->known;

	if (!n->booted || n->acceptor.reg.kind == HB_KIND_WITNESS)
		return REPL_WANT_NOTHING;
	if (hb_stands_in(n, now_us) && !hb_mine(n))
		return REPL_WANT_STAND_IN;
	if (r->active == n->self)
		return want_as_active(n, now_us);
	/* Handed over: nothing here is unsettled, and the other opens only when we acknowledge. */
	if (r->phase == HB_CLAIMED && n->handed_epoch == r->epoch)
		return hb_token_good(n) ? REPL_WANT_FOLLOW_IN : REPL_WANT_NOTHING;
	if (r->phase == HB_CLAIMED && (n->repl.dirty || n->opened))
		return GUARDED(M13_SLAVE_WHILE_CLAIMED, REPL_WANT_DOWN, REPL_WANT_FOLLOW_OUT); /* B3; R7 */
	if (r->phase == HB_CLAIMED)
		return hb_token_good(n) ? REPL_WANT_HOLD_IN : REPL_WANT_NOTHING;
	if (!hb_in_sync(r, n->self))
		return GUARDED(M13_MASTER_WHILE_OUT, REPL_WANT_FOLLOW_OUT, REPL_WANT_FOLLOW_IN);
	return hb_token_good(n) ? GUARDED(M13_SLAVE_IN_SYNC, REPL_WANT_FOLLOW_IN, REPL_WANT_FOLLOW_OUT)
				: REPL_WANT_NOTHING;
}

/* Another order gets another generation, which the report that answers it repeats; the first is new to every earlier life. */
void hb_count_order(struct hb_node *n, uint64_t now_us, struct repl_order *o)
{
	o->generation = n->order.generation;
	if (o->generation == 0)
		o->generation = now_us;
	else if (memcmp(o, &n->order, sizeof(*o)) != 0)
		o->generation++;
	n->order = *o;
}

static void tell_replication(struct hb_node *n, uint64_t now_us, struct repl_order *o)
{
	const struct hb_record *r = &n->known;

	memset(o, 0, sizeof(*o));
	o->want = want(n, now_us);
	o->copy_from = HB_NOBODY;
	o->epoch = r->epoch;
	o->self = n->self;
	o->active = r->members ? r->active : HB_NOBODY;
	if (r->members) {
		(void)ip_text(&r->member[r->active].address, o->active_address);
		if (n->peer[r->active].facts.opened_epoch == r->epoch)
			o->active_opened_at = n->peer[r->active].facts.opened_at;
	}
	for (uint8_t i = 0; i < r->members; i++)
		memcpy(o->member_name[i], r->member[i].name, sizeof(o->member_name[i]));
	o->near = o->want == REPL_WANT_FOLLOW_OUT && hb_is_near(n, now_us);
	o->open = r->members && r->phase == HB_OPEN;
	o->hurry = o->active != n->self && r->members && n->peer[r->active].facts.state == HB_DRAINING;
	/* R4: off only when {self} is known chosen and nothing else can still become so. */
	o->semi_sync = o->want == REPL_WANT_OPEN && (hb_must_be_acknowledged(n) || n->adding);
	hb_count_order(n, now_us, o);
}

static uint8_t mode(const struct hb_node *n, uint64_t now_us)
{
	if (!hb_mine(n) || !n->serving || n->gate_until_us <= now_us)
		return ROLE_MODE_STALLED;
	/* What clients are told of durability: two disks only when the other knows that its own is one of them. */
	return hb_is_solo(&n->known, n->self) || !GUARD(M51_SYNC_TOLD_TOO_SOON, hb_is_confirmed(n)) ? ROLE_MODE_SOLO
												    : ROLE_MODE_SYNC;
}

static void tell_role_page(struct hb_node *n, uint64_t now_us, struct role_view *v)
{
	const struct hb_record *r = &n->known;

	memset(v, 0, sizeof(*v));
	v->self = n->self;
	v->active = ROLEPAGE_NO_NODE;
	v->updated_us = now_us;
	if (!n->booted)
		return;
	v->version = r->version;
	v->epoch = r->epoch;
	v->active = r->active;
	v->open = r->phase == HB_OPEN;
	v->mode = mode(n, now_us);
	v->in_sync = (r->in_sync >> n->self & 1) != 0;
	memcpy(v->active_name, r->member[r->active].name, sizeof(v->active_name));
	if (hb_mine(n) && n->repl.opened_epoch == n->my_epoch && n->repl.db_up)
		v->writable_epoch = n->my_epoch;
	v->gate_until_us = n->gate_until_us;
	v->rest_us = n->pace.rest_us;
	v->looked_us = n->repl.looked_us;
	if (hb_is_draining(n))
		v->drain_generation = n->drain.generation;
}

/* Handed to us: the old active keeps the address until we serve, as long as it is there. */
static bool left_to_old(const struct hb_node *n, uint64_t now_us)
{
	uint8_t old = n->moved_from < HB_MEMBERS_MAX ? n->moved_from : 0;

	return n->vip_waits && hb_heard(n, old, n->settings.lease_us, now_us);
}

void hb_tell_host(struct hb_node *n, uint64_t now_us, struct hb_output *out)
{
	bool holder = hb_mine(n) && n->acceptor.reg.accepted.active == n->self && !left_to_old(n, now_us);

	tell_replication(n, now_us, &out->order);
	tell_role_page(n, now_us, &out->view);
	out->close_generation = n->close_generation;
	out->vip = n->booted && holder && !hb_is_sick(n, now_us) &&
		   (hb_node_has_lease(n, now_us) || hb_node_is_sole(n) || now_us < n->vip_grace_us);
	/* What waits here for an answer gets it by the way it came; meanwhile our edge sends what is new to the other. */
	out->vip =
	    out->vip || hb_drain_keeps_address(n, now_us) ||
	    (n->booted && n->known.active != n->self && n->handed_epoch == n->known.epoch && now_us < n->vip_until_us);
	hb_address_look(n, out->vip, now_us);
}
