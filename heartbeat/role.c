#include "heartbeat/role.h"

#include <assert.h>
#include <stdbool.h>

#define S(id) (1u << HB_##id)
#define ALL ((1u << HB_STATE_COUNT) - 1)
#define GATEWAY (ALL & ~S(WITNESS))

/* clang-format off */
const struct hb_rule hb_rules[] = {
	/* from                     on                    to               why */
	{ ALL & ~S(WITNESS),        HB_SIT_UNKNOWN,       HB_BOOT,         "nobody has said yet who is active" },
	{ S(WITNESS),               HB_SIT_UNKNOWN,       HB_WITNESS,      "a witness votes also before it has heard" },
	{ ALL,                      HB_SIT_WITNESSING,    HB_WITNESS,      "a witness votes and grants, nothing else" },
	{ GATEWAY,                  HB_SIT_MINE_STALE,    HB_PROMOTING,    "claims again what it held before it started" },
	{ GATEWAY,                  HB_SIT_MINE_CLAIMED,  HB_PROMOTING,    "has the role, applies what it received" },
	{ GATEWAY,                  HB_SIT_MINE_OPEN,     HB_PROMOTING,    "opens the database, commits the barrier" },
	{ GATEWAY,                  HB_SIT_MINE_SERVING,  HB_ACTIVE,       "answers" },
	{ GATEWAY,                  HB_SIT_MINE_SICK,     HB_DRAINING,     "its database is gone: hands over, or starts it again" },
	{ GATEWAY,                  HB_SIT_MINE_HANDING,  HB_DRAINING,     "begins nothing new, waits until the other has everything" },
	{ GATEWAY,                  HB_SIT_OTHER_HANDED,  HB_DRAINING,     "has handed over, waits until the other has opened" },
	{ GATEWAY,                  HB_SIT_OTHER_DIRTY,   HB_FENCED,       "deposed: its last writes are not settled before the other opens" },
	{ GATEWAY & ~S(STANDBY),    HB_SIT_OTHER_CLAIMED, HB_FENCED,       "waits until the other has opened" },
	{ S(STANDBY),               HB_SIT_OTHER_CLAIMED, HB_STANDBY,      "waits until the other has opened" },
	{ GATEWAY,                  HB_SIT_OUT_MAINTENANCE, HB_MAINTENANCE, "out of service at an operator's word" },
	{ GATEWAY,                  HB_SIT_OUT_SEEDING,   HB_SEEDING,      "takes a fresh copy" },
	{ GATEWAY,                  HB_SIT_OUT,           HB_CATCHING_UP,  "follows, does not hold everything yet" },
	{ GATEWAY,                  HB_SIT_IN_LAGGING,    HB_CATCHING_UP,  "holds everything acknowledged, does not follow now" },
	{ GATEWAY,                  HB_SIT_IN_FOLLOWING,  HB_STANDBY,      "holds everything acknowledged" },
	{ GATEWAY,                  HB_SIT_BROKEN,        HB_FAULT,        "cannot do its part" },
	{ S(WITNESS),               HB_SIT_MINE_STALE,    HB_WITNESS,      "never named active" },
	{ S(WITNESS),               HB_SIT_MINE_CLAIMED,  HB_WITNESS,      "never named active" },
	{ S(WITNESS),               HB_SIT_MINE_OPEN,     HB_WITNESS,      "never named active" },
	{ S(WITNESS),               HB_SIT_MINE_SERVING,  HB_WITNESS,      "never named active" },
	{ S(WITNESS),               HB_SIT_MINE_SICK,     HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_MINE_HANDING,  HB_WITNESS,      "never named active" },
	{ S(WITNESS),               HB_SIT_OTHER_HANDED,  HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_OTHER_DIRTY,   HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_OTHER_CLAIMED, HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_OUT_MAINTENANCE, HB_WITNESS,    "has no database" },
	{ S(WITNESS),               HB_SIT_OUT_SEEDING,   HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_OUT,           HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_IN_LAGGING,    HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_IN_FOLLOWING,  HB_WITNESS,      "has no database" },
	{ S(WITNESS),               HB_SIT_BROKEN,        HB_WITNESS,      "has no database" },
};
/* clang-format on */
const size_t hb_rules_count = sizeof(hb_rules) / sizeof(hb_rules[0]);

const struct hb_rule *hb_role_rule(enum hb_state from, enum hb_situation on)
{
	for (size_t i = 0; i < hb_rules_count; i++)
		if (hb_rules[i].on == on && (hb_rules[i].from >> from & 1))
			return &hb_rules[i];
	assert(false); /* every cell of the table has a rule */
	return NULL;
}

const char *hb_state_text(unsigned state)
{
	static const char *const text[] = {
#define X(id, text) text,
	    HB_STATES(X)
#undef X
	};

	return state < HB_STATE_COUNT ? text[state] : "unknown";
}

const char *hb_situation_text(unsigned situation)
{
	static const char *const text[] = {
#define X(id, text) text,
	    HB_SITUATIONS(X)
#undef X
	};

	return situation < HB_SITUATION_COUNT ? text[situation] : "unknown";
}
