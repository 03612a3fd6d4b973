/* The last transitions that this member made or heard of, oldest first: in memory, and in a file of /run, so that another life of heartbeatd
 * knows them. The journal keeps them for good. Pure. */
#ifndef HOLDFAST_HEARTBEAT_HISTORY_H
#define HOLDFAST_HEARTBEAT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "heartbeat/transition.h"

#define HISTORY_MAX 64
#define HISTORY_TEXT_BYTES ((HISTORY_MAX + 1) * (size_t)192)

struct history {
	unsigned count;
	struct hb_transition entry[HISTORY_MAX];
};

/* Enters t, or what has become known of it since. True: h is another than before. An epoch of 0 is none. */
bool history_note(struct history *h, const struct hb_transition *t);

/* As text, for history_parse. instance: of this member; another one has another history. Returns the length. */
size_t history_format(const struct history *h, uint64_t instance, char ret[static HISTORY_TEXT_BYTES]);

/* Enters what the text has into h. False, and h as it was: it is of another instance or release, or damaged. */
bool history_parse(const char *text, uint64_t instance, struct history *h);

#endif
