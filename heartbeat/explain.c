#include "heartbeat/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "heartbeat/node_parts.h"

#define MS(us) ((unsigned long long)((us) / 1000))

/* What the makers of lines share. */
struct view {
	const struct hb_node *n;
	const struct hb_record *r;
	uint64_t now_us;
	struct hb_explanation *out;
};

__attribute__((format(printf, 5, 6))) static void say(
    const struct view *v, enum hb_topic topic, uint8_t about, enum hb_holds holds, const char *format, ...)
{
	struct hb_explain_line *l = &v->out->line[v->out->count];
	va_list args;

	if (v->out->count == HB_EXPLAIN_LINES)
		return;
	v->out->count++;
	*l = (struct hb_explain_line){.topic = (uint8_t)topic, .about = about, .holds = (uint8_t)holds};
	va_start(args, format);
	(void)vsnprintf(l->text, sizeof(l->text), format, args);
	va_end(args);
}

#define SAY(v, topic, about, ...) say(v, HB_TOPIC_##topic, about, HB_HOLDS_NA, __VA_ARGS__)
#define CHECK(v, topic, about, met, ...) say(v, HB_TOPIC_##topic, about, (met) ? HB_HOLDS : HB_HOLDS_NOT, __VA_ARGS__)

static const char *name(const struct view *v, uint8_t m)
{
	return m < v->r->members ? v->r->member[m].name : "nobody";
}

static bool alive(const struct view *v, uint8_t m)
{
	return m == v->n->self || hb_heard(v->n, m, v->n->settings.peer_timeout_us, v->now_us);
}

static void facts(const struct view *v, uint8_t m, struct hb_facts *ret)
{
	if (m == v->n->self)
		hb_node_facts(v->n, v->now_us, ret);
	else
		*ret = v->n->peer[m].facts;
}

static bool is_gateway(const struct view *v, uint8_t m)
{
	return v->r->member[m].kind == HB_KIND_GATEWAY;
}

/* Members that are heard, x left out. */
static unsigned votes_without(const struct view *v, uint8_t x)
{
	unsigned votes = 0;

	for (uint8_t i = 0; i < v->r->members; i++)
		votes += i != x && alive(v, i);
	return votes;
}

static bool majority_without(const struct view *v, uint8_t x)
{
	return votes_without(v, x) >= hb_quorum(v->r->members);
}

/* Before the record is known. */
static void explain_boot(const struct view *v)
{
	const struct hb_node *n = v->n;

	if (n->join_refused)
		SAY(v, NOW, HB_NOBODY, "this machine is not admitted: its name belongs to another member");
	else if (n->self == HB_NOBODY)
		SAY(v, NOW, HB_NOBODY, "this machine asks for admission: only the active member can grant it");
	else
		SAY(v, NOW, HB_NOBODY,
		    "this member does not know yet who is active: %u others have answered, and a majority must agree",
		    (unsigned)__builtin_popcount(n->reading.answers));
	if (n->self != HB_NOBODY && v->now_us < n->acceptor.silent_until_us)
		SAY(v, NOW, n->self, "it has just started, and votes in %llu ms: by then no lease of before runs",
		    MS(n->acceptor.silent_until_us - v->now_us));
}

static void explain_record(const struct view *v)
{
	uint8_t a = v->r->active;
	struct hb_facts f;

	facts(v, a, &f);
	SAY(v, NOW, HB_NOBODY, "the record names %s active in epoch %llu, version %llu; last changed for: %s",
	    name(v, a), (unsigned long long)v->r->epoch, (unsigned long long)v->r->version,
	    hb_reason_text(v->r->reason));
	if (!alive(v, a))
		SAY(v, NOW, a, "nothing is heard from it here: what it does is not known");
	else if (v->r->phase == HB_CLAIMED)
		SAY(v, NOW, a, "it has claimed and not opened yet: it first applies all it received; payments wait");
	else if (!f.serving)
		SAY(v, NOW, a, "it does not serve, payments wait: %s", f.reason[0] ? f.reason : hb_state_text(f.state));
	else if (hb_is_solo(v->r, a))
		SAY(v, NOW, a, "it serves alone (SOLO): no other member holds every payment");
	else
		SAY(v, NOW, a, "it serves (SYNC): each payment is on two gateways before it is answered");
}

