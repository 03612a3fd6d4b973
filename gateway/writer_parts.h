/* What the parts of the database thread share (writer.c, round.c, settle.c); for them only. */
#ifndef HOLDFAST_GATEWAY_WRITER_PARTS_H
#define HOLDFAST_GATEWAY_WRITER_PARTS_H

#include <pthread.h>

#include "gateway/batch.h"
#include "gateway/writer.h"

#define WRITER_GATE_WAIT_MS 5 /* how often a closed gate is looked at, unless somebody pokes */

struct writer {
	struct batch_tools tools;
	struct queue *queue;
	const struct rolepage *page;
	pthread_t thread;
	struct standing standing;
	_Atomic uint64_t epoch; /* for which connection and image are in use or being opened; 0 none */
	bool opened;
	uint64_t failing_since_us, pinged_us, committed_us;
	uint64_t clock_told_us; /* when it was logged last that ledger time stands; 0: never */
	struct gtid last;	/* of what was committed */
	/* Of the round: what goes back into the queue, in its order, and whether a culprit is being looked for. */
	struct request *back, **back_end;
	bool bisecting;
	uint64_t unacknowledged_us; /* when semi-sync was last seen to be off after a commit; 0: never */
};

/* Forgets everything: nothing of an epoch, or of a connection, survives it. */
void writer_drop(struct writer *w);

/* What was committed up to now may be answered; without an epoch nothing may. */
void writer_establish(struct writer *w);

/* Root may have switched semi-sync off: the standby need not have it (R10). */
void writer_look_at_commit(struct writer *w, const struct landed *l);

/* What was taken from the queue at once: reads answered, writes decided, committed and answered. v: as it was looked at before. */
void round_run(struct writer *w, const struct role_view *v);

/* All of them have this outcome, and go back to whoever asked. */
void settle_all(struct writer *w, struct request *list, enum wire_outcome outcome);

/* R9: the writes of the list were committed under `version`: they go out as soon as that may be. False: the epoch is over, and only
 * the journal of the next one can tell; connection and image were dropped. */
bool settle_committed(struct writer *w, struct request *list, uint64_t version);

/* Takes what must not begin any more, and (`reads_too`) what batch_read has answered, out of the list, and returns the rest. */
struct request *settle_part(struct writer *w, struct request *list, const struct role_view *v, bool reads_too);

#endif
