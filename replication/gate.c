#include "replication/gate.h"

#include <stdio.h>
#include <string.h>

#include "replication/plan.h"
#include "replication/replica_plan.h"

enum gate_role gate_decide(enum repl_want want, uint32_t facts, const char **why)
{
	/* systemd counts the question itself as a start: no server runs as long as it is open. */
	uint32_t running = F_PROCESS | F_UP | F_WRITABLE | F_SEMI | F_SLAVE | F_SALVAGED | F_IO | F_SQL | F_BROKEN |
			   F_FOLLOWS | F_CAUGHT_UP | F_SYNCED | F_DRAINED | F_ROW | F_ROW_SENT | F_OPENED | F_MARKED |
			   F_QUIET;
	const struct plan_rule *rule = want == REPL_WANT_REPLICA    ? replica_next(facts & ~running)
				       : want == REPL_WANT_GIVEN_UP ? given_up_next(facts & ~running)
								    : plan_next(want, facts & ~running);

	*why = rule->why;
	if (rule->step != STEP_START)
		return GATE_REFUSED;
	return want == REPL_WANT_FOLLOW_OUT || want == REPL_WANT_REPLICA ? GATE_SLAVE : GATE_MASTER;
}

void gate_format(enum gate_role role, unsigned server_id, const char *why, char line[static GATE_LINE_BYTES])
{
	if (role == GATE_REFUSED)
		(void)snprintf(line, GATE_LINE_BYTES, "refused: %s\n", why);
	else
		(void)snprintf(
		    line, GATE_LINE_BYTES, "start %s %u\n", role == GATE_SLAVE ? "SLAVE" : "MASTER", server_id);
}

/* Only what gate_format() writes, to the last byte: an answer that is damaged must not start anything. */
bool gate_parse(char *line, enum gate_role *role, unsigned *server_id, const char **why)
{
	char word[8], same[GATE_LINE_BYTES];
	size_t length = strcspn(line, "\n");

	*why = "";
	if (strncmp(line, "refused: ", 9) == 0 && line[length] == '\n') {
		line[length] = '\0';
		*role = GATE_REFUSED;
		*why = line + 9;
		return true;
	}
	if (sscanf(line, "start %7s %u", word, server_id) != 2 || *server_id == 0 || *server_id > 255)
		return false;
	*role = strcmp(word, "MASTER") == 0 ? GATE_MASTER : strcmp(word, "SLAVE") == 0 ? GATE_SLAVE : GATE_REFUSED;
	gate_format(*role, *server_id, "", same);
	return *role != GATE_REFUSED && strcmp(line, same) == 0;
}