static const char *ill_text(const struct view *v)
{
	enum hb_ill ill = hb_ill(v->n, v->now_us);

	if (ill != HB_ILL_NONE)
		return hb_ill_text(ill);
	return hb_token_good(v->n) ? "it does not come to the end of its opening" : "its copy lost its token";
}

static void explain_lease(const struct view *v)
{
	uint8_t a = v->r->active;
	struct hb_facts f;

	facts(v, a, &f);
	if (!alive(v, a))
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

static void explain_members(const struct view *v)
{
	for (uint8_t i = 0; i < v->r->members; i++) {
		struct hb_facts f;

		facts(v, i, &f);
		if (i != v->n->self && !alive(v, i))
			SAY(v, NOW, i, "nothing is heard from it");
		else if (i != v->r->active && is_gateway(v, i))
			SAY(v, NOW, i, "%s, %s in_sync%s%s", hb_state_text(f.state),
			    hb_in_sync(v->r, i) ? "in" : "not in", f.reason[0] ? ": " : "", f.reason);
	}
	if (votes_without(v, HB_NOBODY) < hb_quorum(v->r->members))
		SAY(v, NOW, HB_NOBODY, "%u of %u members are heard here: no majority, nothing can be changed from here",
		    votes_without(v, HB_NOBODY), (unsigned)v->r->members);
}

/* The guards of this member itself, as it asks them before it claims. */
static void explain_own_claim(const struct view *v)
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

		if (i == HB_CLAIM_SILENCE && !met)
			CHECK(v, CLAIM, n->self, met, "%s: asked %llu ms ago; unless it asks again, claims in %llu ms",
			    text[i], MS(v->now_us - n->renewed_us), MS(hb_claim_from_us(n) - v->now_us));
		else if (i == HB_CLAIM_AWAKE && !met)
			CHECK(v, CLAIM, n->self, met, "%s: in %llu ms", text[i],
			    MS(n->acceptor.silent_until_us - v->now_us));
		else
			CHECK(v, CLAIM, n->self, met, "%s", text[i]);
	}
}

/* As far as the others are told. */
static void explain_claim(const struct view *v, uint8_t m)
{
	bool here = alive(v, m), trusted;
	struct hb_facts f;

	facts(v, m, &f);
	trusted = hb_in_sync(v->r, m) && token_equal(&f.token, &v->r->token[m]);
	CHECK(v, CLAIM, m, hb_in_sync(v->r, m), "it is in in_sync: holds every payment that was acknowledged");
	CHECK(v, CLAIM, m, here, "it is heard");
	CHECK(v, CLAIM, m, here && trusted, "its copy of the data is the one that the record trusts");
	CHECK(v, CLAIM, m, here && f.fit, "its database works and follows, its ledger is there");
}

