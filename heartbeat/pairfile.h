/*
 * What a promoted replica keeps of the pair that it stood in for: where its own history begins, whom to tell that they were given up, and
 * the keys of the heartbeats that those can read: its own cluster may have others since. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_PAIRFILE_H
#define HOLDFAST_HEARTBEAT_PAIRFILE_H

#include <stdbool.h>

#include "heartbeat/gtid.h"
#include "heartbeat/keyring.h"
#include "heartbeat/record.h"

#define PAIRFILE_BYTES 1536

struct pairfile {
	struct gtid at; /* what the old ones have above it, its history lacks */
	uint64_t epoch,
	    when_ms; /* its first epoch, and when that began, of the wall clock; 0: a release that did not say */
	bool has_ring;
	struct keyring ring;
	unsigned members;
	struct hb_member member[HB_MEMBERS_MAX]; /* address, port and instance */
};

/* One word and its value a line. The caller wipes both. */
void pairfile_format(const struct pairfile *p, char ret[static PAIRFILE_BYTES]);

/* 0; or -EBADMSG: there is no position, or the ring is damaged. Lines of words that are not known are for a later release. */
int pairfile_parse(const char *text, struct pairfile *ret);

#endif
