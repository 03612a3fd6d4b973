/*
 * The own steps of every sequence, as moments at which a fault may strike. Faults at random times miss them: most last for
 * a millisecond, and decide everything.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_MOMENT_H
#define HOLDFAST_TESTS_SIMULATION_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/node.h"

struct world;

/* A round of the proposer, for each change: asks, has its majority of promises, has accepted itself, is chosen. */
#define MOMENTS_OF(X, CHANGE, change)                                                                                  \
	X(CHANGE##_ASKED, change "-asked")                                                                             \
	X(CHANGE##_PROMISED, change "-promised")                                                                       \
	X(CHANGE##_ACCEPTED, change "-accepted")                                                                       \
	X(CHANGE##_CHOSEN, change "-chosen")
#define MOMENTS(X)                                                                                                     \
	MOMENTS_OF(X, NOTHING, "nothing")                                                                              \
	MOMENTS_OF(X, CLAIM, "claim")                                                                                  \
	MOMENTS_OF(X, OPEN, "open")                                                                                    \
	MOMENTS_OF(X, SOLO, "solo")                                                                                    \
	MOMENTS_OF(X, ADD, "add")                                                                                      \
	MOMENTS_OF(X, HAND, "hand")                                                                                    \
	MOMENTS_OF(X, JOIN, "join")                                                                                    \
	MOMENTS_OF(X, MAINTAIN, "maintain")                                                                            \
	X(LEARNT, "learnt")                                                                                            \
	X(WRITING, "writing")                                                                                          \
	X(WRITTEN, "written")                                                                                          \
	X(DATABASE_UP, "database-up")                                                                                  \
	X(DRAINED, "drained")                                                                                          \
	X(OPENED, "opened")                                                                                            \
	X(BARRIER, "barrier")                                                                                          \
	X(GATE_OPEN, "gate-open")                                                                                      \
	X(GATE_CLOSED, "gate-closed")                                                                                  \
	X(SEMI_ON, "semi-on")                                                                                          \
	X(SEMI_OFF, "semi-off")                                                                                        \
	X(COMMIT_WAITS, "commit-waits")                                                                                \
	X(FOLLOWS, "follows")                                                                                          \
	X(TOKEN, "token")                                                                                              \
	X(BOOTED, "booted")                                                                                            \
	X(ORDER, "order")                                                                                              \
	MOMENTS_OF(X, FORCE, "force")

enum moment {
#define X(id, word) MOMENT_##id,
	MOMENTS(X)
#undef X
	    MOMENT_COUNT
};

/* Those after it come only in schedules that are written by hand. */
#define MOMENT_DRAWN (MOMENT_ORDER + 1)

/* What a member looked like after its last step. */
struct seen {
	uint8_t step, change;
	bool storing, up, semi, waits, follows, booted, gate;
	uint32_t want;
	uint64_t version, drained, opened, barrier;
	struct token token;
};

#define AMBUSH_MAX 4

/* A fault that waits for its moment. */
struct ambush {
	bool armed;
	uint8_t moment, by; /* by: the member whose moment it is; HB_NOBODY: anybody */
	uint8_t fault, at, peer;
	uint32_t letters;
	uint64_t after_us, for_us;
	uint64_t due_us; /* the moment has come; 0: not yet */
};

struct ambushes {
	unsigned count;
	struct ambush ambush[AMBUSH_MAX];
	uint64_t due_us; /* the first that is due; UINT64_MAX: none */
	uint64_t hits[MOMENT_COUNT];
};

/* Members named by their part in it; resolved when the fault strikes. */
#define WHO_ACTOR 240	/* whose moment it was */
#define WHO_OTHER 241	/* the other gateway */
#define WHO_ACTIVE 242	/* of the record, as far as the members know */
#define WHO_STANDBY 243 /* the gateway that is not active */
#define WHO_WITNESS 244 /* the first witness */

unsigned moment_who(const struct world *w, uint8_t who, unsigned actor);

/* After each step of a member. */
void moment_look(struct world *w, unsigned at);

/* Strikes what is due. */
void moment_strike(struct world *w);

const char *moment_word(unsigned moment);

#endif
