/*
 * What an error that stopped replication says about the copy, by its number: whether to try again is worth anything, or whether
 * only a fresh copy helps. Numbers: https://mariadb.com/kb/en/mariadb-error-codes/; as the applier passes them on, storage engines'
 * own (HA_ERR_*, 120 and above, include/my_base.h) and the system's (below 120) among them. Pure.
 */
#ifndef HOLDFAST_REPLICATION_SQLERROR_H
#define HOLDFAST_REPLICATION_SQLERROR_H

#include <stddef.h>

enum sqlerror_cure {
	SQLERROR_AGAIN, /* says nothing about the data: a disk, a lock, memory, somebody's KILL. It is to be tried again, for ever */
	SQLERROR_COPY, /* the data is of another history than the active's, or damaged: no number of tries can mend that */
	SQLERROR_WAY, /* the way to the active: a receiver goes on by itself, so that one which stands still was stopped by somebody */
	SQLERROR_UNSURE, /* not in the table: to be tried again SQLERROR_UNSURE_TRIES times, then as SQLERROR_COPY */
};

#define SQLERROR_UNSURE_TRIES 6

struct sqlerror {
	unsigned number;
	enum sqlerror_cure cure;
	const char *text; /* what `status` says of it */
};

extern const struct sqlerror sqlerrors[]; /* ascending */
extern const size_t sqlerrors_count;

/* Of an error number that is not 0. */
enum sqlerror_cure sqlerror_cure(unsigned number);

/* What it says, in our words; NULL: not in the table. */
const char *sqlerror_text(unsigned number);

#endif
