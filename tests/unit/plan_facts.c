#include "tests/unit/plan_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

uint32_t *combination;
size_t combinations;

bool is_possible(uint32_t f)
{
	static const struct {
		uint32_t any, then;
	} laws[] = {
	    {OF_UP, F_UP},
	    {F_UP | F_HUNG, F_PROCESS},
	    {F_IO | F_SQL | F_BROKEN, F_SLAVE},
	    {F_DIRTY_NOW, F_DIRTY},
	    {F_FOLLOWS, F_SLAVE | F_IO | F_SQL},
	    {F_CAUGHT_UP, F_FOLLOWS},
	};
	const uint32_t open = F_WRITABLE | F_DIRTY_NOW | F_ROW, threads = F_IO | F_SQL;

	for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++)
		if ((f & laws[i].any) && (f & laws[i].then) != laws[i].then)
			return false;
	if ((f & F_BROKEN) && (f & threads) == threads)
		return false;
	/* Without a copy, or with one that replication has stopped on. */
	if ((f & F_PAUSED) && (f & F_DATA) && (!(f & F_SLAVE) || (f & threads) == threads))
		return false;
	if ((f & F_HUNG) && (f & F_UP))
		return false;
	if ((f & F_QUIET) && (f & F_WRITABLE))
		return false;
	return ((f & open) == open) == ((f & F_OPENED) != 0);
}

int make_combinations(void **state)
{
	size_t room = 1u << 21;

	(void)state;
	combination = calloc(room, sizeof(*combination));
	for (uint32_t f = 0; combination && f < 1u << PLAN_FACT_COUNT; f++) {
		if (!is_possible(f))
			continue;
		if (combinations == room)
			return -1;
		combination[combinations++] = f;
	}
	return combination ? 0 : -1;
}

int free_combinations(void **state)
{
	(void)state;
	free(combination);
	return 0;
}

_Noreturn void fail_at(unsigned want, uint32_t facts, unsigned step, const char *what)
{
	static const char *const names[] = {
#define X(id, text) text,
	    PLAN_FACTS(X)
#undef X
	};
	char text[512] = "";
	size_t n = 0;

	for (unsigned i = 0; i < PLAN_FACT_COUNT; i++)
		if (facts & 1u << i)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", names[i]);
	fail_msg("%s: want %u, step %s, facts:%s", what, want, plan_step_text(step), text);
	abort();
}

bool fits(const struct guard *g, unsigned want, uint32_t facts)
{
	return (g->wants & 1u << want) && (facts & g->set) == g->set && !(facts & g->clear);
}
