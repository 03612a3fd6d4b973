/* What was found in a ledger (replication/ledgerwalk.h): for people, for programs, and for whoever watches. */
#ifndef HOLDFAST_REPLICATION_VERIFYREPORT_H
#define HOLDFAST_REPLICATION_VERIFYREPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "heartbeat/err.h"
#include "replication/ledgerwalk.h"

#define VERIFYREPORT_MOST 100 /* findings that are listed; the others are counted */

struct verifyreport {
	const char *node, *role;
	int64_t at_s; /* when it ended, Unix */
	uint64_t took_ms;
	const char *failed; /* why it could not be looked at; NULL: it was */
	struct ledgerwalk_result result;
	struct audit_finding first[VERIFYREPORT_MOST];
	unsigned first_count;
};

/* Takes the next finding; for ledgerwalk, with the report as its userdata. */
void verifyreport_take(void *report, const struct audit_finding *f);

/* For people: one line when all is right. */
void verifyreport_print(FILE *f, const struct verifyreport *r);

/* One line of JSON, without an end of line, with the list of findings or only how many there are of each check. NULL: no memory. The caller frees it. */
char *verifyreport_json(const struct verifyreport *r, bool list);

/* Replaces path by the latter, for all to read. 0 or -errno with e filled. */
int verifyreport_store(const char *path, const struct verifyreport *r, struct errbuf *e);

#endif
