#include "gateway/writer.h"

#include "gateway/batch.h"
#include "gateway/problem.h"
#include "gateway/query.h"
#include "gateway/row.h"
#include "gateway/sweep.h"
#include "heartbeat/fitness.h"
#include "heartbeat/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_WAIT_MS 50
#define GATE_WAIT_MS 5
#define PING_INTERVAL_US 1000000
#define STATEMENT_MAX_US 8000000 /* any statement but COMMIT is broken off then */

struct writer {
	struct batch_tools tools;
	struct queue *queue;
	const struct rolepage *page;
	pthread_t thread;
	struct standing standing;
	_Atomic uint64_t epoch; /* for which connection and image are in use or being opened; 0 none */
	bool opened;
	uint64_t failing_since_us, pinged_us, committed_us;
	struct gtid last;	    /* of what was committed */
	uint64_t unacknowledged_us; /* when semi-sync was last seen to be off after a commit; 0: never */
};

/* What was committed up to now may be answered; without an epoch nothing may. */
static void establish(struct writer *w)
{
	standing_establish(&w->standing, atomic_load(&w->epoch), w->tools.head.batch_seq, w->unacknowledged_us);
}

/* Forgets everything: nothing of an epoch, or of a connection, survives it. */
static void drop(struct writer *w)
{
	if (w->opened || atomic_load(&w->epoch))
		standing_set(&w->standing, 0, false, true, "");
	w->opened = false;
	standing_first(&w->standing, 0);
	atomic_store(&w->epoch, 0);
	establish(w);
	image_clear(w->tools.image);
	store_close(w->tools.store);
}

/* Root may have switched semi-sync off: the standby need not have it (R10). */
static void look_at_commit(struct writer *w, const struct landed *l)
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
		establish(w);
		return;
	}
	LOG(LOG_WARNING, "canary.lose", KV_S("why", e.text), KV_U("epoch", atomic_load(&w->epoch)));
	drop(w);
}

/* R6, R12: a fresh connection, a fresh head, the barrier; only then the image. */
static int open_epoch(struct writer *w, const struct role_view *v, struct errbuf *e)
{
	struct batch_tools *t = &w->tools;
	int code;

	drop(w);
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
	if (code)
		return code;
	code = row_load_principals(t->store, t->image, &t->sql, e);
	if (code)
		return code;
	w->opened = true;
	t->next_expiry_us = 0;
	t->sweep = (struct sweep){0};
	look_at_commit(w, &w->tools.landed);
	standing_answered(&w->standing, v->epoch, w->last);
	establish(w);
	standing_set(&w->standing, v->epoch, true, true, "");
	queue_ring(w->queue); /* heartbeatd waits to hear of the barrier */
	LOG(LOG_NOTICE, "ledger.open", KV_U("epoch", v->epoch), KV_U("batch", t->head.batch_seq),
	    KV_U("seq", t->head.next_seq - 1));
	return 0;
}

/* What is to be known of a commit, if there was one since the head was at `batch`. */
static void note_commit(struct writer *w, uint64_t batch)
{
	if (w->tools.head.batch_seq == batch)
		return;
	w->committed_us = clock_boottime_us();
	look_at_commit(w, &w->tools.landed);
	standing_first(&w->standing, w->committed_us);
}

static void settle_all(struct writer *w, struct request *list, enum wire_outcome outcome)
{
	for (struct request *r = list; r; r = r->next)
		request_settle(r, outcome);
	queue_answer(w->queue, list);
}

/*
 * R9: may what was committed (or found) under `*version` be answered? True with the version under which that
 * is so; false: the epoch is over and only the journal of the next one can tell. Waits while the gate is closed.
 */
