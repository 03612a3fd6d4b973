#include "tests/simulation/ledger.h"

#include <assert.h>
#include <string.h>

#include "tests/simulation/mutant.h"
#include "tests/simulation/world.h"

#define REPORT_US 100000 /* as in the daemons */
#define READ_US 4000
#define LOOK_US 2000
#define ADDRESS_GOES_US 1000000
#define SPARE 1000 /* transactions, for openings */

void ledger_kill(struct world *w, unsigned at, uint64_t for_us)
{
	struct ledger *l = &w->member[at].db.ledger;
	struct hb_input gone = {.kind = HB_IN_LEDGER};

	mariadb_hang_up(&w->member[at].db.server, MARIADB_LEDGER);
	memset(l, 0, sizeof(*l));
	l->start_at_us = w->now_us + for_us;
	world_input(w, at, &gone);
}

void ledger_end(struct world *w, unsigned at, uint64_t for_us)
{
	struct ledger *l = &w->member[at].db.ledger;

	if (!l->up || l->leaves_us)
		return;
	l->leaves_us = w->now_us;
	l->back_us = for_us;
	l->reported_us = 0;
}

/* gateway/ledgerd.c, leave() */
static bool may_end(const struct world *w, unsigned at)
{
	const struct ledger *l = &w->member[at].db.ledger;
	const struct role_view *v = &w->member[at].view;

	if (v->active != v->self)
		return w->now_us >= l->had_role_us + ADDRESS_GOES_US;
	return v->mode == ROLE_MODE_SOLO || w->now_us >= l->leaves_us + LEDGER_LEAVES_US;
}

void ledger_power_off(struct ledger *l)
{
	memset(l, 0, sizeof(*l));
}

/* gateway/writer.c, is_ours() */
static bool is_ours(const struct role_view *v, uint64_t epoch)
{
	return epoch && v->active == v->self && v->open && v->epoch == epoch && v->writable_epoch == epoch;
}

static void drop(struct world *w, unsigned at)
{
	struct ledger *l = &w->member[at].db.ledger;

	mariadb_hang_up(&w->member[at].db.server, MARIADB_LEDGER);
	if (l->state == LEDGER_COMMIT || l->state == LEDGER_ANSWER)
		w->book.unknown[l->key % BOOK_UNKNOWN] = l->key;
	l->state = LEDGER_CLOSED;
	l->barrier_epoch = l->epoch = l->commit_since_us = l->read_us = 0;
}

static void send_commit(struct world *w, unsigned at, uint64_t expects)
{
	struct database *d = &w->member[at].db;
	struct ledger *l = &d->ledger;

	l->tx = book_new_tx(&w->book);
	l->commit_since_us = world_clock(w, at);
	mariadb_commit(&d->server, MARIADB_LEDGER, l->tx, (uint16_t)l->epoch, expects);
}

/* R6, R12: a fresh connection, a fresh head, the barrier; only then the image. Its UPDATE waits for whatever is on its way. */
static void open_epoch(struct world *w, unsigned at, uint64_t epoch)
{
	struct database *d = &w->member[at].db;
	struct ledger *l = &d->ledger;

	if (!d->server.up || d->server.read_only || mariadb_blocks(&d->server, MARIADB_LEDGER) ||
	    mariadb_ledger_epoch(&d->server) != epoch)
		return;
	l->epoch = epoch;
	l->head = mariadb_chain(&d->server, d->server.engine);
	l->state = LEDGER_BARRIER;
	send_commit(w, at, l->head);
}

static void check_answer(struct world *w, unsigned at, unsigned index, uint64_t chain, const char *what)
{
	const struct member *m = &w->member[at];
	struct book *b = &w->book;

	if (b->epoch > m->view.epoch)
		world_broken(w, "%c answers %s in epoch %llu after the other did in %llu", "ab"[at], what,
		    (unsigned long long)m -> view.epoch, (unsigned long long)b->epoch);
	b->epoch = m->view.epoch;
	if (m->meddled)
		return;
	if (!mariadb_holds(&m->db.server, b->must, b->must_chain))
		world_broken(w, "%c answers %s without what was answered before", "ab"[at], what);
	if (index > b->must) {
		b->must = index;
		b->must_chain = chain;
		book_note_own(w, at);
		book_check_copy(w, 0);
		book_check_copy(w, 1);
	}
	promises_answered(w, at);
}

static bool is_visible(const struct mariadb *m, const struct book *b, uint32_t tx)
{
	unsigned i = b->placed[tx];

	return i && i <= m->engine && m->log[i - 1].id == tx;
}

