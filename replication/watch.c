#include "replication/watch.h"

/* C6: as a hand-over begins, semi-sync stays as it was. */
static bool is_wanted(const struct watch *w, const struct repl_order *order)
{
	if (order->want == REPL_WANT_DRAIN)
		return w->armed || w->leaks;
	return order->want == REPL_WANT_OPEN && order->semi_sync;
}

void watch_look(struct watch *w, const struct repl_order *order, bool opened, bool marked, const struct observation *db)
{
	bool moved;

	/* Open already: a replicationd before this one has opened it, with semi-sync on. What it counted is not known. */
	if (w->epoch != order->epoch)
		*w = (struct watch){.epoch = order->epoch, .armed = opened, .no_tx = db->no_tx};
	moved = db->semi_sync && db->no_tx != w->no_tx;
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
