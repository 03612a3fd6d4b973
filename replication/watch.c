#include "replication/watch.h"

#include <string.h>

#include "heartbeat/since.h"

#define CROWD_US 1000000 /* the old connection of a standby that connects anew ends within milliseconds */

/* C6: as a hand-over begins, semi-sync stays as it was. */
static bool is_wanted(const struct watch *w, const struct repl_order *order)
{
	if (order->want == REPL_WANT_DRAIN)
		return w->armed || w->leaks;
	return order->want == REPL_WANT_OPEN && order->semi_sync;
}

/* It is on, and yet commits may return, or be seen, that no standby of ours has. */
static bool lets_through(const struct watch *w, const struct observation *db)
{
	const char *wait_point = db->variables.text[VARIABLE_WAIT_POINT];

	return db->no_tx != w->no_tx || db->asleep || w->crowded ||
	       (wait_point[0] && strcmp(wait_point, variables[VARIABLE_WAIT_POINT].wanted) != 0);
}

void watch_look(struct watch *w, const struct repl_order *order, bool opened, bool marked, const struct observation *db,
    uint64_t now_us)
{
	bool moved;

	/* Open already: a replicationd before this one has opened it, with semi-sync on. What it counted is not known. */
	if (w->epoch != order->epoch)
		*w = (struct watch){
		    .epoch = order->epoch, .armed = opened, .no_tx = db->no_tx, .crowd_since_us = w->crowd_since_us};
	since_note(&w->crowd_since_us, db->semi_sync && db->semi_clients > 1, now_us);
	w->crowded = w->crowd_since_us && now_us >= w->crowd_since_us + CROWD_US;
	moved = db->semi_sync && lets_through(w, db);
	if (!is_wanted(w, order)) {
		w->armed = w->leaks = false;
		return;
	}
	if (w->armed && (!db->semi_sync || moved))
		w->leaks = true;
	/* Of one look, the position was read before the counter: the next one's has what the counter counted. */
	if (w->leaks)
		w->leaked = db->binlog;
	if (db->semi_sync && marked && !moved)
		w->leaks = false;
	/* Open, it answers, whoever has read a position since: a replicationd that has just started has not yet. */
	w->armed = db->semi_sync && (marked || opened);
	if (db->semi_sync)
		w->no_tx = db->no_tx;
}

void watch_forget(struct watch *w)
{
	w->armed = false;
}
