#include "heartbeat/explain_view.h"

#include <stdarg.h>
#include <stdio.h>

#define QUIET_US 300000 /* one that is silent for so long does not answer now, however long the patience with it is */

static void add(const struct hb_view *v, struct hb_explain_line line, const char *format, va_list args)
{
	struct hb_explain_line *l = &v->out->line[v->out->count];

	if (v->out->count == HB_EXPLAIN_LINES)
		return;
	v->out->count++;
	*l = line;
	(void)vsnprintf(l->text, sizeof(l->text), format, args);
}

void view_say(const struct hb_view *v, enum hb_topic topic, uint8_t about, enum hb_holds holds, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(v, (struct hb_explain_line){.topic = (uint8_t)topic, .about = about, .holds = (uint8_t)holds}, format,
	    args);
	va_end(args);
}

void view_say_death(const struct hb_view *v, uint8_t about, enum hb_fate fate, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(v,
	    (struct hb_explain_line){
		.topic = HB_TOPIC_DEATH, .about = about, .holds = HB_HOLDS_NA, .fate = (uint8_t)fate},
	    format, args);
	va_end(args);
}

const char *view_name(const struct hb_view *v, uint8_t m)
{
	return m < v->r->members ? v->r->member[m].name : "nobody";
}

uint64_t view_left(uint64_t until_us, uint64_t now_us)
{
	return until_us > now_us ? until_us - now_us : 0;
}

uint64_t view_silent_us(const struct hb_view *v, uint8_t m)
{
	const struct hb_peer *p = &v->n->peer[m];

	return view_left(v->now_us, p->heard_us + p->missed_us);
}

bool view_alive(const struct hb_view *v, uint8_t m)
{
	const struct hb_settings *s = &v->n->settings;
	uint64_t quiet_us = s->lease_us > QUIET_US ? s->lease_us : QUIET_US;

	if (quiet_us > hb_silence_us(s))
		quiet_us = hb_silence_us(s);
	return m == v->n->self || (v->n->peer[m].heard && view_silent_us(v, m) < quiet_us);
}

void view_facts(const struct hb_view *v, uint8_t m, struct hb_facts *ret)
{
	if (m == v->n->self)
		hb_node_facts(v->n, v->now_us, ret);
	else
		*ret = v->n->peer[m].facts;
}

bool view_is_gateway(const struct hb_view *v, uint8_t m)
{
	return v->r->member[m].kind == HB_KIND_GATEWAY;
}

unsigned view_votes_without(const struct hb_view *v, uint8_t x)
{
	return view_votes_with(v, v->n->self, x);
}

bool view_majority_without(const struct hb_view *v, uint8_t x)
{
	return view_votes_without(v, x) >= hb_quorum(v->r->members);
}

uint8_t view_hearer(const struct hb_view *v, uint8_t m)
{
	for (uint8_t i = 0; i < v->r->members; i++) {
		const struct hb_facts *f = &v->n->peer[i].facts;

		if (i != m && i != v->n->self && view_alive(v, i) && f->level >= HB_LEVEL_HEARS && (f->hears >> m & 1))
			return i;
	}
	return HB_NOBODY;
}

bool view_hears(const struct hb_view *v, uint8_t one, uint8_t m)
{
	const struct hb_facts *f = &v->n->peer[one].facts;

	if (one == m || one == v->n->self)
		return view_alive(v, m);
	if (!view_alive(v, one))
		return false;
	return f->level < HB_LEVEL_HEARS ? view_alive(v, m) : f->hears >> m & 1;
}

unsigned view_votes_with(const struct hb_view *v, uint8_t one, uint8_t x)
{
	unsigned votes = 0;

	for (uint8_t i = 0; i < v->r->members; i++)
		votes += i != x && view_hears(v, one, i);
	return votes;
}

bool view_is_cut_off(const struct hb_view *v)
{
	return v->r->active == v->n->self && !view_serves(v) && !view_majority_without(v, HB_NOBODY);
}

bool view_serves(const struct hb_view *v)
{
	struct hb_facts f;

	view_facts(v, v->r->active, &f);
	return view_alive(v, v->r->active) && f.serving;
}

uint64_t view_commit_waits_us(const struct hb_view *v)
{
	const struct hb_node *n = v->n;
	uint64_t since_us = n->self == v->r->active && n->repl.semi_waits ? n->ledger.commit_since_us : 0;

	return since_us && v->now_us > since_us + QUIET_US ? since_us : 0;
}

uint8_t view_awaited(const struct hb_view *v)
{
	for (uint8_t i = 0; i < v->r->members; i++)
		if (i != v->r->active && hb_in_sync(v->r, i) && v->r->phase == HB_OPEN &&
		    (!view_alive(v, i) || view_commit_waits_us(v)))
			return i;
	return HB_NOBODY;
}
