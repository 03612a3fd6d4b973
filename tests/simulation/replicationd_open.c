/* The steps from a drained copy to an open database, and back to a read only one. */
#include "tests/simulation/replicationd.h"

#include <errno.h>

#include "tests/simulation/mutant.h"
#include "tests/simulation/world.h"

static void take_mark(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct sight *s = &d->repl.sight;
	const struct mariadb *m = &d->server;

	s->sync_mark = (struct gtid){0, 0, 0};
	if (m->length)
		s->sync_mark = (struct gtid){0, m->log[m->length - 1].server, m->log[m->length - 1].seq};
	s->marked = true;
}

int replicationd_set_semi(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	if (mutant_on(M08_MARK_BEFORE_SEMI_SYNC) && part == 0) {
		take_mark(w, at);
		return STEP_MORE;
	}
	if (!mutant_on(M08_MARK_BEFORE_SEMI_SYNC))
		d->repl.sight.marked = false;
	mariadb_set_semi(&d->server, d->repl.sight.order.semi_sync != 0);
	return 0;
}

int replicationd_mark(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	take_mark(w, at);
	return 0;
}

int replicationd_set_dirty(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;
	const struct sight *s = &d->repl.sight;

	(void)part;
	dirty_open(&s->dirty, s->parted, s->order.epoch, s->db.binlog, &d->dirty);
	return 0;
}

bool replicationd_take_row(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	enum mariadb_commit how = mariadb_take(&d->server, MARIADB_ROW);

	if (how != MARIADB_NO_COMMIT && how < MARIADB_OK)
		return true;
	d->repl.sight.row_sent = false;
	return how == MARIADB_OK;
}

int replicationd_send_row(struct world *w, unsigned at, unsigned part)
{
	struct database *d = &w->member[at].db;

	if (part == 0) {
		/* INSERT waits for the lock of the same row that a connection before ours left behind. */
		if (mariadb_blocks(&d->server, MARIADB_ROW))
			return d->server.up ? (world_dice(w, 200) ? STEP_STUCK : -EREMOTEIO)
					    : -EPIPE; /* after a second */
		mariadb_commit(&d->server, MARIADB_ROW, book_new_tx(&w->book), (uint16_t)d->repl.sight.order.epoch, 0);
		d->repl.sight.row_sent = true;
		return STEP_MORE;
	}
	return replicationd_take_row(w, at) ? 0 : -EIO;
}

int replicationd_writable(struct world *w, unsigned at, unsigned part)
{
	(void)part;
	w->member[at].db.server.read_only = false;
	return 0;
}

/* It waits for what is being committed, and lets nothing begin. */
int replicationd_read_only(struct world *w, unsigned at, unsigned part)
{
	struct mariadb *m = &w->member[at].db.server;

	(void)part;
	for (unsigned c = 0; c < MARIADB_CLIENTS; c++)
		if (m->session[c].state >= MARIADB_QUEUED && m->session[c].state <= MARIADB_WAITING)
			return world_dice(w, 200) ? STEP_STUCK : -EREMOTEIO; /* lock_wait_timeout */
	m->read_only = true;
	return 0;
}
