/* Reads a line of our log (heartbeat/log.h) again: the event and its pairs. Pure. */
#ifndef HOLDFAST_HEARTBEAT_LOGLINE_H
#define HOLDFAST_HEARTBEAT_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>

#define LOGLINE_BYTES 2000 /* no line of ours is longer */
#define LOGLINE_PAIRS 32

struct logline {
	const char *event; /* noun.verb; it and the pairs point into text */
	unsigned pairs;
	struct logline_pair {
		const char *key, *value; /* as the program gave them to LOG(), unescaped */
	} pair[LOGLINE_PAIRS];
	char text[LOGLINE_BYTES];
};

/*
 * text need not be terminated, and may be anything. False: it is no line of ours, and *ret is not to be looked at. Of a line that was cut,
 * or that goes on otherwise than ours do, it takes what is ours: the last value may be shorter than it was, and pairs beyond LOGLINE_PAIRS
 * are left out.
 */
bool logline_read(const char *text, size_t bytes, struct logline *ret);

#endif
