/* What somebody has set while mariadbd ran is set right, and told: replication/variable.h has what and why. */
#include "replication/step.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/log.h"

#define TOLD_US 600000000u /* how long `status` shows what is right again */

/* A replica must not acknowledge: its word would be taken for the standby's (R5). */
static bool must_not(const struct actor *a, unsigned id)
{
	return id == VARIABLE_SLAVE && a->conf->kind == CONF_KIND_REPLICA;
}

static int mend(struct actor *a, enum variable id, struct errbuf *e)
{
	const struct variable_rule *v = &variables[id];
	const char *wanted = must_not(a, id) ? "0" : v->wanted;
	int code = v->dynamic ? database_run(a->db, e, "SET GLOBAL %s=%s", v->name, wanted) : -ENOTSUP;

	/* What was written meanwhile is on disk before anybody relies on it again. */
	if (!code && variable_is_durability(id))
		code = step_sync_all(a, e);
	return code;
}

static void tell(struct actor *a, enum variable id, int code, const struct errbuf *e)
{
	const struct variable_rule *v = &variables[id];
	struct sight *s = &a->sight;
	char notice[LOCAL_REASON_BYTES];

	(void)snprintf(notice, sizeof(notice), "somebody set %s to %.20s%s (%s)", v->name, s->db.variables.text[id],
	    code ? ", and it has to be set right" : "; it was set right", v->lost);
	if (!code || strcmp(notice, s->notice) != 0)
		LOG(LOG_WARNING, code ? "variable.wrong" : "variable.mend", KV_S("name", v->name),
		    KV_S("was", s->db.variables.text[id]), KV_S("wanted", v->wanted), KV_S("lost", v->lost),
		    KV_S("why", code ? e->text : "somebody changed it"));
	memcpy(s->notice, notice, sizeof(notice));
	s->notice_us = s->looked_us;
}

void mend_variables(struct actor *a)
{
	struct sight *s = &a->sight;
	uint32_t wrong;

	if (s->notice[0] && s->looked_us >= s->notice_us + TOLD_US)
		s->notice[0] = '\0';
	if (!s->up)
		return;
	wrong = variables_wrong(&s->db.variables, &s->order, !token_is_none(&s->token), s->durable);
	for (unsigned i = 0; i < VARIABLE_COUNT; i++) {
		struct errbuf e = {"it can be set in /etc/holdfast/mariadb.cnf only"};

		if (must_not(a, i) ? strcmp(s->db.variables.text[i], "1") == 0 : (wrong & 1u << i) != 0)
			tell(a, (enum variable)i, mend(a, (enum variable)i, &e), &e);
	}
}