static void explain_claims(const struct view *v)
{
	for (uint8_t i = 0; i < v->r->members; i++) {
		if (!is_gateway(v, i) || (i == v->n->self && hb_mine(v->n)))
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
static void explain_add(const struct view *v, uint8_t m)
{
	const struct hb_node *n = v->n;
	bool here = alive(v, m), active_here = n->self == v->r->active;
	uint64_t lacks, allowed = hb_add_behind(n, v->now_us);
	struct hb_facts f, a;

	facts(v, m, &f);
	facts(v, v->r->active, &a);
	lacks = behind(a.binlog.seq, f.received.seq);
	CHECK(v, ADD, m, !hb_in_maintenance(v->r, m), "it is not in maintenance");
	CHECK(v, ADD, m, here, "it is heard");
	CHECK(v, ADD, m, a.serving && alive(v, v->r->active), "%s serves", name(v, v->r->active));
	CHECK(v, ADD, m, here && f.follow_epoch == v->r->epoch, "it follows %s in epoch %llu", name(v, v->r->active),
	    (unsigned long long)v->r->epoch);
	CHECK(v, ADD, m, here && !token_is_none(&f.token), "its copy of the data has a token");
	if (here && f.received.seq)
		CHECK(v, ADD, m, lacks <= allowed, "it is near: %llu transactions behind, %llu are allowed",
		    (unsigned long long)lacks, (unsigned long long)allowed);
	else
		CHECK(v, ADD, m, false, "it is near: how far behind it is, is not known");
	CHECK(v, ADD, m, here && f.backlog_ms <= ADD_BACKLOG_MS,
	    "it applies what it receives: %u ms wait, %u are allowed", (unsigned)f.backlog_ms, ADD_BACKLOG_MS);
	CHECK(v, ADD, m, a.lease_ms, "%s holds the lease", name(v, v->r->active));
	if (active_here)
		CHECK(v, ADD, m, gtid_reaches(f.received, n->add_above), "it has received something since it was lost");
	if (active_here && v->now_us < n->add_again_us)
		CHECK(v, ADD, m, false, "the last try failed: the next is in %llu ms", MS(n->add_again_us - v->now_us));
	if (active_here && n->adding)
		SAY(v, ADD, m, "under way: semi-sync is on, %s",
		    n->repl.sync_marked ? "waits until it has all that was written before" : "waits for replicationd");
}

static void explain_adds(const struct view *v)
{
	for (uint8_t i = 0; i < v->r->members; i++)
		if (is_gateway(v, i) && !hb_in_sync(v->r, i) && i != v->r->active)
			explain_add(v, i);
}

/* Who could take over from the active? HB_NOBODY, and *almost is one that has everything but cannot now. */
static uint8_t heir(const struct view *v, uint8_t *almost)
{
	*almost = HB_NOBODY;
	for (uint8_t i = 0; i < v->r->members; i++) {
		struct hb_facts f;

		if (i == v->r->active || !hb_in_sync(v->r, i))
			continue;
		facts(v, i, &f);
		if (alive(v, i) && f.fit && token_equal(&f.token, &v->r->token[i]))
			return i;
		*almost = i;
	}
	return HB_NOBODY;
}

static void death_of_active(const struct view *v)
{
	uint8_t a = v->r->active, almost, to = heir(v, &almost);
	unsigned left = votes_without(v, a), needed = hb_quorum(v->r->members);
	uint64_t lease_us = v->n->settings.lease_us;

	if (to == HB_NOBODY && almost == HB_NOBODY)
		SAY(v, DEATH, a, "payments stop until it is back: no other member holds every payment");
	else if (left < needed)
		SAY(v, DEATH, a, "payments stop until more members are back: %u of %u would be left, %u are needed",
		    left, (unsigned)v->r->members, needed);
	else if (to == HB_NOBODY)
		SAY(v, DEATH, a, "payments stop until %s can take over: it holds every payment, but is not fit now",
		    name(v, almost));
	else
		SAY(v, DEATH, a, "%s claims %llu to %llu ms after its last word and goes on with every payment",
		    name(v, to), MS(lease_us), MS(lease_us + lease_us / HB_CLAIM_JITTER_PART));
}

static void death_of_standby(const struct view *v, uint8_t m)
{
	const char *a = name(v, v->r->active);

	if (!hb_in_sync(v->r, m) && hb_is_solo(v->r, v->r->active))
		SAY(v, DEATH, m, "payments go on: %s serves without it already", a);
	else if (majority_without(v, m))
		SAY(v, DEATH, m, "payments wait %llu ms, then %s goes on alone (SOLO)",
		    MS(v->n->settings.peer_timeout_us), a);
	else
		SAY(v, DEATH, m, "payments stop until it or another is back: %s may not go on alone without a majority",
		    a);
}

static void death_of_witness(const struct view *v, uint8_t m)
{
	if (hb_is_solo(v->r, v->r->active))
		SAY(v, DEATH, m, "payments go on; the other gateway is added only while the rest is a majority");
	else if (majority_without(v, m))
		SAY(v, DEATH, m, "payments go on, unobserved: after that, the death of either gateway stops them");
	else
		SAY(v, DEATH, m, "payments stop: the rest is no majority");
}

static void explain_deaths(const struct view *v)
{
	for (uint8_t i = 0; i < v->r->members; i++) {
		if (!alive(v, i))
			SAY(v, DEATH, i, "nothing is heard from it: it counts as dead already");
		else if (i == v->r->active)
			death_of_active(v);
		else if (is_gateway(v, i))
			death_of_standby(v, i);
		else
			death_of_witness(v, i);
	}
}

void hb_explain(const struct hb_node *n, uint64_t now_us, struct hb_explanation *ret)
{
	struct view v = {.n = n, .r = &n->known, .now_us = now_us, .out = ret};

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
	explain_deaths(&v);
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