/* The payment's fate in this log: how many of its tries are there, and the last of those. */
static unsigned tries_in(const struct mariadb *m, const struct book *b, uint32_t key, uint32_t *found)
{
	unsigned n = 0;

	for (uint32_t tx = b->last_try[key]; tx; tx = b->before[tx])
		if (is_visible(m, b, tx)) {
			*found = tx;
			n++;
		}
	return n;
}

static void answer(struct world *w, unsigned at, uint32_t key)
{
	struct database *d = &w->member[at].db;
	struct ledger *l = &d->ledger;
	unsigned index;
	uint32_t tx = 0;

	if (tries_in(&d->server, &w->book, key, &tx) > 1)
		world_broken(w, "%c has executed payment %u twice", "ab"[at], key);
	if (!tx) {
		world_broken(w, "%c answers payment %u, which it does not hold", "ab"[at], key);
		return;
	}
	index = w->book.placed[tx];
	w->book.answers++;
	w->book.unknown[key % BOOK_UNKNOWN] = 0;
	check_answer(w, at, index, d->server.log[index - 1].chain, "a payment");
	if (l->epoch) {
		l->answered = (struct gtid){0, d->server.log[index - 1].server, d->server.log[index - 1].seq};
		l->answered_epoch = l->epoch;
	}
}

static void note_index(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct ledger *l = &d->ledger;

	/* One transaction at a time holds the head: ours is the last that was committed. */
	l->head = mariadb_chain(&d->server, d->server.engine);
	l->commit_since_us = 0;
}

/* R9 of writer.c's may_answer(). False: it has to wait, or the ledger was dropped. */
static bool may_answer(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct ledger *l = &m->db.ledger;

	if (!is_ours(&m->view, l->epoch)) {
		drop(w, at);
		return false;
	}
	if (role_may_answer(&m->view, l->version, world_clock(w, at)))
		return true;
	if (!role_may_answer(&m->view, m->view.version, world_clock(w, at)))
		return false;
	if (!m->db.server.up || mariadb_ledger_epoch(&m->db.server) != l->epoch) {
		drop(w, at);
		return false;
	}
	l->version = m->view.version;
	return true;
}

static void commit_step(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct ledger *l = &d->ledger;
	enum mariadb_commit how = mariadb_take(&d->server, MARIADB_LEDGER);

	if (how < MARIADB_OK && how != MARIADB_NO_COMMIT)
		return;
	if (how != MARIADB_OK) {
		drop(w, at);
		return;
	}
	note_index(w, at);
	if (l->state == LEDGER_COMMIT) {
		l->state = LEDGER_ANSWER;
		return;
	}
	l->state = LEDGER_OPEN;
	l->barrier_epoch = l->epoch;
	l->answered =
	    (struct gtid){0, d->server.log[d->server.engine - 1].server, d->server.log[d->server.engine - 1].seq};
	l->answered_epoch = l->epoch;
}

/* A new payment, or one again of which nothing was heard: what is in the journal is answered from it. */
static void pay(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct ledger *l = &m->db.ledger;
	struct book *b = &w->book;
	uint32_t key = b->unknown[world_dice(w, BOOK_UNKNOWN)], tx = 0;

	l->at_us = w->now_us + 500 + world_dice(w, w->pace_us);
	if (!role_may_answer(&m->view, m->view.version, world_clock(w, at)))
		return;
	if (key && tries_in(&m->db.server, b, key, &tx)) {
		b->replays++;
		answer(w, at, key);
		return;
	}
	if (b->next_tx + SPARE >= BOOK_TX_MAX || m->db.server.length + SPARE >= MARIADB_LOG_MAX)
		return;
	l->key = key ? key : ++b->next_key;
	l->version = m->view.version;
	l->state = LEDGER_COMMIT;
	send_commit(w, at, l->head);
	b->before[l->tx] = b->last_try[l->key];
	b->last_try[l->key] = l->tx;
	b->payments++;
}

/* A GET: the data first, then the look at the lease. */
static void read_step(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct ledger *l = &m->db.ledger;
	struct mariadb *s = &m->db.server;
	bool may = role_may_answer(&m->view, m->view.version, world_clock(w, at));

	if (!l->read_us) {
		if (!may || m->view.drain_generation || world_dice(w, 4))
			return;
		l->read_us = w->now_us + 1 + world_dice(w, READ_US);
		l->read_must = w->book.must;
		l->read_must_chain = w->book.must_chain;
		return;
	}
	if (w->now_us < l->read_us)
		return;
	l->read_us = 0;
	if (!s->up || !(may || mutant_on(M31_CHECK_BEFORE_READ)))
		return;
	if (!mariadb_holds(s, l->read_must, l->read_must_chain) || s->engine < l->read_must)
		world_broken(w, "%c shows less than was answered before it was asked", "ab"[at]);
	w->book.reads++;
	check_answer(w, at, s->engine, mariadb_chain(s, s->engine), "a read");
}

