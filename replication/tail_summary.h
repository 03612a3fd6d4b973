/* What lies in an export of writes that were given up (R11), in plain words, for whoever finds it. Pure. */
#ifndef HOLDFAST_REPLICATION_TAIL_SUMMARY_H
#define HOLDFAST_REPLICATION_TAIL_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/gtid.h"
#include "replication/journal_rows.h"

#define TAIL_SUMMARY_BYTES 4096
#define TAIL_TIME_BYTES 32

enum tail_kind {
	TAIL_OWN,      /* of a gateway, in its own pair: nobody acknowledged it, unless a role was forced */
	TAIL_GIVEN_UP, /* of a member whose cluster was given up for a promoted replica */
	TAIL_REPLICA,  /* of a replica: the pair has another history, or it could not be applied */
};

struct tail_summary {
	enum tail_kind kind;
	bool received;		   /* from relay logs: received, and not applied */
	const char *node, *active; /* whose it is, and who has the role */
	const char *when;	   /* in UTC */
	const char *file;	   /* the piece of the binary log; the names of the others begin so */
	uint64_t opened_epoch; /* in which it was opened for writing; 0: it was not; UINT64_MAX: not known any more */
	uint64_t epoch;	       /* of the record now */
	struct gtid above;     /* exported is what lies above; seq 0: all */
	uint64_t transactions, first_seq;
	struct gtid last;
	struct journal_counts made;
};

/* The text of the summary. Names longer than a member's or a path's are cut, so that it fits. */
void tail_summary_text(const struct tail_summary *s, char ret[static TAIL_SUMMARY_BYTES]);

#endif
