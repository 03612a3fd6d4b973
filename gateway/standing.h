/* What the database thread of ledgerd tells of itself, for the loop thread to pass on to heartbeatd. Both may use it at any time. */
#ifndef HOLDFAST_GATEWAY_STANDING_H
#define HOLDFAST_GATEWAY_STANDING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/gtid.h"
#include "heartbeat/local.h"

struct writer_status {
	uint64_t barrier_epoch; /* opening barrier committed and the image of this epoch is in use; 0 none */
	uint64_t commit_since_us;
	uint64_t answered_epoch;
	struct gtid answered;
	uint64_t first_us;	  /* when the first batch of that epoch was committed; 0: none yet */
	uint64_t rest_generation; /* drain_generation under which no batch is under way; 0 none */
	bool ready;		  /* connected */
	bool fit;
	char reason[LOCAL_REASON_BYTES];
};

/* Into what heartbeatd is told; the rest of that is not touched. */
void standing_report(const struct writer_status *s, struct ledger_report *ret);

/* What may be answered, for those who read beside the writer: everything up to this batch, and nothing after it. */
struct standing_seen {
	uint64_t epoch; /* 0: nothing */
	uint64_t batch_seq;
	uint64_t unacknowledged_us; /* role_has_seen() */
};

struct standing {
	pthread_mutex_t lock;
	struct writer_status status;
	struct standing_seen seen;
};

/* Fit, and nothing else yet. False: no memory. */
bool standing_init(struct standing *s);
void standing_free(struct standing *s);

void standing_set(struct standing *s, uint64_t barrier_epoch, bool ready, bool fit, const char *reason);

/* A tripwire (protocol.md S7): nothing that was answered may be missing elsewhere. */
void standing_answered(struct standing *s, uint64_t epoch, struct gtid last);

/* For the record of the transition: when the epoch bore its first payment. The first call counts; 0 forgets. */
void standing_first(struct standing *s, uint64_t now_us);

/* No batch is under way since that drain was begun. True when that is news. */
bool standing_rests(struct standing *s, uint64_t generation);

void standing_establish(struct standing *s, uint64_t epoch, uint64_t batch_seq, uint64_t unacknowledged_us);
struct standing_seen standing_seen(struct standing *s);

void standing_get(struct standing *s, struct writer_status *ret);

#endif
