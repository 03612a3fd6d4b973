#include "gateway/writer_parts.h"

#include "gateway/row.h"
#include "heartbeat/fitness.h"
#include "heartbeat/log.h"
#include "heartbeat/wallclock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_WAIT_MS 50
#define CLOCK_BEHIND_US 1000000
#define CLOCK_AGAIN_US 60000000
#define PING_INTERVAL_US 1000000
#define STATEMENT_MAX_US 8000000 /* any statement but COMMIT is broken off then */

void writer_establish(struct writer *w)
{
	standing_establish(&w->standing, atomic_load(&w->epoch), w->tools.head.batch_seq, w->unacknowledged_us);
}

void writer_drop(struct writer *w)
{
	if (w->opened || atomic_load(&w->epoch))
		standing_set(&w->standing, 0, false, true, "");
	w->opened = false;
	standing_first(&w->standing, 0);
	atomic_store(&w->epoch, 0);
	writer_establish(w);
	image_clear(w->tools.image);
	store_close(w->tools.store);
}

void writer_look_at_commit(struct writer *w, const struct landed *l)
{
	if (l->known)
		w->last = l->gtid;
	if (!l->known || !l->semi_sync)
		w->unacknowledged_us = clock_boottime_us();
}

/* A batch without payments: the barrier of an opening, and the canary. The fence of R12 holds for it too. */
static int commit_nothing(struct writer *w, struct errbuf *e)
{
	struct batch_tools *t = &w->tools;
	struct head next = t->head;
	int code;

	next.batch_seq++;
	store_begin(t->store, &t->head, &next);
	code = store_send(t->store, e);
	if (!code)
		code = store_commit(t->store, &t->landed, e);
	if (code)
		return code;
	t->head = next;
	w->committed_us = clock_boottime_us();
	return 0;
}

/* When nothing was committed for a while: idle and stuck look the same from outside, but only one of them commits. */
static void try_commit(struct writer *w)
{
	struct errbuf e = {""};

	if (clock_boottime_us() < w->committed_us + FIT_COMMIT_TRY_US)
		return;
	if (!commit_nothing(w, &e)) {
		writer_establish(w);
		return;
	}
	LOG(LOG_WARNING, "canary.lose", KV_S("why", e.text), KV_U("epoch", atomic_load(&w->epoch)));
	writer_drop(w);
}

/* R6, R12: a fresh connection, a fresh head, the barrier; only then the image. */
static int open_epoch(struct writer *w, const struct role_view *v, struct errbuf *e)
{
	struct batch_tools *t = &w->tools;
	int code;

	writer_drop(w);
	atomic_store(&w->epoch, v->epoch);
	code = store_connect(t->store, e);
	if (!code)
		code = store_check_schema(t->store, e);
	if (!code)
		code = store_read_head(t->store, &t->head, e);
	if (!code && t->head.epoch != v->epoch)
		code = err_set(e, -ESTALE, "ledger_head is at epoch %llu, the record at %llu",
		    (unsigned long long)t->head.epoch, (unsigned long long)v->epoch);
	if (code)
		return code;
	code = commit_nothing(w, e);
	if (!code)
		code = row_prepare(t->store, e);
	if (code)
		return code;
	code = row_load_principals(t->store, t->image, &t->sql, e);
	if (code)
		return code;
	t->trust = (struct trust){0};
	code = store_has_unique_keys(t->store, &t->trust.unique, e);
	if (code)
		return code;
	w->opened = true;
	t->next_expiry_us = 0;
	t->sweep = (struct sweep){0};
	writer_look_at_commit(w, &w->tools.landed);
	standing_answered(&w->standing, v->epoch, w->last);
	writer_establish(w);
	standing_set(&w->standing, v->epoch, true, true, "");
	queue_ring(w->queue); /* heartbeatd waits to hear of the barrier */
	LOG(LOG_NOTICE, "ledger.open", KV_U("epoch", v->epoch), KV_U("batch", t->head.batch_seq),
	    KV_U("seq", t->head.next_seq - 1));
	return 0;
}

/* A clock that was ahead for a moment, here or where the ledger was before: ledger time stands until this one is there, and holds last as much longer. */
static void note_clock(struct writer *w, uint64_t now_us)
{
	uint64_t wall_us = wallclock_us(), last_us = w->tools.head.last_us;

	if (last_us < wall_us + CLOCK_BEHIND_US || (w->clock_told_us && now_us - w->clock_told_us < CLOCK_AGAIN_US))
		return;
	w->clock_told_us = now_us;
	LOG(LOG_WARNING, "clock.behind", KV_U("ms", (last_us - wall_us) / 1000),
	    KV_S("why", "the last payment is later than it is now: a clock is wrong, or was; times stand until then"));
}

static void keep_connection(struct writer *w)
{
	uint64_t now_us = clock_boottime_us();
	struct errbuf e = {""};
	bool good;

	if (now_us - w->pinged_us < PING_INTERVAL_US)
		return;
	w->pinged_us = now_us;
	if (w->opened)
		note_clock(w, now_us);
	if (store_is_connected(w->tools.store))
		good = !store_ping(w->tools.store, &e);
	else
		good = !w->opened && !store_connect(w->tools.store, &e);
	if (!good)
		writer_drop(w);
	if (!w->opened)
		standing_set(&w->standing, 0, good, true, good ? "" : e.text);
}

