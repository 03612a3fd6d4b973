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

/* None of these came through: fewer, and if it is one, the others without it. `from` is where they were looked for. */
static void look_for_culprit(
    struct sweep *s, struct due *from, const struct due *due, size_t count, uint64_t now_us, const char *why)
{
	char id[ID_TEXT_BYTES];

	s->most = count > 1 ? count / 2 : 1;
	if (count > 1)
		return;
	*from = due[0];
	if (from == &s->after && !s->retry_us) /* a later one does not put off the turn of those before it */
		s->retry_us = now_us + RETRY_US;
	LOG(LOG_CRIT, "sweep.skip", KV_S("payment", id_format("pay_", &due[0].payment, id)), KV_S("why", why));
}

/* All that was stepped over was tried again: some of it is still in the way, or nothing is. */
static void end_retry(struct sweep *s, uint64_t now_us)
{
	bool some = s->again.expires_us;

	s->retry_us = some ? now_us + RETRY_US : 0;
	s->after = some ? s->after : (struct due){0};
	s->again = (struct due){0};
}

/* The next ones to be let go; *from: where they were looked for. What was stepped over has its turn when there is nothing else. 0, or a code
 * of store.h. */
static int find(struct batch_tools *t, struct due *due, size_t *count, struct due **from, struct errbuf *e)
{
	struct sweep *s = &t->sweep;
	size_t most = s->most ? s->most : SWEEP_MAX;
	uint64_t next_us, ignored_us;
	int code;

	*from = &s->after;
	*count = most;
	code = row_find_due(t->store, t->now_us, *from, due, count, &next_us, &t->sql, e);
	if (code)
		return code;
	s->clear_us = next_us > t->now_us ? t->now_us : 0; /* once these are let go */
	if (!*count && s->retry_us && t->now_us >= s->retry_us) {
		*from = &s->again;
		*count = most;
		code = row_find_due(t->store, t->now_us, *from, due, count, &ignored_us, &t->sql, e);
		if (code)
			return code;
		if (!*count)
			end_retry(s, t->now_us);
	}
	t->next_expiry_us = s->retry_us && s->retry_us < next_us ? s->retry_us : next_us;
	return 0;
}

/* There is more where these came from. */
static void go_on(struct batch_tools *t, const struct due *from)
{
	t->next_expiry_us = 0;
	t->sweep.clear_us = from == &t->sweep.again ? t->now_us : 0;
}

enum batch_end sweep_run(struct batch_tools *t, struct errbuf *e)
{
	struct sweep *s = &t->sweep;
	struct due due[SWEEP_MAX], *from;
	size_t count;
	uint64_t batch = t->head.batch_seq;
	enum batch_end end;
	bool left;

	if (t->now_us < t->next_expiry_us)
		return BATCH_COMMITTED;
	if (find(t, due, &count, &from, e))
		return BATCH_LOST;
	if (!count)
		return BATCH_COMMITTED;
	end = expire(t, due, count, &left, e);
	if (end == BATCH_REFUSED || (end == BATCH_COMMITTED && t->head.batch_seq == batch)) {
		look_for_culprit(s, from, due, count, t->now_us, end == BATCH_REFUSED ? e->text : "it is not let go");
		go_on(t, from);
	} else if (end == BATCH_BUSY) {
		go_on(t, from);
	} else if (end == BATCH_COMMITTED) {
		s->most = s->most && s->most < SWEEP_MAX / 2 ? 2 * s->most : SWEEP_MAX;
		if (left)
			go_on(t, from);
	}
	return end;
}