static void work(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct ledger *l = &m->db.ledger;
	const struct role_view *v = &m->view;

	if (l->state != LEDGER_CLOSED && !is_ours(v, l->epoch) &&
	    !(l->state == LEDGER_ANSWER && mutant_on(M31_CHECK_BEFORE_COMMIT)))
		drop(w, at);
	switch (l->state) {
	case LEDGER_CLOSED:
		if (is_ours(v, v->epoch) && !v->drain_generation)
			open_epoch(w, at, v->epoch);
		break;
	case LEDGER_BARRIER:
	case LEDGER_COMMIT: commit_step(w, at); break;
	default: break;
	}
	if (l->state == LEDGER_ANSWER && (mutant_on(M31_CHECK_BEFORE_COMMIT) || may_answer(w, at))) {
		l->state = LEDGER_OPEN;
		answer(w, at, l->key);
	}
	if (l->state == LEDGER_OPEN && w->now_us >= l->at_us && !v->drain_generation)
		pay(w, at);
	if (l->state >= LEDGER_OPEN || (l->state == LEDGER_BARRIER && mutant_on(M09_LEDGER_READS_THE_TAIL)))
		read_step(w, at);
}

static void report(struct world *w, unsigned at)
{
	struct ledger *l = &w->member[at].db.ledger;
	struct ledger_report r = {
	    .fit = 1,
	    .ready = 1,
	    .leaves = l->leaves_us != 0,
	    .barrier_epoch = l->barrier_epoch,
	    .gate_closed_generation = l->closed_generation,
	    .rest_generation = l->rest_generation,
	    .commit_since_us = l->commit_since_us,
	    .answered_epoch = l->answered_epoch,
	    .answered = l->answered,
	};
	struct hb_input in = {.kind = HB_IN_LEDGER, .ledger = &r};

	l->reported_us = w->now_us;
	world_input(w, at, &in);
}

void ledger_step(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct ledger *l = &m->db.ledger;
	uint64_t barrier = l->barrier_epoch, closed = l->closed_generation, rest = l->rest_generation;

	if (!l->up) {
		l->up = w->now_us >= l->start_at_us;
		return;
	}
	work(w, at);
	if ((l->state == LEDGER_CLOSED || l->state == LEDGER_OPEN) && !l->read_us)
		l->rest_generation = m->view.drain_generation;
	if (w->now_us >= l->look_us)
		l->look_us = w->now_us + LOOK_US;
	/* ledgerd.c's confirm_close(): the page says so too. */
	if (!role_may_answer(&m->view, m->view.version, world_clock(w, at)))
		l->closed_generation = m->node.close_generation;
	if (m->view.active == m->view.self)
		l->had_role_us = w->now_us;
	if (l->leaves_us && l->reported_us && may_end(w, at)) {
		ledger_kill(w, at, l->back_us);
		return;
	}
	if (barrier != l->barrier_epoch || rest != l->rest_generation || closed != l->closed_generation ||
	    w->now_us >= l->reported_us + REPORT_US)
		report(w, at);
}

uint64_t ledger_next_us(const struct world *w, unsigned at)
{
	const struct member *m = &w->member[at];
	const struct ledger *l = &m->db.ledger;
	uint64_t next = l->reported_us + REPORT_US;

	if (!l->up)
		return l->start_at_us;
	if (l->state == LEDGER_OPEN && m->view.drain_generation)
		next = l->look_us < next ? l->look_us : next;
	else if (l->state == LEDGER_OPEN && l->at_us < next)
		next = l->at_us;
	if (l->read_us && l->read_us < next)
		next = l->read_us;
	if ((l->state == LEDGER_BARRIER || l->state == LEDGER_COMMIT) &&
	    m->db.server.session[MARIADB_LEDGER].state >= MARIADB_OK)
		return 0;
	if ((l->state == LEDGER_ANSWER || m->view.drain_generation != l->rest_generation ||
		(l->state == LEDGER_CLOSED && is_ours(&m->view, m->view.epoch))) &&
	    l->look_us < next)
		next = l->look_us;
	return next;
}
