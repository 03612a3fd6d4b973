#include "heartbeat/explain_view.h"
#include "heartbeat/node_parts.h"

/* Who could take over from the active? HB_NOBODY, and *almost is one that has everything but cannot now. */
static uint8_t heir(const struct hb_view *v, uint8_t *almost)
{
	*almost = HB_NOBODY;
	for (uint8_t i = 0; i < v->r->members; i++) {
		struct hb_facts f;

		if (i == v->r->active || !hb_in_sync(v->r, i))
			continue;
		view_facts(v, i, &f);
		if (view_alive(v, i) && f.fit && token_equal(&f.token, &v->r->token[i]))
			return i;
		*almost = i;
	}
	return HB_NOBODY;
}

static void death_of_active(const struct hb_view *v)
{
	uint8_t a = v->r->active, almost, to = heir(v, &almost);
	bool heard = to != HB_NOBODY || (almost != HB_NOBODY && view_alive(v, almost));
	unsigned rest = heard ? view_votes_with(v, to != HB_NOBODY ? to : almost, a) : view_votes_without(v, a);
	unsigned needed = hb_quorum(v->r->members);
	uint64_t lease_us = v->n->settings.lease_us;
	const char *stop = view_serves(v) ? "stop" : "stand still";
	struct hb_facts f = {0};

	if (to == HB_NOBODY && almost != HB_NOBODY)
		view_facts(v, almost, &f);
	if (to == HB_NOBODY && almost == HB_NOBODY)
		DIES(v, a, STOPS, "payments %s until it is back: no other member holds every payment", stop);
	else if (!heard && view_hearer(v, almost) != HB_NOBODY)
		DIES(v, a, UNKNOWN,
		    "whether %s takes over is not known here: it holds every payment, and only %s hears it, or did a "
		    "moment "
		    "ago",
		    view_name(v, almost), view_name(v, view_hearer(v, almost)));
	else if (rest < needed)
		DIES(v, a, STOPS, "payments %s until more members are back: %u of %u would be left, %u are needed",
		    stop, rest, (unsigned)v->r->members, needed);
	else if (!heard)
		DIES(v, a, STOPS,
		    "payments %s until %s is back, which holds every payment: nothing is heard from it now", stop,
		    view_name(v, almost));
	else if (to == HB_NOBODY)
		DIES(v, a, STOPS,
		    "payments %s until %s is fit to serve: it holds every payment, but is not fit now%s%s", stop,
		    view_name(v, almost), f.reason[0] ? ": " : "", f.reason);
	else
		DIES(v, a, GOES_ON, "%s claims %llu to %llu ms after its last word and goes on with every payment",
		    view_name(v, to), MS(lease_us), MS(lease_us + lease_us / HB_CLAIM_JITTER_PART));
}

/* Of any but the active, while nobody serves. */
static void death_while_stalled(const struct hb_view *v, uint8_t m)
{
	unsigned holders = 0;

	for (uint8_t i = 0; i < v->r->members; i++)
		holders += i != m && hb_in_sync(v->r, i) && view_alive(v, i);
	if (!view_alive(v, v->r->active) && !view_majority_without(v, HB_NOBODY))
		DIES(v, m, UNKNOWN, "whether payments go on is not known here: no majority is heard");
	else if (hb_in_sync(v->r, m) && !holders)
		DIES(v, m, STOPS,
		    "payments stand still already; it is the only one heard here that holds every payment");
	else if (!view_majority_without(v, m))
		DIES(v, m, STOPS, "payments stand still already, and cannot go on then: the rest is no majority");
	else
		DIES(v, m, STOPS, "payments stand still already; the rest is a majority");
}

/* May the active change the record without m? */
static bool active_has_majority(const struct hb_view *v, uint8_t m)
{
	return view_votes_with(v, v->r->active, m) >= hb_quorum(v->r->members);
}

static void death_of_standby(const struct hb_view *v, uint8_t m)
{
	const char *a = view_name(v, v->r->active);

	if (!hb_in_sync(v->r, m) && hb_is_solo(v->r, v->r->active))
		DIES(v, m, GOES_ON, "payments go on: %s serves without it already", a);
	else if (active_has_majority(v, m))
		DIES(v, m, GOES_ON, "payments wait %llu ms, then %s goes on alone (SOLO)",
		    MS(hb_silence_us(&v->n->settings)), a);
	else
		DIES(v, m, STOPS,
		    "payments stop until it or another is back: %s may not go on alone without a majority", a);
}

static bool other_witness(const struct hb_view *v, uint8_t m)
{
	for (uint8_t i = 0; i < v->r->members; i++)
		if (i != m && !view_is_gateway(v, i) && view_alive(v, i))
			return true;
	return false;
}

static void death_of_witness(const struct hb_view *v, uint8_t m)
{
	const char *a = view_name(v, v->r->active);

	if (hb_is_solo(v->r, v->r->active) && active_has_majority(v, m))
		DIES(v, m, GOES_ON,
		    "payments go on: %s serves alone and needs no vote; the other gateway can still be added", a);
	else if (hb_is_solo(v->r, v->r->active))
		DIES(v, m, GOES_ON,
		    "payments go on: %s serves alone and needs no vote; but if it restarts, they stop until another is "
		    "back",
		    a);
	else if (!active_has_majority(v, m))
		DIES(v, m, STOPS, "payments stop until it or another is back: the rest is no majority");
	else if (other_witness(v, m))
		DIES(v, m, GOES_ON, "payments go on");
	else
		DIES(v, m, GOES_ON, "payments go on, unobserved: after that, the death of either gateway stops them");
}

/* What one that is heard by others only does, and would do, is told there. */
static bool is_known_elsewhere(const struct hb_view *v, uint8_t m)
{
	uint8_t hearer = view_hearer(v, m);

	if (view_alive(v, m) || hearer == HB_NOBODY)
		return false;
	DIES(v, m, UNKNOWN, "what happens then is not known here: only %s hears it, or did a moment ago; look there",
	    view_name(v, hearer));
	return true;
}

static void death_of(const struct hb_view *v, uint8_t m)
{
	uint64_t patience_us = hb_silence_us(&v->n->settings);

	if (is_known_elsewhere(v, m))
		return;
	if (!view_alive(v, m) && v->n->peer[m].heard && view_silent_us(v, m) < patience_us)
		DIES(v, m, GONE, "nothing is heard from it: it counts as dead in %llu ms",
		    MS(patience_us - view_silent_us(v, m)));
	else if (!view_alive(v, m))
		DIES(v, m, GONE, "nothing is heard from it: it counts as dead already");
	else if (m == v->r->active)
		death_of_active(v);
	else if (!view_serves(v))
		death_while_stalled(v, m);
	else if (view_is_gateway(v, m))
		death_of_standby(v, m);
	else
		death_of_witness(v, m);
}

void view_explain_deaths(const struct hb_view *v)
{
	if (view_is_cut_off(v)) {
		DIES(v, v->r->active, UNKNOWN, "whether payments go on is not known here: no majority is heard");
		return;
	}
	if (is_known_elsewhere(v, v->r->active))
		return;
	for (uint8_t i = 0; i < v->r->members; i++)
		death_of(v, i);
}
