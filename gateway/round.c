/* What was taken from the queue at once. A request that the database refuses, or whose rows cannot be read, is told so by itself: the
 * others of its round are not to suffer for it, so those are bisected until it is alone. */
#include "gateway/writer_parts.h"

#include "gateway/query.h"
#include "gateway/row.h"
#include "gateway/sweep.h"
#include "heartbeat/log.h"

#include <errno.h>
#include <stdatomic.h>

/* What is to be known of a commit, if there was one since the head was at `batch`. */
static void note_commit(struct writer *w, uint64_t batch)
{
	if (w->tools.head.batch_seq == batch)
		return;
	w->committed_us = clock_boottime_us();
	writer_look_at_commit(w, &w->tools.landed);
	standing_first(&w->standing, w->committed_us);
}

/* After a rollback the image holds what never happened. False: the connection is lost as well. */
static bool renew_image(struct writer *w)
{
	struct errbuf e = {""};

	image_clear(w->tools.image);
	if (row_load_principals(w->tools.store, w->tools.image, &w->tools.sql, &e)) {
		LOG(LOG_ERR, "image.fail", KV_S("why", e.text));
		writer_drop(w);
		return false;
	}
	return true;
}

/* Cuts the list in two, and returns the second half; the first has one more when their number is odd. */
static struct request *cut_in_two(struct request *list)
{
	struct request *middle = list, *second;

	for (struct request *end = list->next; end && end->next; end = end->next->next)
		middle = middle->next;
	second = middle->next;
	middle->next = NULL;
	return second;
}

/* This one alone cannot be done. */
static bool refuse_one(
    struct writer *w, struct request *r, const struct role_view *v, const char *detail, const char *why)
{
	query_refuse(&w->tools, r, detail, why);
	r->version = v->version;
	queue_answer(w->queue, r);
	return renew_image(w);
}

/* Between two parts as between two batches: while the role is being handed over there is no next one (C6). */
static bool may_go_on(struct writer *w, struct role_view *now)
{
	rolepage_read(w->page, now);
	return role_is_ours(now, atomic_load(&w->epoch)) && !now->drain_generation &&
	       role_may_answer(now, now->version, clock_boottime_us());
}

static bool run_part(struct writer *w, struct request *list, const struct role_view *v);

/* Behind what goes back already: from here on the round only collects, so that the order stays. */
static void put_back(struct writer *w, struct request *list)
{
	*w->back_end = list;
	while (*w->back_end)
		w->back_end = &(*w->back_end)->next;
}

/* Nothing of the list was executed, for what it says or names. False: connection and image were dropped. */
static bool bisect(
    struct writer *w, struct request *list, const struct role_view *v, const char *detail, const char *why)
{
	struct request *second;
	struct role_view now;
	bool kept;

	if (!list->next)
		return refuse_one(w, list, v, detail, why);
	w->bisecting = true;
	LOG(LOG_WARNING, "batch.bisect", KV_S("why", why), KV_U("batch", w->tools.head.batch_seq + 1));
	second = cut_in_two(list);
	if (!renew_image(w)) {
		settle_all(w, list, WIRE_NOT_EXECUTED);
		settle_all(w, second, WIRE_NOT_EXECUTED);
		return false;
	}
	/* The first half is executed and answered before the second is looked at: the order stays. */
	kept = run_part(w, list, v);
	if (kept && may_go_on(w, &now))
		return run_part(w, second, &now);
	settle_all(w, second, WIRE_NOT_EXECUTED);
	return kept;
}

/* Nothing of the list was executed: a key that was taken for new may have a row. Once more, and all are looked up. */
static bool run_again(struct writer *w, struct request *list)
{
	struct role_view now;
	bool kept = renew_image(w);

	w->tools.trust.streak = 0;
	if (kept && may_go_on(w, &now))
		return run_part(w, list, &now);
	settle_all(w, list, WIRE_NOT_EXECUTED);
	return kept;
}

/* What became of a transaction. False: connection and image were dropped. */
static bool end_write(struct writer *w, struct request *list, const struct role_view *v, enum batch_end end,
    uint64_t batch, const char *why)
{
	switch (end) {
	case BATCH_COMMITTED: note_commit(w, batch); return settle_committed(w, list, v->version);
	case BATCH_REFUSED:
		if (w->tools.trust.acted_on)
			return run_again(w, list);
		return bisect(w, list, v, "The ledger could not execute this; nothing was written.", why);
	case BATCH_BUSY:
		LOG(LOG_WARNING, "batch.retry", KV_S("why", why));
		put_back(w, list);
		return renew_image(w);
	case BATCH_LOST:
	case BATCH_UNKNOWN:
		LOG(LOG_WARNING, end == BATCH_LOST ? "batch.lose" : "batch.unknown", KV_S("why", why),
		    KV_U("batch", batch + 1));
		settle_all(w, list, end == BATCH_LOST ? WIRE_NOT_EXECUTED : WIRE_UNKNOWN);
		break;
	}
	writer_drop(w);
	return false;
}

/* Executes and answers writes. False: connection and image were dropped. */
static bool write_list(struct writer *w, struct request *list, const struct role_view *v)
{
	struct errbuf e = {""};
	uint64_t batch = w->tools.head.batch_seq;
	struct request *rest;
	enum batch_end end = batch_write(&w->tools, list, &rest, &e);
	bool kept;

	/* The next batch begins with the rest: it is in the queue at once, unless more of this round comes before it. */
	if (!w->bisecting) {
		queue_return(w->queue, rest);
		rest = NULL;
	}
	kept = end_write(w, list, v, end, batch, e.text);
	put_back(w, rest);
	return kept;
}

/* A round, or a part of one that was bisected; not what may not begin any more. False: connection and image were dropped. */
static bool run_part(struct writer *w, struct request *list, const struct role_view *v)
{
	struct errbuf e = {""};
	int code;

	if (w->back) {
		put_back(w, list);
		return true;
	}
	list = settle_part(w, list, v, false);
	if (!list)
		return true;
	code = batch_read(&w->tools, list, &e);
	if (code == -EBUSY) {
		LOG(LOG_WARNING, "batch.retry", KV_S("why", e.text));
		put_back(w, list);
		return true;
	}
	if (code == -EBADMSG)
		return bisect(w, list, v, "The ledger could not read what this needs.", e.text);
	if (code) {
		LOG(LOG_WARNING, "batch.fail", KV_S("why", e.text));
		settle_all(w, list, WIRE_NOT_EXECUTED);
		writer_drop(w);
		return false;
	}
	/* The loop thread checks the gate once more before a read goes out: after its data was read, as R9 has it. */
	list = settle_part(w, list, v, true);
	return !list || write_list(w, list, v);
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
	writer_drop(w);
	return false;
}

void round_run(struct writer *w, const struct role_view *v)
{
	struct request *list = settle_part(w, queue_take(w->queue), v, false);

	w->back = NULL;
	w->back_end = &w->back;
	w->bisecting = false;
	/* The time comes after the requests: what was sent when a hold had expired is decided when it has. */
	batch_begin(&w->tools);
	if (sweep(w))
		(void)run_part(w, list, v);
	else
		settle_all(w, list, WIRE_NOT_EXECUTED);
	queue_return(w->queue, w->back);
	queue_landed(w->queue);
}
