#include "heartbeat/explain.h"

#include "heartbeat/explain_view.h"
#include "heartbeat/node_parts.h"

/* Before the record is known. */
static void explain_boot(const struct hb_view *v)
{
	const struct hb_node *n = v->n;

	if (n->join_refused)
		SAY(v, NOW, HB_NOBODY, "this machine is not admitted: %s", n->join_refused);
	else if (n->self == HB_NOBODY)
		SAY(v, NOW, HB_NOBODY, "this machine asks for admission: only the active member can grant it");
	else if (hb_is_stranger(n, v->now_us))
		SAY(v, NOW, HB_NOBODY,
		    "the members hear this machine, and take it for none of them: another one has its place since "
		    "'holdfastctl replace', and then this one begins anew (operations.md, 'A member's disk is gone'), "
		    "or it speaks from another address than the record says");
	else
		SAY(v, NOW, HB_NOBODY,
		    "this member does not know yet who is active: %u others have answered, and a majority must agree",
		    (unsigned)__builtin_popcount(n->reading.answers & ~(1u << n->self)));
	if (n->self != HB_NOBODY && v->now_us < n->acceptor.silent_until_us)
		SAY(v, NOW, n->self, "it has just started, and votes in %llu ms: by then no lease of before runs",
		    MS(n->acceptor.silent_until_us - v->now_us));
}

static void explain_record(const struct hb_view *v)
{
	uint8_t a = v->r->active;
	struct hb_facts f;

	view_facts(v, a, &f);
	if (v->r->forced_epoch && v->r->forced_epoch == v->r->epoch)
		SAY(v, NOW, HB_NOBODY, "the role was forced in this epoch: what only another copy had was given up");
	SAY(v, NOW, HB_NOBODY, "the record names %s active in epoch %llu, version %llu; last changed for: %s",
	    view_name(v, a), (unsigned long long)v->r->epoch, (unsigned long long)v->r->version,
	    hb_reason_text(v->r->reason));
	if (!view_alive(v, a) && view_hearer(v, a) != HB_NOBODY)
		SAY(v, NOW, a,
		    "nothing is heard from it here, but %s hears it, or did a moment ago: it may serve; look there",
		    view_name(v, view_hearer(v, a)));
	else if (!view_alive(v, a))
		SAY(v, NOW, a, "nothing is heard from it here: what it does is not known%s",
		    hb_is_solo(v->r, a) ? "; nobody else has every payment (last resort: holdfastctl force promote)"
					: "");
	else if (view_is_cut_off(v))
		SAY(v, NOW, a,
		    "it is cut off and does not serve; whether another does since, and who is active, is not known "
		    "here");
	else if (v->r->phase == HB_CLAIMED)
		SAY(v, NOW, a, "it has claimed and not opened yet, payments wait: %s",
		    f.reason[0] ? f.reason : "it first applies all it received");
	else if (!f.serving)
		SAY(v, NOW, a, "it does not serve, payments wait: %s",
		    f.reason[0]		   ? f.reason
		    : f.state == HB_ACTIVE ? "it holds no lease"
					   : hb_state_text(f.state));
	else if (hb_is_solo(v->r, a))
		SAY(v, NOW, a, "it serves alone (SOLO): no other member holds every payment");
	else if (a == v->n->self && view_awaited(v) != HB_NOBODY)
		SAY(v, NOW, a, "it is open (SYNC), but payments wait now: none is answered before %s has it as well",
		    view_name(v, view_awaited(v)));
	else
		SAY(v, NOW, a, "it serves (SYNC): each payment is on two gateways before it is answered");
}

static const char *ill_text(const struct hb_view *v)
{
	enum hb_ill ill = hb_ill(v->n, v->now_us);

	if (ill != HB_ILL_NONE)
		return hb_ill_text(ill);
	return hb_token_good(v->n) ? "it does not come to the end of its opening" : "its copy lost its token";
}

