#include "tests/simulation/mutant.h"

#include <string.h>

bool guard_is_off[MUTANT_COUNT];

static const struct {
	const char *name, *text;
} mutants[] = {
#define X(id, text) {#id, text},
    HB_GUARDS(X) MODEL_MUTANTS(X)
#undef X
};

const char *mutant_name(unsigned mutant)
{
	return mutant < MUTANT_COUNT ? mutants[mutant].name : "none";
}

const char *mutant_text(unsigned mutant)
{
	return mutant < MUTANT_COUNT ? mutants[mutant].text : "";
}

int mutant_find(const char *name)
{
	for (int i = 0; i < MUTANT_COUNT; i++)
		if (strcmp(mutants[i].name, name) == 0)
			return i;
	return -1;
}
