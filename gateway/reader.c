#include "gateway/reader.h"

#include "gateway/batch.h"
#include "gateway/query.h"
#include "gateway/row.h"
#include "heartbeat/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_WAIT_MS 50
#define GATE_WAIT_MS 2
#define STATEMENT_MAX_US 5000000
#define COMPLAINT_LOG_US 1000000
#define INDEX_RETRY_S 10

struct reader {
	struct batch_tools tools;
	struct queue *queue;
	const struct rolepage *page;
	struct standing *writer;
	pthread_t thread;
	_Atomic uint64_t epoch; /* in which a snapshot is under way; 0 none */
	uint64_t complained_us;
};

static void settle_all(struct reader *r, struct request *list, enum wire_outcome outcome)
{
	for (struct request *x = list; x; x = x->next)
		request_settle(x, outcome);
	queue_answer(r->queue, list);
}

static void complain(struct reader *r, const struct errbuf *e)
{
	uint64_t now_us = clock_boottime_us();

	if (now_us < r->complained_us + COMPLAINT_LOG_US)
		return;
	r->complained_us = now_us;
	LOG(LOG_WARNING, "read.fail", KV_S("why", e->text));
}

/* A fresh view of everything: nothing that an earlier one saw is kept. */
static int take_snapshot(struct reader *r, uint64_t epoch, struct request *list, struct errbuf *e)
{
	struct batch_tools *t = &r->tools;
	int code = 0;

	if (!store_is_connected(t->store)) {
		code = store_connect(t->store, e);
		if (!code)
			code = store_only_read(t->store, e);
	}
	if (!code)
		code = store_begin_snapshot(t->store, &t->head, e);
	if (!code && t->head.epoch != epoch)
		code = err_set(e, -ESTALE, "ledger_head is at epoch %llu, the record at %llu",
		    (unsigned long long)t->head.epoch, (unsigned long long)epoch);
	image_clear(t->image);
	if (!code)
		code = row_load_principals_of(t->store, t->image, list, &t->sql, e);
	if (!code)
		code = batch_read(t, list, e);
	store_rollback(t->store); /* ends it; there is nothing to be taken back */
	return code;
}

/* R9: waits until the writer is free to answer all that was seen, under a page looked at after that. False: the epoch is over, or the
 * time of all these requests. */
static bool may_answer(struct reader *r, uint64_t epoch, uint64_t until_us, struct role_view *v)
{
	struct standing_seen seen;

	for (;;) {
		uint64_t now_us = clock_boottime_us();

		seen = standing_seen(r->writer);
		rolepage_read(r->page, v);
		if (!role_is_ours(v, epoch) || seen.epoch != epoch || now_us >= until_us)
			return false;
		if (seen.batch_seq >= r->tools.head.batch_seq && role_has_seen(v, seen.unacknowledged_us) &&
		    role_may_answer(v, v->version, now_us))
			return true;
		if (!queue_wait_poke(r->queue, GATE_WAIT_MS))
			return false;
	}
}

static struct request *drop_late(struct reader *r, struct request *list, uint64_t *until_us)
{
	struct request *keep = NULL, **end = &keep;
	uint64_t now_us = clock_boottime_us();

	*until_us = 0;
	while (list) {
		struct request *x = list;

		list = x->next;
		x->next = NULL;
		if (now_us >= x->deadline_us) {
			settle_all(r, x, WIRE_NOT_EXECUTED);
			continue;
		}
		if (x->deadline_us > *until_us)
			*until_us = x->deadline_us;
		*end = x;
		end = &x->next;
	}
	return keep;
}

static void run_list(struct reader *r, uint64_t epoch, struct request *list);

static void run_one_by_one(struct reader *r, uint64_t epoch, struct request *list)
{
	while (list) {
		struct request *x = list;

		list = x->next;
		x->next = NULL;
		run_list(r, epoch, x);
	}
}

static void run_list(struct reader *r, uint64_t epoch, struct request *list)
{
	struct errbuf e = {""};
	struct role_view v;
	uint64_t until_us;
	int code;

	list = drop_late(r, list, &until_us);
	if (!list)
		return;
	atomic_store(&r->epoch, epoch);
	code = take_snapshot(r, epoch, list, &e);
	atomic_store(&r->epoch, 0);
	if (code)
		complain(r, &e);
	if ((code == -EBADMSG || code == -ENOENT) && list->next) {
		run_one_by_one(r, epoch, list);
	} else if (code == -EBADMSG || code == -ENOENT) {
		/* It refused what this one needs: nothing is known to be wrong with the others. */
		if (code == -ENOENT)
			query_put_off(&r->tools, list, "The index of this list is still being built.", INDEX_RETRY_S);
		else
			query_fail(&r->tools, list, "The ledger could not read this.");
		rolepage_read(r->page, &v);
		list->version = v.version;
		queue_answer(r->queue, list);
	} else if (code) {
		store_close(r->tools.store);
		settle_all(r, list, WIRE_NOT_EXECUTED);
		(void)queue_wait_poke(r->queue, IDLE_WAIT_MS);
	} else if (!may_answer(r, epoch, until_us, &v)) {
		settle_all(r, list, WIRE_NOT_EXECUTED);
	} else {
		for (struct request *x = list; x; x = x->next) {
			x->version = v.version;
			x->answer.local = v.mode != ROLE_MODE_SYNC;
		}
		queue_answer(r->queue, list);
	}
}

static void *run(void *arg)
{
	struct reader *r = arg;
	struct role_view v;

	while (queue_wait(r->queue, IDLE_WAIT_MS)) {
		rolepage_read(r->page, &v);
		if (!role_is_ours(&v, v.epoch) || standing_seen(r->writer).epoch != v.epoch ||
		    !role_may_answer(&v, v.version, clock_boottime_us())) {
			(void)queue_wait_poke(r->queue, GATE_WAIT_MS);
			continue;
		}
		run_list(r, v.epoch, queue_take(r->queue));
		queue_landed(r->queue);
	}
	return NULL;
}

static void reader_free(struct reader *r)
{
	batch_tools_free(&r->tools);
	image_free(r->tools.image);
	store_free(r->tools.store);
	free(r);
}

int reader_start(struct queue *q, const struct rolepage *page, struct standing *writer, const char *socket,
    const char *user, struct reader **ret, struct errbuf *e)
{
	struct reader *r = calloc(1, sizeof(*r));
	int code = -ENOMEM;

	if (!r)
		return err_set(e, -ENOMEM, "out of memory");
	r->queue = r->tools.queue = q;
	r->page = page;
	r->writer = writer;
	r->tools.store = store_new(socket, user);
	r->tools.image = image_new();
	if (r->tools.store && r->tools.image && !batch_tools_init(&r->tools))
		code = -pthread_create(&r->thread, NULL, run, r);
	if (code) {
		reader_free(r);
		return err_set(e, code, "reading thread: %s", strerror(-code));
	}
	*ret = r;
	return 0;
}

void reader_stop(struct reader *r)
{
	if (!r)
		return;
	queue_stop(r->queue);
	store_break(r->tools.store);
	(void)pthread_join(r->thread, NULL);
	reader_free(r);
}

void reader_check(struct reader *r, const struct role_view *view)
{
	uint64_t epoch = atomic_load(&r->epoch);
	struct store_activity a = store_activity(r->tools.store);

	if ((epoch && !role_is_ours(view, epoch)) ||
	    (a.statement_since_us && clock_boottime_us() - a.statement_since_us > STATEMENT_MAX_US))
		store_break(r->tools.store);
}