static void explain_lease(const struct hb_view *v)
{
	uint8_t a = v->r->active;
	struct hb_facts f;

	view_facts(v, a, &f);
	if (!view_alive(v, a))
		return;
	if (f.lease_ms)
		SAY(v, NOW, a, "its lease ran for another %u ms when it said so last", (unsigned)f.lease_ms);
	else if (hb_is_solo(v->r, a) && v->r->phase == HB_OPEN)
		SAY(v, NOW, a, "it holds no lease, and needs none: nobody else may take the role");
	else
		SAY(v, NOW, a, "it holds no lease: it answers nothing until a majority grants it one");
	if (a == v->n->self && hb_mine(v->n) && !hb_fit_to_renew(v->n, v->now_us))
		SAY(v, NOW, a, "it does not ask for a lease, because it cannot work: %s", ill_text(v));
}

/* Payments wait for m: until when, and what ends it before. Another than the active cannot know what that hears. */
static void explain_waiting(const struct hb_view *v, uint8_t m)
{
	bool own = v->r->active == v->n->self;
	const char *a = view_name(v, v->r->active), *wait = "payments wait for it";
	const struct hb_peer *p = &v->n->peer[m];
	uint64_t until_us = view_alive(v, m) ? view_commit_waits_us(v) + v->n->settings.peer_timeout_us
					     : p->heard_us + p->missed_us + hb_silence_us(&v->n->settings);
	uint64_t left_us = view_left(until_us, v->now_us);

	if (!view_alive(v, v->r->active))
		return;
	if (!own)
		SAY(v, NOW, m,
		    "if %s hears nothing of it either, %s: for peer-timeout-ms at most, or until holdfastctl force "
		    "solo",
		    a, wait);
	else if (!view_majority_without(v, HB_NOBODY))
		SAY(v, NOW, m, "%s: %s may not go on alone, it hears no majority", wait, a);
	else if (left_us)
		SAY(v, NOW, m, "%s: in %llu ms %s goes on alone; at once by: holdfastctl force solo", wait, MS(left_us),
		    a);
	else
		SAY(v, NOW, m, "%s: %s is about to go on alone", wait, a);
}

static void explain_members(const struct hb_view *v)
{
	uint8_t wanted = view_awaited(v);

	for (uint8_t i = 0; i < v->r->members; i++) {
		struct hb_facts f;

		view_facts(v, i, &f);
		if (i != v->n->self && !view_alive(v, i) && v->n->peer[i].heard)
			SAY(v, NOW, i, "nothing is heard from it for %llu ms", MS(view_silent_us(v, i)));
		else if (i != v->n->self && !view_alive(v, i))
			SAY(v, NOW, i, "nothing is heard from it");
		else if (i != v->r->active && view_is_gateway(v, i))
			SAY(v, NOW, i, "%s, %s in_sync%s%s", hb_state_text(f.state),
			    hb_in_sync(v->r, i) ? "in" : "not in", f.reason[0] ? ": " : "", f.reason);
		if (i == wanted)
			explain_waiting(v, i);
	}
	if (view_votes_without(v, HB_NOBODY) < hb_quorum(v->r->members))
		SAY(v, NOW, HB_NOBODY, "%u of %u members are heard here: no majority, nothing can be changed from here",
		    view_votes_without(v, HB_NOBODY), (unsigned)v->r->members);
}

/* Who dies votes for nobody. */
static uint8_t rival_of(const struct hb_view *v, uint8_t m)
{
	return v->r->active == m ? HB_NOBODY : v->r->active;
}

static bool has_votes(const struct hb_view *v, uint8_t m)
{
	return view_votes_with(v, m, rival_of(v, m)) >= hb_quorum(v->r->members);
}

static void explain_votes(const struct hb_view *v, uint8_t m)
{
	uint8_t without = rival_of(v, m);

	CHECK(v, CLAIM, m, has_votes(v, m), "a majority can vote for it%s%s: it hears %u of %u members, %u are needed",
	    without == HB_NOBODY ? "" : " without ", without == HB_NOBODY ? "" : view_name(v, without),
	    view_votes_with(v, m, without), (unsigned)v->r->members, hb_quorum(v->r->members));
}

