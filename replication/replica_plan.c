#include "replication/replica_plan.h"

#include <assert.h>
#include <string.h>

#define W (1u << REPL_WANT_REPLICA)

/* clang-format off */
const struct plan_rule replica_rules[] = {
	/* wants  set                         clear               step            state            why */
	{ W, F_UP | F_WRITABLE,               0,                  STEP_KILL,           REPL_DOWN,      "a replica writes nothing" },
	{ W, F_PROCESS | F_HUNG,              F_UP,               STEP_KILL,           REPL_DOWN,      "has not answered for 10 s" },

	{ W, F_PAUSED,                        F_DATA,             STEP_FAIL,           REPL_FAILED,    "waits before it takes another copy" },
	{ W, R_GIVEN,                         F_DATA,             STEP_SEED,           REPL_SEEDING,   "there is no copy" },
	{ W, 0,                               F_DATA,             STEP_NONE,           REPL_DOWN,      "has no copy, and nobody is there to give one now" },
	/* The old data goes when the new copy is whole, and what only it has is exported before. */
	{ W, R_OTHER | R_GIVEN,               F_PAUSED,           STEP_SEED,           REPL_SEEDING,   "its history is not that of the pair" },
	/* An order to stand in that was called off has left one; what it stands for is over. */
	{ W, F_TOKEN,                         0,                  STEP_DESTROY_TOKEN,  REPL_IDLE,      "a replica counts for nothing" },
	{ W, 0,                               F_PROCESS,          STEP_START,          REPL_STARTING,  "role SLAVE" },
	{ W, 0,                               F_UP,               STEP_WAIT,           REPL_STARTING,  "recovers" },
	{ W, F_COPY_NEW,                      0,                  STEP_ENTER_POSITION, REPL_IDLE,      "a fresh copy" },
	{ W, F_UP | F_SEMI,                   0,                  STEP_SEMI_OFF,       REPL_IDLE,      "a replica waits for nobody" },

	{ W, R_OTHER | F_IO,                  0,                  STEP_STOP_SLAVE,     REPL_IDLE,      "its history is not that of the pair" },
	{ W, R_OTHER,                         0,                  STEP_FAIL,           REPL_FAILED,    "its history is not that of the pair; waits for a fresh copy" },

	{ W, F_PAUSED | F_IO,                 F_SQL,              STEP_STOP_IO,        REPL_FAILED,    "fetches nothing that it cannot apply" },
	{ W, F_BROKEN | F_IO,                 0,                  STEP_STOP_IO,        REPL_FAILED,    "fetches nothing that it cannot apply" },
	{ W, F_PAUSED,                        0,                  STEP_FAIL,           REPL_FAILED,    "waits before it tries again" },
	/* What is broken may have what nobody else has, also in its relay logs: nothing of it goes before that is known. */
	{ W, F_BROKEN | R_SAME | R_GIVEN,     0,                  STEP_SEED,           REPL_SEEDING,   "its data or its log is not that of its source" },
	{ W, F_BROKEN | R_SOURCE | F_SQL,     R_SAME,             STEP_STOP_SLAVE,     REPL_FAILED,    "replication stopped with an error" },
	{ W, F_BROKEN | R_SOURCE,             R_SAME,             STEP_COMPARE,        REPL_FAILED,    "replication stopped with an error; is its history the source's?" },
	{ W, F_BROKEN,                        0,                  STEP_FAIL,           REPL_FAILED,    "replication stopped with an error; waits for a fresh copy" },

	/* It applies what it has received, but fetches nothing more. */
	{ W, F_IO,                            R_SOURCE,           STEP_STOP_IO,        REPL_IDLE,      "rests: whom to follow is not known" },
	{ W, 0,                               R_SOURCE,           STEP_NONE,           REPL_IDLE,      "rests: whom to follow is not known" },

	/* The logs are compared at rest, and all that was received is applied before: the site may be gone before it could be fetched again. */
	{ W, F_IO,                            R_SAME,             STEP_STOP_IO,        REPL_IDLE,      "another source, or another opening" },
	/* With one thread stopped, START of it alone is no way: should the other stop meanwhile, START purges the relay logs. */
	{ W, F_SLAVE | F_IO,                  F_SQL,              STEP_STOP_IO,        REPL_IDLE,      "applier stopped" },
	{ W, F_SLAVE | F_SQL,                 F_IO,               STEP_DRAIN,          REPL_IDLE,      "applies what it received" },
	{ W, F_SLAVE,                         F_IO | F_SALVAGED,  STEP_SALVAGE,        REPL_SALVAGING, "applies what it received" },
	{ W, 0,                               F_SLAVE | F_SALVAGED, STEP_SALVAGE,      REPL_SALVAGING, "applies what it received" },
	{ W, 0,                               R_SAME,             STEP_COMPARE,        REPL_IDLE,      "is its history the beginning of the source's?" },

	{ W, 0,                               F_IO,               STEP_FOLLOW,         REPL_IDLE,      "follow the source" },
	{ W, F_FOLLOWS,                       0,                  STEP_NONE,           REPL_FOLLOWING, "" },
	{ W, 0,                               0,                  STEP_NONE,           REPL_IDLE,      "connects to its source" },
};
/* clang-format on */
const size_t replica_rules_count = sizeof(replica_rules) / sizeof(replica_rules[0]);

const struct plan_rule *given_up_next(uint32_t facts)
{
	static const struct plan_rule kill = {0, F_PROCESS, 0, STEP_KILL, REPL_DOWN, "its cluster was given up"},
				      save = {0, F_DATA, F_PREPARED, STEP_PREPARE, REPL_DOWN, "saves what only it has"},
				      rest = {0, 0, 0, STEP_NONE, REPL_DOWN, "its cluster was given up"};

	return facts & F_PROCESS ? &kill : (facts & F_DATA) && !(facts & F_PREPARED) ? &save : &rest;
}

uint32_t replica_facts(const struct sight *s)
{
	const struct repl_order *o = &s->order;
	uint32_t bits = facts_of(s);
	bool looked = s->lineage_known && s->lineage_epoch == o->epoch && s->lineage_source == o->active;

	if (o->active_address[0] && o->active < sizeof(o->member_name) / sizeof(o->member_name[0]))
		bits |= R_SOURCE;
	if (looked && s->lineage == LINEAGE_BEGINNING)
		bits |= R_SAME;
	if (looked && s->lineage == LINEAGE_OTHER)
		bits |= R_OTHER;
	if ((bits & R_OTHER) && pause_holds(&s->copy, s->looked_us))
		bits |= F_PAUSED;
	if (o->copy_from < sizeof(o->member_name) / sizeof(o->member_name[0]))
		bits |= R_GIVEN;
	return bits;
}

/* It is the last copy there is: what cannot be applied is tried by the salvage, and ends there (step.c). */
uint32_t stand_in_facts(const struct sight *s)
{
	uint32_t bits = facts_of(s);

	return s->order.self == REPL_REPLICA ? bits & ~(uint32_t)F_BROKEN : bits;
}

const struct plan_rule *replica_next(uint32_t facts)
{
	for (size_t i = 0; i < replica_rules_count; i++)
		if ((facts & replica_rules[i].set) == replica_rules[i].set && !(facts & replica_rules[i].clear))
			return &replica_rules[i];
	assert(false && "the last rule fits everything");
	return &replica_rules[0];
}
