/*
 * Is what a replica has the beginning of what its source has? Numbers of transactions come again after a tail was cut off, so equal or
 * lower positions do not say so. What each of them has of cluster_epoch does: a row for each opening, with the position at which that
 * epoch opened. Within an epoch one life of one server wrote, so two histories with equal rows are one up to where the first of them
 * leaves the last epoch that they share. Pure.
 */
#ifndef HOLDFAST_REPLICATION_LINEAGE_H
#define HOLDFAST_REPLICATION_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

/* The rows of cluster_epoch, oldest first, each "EPOCH SEQ SERVER NODE\n" (SEQ and SERVER of the position at which it opened); and the
 * number of the last transaction in the log, read with the rows in one snapshot. */
struct lineage {
	const char *rows;
	uint64_t last_seq;
};

#define LINEAGE_VERDICTS(X)                                                                                            \
	X(BEGINNING, "is the beginning of it")                                                                         \
	X(AHEAD, "is it, as far as the source is: that has not applied all of it yet")                                 \
	X(OTHER, "is another")
enum lineage_verdict {
#define X(id, text) LINEAGE_##id,
	LINEAGE_VERDICTS(X)
#undef X
	    LINEAGE_VERDICT_COUNT
};

struct lineage_found {
	uint64_t common_epoch; /* the last that both have; 0: none */
	uint64_t parted_seq;   /* above it the two are not known to be one */
};

/* What is kept of the last look, beside the data that it is of. */
struct lineage_note {
	uint64_t epoch; /* of the order under which that was; 0: there was none */
	bool other;	/* the verdict, if it was not that one is the beginning of the other */
	uint64_t parted_seq;
};
#define LINEAGE_NOTE_BYTES 96

void lineage_note_format(const struct lineage_note *n, char ret[static LINEAGE_NOTE_BYTES]);

/* 0 or -EINVAL: not to the last byte what lineage_note_format() writes. */
int lineage_note_parse(const char *text, struct lineage_note *ret);

/* *ret is filled whatever the verdict is. Rows that cannot be read end the list that they are in. */
enum lineage_verdict lineage_compare(
    const struct lineage *own, const struct lineage *source, struct lineage_found *ret);

#endif
