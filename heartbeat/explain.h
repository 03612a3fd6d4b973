/*
 * Why the cluster is as it is, what it would do next, and what would happen if a member died now: in words, from what one
 * member knows. For `holdfastctl explain`. Nothing is decided here; what decides is asked (heartbeat/node_parts.h). Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_EXPLAIN_H
#define HOLDFAST_HEARTBEAT_EXPLAIN_H

#include "heartbeat/node.h"

#define HB_EXPLAIN_LINES 48
#define HB_EXPLAIN_BYTES 240

/* id, word, what its lines tell */
#define HB_TOPICS(X)                                                                                                   \
	X(NOW, "now", "how it is")                                                                                     \
	X(CLAIM, "claim", "before it takes over by itself, all of this must hold")                                     \
	X(ADD, "add", "before it counts as a standby that holds every payment, all of this must hold")                 \
	X(DEATH, "death", "what happens if it dies now")
enum hb_topic {
#define X(id, word, text) HB_TOPIC_##id,
	HB_TOPICS(X)
#undef X
	    HB_TOPIC_COUNT
};

enum hb_holds { HB_HOLDS_NOT, HB_HOLDS, HB_HOLDS_NA };

/* Of a line about a death: do payments go on then? id, word. */
#define HB_FATES(X)                                                                                                    \
	X(NA, NULL)                                                                                                    \
	X(GOES_ON, "goes-on")                                                                                          \
	X(STOPS, "stops") /* or stand still already */                                                                 \
	X(UNKNOWN, "unknown")                                                                                          \
	X(GONE, "gone") /* nothing is heard from it: it counts as dead, or soon will */
enum hb_fate {
#define X(id, word) HB_FATE_##id,
	HB_FATES(X)
#undef X
	    HB_FATE_COUNT
};

struct hb_explain_line {
	uint8_t topic; /* enum hb_topic */
	uint8_t about; /* member number; HB_NOBODY: the cluster */
	uint8_t holds; /* enum hb_holds: is the condition met that the line names? */
	uint8_t fate;  /* enum hb_fate */
	char text[HB_EXPLAIN_BYTES];
};

struct hb_explanation {
	unsigned count;
	struct hb_explain_line line[HB_EXPLAIN_LINES];
};

/* As n knows it at now_us. Ordered by topic, then by member. */
void hb_explain(const struct hb_node *n, uint64_t now_us, struct hb_explanation *ret);

const char *hb_topic_word(unsigned topic);

/* NULL: the line is about no death. */
const char *hb_fate_word(unsigned fate);

#endif
