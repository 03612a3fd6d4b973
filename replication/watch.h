/*
 * Whether semi-sync has let something through while it was to hold it back (R10), as when root switches it off or kills a query.
 * The plan mends that within a look, so what was seen is kept, and with it how far what nobody acknowledged may reach. Pure.
 */
#ifndef HOLDFAST_REPLICATION_WATCH_H
#define HOLDFAST_REPLICATION_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/local.h"
#include "replication/observation.h"

struct watch {
	uint64_t epoch; /* that all of it is about */
	bool
	    armed; /* semi-sync was wanted and on at the last look, and marked or the server open; or before this replicationd */
	bool leaks;	/* something was let through, and how far that reaches will be known at one of the next looks */
	uint64_t no_tx; /* when semi-sync was last seen on */
	uint64_t crowd_since_us; /* more than one acknowledges; 0: not so */
	bool crowded;	    /* and not only while a standby connects anew: what they acknowledge nobody else may have */
	struct gtid leaked; /* what was let through in this epoch lies at or below; seq 0: nothing was */
};

/* After each look, at now_us, at a server that answers. opened: it is open for the order's epoch; marked: a position was read since semi-sync
 * was switched on here. */
void watch_look(struct watch *w, const struct repl_order *order, bool opened, bool marked, const struct observation *db,
    uint64_t now_us);

/* The server has ended: the next one begins without semi-sync, and not by anybody's hand. */
void watch_forget(struct watch *w);

#endif