static bool may_answer(struct writer *w, uint64_t *version, bool *local)
{
	struct batch_tools *t = &w->tools;
	struct errbuf e = {""};
	struct role_view v;
	struct head now;
	bool seen;

	for (;;) {
		rolepage_read(w->page, &v);
		if (!role_is_ours(&v, atomic_load(&w->epoch)))
			return false;
		*local = v.mode != ROLE_MODE_SYNC;
		seen = role_has_seen(&v, w->unacknowledged_us);
		if (seen && role_may_answer(&v, *version, clock_boottime_us()))
			return true;
		if (seen && role_may_answer(&v, v.version, clock_boottime_us())) {
			/* Another record, the same epoch, and its state is established: did the batch land? */
			if (store_read_head(t->store, &now, &e) || now.epoch != t->head.epoch ||
			    now.batch_seq < t->head.batch_seq)
				return false;
			*version = v.version;
			continue;
		}
		if (!queue_wait_poke(w->queue, GATE_WAIT_MS))
			return false;
	}
}

/* False: what the image holds is not known to be true any more; connection and image were dropped. */
static bool answer_writes(struct writer *w, struct request *list, uint64_t version)
{
	bool local;

	if (!may_answer(w, &version, &local)) {
		settle_all(w, list, WIRE_UNKNOWN);
		drop(w);
		return false;
	}
	standing_answered(&w->standing, atomic_load(&w->epoch), w->last);
	establish(w);
	for (struct request *r = list; r; r = r->next) {
		r->version = version;
		r->answer.local = local;
	}
	queue_answer(w->queue, list);
	return true;
}

/* After a rollback the image holds what never happened. False: the connection is lost as well. */
static bool renew_image(struct writer *w)
{
	struct errbuf e = {""};

	image_clear(w->tools.image);
	if (row_load_principals(w->tools.store, w->tools.image, &w->tools.sql, &e)) {
		LOG(LOG_ERR, "image.fail", KV_S("why", e.text));
		drop(w);
		return false;
	}
	return true;
}

static bool write_list(struct writer *w, struct request *list, uint64_t version, bool alone);

/* The server refused the batch: each request by itself, so that only the culprit fails. */
static bool write_one_by_one(struct writer *w, struct request *list, uint64_t version)
{
	struct errbuf e = {""};
	bool lost = !renew_image(w);

	while (list) {
		struct request *r = list;

		list = r->next;
		r->next = NULL;
		if (!lost && batch_read(&w->tools, r, &e)) {
			LOG(LOG_ERR, "batch.fail", KV_S("why", e.text));
			drop(w);
			lost = true;
		}
		/* Those before it may have taken long: none begins after its time. */
		if (lost || clock_boottime_us() >= r->deadline_us)
			settle_all(w, r, WIRE_NOT_EXECUTED);
		else
			lost = !write_list(w, r, version, true);
	}
	return !lost;
}

/* Executes and answers writes. False: connection and image were dropped. */
static bool write_list(struct writer *w, struct request *list, uint64_t version, bool alone)
{
	struct errbuf e = {""};
	uint64_t batch = w->tools.head.batch_seq;
	struct request *rest;
	enum batch_end end = batch_write(&w->tools, list, &rest, &e);

	queue_return(w->queue, rest); /* the next batch begins with it */
	switch (end) {
	case BATCH_COMMITTED: note_commit(w, batch); return answer_writes(w, list, version);
	case BATCH_REFUSED:
		LOG(LOG_CRIT, "batch.refuse", KV_S("why", e.text));
		if (!alone)
			return write_one_by_one(w, list, version);
		query_fail(&w->tools, list, "The ledger could not execute this; nothing was written.");
		list->version = version;
		queue_answer(w->queue, list);
		return renew_image(w);
	case BATCH_BUSY:
		LOG(LOG_WARNING, "batch.retry", KV_S("why", e.text));
		queue_return(w->queue, list);
		return renew_image(w);
	case BATCH_LOST:
	case BATCH_UNKNOWN:
		LOG(LOG_WARNING, end == BATCH_LOST ? "batch.lose" : "batch.unknown", KV_S("why", e.text),
		    KV_U("batch", batch + 1));
		settle_all(w, list, end == BATCH_LOST ? WIRE_NOT_EXECUTED : WIRE_UNKNOWN);
		break;
	}
	drop(w);
	return false;
}