/* Is the time all that is missing? */
static bool claims_in_time(const struct hb_view *v)
{
	for (unsigned i = 0; i < HB_CLAIM_CHECKS_COUNT; i++) /* a promise ends with the lease that it was given for */
		if (i != HB_CLAIM_SILENCE && i != HB_CLAIM_PROMISED && !hb_claim_check(v->n, i, v->now_us))
			return false;
	return !v->n->settings.observe_only && has_votes(v, v->n->self);
}

/* The guards of this member itself, as it asks them before it claims. */
static void explain_own_claim(const struct hb_view *v)
{
	static const char *const text[] = {
#define X(id, text) text,
	    HB_CLAIM_CHECKS(X)
#undef X
	};
	const struct hb_node *n = v->n;

	if (n->settings.observe_only)
		CHECK(v, CLAIM, n->self, false, "it may act: observe-only is set, it only says what it would do");
	if (n->would != HB_CHANGE_NONE)
		SAY(v, CLAIM, n->self, "it would now: %s, for: %s", hb_change_word(n->would),
		    hb_reason_text(n->would_reason));
	for (unsigned i = 0; i < HB_CLAIM_CHECKS_COUNT; i++) {
		bool met = hb_claim_check(n, i, v->now_us);

		if (i == HB_CLAIM_SILENCE && !met && claims_in_time(v))
			CHECK(v, CLAIM, n->self, met, "%s: asked %llu ms ago; unless it asks again, claims in %llu ms",
			    text[i], MS(v->now_us - n->renewed_us), MS(hb_claim_from_us(n) - v->now_us));
		else if (i == HB_CLAIM_SILENCE && !met)
			CHECK(v, CLAIM, n->self, met, "%s: asked %llu ms ago", text[i], MS(v->now_us - n->renewed_us));
		else if (i == HB_CLAIM_AWAKE && !met)
			CHECK(v, CLAIM, n->self, met, "%s: in %llu ms", text[i],
			    MS(n->acceptor.silent_until_us - v->now_us));
		else
			CHECK(v, CLAIM, n->self, met, "%s", text[i]);
	}
	explain_votes(v, n->self);
}

/* As far as the others are told. */
static void explain_claim(const struct hb_view *v, uint8_t m)
{
	bool here = view_alive(v, m), trusted;
	struct hb_facts f;

	view_facts(v, m, &f);
	trusted = hb_in_sync(v->r, m) && token_equal(&f.token, &v->r->token[m]);
	CHECK(v, CLAIM, m, hb_in_sync(v->r, m), "it is in in_sync: holds every payment that was acknowledged");
	CHECK(v, CLAIM, m, here, here ? "it is heard" : "it is heard: otherwise nobody here knows how it is");
	if (!here)
		return;
	CHECK(v, CLAIM, m, trusted, "its copy of the data is the one that the record trusts");
	if (!f.fit && f.reason[0])
		CHECK(v, CLAIM, m, false, "it is fit to take over; it says: %s", f.reason);
	else
		CHECK(v, CLAIM, m, f.fit,
		    "it is fit to take over: its database works, its ledger, HAProxy and keepalived are there");
	explain_votes(v, m);
}

static void explain_claims(const struct hb_view *v)
{
	for (uint8_t i = 0; i < v->r->members; i++) {
		if (!view_is_gateway(v, i) || (i == v->n->self && hb_mine(v->n)))
			continue;
		if (i == v->n->self) /* one that restarted while it is named has to claim, too */
			explain_own_claim(v);
		else if (i != v->r->active)
			explain_claim(v, i);
	}
}

static uint64_t behind(uint64_t ahead, uint64_t at)
{
	return ahead > at ? ahead - at : 0;
}

