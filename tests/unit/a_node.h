/* A member of a cluster of two gateways and a witness, as the tests of what operators ask and read look at it. */
#ifndef HOLDFAST_TESTS_UNIT_A_NODE_H
#define HOLDFAST_TESTS_UNIT_A_NODE_H

#include "heartbeat/node_parts.h"

#define NOW_US 100000000ull
#define A 0
#define B 1
#define W 2

extern struct hb_node node;
extern struct hb_output output;

struct token token_of(uint8_t member);

/* All is well: a is active, seen by self. */
void make(uint8_t self);

/* That one was heard a moment ago, and all is well with it. */
void hear(uint8_t from);

void step(uint64_t now_us);

/* The verdict on these words; NULL: they are not taken at all, and why is in *refused. */
const struct hb_verdict *ask(const char *words, char refused[LOCAL_REASON_BYTES]);
void expect(const char *words, bool started, const char *text);
void expect_not_taken(const char *words, const char *text);

struct hb_change wanted(void);

/* The change that is wanted is made, and known. */
void carry_out(enum hb_change_kind kind);

#endif
