#include "gateway/sweep.h"

#include "gateway/row.h"
#include "heartbeat/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MAX 128 /* a transaction: others are not to wait long for it */
#define RETRY_US UINT64_C(60000000)

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

static struct request *make_list(const struct due *due, size_t count)
{
	struct request *list = NULL, **end = &list;

	for (size_t i = 0; i < count; i++) {
		*end = make_request(&due[i].payment);
		if (!*end) {
			free_list(list);
			return NULL;
		}
		end = &(*end)->next;
	}
	return list;
}

/* *left: not all of them were decided; the others come with the next transaction. */
static enum batch_end expire(struct batch_tools *t, const struct due *due, size_t count, bool *left, struct errbuf *e)
{
	struct request *list = make_list(due, count), *rest = NULL;
	enum batch_end end = BATCH_LOST;
	int code = list ? batch_read(t, list, e) : err_set(e, -ENOMEM, "out of memory");

	if (!code)
		end = batch_write(t, list, &rest, e);
	else if (code == -EBADMSG)
		end = BATCH_REFUSED; /* a row that cannot be read is a culprit like one that cannot be written */
	*left = rest;
	free_list(rest);
	free_list(list);
	return end;
}

/* None of these came through: fewer, and if it is one, the others without it. */
static void look_for_culprit(struct sweep *s, const struct due *due, size_t count, uint64_t now_us, const char *why)
{
	char id[ID_TEXT_BYTES];

	s->most = count > 1 ? count / 2 : 1;
	if (count > 1)
		return;
	s->after = due[0];
	s->retry_us = now_us + RETRY_US;
	LOG(LOG_CRIT, "sweep.skip", KV_S("payment", id_format("pay_", &due[0].payment, id)), KV_S("why", why));
}

enum batch_end sweep_run(struct batch_tools *t, struct errbuf *e)
{
	struct sweep *s = &t->sweep;
	struct due due[SWEEP_MAX];
	size_t most = s->most ? s->most : SWEEP_MAX, count = most;
	uint64_t next_us, batch = t->head.batch_seq;
	enum batch_end end;
	bool left;

	if (s->retry_us && t->now_us >= s->retry_us)
		*s = (struct sweep){.most = s->most};
	else if (t->now_us < t->next_expiry_us)
		return BATCH_COMMITTED;
	if (row_find_due(t->store, t->now_us, &s->after, due, &count, &next_us, &t->sql, e))
		return BATCH_LOST;
	if (s->retry_us && s->retry_us < next_us)
		next_us = s->retry_us;
	t->next_expiry_us = next_us;
	if (!count)
		return BATCH_COMMITTED;
	end = expire(t, due, count, &left, e);
	if (end == BATCH_REFUSED || (end == BATCH_COMMITTED && t->head.batch_seq == batch)) {
		look_for_culprit(s, due, count, t->now_us, end == BATCH_REFUSED ? e->text : "it is not let go");
		t->next_expiry_us = 0;
	} else if (end == BATCH_BUSY) {
		t->next_expiry_us = 0;
	} else if (end == BATCH_COMMITTED) {
		s->most = most < SWEEP_MAX / 2 ? 2 * most : SWEEP_MAX;
		if (left)
			t->next_expiry_us = 0;
	}
	return end;
}