/* m is outside in_sync: what is missing? */
static void explain_add(const struct hb_view *v, uint8_t m)
{
	const struct hb_node *n = v->n;
	bool here = view_alive(v, m), active_here = n->self == v->r->active;
	uint64_t lacks, allowed = hb_add_behind(n, v->now_us);
	struct hb_facts f, a;

	view_facts(v, m, &f);
	view_facts(v, v->r->active, &a);
	lacks = behind(a.binlog.seq, f.received.seq);
	if (active_here && n->pace.rest_us)
		SAY(v, ADD, m, "payments are slowed down for it to catch up: %llu ms of rest after each batch",
		    (unsigned long long)MS(n->pace.rest_us));
	CHECK(v, ADD, m, !hb_in_maintenance(v->r, m), "it is not in maintenance");
	CHECK(v, ADD, m, here, "it is heard");
	CHECK(v, ADD, m, view_hears(v, m, v->r->active), "it hears %s", view_name(v, v->r->active));
	CHECK(v, ADD, m, a.serving && view_alive(v, v->r->active), "%s serves", view_name(v, v->r->active));
	CHECK(v, ADD, m, here && f.follow_epoch == v->r->epoch, "it follows %s in epoch %llu",
	    view_name(v, v->r->active), (unsigned long long)v->r->epoch);
	CHECK(v, ADD, m, here && !token_is_none(&f.token), "its copy of the data has a token");
	if (here && f.received.seq)
		CHECK(v, ADD, m, lacks <= allowed, "it is near: %llu transactions behind, %llu are allowed",
		    (unsigned long long)lacks, (unsigned long long)allowed);
	else
		CHECK(v, ADD, m, false, "it is near: how far behind it is, is not known");
	if (here && f.follow_epoch)
		CHECK(v, ADD, m, f.backlog_ms <= ADD_BACKLOG_MS,
		    "it applies what it receives: that waits %u ms, %u are allowed", (unsigned)f.backlog_ms,
		    ADD_BACKLOG_MS);
	else
		CHECK(v, ADD, m, false, "it applies what it receives: whether it does, is not known");
	CHECK(v, ADD, m, a.lease_ms && view_alive(v, v->r->active), "%s holds the lease", view_name(v, v->r->active));
	if (active_here)
		CHECK(v, ADD, m, gtid_reaches(f.received, n->add_above), "it has received something since it was lost");
	if (active_here && v->now_us < n->add_again_us)
		CHECK(v, ADD, m, false, "the last try failed: the next is in %llu ms", MS(n->add_again_us - v->now_us));
	if (active_here && n->adding)
		SAY(v, ADD, m, "under way: semi-sync is on, %s",
		    n->repl.sync_marked ? "waits until it has all that was written before" : "waits for replicationd");
}

static void explain_adds(const struct hb_view *v)
{
	for (uint8_t i = 0; i < v->r->members; i++)
		if (view_is_gateway(v, i) && !hb_in_sync(v->r, i) && i != v->r->active)
			explain_add(v, i);
}

void hb_explain(const struct hb_node *n, uint64_t now_us, struct hb_explanation *ret)
{
	struct hb_view v = {.n = n, .r = &n->known, .now_us = now_us, .out = ret};

	ret->count = 0;
	if (!n->booted || !n->known.members) {
		explain_boot(&v);
		return;
	}
	explain_record(&v);
	explain_lease(&v);
	explain_members(&v);
	explain_claims(&v);
	explain_adds(&v);
	view_explain_deaths(&v);
}

const char *hb_topic_word(unsigned topic)
{
	static const char *const word[] = {
#define X(id, word, text) word,
	    HB_TOPICS(X)
#undef X
	};

	return topic < HB_TOPIC_COUNT ? word[topic] : "unknown";
}

const char *hb_fate_word(unsigned fate)
{
	static const char *const word[] = {
#define X(id, word) word,
	    HB_FATES(X)
#undef X
	};

	return fate < HB_FATE_COUNT ? word[fate] : NULL;
}
