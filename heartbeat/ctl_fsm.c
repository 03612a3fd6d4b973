/*
 * What a node's next state is depends on the situation, and only here and there on the state before. So it is drawn that way:
 * situations lead to states, and where it matters from which state, the edge says so. A state that no situation leaves (the
 * witness's) is drawn by itself.
 */
#include "heartbeat/ctl_fsm.h"

#include <assert.h>
#include <string.h>

#include "heartbeat/ctl_commands.h"
#include "heartbeat/role.h"

#define BIT(state) (1u << (state))

/* One edge: in this situation these states become `to`. */
struct edge {
	enum hb_situation on;
	enum hb_state to;
	unsigned from; /* bit per enum hb_state */
	bool always;   /* from whatever state that can be left */
	const char *why;
};

struct format {
	const char *name;
	void (*begin)(FILE *f);
	void (*stays)(FILE *f, enum hb_state state);
	void (*edge)(FILE *f, const struct edge *e, const char *from);
	void (*end)(FILE *f);
};

/* The states that no situation leaves. */
static unsigned fixed_states(void)
{
	unsigned fixed = 0;

	for (unsigned s = 0; s < HB_STATE_COUNT; s++) {
		unsigned x = 0;

		while (x < HB_SITUATION_COUNT && hb_role_rule(s, x)->to == s)
			x++;
		if (x == HB_SITUATION_COUNT)
			fixed |= BIT(s);
	}
	return fixed;
}

/* "a, b", or "any but a, b" where that is shorter; "" when it does not matter. */
static const char *from_text(const struct edge *e, unsigned fixed, char *text, size_t size)
{
	unsigned all = (BIT(HB_STATE_COUNT) - 1) & ~fixed;
	bool but = __builtin_popcount(e->from) > __builtin_popcount(all & ~e->from);
	unsigned named = but ? all & ~e->from : e->from;
	size_t at;

	text[0] = '\0';
	if (e->always)
		return text;
	at = (size_t)snprintf(text, size, "%s", but ? "any but " : "");
	for (unsigned s = 0; s < HB_STATE_COUNT; s++)
		if (named & BIT(s) && at < size) {
			at += (size_t)snprintf(
			    text + at, size - at, "%s%s", named & (BIT(s) - 1) ? ", " : "", hb_state_text(s));
		}
	return text;
}

/* All edges of one situation: one for each state that it leads to. */
static void print_situation(FILE *f, const struct format *format, enum hb_situation on, unsigned fixed)
{
	unsigned all = (BIT(HB_STATE_COUNT) - 1) & ~fixed;

	for (unsigned to = 0; to < HB_STATE_COUNT; to++) {
		struct edge e = {.on = on, .to = to};
		char from[256];

		for (unsigned s = 0; s < HB_STATE_COUNT; s++) {
			const struct hb_rule *rule = hb_role_rule(s, on);

			if (!(all & BIT(s)) || rule->to != to)
				continue;
			e.from |= BIT(s);
			e.why = rule->why;
		}
		e.always = e.from == all;
		if (e.from)
			format->edge(f, &e, from_text(&e, fixed, from, sizeof(from)));
	}
}

static void text_begin(FILE *f)
{
	(void)fprintf(f, "%-37s %-12s WHY\n", "SITUATION", "STATE");
}

static void text_stays(FILE *f, enum hb_state state)
{
	(void)fprintf(f, "%-37s %-12s stays what it is\n", "any", hb_state_text(state));
}

static void text_edge(FILE *f, const struct edge *e, const char *from)
{
	(void)fprintf(f, "%-37s %-12s %s%s%s%s\n", hb_situation_text(e->on), hb_state_text(e->to), e->why,
	    from[0] ? " (from " : "", from, from[0] ? ")" : "");
}

static void text_end(FILE *f)
{
	(void)f;
}

static void dot_begin(FILE *f)
{
	(void)fprintf(f, "digraph role {\n\trankdir=LR;\n\tnode [shape=plaintext];\n");
	for (unsigned s = 0; s < HB_STATE_COUNT; s++)
		(void)fprintf(f, "\t\"%s\" [shape=box, style=rounded];\n", hb_state_text(s));
}

static void dot_stays(FILE *f, enum hb_state state)
{
	(void)fprintf(f, "\t\"%s\" -> \"%s\" [label=\"any\"];\n", hb_state_text(state), hb_state_text(state));
}

static void dot_edge(FILE *f, const struct edge *e, const char *from)
{
	(void)fprintf(f, "\t\"%s\" -> \"%s\"", hb_situation_text(e->on), hb_state_text(e->to));
	if (from[0])
		(void)fprintf(f, " [label=\"from %s\"]", from);
	(void)fprintf(f, ";\n");
}

static void dot_end(FILE *f)
{
	(void)fprintf(f, "}\n");
}

static void mermaid_begin(FILE *f)
{
	(void)fprintf(f, "flowchart LR\n");
	for (unsigned s = 0; s < HB_STATE_COUNT; s++)
		(void)fprintf(f, "  S%u([%s])\n", s, hb_state_text(s));
	for (unsigned x = 0; x < HB_SITUATION_COUNT; x++)
		(void)fprintf(f, "  X%u[%s]\n", x, hb_situation_text(x));
}

static void mermaid_stays(FILE *f, enum hb_state state)
{
	(void)fprintf(f, "  S%u -->|any| S%u\n", (unsigned)state, (unsigned)state);
}

static void mermaid_edge(FILE *f, const struct edge *e, const char *from)
{
	(void)fprintf(f, "  X%u -->%s%s%s S%u\n", (unsigned)e->on, from[0] ? "|from " : "", from, from[0] ? "|" : "",
	    (unsigned)e->to);
}

static const struct format formats[] = {
    {"text", text_begin, text_stays, text_edge, text_end},
    {"dot", dot_begin, dot_stays, dot_edge, dot_end},
    {"mermaid", mermaid_begin, mermaid_stays, mermaid_edge, text_end},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static const struct format *find(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

bool ctl_fsm_is_format(const char *format)
{
	return find(format) != NULL;
}

void ctl_fsm_print(FILE *f, const char *format)
{
	const struct format *to = find(format);
	unsigned fixed = fixed_states();

	assert(to);
	to->begin(f);
	for (unsigned x = 0; x < HB_SITUATION_COUNT; x++)
		print_situation(f, to, x, fixed);
	for (unsigned s = 0; s < HB_STATE_COUNT; s++)
		if (fixed & BIT(s))
			to->stays(f, s);
	to->end(f);
}

int ctl_fsm(const struct ctl_options *o)
{
	ctl_fsm_print(stdout, o->format ? o->format : formats[0].name);
	return 0;
}