/* Takes what must not begin any more, and the reads (once they are answered), out of the list. */
static struct request *part_list(struct writer *w, struct request *list, uint64_t version, bool local, bool answered)
{
	struct request *writes = NULL, **end = &writes;
	uint64_t now_us = clock_boottime_us();

	while (list) {
		struct request *r = list;

		list = r->next;
		r->next = NULL;
		if (answered && !op_is_write(r->message.op.kind)) {
			r->version = version;
			r->answer.local = local;
			queue_answer(w->queue, r);
		} else if (now_us >= r->deadline_us) {
			settle_all(w, r, WIRE_NOT_EXECUTED);
		} else {
			*end = r;
			end = &r->next;
		}
	}
	return writes;
}

/* Holds that have expired, before anybody is asked what there is: one transaction. False: connection and image were dropped. */
static bool sweep(struct writer *w)
{
	uint64_t batch = w->tools.head.batch_seq;
	struct errbuf e = {""};
	enum batch_end end = sweep_run(&w->tools, &e);

	note_commit(w, batch);
	if (end == BATCH_COMMITTED)
		return true;
	LOG(LOG_WARNING, "sweep.fail", KV_S("why", e.text)); /* a hold that is in the way makes an alarm of its own */
	if (end != BATCH_LOST && end != BATCH_UNKNOWN)
		return renew_image(w);
	drop(w);
	return false;
}

static void run_batch(struct writer *w, const struct role_view *v)
{
	bool local = v->mode != ROLE_MODE_SYNC;
	struct request *list = part_list(w, queue_take(w->queue), v->version, local, false);
	struct errbuf e = {""};
	bool lost;

	/* The time comes after the requests: what was sent when a hold had expired is decided when it has. */
	batch_begin(&w->tools);
	lost = !sweep(w);
	if (!lost && list && batch_read(&w->tools, list, &e)) {
		LOG(LOG_WARNING, "batch.fail", KV_S("why", e.text));
		drop(w);
		lost = true;
	}
	if (lost)
		settle_all(w, list, WIRE_NOT_EXECUTED);
	/* The loop thread checks the gate once more before a read goes out: after its data was read, as R9 has it. */
	list = part_list(w, lost ? NULL : list, v->version, local, true);
	if (list)
		(void)write_list(w, list, v->version, false);
	queue_landed(w->queue);
}

static void keep_connection(struct writer *w)
{
	uint64_t now_us = clock_boottime_us();
	struct errbuf e = {""};
	bool good;

	if (now_us - w->pinged_us < PING_INTERVAL_US)
		return;
	w->pinged_us = now_us;
	if (store_is_connected(w->tools.store))
		good = !store_ping(w->tools.store, &e);
	else
		good = !w->opened && !store_connect(w->tools.store, &e);
	if (!good)
		drop(w);
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
	drop(w);
	now_us = clock_boottime_us();
	if (!w->failing_since_us) {
		w->failing_since_us = now_us;
		LOG(LOG_WARNING, "ledger.wait", KV_U("epoch", v->epoch), KV_S("why", e.text));
	}
	fit = now_us - w->failing_since_us < FIT_OPEN_US;
	standing_set(&w->standing, 0, false, fit, e.text);
	(void)queue_wait_poke(w->queue, GATE_WAIT_MS * 4);
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
			drop(w);
		}
		w->failing_since_us = 0;
		keep_connection(w);
		(void)queue_wait_poke(w->queue, IDLE_WAIT_MS);
	} else if (v.drain_generation) {
		keep_connection(w);
		(void)queue_wait_poke(w->queue, GATE_WAIT_MS);
	} else if (!w->opened || atomic_load(&w->epoch) != v.epoch) {
		try_open(w, &v);
	} else if (!role_may_answer(&v, v.version, clock_boottime_us())) {
		keep_connection(w);
		(void)queue_wait_poke(w->queue, GATE_WAIT_MS);
	} else {
		batch = w->tools.head.batch_seq;
		run_batch(w, &v);
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
	drop(w);
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
