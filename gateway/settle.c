/* How requests leave the database thread: with their outcome, and not before that may be told (R9). */
#include "gateway/writer_parts.h"

#include <stdatomic.h>

void settle_all(struct writer *w, struct request *list, enum wire_outcome outcome)
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
		if (!queue_wait_poke(w->queue, WRITER_GATE_WAIT_MS))
			return false;
	}
}

bool settle_committed(struct writer *w, struct request *list, uint64_t version)
{
	bool local;

	if (!may_answer(w, &version, &local)) {
		settle_all(w, list, WIRE_UNKNOWN);
		writer_drop(w);
		return false;
	}
	standing_answered(&w->standing, atomic_load(&w->epoch), w->last);
	writer_establish(w);
	for (struct request *r = list; r; r = r->next) {
		r->version = version;
		r->answer.local = local;
	}
	queue_answer(w->queue, list);
	return true;
}

struct request *settle_part(struct writer *w, struct request *list, const struct role_view *v, bool reads_too)
{
	struct request *writes = NULL, **end = &writes;
	uint64_t now_us = clock_boottime_us();

	while (list) {
		struct request *r = list;

		list = r->next;
		r->next = NULL;
		if (reads_too && (!op_is_write(r->message.op.kind) || r->answer.outcome)) {
			r->version = v->version;
			r->answer.local = v->mode != ROLE_MODE_SYNC;
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