static void try_open(struct writer *w, const struct role_view *v)
{
	struct errbuf e = {""};
	uint64_t now_us;
	bool fit;

	if (!open_epoch(w, v, &e)) {
		w->failing_since_us = 0;
		return;
	}
	writer_drop(w);
	now_us = clock_boottime_us();
	if (!w->failing_since_us) {
		w->failing_since_us = now_us;
		LOG(LOG_WARNING, "ledger.wait", KV_U("epoch", v->epoch), KV_S("why", e.text));
	}
	fit = now_us - w->failing_since_us < FIT_OPEN_US;
	standing_set(&w->standing, 0, false, fit, e.text);
	(void)queue_wait_poke(w->queue, WRITER_GATE_WAIT_MS * 4);
}

static void cycle(struct writer *w)
{
	struct role_view v;
	uint64_t batch;

	rolepage_read(w->page, &v);
	/* Between two batches: while the role is being handed over there is no next one (C6). */
	if (standing_rests(&w->standing, v.drain_generation))
		queue_ring(w->queue);
	if (!role_is_ours(&v, v.epoch)) {
		if (w->opened) {
			LOG(LOG_NOTICE, "ledger.close", KV_U("epoch", atomic_load(&w->epoch)));
			writer_drop(w);
		}
		w->failing_since_us = 0;
		keep_connection(w);
		(void)queue_wait_poke(w->queue, IDLE_WAIT_MS);
	} else if (v.drain_generation) {
		keep_connection(w);
		(void)queue_wait_poke(w->queue, WRITER_GATE_WAIT_MS);
	} else if (!w->opened || atomic_load(&w->epoch) != v.epoch) {
		try_open(w, &v);
	} else if (!role_may_answer(&v, v.version, clock_boottime_us())) {
		keep_connection(w);
		(void)queue_wait_poke(w->queue, WRITER_GATE_WAIT_MS);
	} else {
		batch = w->tools.head.batch_seq;
		round_run(w, &v);
		/* Flow control: what arrives meanwhile makes the next batch larger. Whatever the role does ends it. */
		if (v.rest_us && w->opened && w->tools.head.batch_seq != batch)
			(void)queue_wait_poke(w->queue, (unsigned)((v.rest_us + 999) / 1000));
		if (w->opened)
			try_commit(w);
		if (w->opened)
			keep_connection(w);
	}
}

static void *run(void *arg)
{
	struct writer *w = arg;

	while (queue_wait(w->queue, w->opened && w->tools.next_expiry_us <= w->tools.now_us ? 0 : IDLE_WAIT_MS))
		cycle(w);
	writer_drop(w);
	return NULL;
}

static void writer_free(struct writer *w)
{
	batch_tools_free(&w->tools);
	image_free(w->tools.image);
	store_free(w->tools.store);
	free(w);
}

int writer_start(struct queue *q, const struct rolepage *page, const char *socket, const char *user,
    struct writer **ret, struct errbuf *e)
{
	struct writer *w = calloc(1, sizeof(*w));
	int code = -ENOMEM;

	if (!w)
		return err_set(e, -ENOMEM, "out of memory");
	w->queue = w->tools.queue = q;
	w->page = page;
	w->tools.store = store_new(socket, user);
	w->tools.image = image_new();
	if (w->tools.store && w->tools.image && !batch_tools_init(&w->tools) && standing_init(&w->standing))
		code = -pthread_create(&w->thread, NULL, run, w);
	if (code) {
		writer_free(w);
		return err_set(e, code, "database thread: %s", strerror(-code));
	}
	*ret = w;
	return 0;
}

void writer_stop(struct writer *w)
{
	if (!w)
		return;
	queue_stop(w->queue);
	store_break(w->tools.store);
	(void)pthread_join(w->thread, NULL);
	standing_free(&w->standing);
	writer_free(w);
}

struct standing *writer_standing(struct writer *w)
{
	return &w->standing;
}

void writer_get_status(struct writer *w, struct writer_status *ret)
{
	struct store_activity a = store_activity(w->tools.store);

	standing_get(&w->standing, ret);
	ret->commit_since_us = a.commit_since_us;
	if (a.statement_since_us && clock_boottime_us() - a.statement_since_us > FIT_STATEMENT_US) {
		ret->fit = false;
		(void)snprintf(ret->reason, sizeof(ret->reason), "the database does not answer a statement");
	}
}

void writer_check(struct writer *w, const struct role_view *view)
{
	uint64_t epoch = atomic_load(&w->epoch);
	struct store_activity a = store_activity(w->tools.store);

	if ((epoch && !role_is_ours(view, epoch)) ||
	    (a.statement_since_us && clock_boottime_us() - a.statement_since_us > STATEMENT_MAX_US))
		store_break(w->tools.store);
}
