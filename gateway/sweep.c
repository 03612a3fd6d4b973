#include "gateway/sweep.h"

#include "gateway/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MAX BATCH_REQUESTS_MAX /* a transaction; more than that make further ones */
#define AGAIN_US 1000000

/* The payment's id is the key: no hold expires twice. NULL: no memory. */
static struct request *make_request(const struct ulid *payment)
{
	struct op_message m = {.op = {.kind = OP_PAYMENT_EXPIRE, .subject = *payment}};

	memcpy(m.op.key_hash, payment, sizeof(*payment));
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		m.text[i] = "";
	return request_new(&m);
}

static void free_list(struct request *list)
{
	while (list) {
		struct request *next = list->next;

		request_free(list);
		list = next;
	}
}

static struct request *make_list(const struct ulid *ids, size_t count)
{
	struct request *list = NULL, **end = &list;

	for (size_t i = 0; i < count; i++) {
		*end = make_request(&ids[i]);
		if (!*end) {
			free_list(list);
			return NULL;
		}
		end = &(*end)->next;
	}
	return list;
}

static enum batch_end expire(struct batch_tools *t, const struct ulid *ids, size_t count, struct errbuf *e)
{
	struct request *list = make_list(ids, count);
	enum batch_end end = BATCH_LOST;

	if (!list)
		(void)err_set(e, -ENOMEM, "out of memory");
	else if (!batch_read(t, list, e))
		end = batch_write(t, list, e);
	free_list(list);
	return end;
}

enum batch_end sweep_run(struct batch_tools *t, struct errbuf *e)
{
	struct ulid due[SWEEP_MAX];
	enum batch_end end = BATCH_COMMITTED;

	batch_begin(t);
	while (end == BATCH_COMMITTED && t->now_us >= t->next_expiry_us) {
		uint64_t next_us, batch = t->head.batch_seq;
		size_t count = SWEEP_MAX;

		if (row_find_due(t->store, t->now_us, due, &count, &next_us, &t->sql, e))
			return BATCH_LOST;
		end = count ? expire(t, due, count, e) : BATCH_COMMITTED;
		if (end == BATCH_COMMITTED && (!count || t->head.batch_seq != batch))
			t->next_expiry_us = next_us;
		else
			t->next_expiry_us = t->now_us + AGAIN_US; /* others go on; the alarm has been raised */
	}
	return end;
}
