/* How far a fresh copy is, as holdfast-seed tells whoever started it, and in words for `status`. Pure. */
#ifndef HOLDFAST_REPLICATION_SEED_PROGRESS_H
#define HOLDFAST_REPLICATION_SEED_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/local.h"

#define SEED_PROGRESS_LINE_BYTES 64

/* In the order in which they come. */
enum seed_phase {
	SEED_PHASE_ASK,	    /* connects, and waits for the greeting */
	SEED_PHASE_FETCH,   /* bytes come */
	SEED_PHASE_VERIFY,  /* all came: compared with what was sent, and unpacked to the end */
	SEED_PHASE_PREPARE, /* its log is applied */
	SEED_PHASE_INSTALL, /* made durable and put in the place of the old data */
	SEED_PHASE_COUNT
};

/* Begins as {0}, but for `again`. Times are of one clock that never goes back. */
struct seed_progress {
	bool again; /* the one before was interrupted */
	enum seed_phase phase;
	uint64_t received_bytes;
	uint64_t total_bytes; /* what the sender said that it is about; 0: it has not yet */
	uint64_t phase_us;    /* since when */
	uint64_t moved_us;    /* when bytes came last */
	uint64_t rate_us;     /* when the rate was reckoned last */
	uint64_t rate_received_bytes;
	double rate; /* bytes a second, smoothed; 0: not known yet */
};

/* A line, with its end, as holdfast-seed --progress prints it. */
void seed_progress_line(
    enum seed_phase phase, uint64_t received_bytes, uint64_t total_bytes, char ret[static SEED_PROGRESS_LINE_BYTES]);

/* The next line, without its end. False: it is none of those. */
bool seed_progress_take(struct seed_progress *p, const char *line, uint64_t now_us);

/* Time has passed: to be called about once a second, also when no line came. */
void seed_progress_pass(struct seed_progress *p, uint64_t now_us);

/* "fetching a copy: 3.1 of 10.0 GB, about 2 min left". */
void seed_progress_text(const struct seed_progress *p, uint64_t now_us, char ret[static LOCAL_REASON_BYTES]);

/* The same of one that has failed: how far it had come, and why it ended; of why only what fits. The programs that pass the words
 * on put their names before them; what is before the last of ours is left out. */
void seed_progress_failed(const struct seed_progress *p, const char *why, char ret[static LOCAL_REASON_BYTES]);

#endif
