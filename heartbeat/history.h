/* The last transitions that this member made or heard of, oldest first. In memory: the journal keeps them for good. Pure. */
#ifndef HOLDFAST_HEARTBEAT_HISTORY_H
#define HOLDFAST_HEARTBEAT_HISTORY_H

#include <stdbool.h>

#include "heartbeat/transition.h"

#define HISTORY_MAX 64

struct history {
	unsigned count;
	struct hb_transition entry[HISTORY_MAX];
};

/* Enters t, or what has become known of it since. True: it is new. An epoch of 0 is none. */
bool history_note(struct history *h, const struct hb_transition *t);

#endif
