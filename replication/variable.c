#include "replication/variable.h"

#include <string.h>

const struct variable_rule variables[VARIABLE_COUNT] = {
#define X(id, name, wanted, of, dynamic, lost) {name, wanted, VARIABLE_OF_##of, dynamic, lost},
    VARIABLES(X)
#undef X
};

uint32_t variables_wrong(const struct variable_values *v, const struct repl_order *order, bool token, bool durable)
{
	bool active = order->want == REPL_WANT_OPEN || order->want == REPL_WANT_DRAIN;
	const bool asked[] = {
	    [VARIABLE_OF_ALL] = true,
	    [VARIABLE_OF_COUNTING] = active || token,
	    [VARIABLE_OF_RECEIVING] = !active && token && durable,
	};
	uint32_t wrong = 0;

	for (unsigned i = 0; i < VARIABLE_COUNT; i++)
		if (asked[variables[i].of] && v->text[i][0] && strcmp(v->text[i], variables[i].wanted) != 0)
			wrong |= 1u << i;
	return wrong;
}

bool variable_is_durability(enum variable id)
{
	return variables[id].of != VARIABLE_OF_ALL;
}
