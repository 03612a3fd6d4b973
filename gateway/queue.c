#include "gateway/queue.h"

#include "gateway/keyindex.h"
#include "heartbeat/rolepage.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct list {
	struct request *first, **end;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list waiting, answers;
	size_t count, bytes; /* of what waits */
	size_t waiting_max, batch_max;
	uint64_t put;
	struct metrics_histogram taken;
	bool poked, stopping;
	int answers_fd;
	struct flying_keys flying;
	struct keyindex index; /* while queue_take_twins looks */
};

static void list_init(struct list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static void list_put(struct list *l, struct request *r)
{
	r->next = NULL;
	*l->end = r;
	l->end = &r->next;
}

static struct request *list_take_all(struct list *l)
{
	struct request *first = l->first;

	list_init(l);
	return first;
}

void queue_limit(struct queue *q, size_t waiting_max, size_t batch_max)
{
	q->waiting_max = waiting_max;
	q->batch_max = batch_max;
}

struct queue *queue_new(void)
{
	struct queue *q = calloc(1, sizeof(*q));
	pthread_condattr_t attr;

	if (!q)
		return NULL;
	list_init(&q->waiting);
	list_init(&q->answers);
	queue_limit(q, QUEUE_REQUESTS_MAX, BATCH_REQUESTS_MAX);
	q->taken.bound = metrics_bounds_batch;
	q->answers_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->answers_fd < 0 || pthread_mutex_init(&q->lock, NULL) || pthread_condattr_init(&attr) ||
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) || pthread_cond_init(&q->wake, &attr)) {
		if (q->answers_fd >= 0)
			close(q->answers_fd);
		free(q);
		return NULL;
	}
	(void)pthread_condattr_destroy(&attr);
	return q;
}

void queue_free(struct queue *q)
{
	struct request *r;

	if (!q)
		return;
	while ((r = q->waiting.first)) {
		q->waiting.first = r->next;
		request_free(r);
	}
	while ((r = q->answers.first)) {
		q->answers.first = r->next;
		request_free(r);
	}
	close(q->answers_fd);
	free(q);
}

int queue_answers_fd(const struct queue *q)
{
	return q->answers_fd;
}

struct request *request_new(const struct op_message *m)
{
	size_t total = 0;
	struct request *r;
	char *at;

	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		total += m->op.text_bytes[i];
	r = calloc(1, sizeof(*r) + total + 1);
	if (!r)
		return NULL;
	r->message.op = m->op;
	at = r->bytes;
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++) {
		r->message.text[i] = at;
		if (m->op.text_bytes[i])
			memcpy(at, m->text[i], m->op.text_bytes[i]);
		at += m->op.text_bytes[i];
	}
	return r;
}

void request_free(struct request *r)
{
	if (!r)
		return;
	free(r->body);
	free(r);
}

void request_settle(struct request *r, enum wire_outcome outcome)
{
	free(r->body);
	r->body = NULL;
	r->answer = (struct wire_answer){.outcome = (uint8_t)outcome};
}

static size_t request_bytes(const struct request *r)
{
	size_t total = sizeof(*r);

	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		total += r->message.op.text_bytes[i];
	return total;
}

static void wake(struct queue *q)
{
	(void)pthread_cond_signal(&q->wake);
}

bool queue_put(struct queue *q, struct request *r)
{
	bool room;

	(void)pthread_mutex_lock(&q->lock);
	room = q->count < q->waiting_max && q->bytes < QUEUE_BYTES_MAX;
	if (room) {
		list_put(&q->waiting, r);
		q->count++;
		q->put++;
		q->bytes += request_bytes(r);
		wake(q);
	}
	(void)pthread_mutex_unlock(&q->lock);
	return room;
}

void queue_poke(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->poked = true;
	wake(q);
	(void)pthread_mutex_unlock(&q->lock);
}

void queue_stop(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->stopping = true;
	wake(q);
	(void)pthread_mutex_unlock(&q->lock);
}

struct request *queue_take_answers(struct queue *q)
{
	struct request *first;
	uint64_t count;

	/* Emptied before the list is taken, so that an answer put in between rings again. */
	if (read(q->answers_fd, &count, sizeof(count)) < 0)
		count = 0;
	(void)pthread_mutex_lock(&q->lock);
	first = list_take_all(&q->answers);
	(void)pthread_mutex_unlock(&q->lock);
	return first;
}

/* Splits the queue: what `leaves` says goes to the caller, the rest stays in order. The caller has the lock. */
static struct request *split(
    struct queue *q, uint64_t now_us, bool (*leaves)(struct queue *, struct request *, uint64_t))
{
	struct list out;

	list_init(&out);
	for (struct request **at = &q->waiting.first; *at;) {
		struct request *r = *at;

		if (!leaves(q, r, now_us)) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		if (q->waiting.end == &r->next)
			q->waiting.end = at;
		q->count--;
		q->bytes -= request_bytes(r);
		list_put(&out, r);
	}
	return out.first;
}

static bool is_any(struct queue *q, struct request *r, uint64_t now_us)
{
	(void)q;
	(void)r;
	(void)now_us;
	return true;
}

static bool is_expired(struct queue *q, struct request *r, uint64_t now_us)
{
	(void)q;
	return now_us >= r->deadline_us;
}

static bool is_to_be_checked(const struct request *r, uint64_t now_us)
{
	return !r->twin_checked && !r->message.op.again && op_is_journalled(r->message.op.kind) &&
	       now_us - r->arrived_us >= TWIN_WAIT_US;
}

/* Is one of those before it, which are in the index, its twin? */
static bool is_waiting_twin(struct queue *q, struct request *r, uint64_t now_us)
{
	struct scoped_key key = scoped_key_of(&r->message.op);

	if (is_to_be_checked(r, now_us)) {
		r->twin_checked = true; /* what was alone then has no earlier one later */
		if (keyindex_has(&q->index, &key))
			return true;
	}
	if (op_is_journalled(r->message.op.kind))
		keyindex_add(&q->index, r);
	return false;
}

struct request *queue_take_expired(struct queue *q, uint64_t now_us, bool all)
{
	struct request *ret;

	(void)pthread_mutex_lock(&q->lock);
	ret = split(q, now_us, all ? is_any : is_expired);
	(void)pthread_mutex_unlock(&q->lock);
	return ret;
}

struct request *queue_take_twins(struct queue *q, uint64_t now_us)
{
	struct request *r, *ret = NULL;

	(void)pthread_mutex_lock(&q->lock);
	for (r = q->waiting.first; r && !is_to_be_checked(r, now_us); r = r->next)
		;
	if (r) {
		keyindex_begin(&q->index, &q->flying);
		ret = split(q, now_us, is_waiting_twin);
	}
	(void)pthread_mutex_unlock(&q->lock);
	return ret;
}

static bool wait_for(struct queue *q, unsigned wait_ms, bool requests_count)
{
	struct timespec until;
	bool go_on;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	until.tv_sec += (time_t)(wait_ms / 1000) + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&q->lock);
	while (!q->stopping && !q->poked && !(requests_count && q->count))
		if (pthread_cond_timedwait(&q->wake, &q->lock, &until))
			break;
	q->poked = false;
	go_on = !q->stopping;
	(void)pthread_mutex_unlock(&q->lock);
	return go_on;
}

bool queue_wait(struct queue *q, unsigned wait_ms)
{
	return wait_for(q, wait_ms, true);
}

bool queue_wait_poke(struct queue *q, unsigned wait_ms)
{
	return wait_for(q, wait_ms, false);
}

struct request *queue_take(struct queue *q)
{
	struct list out;
	size_t count = 0, bytes = 0, ops = 0;

	list_init(&out);
	(void)pthread_mutex_lock(&q->lock);
	q->flying.count = 0;
	while (q->waiting.first && count < q->batch_max && bytes < BATCH_BYTES_MAX) {
		struct request *r = q->waiting.first;
		const struct op *op = &r->message.op;

		ops += 1 + op->item_count;
		if (count && ops > BATCH_OPS_MAX)
			break;
		q->waiting.first = r->next;
		if (!q->waiting.first)
			q->waiting.end = &q->waiting.first;
		q->count--;
		q->bytes -= request_bytes(r);
		count++;
		bytes += 1024 + op->text_bytes[OP_TEXT_REFERENCE] + op->text_bytes[OP_TEXT_METADATA] +
			 op->text_bytes[OP_TEXT_ITEMS];
		flying_put(&q->flying, op);
		list_put(&out, r);
	}
	if (count)
		metrics_observe(&q->taken, (double)count);
	(void)pthread_mutex_unlock(&q->lock);
	return out.first;
}

void queue_count(struct queue *q, struct queue_counts *ret)
{
	(void)pthread_mutex_lock(&q->lock);
	*ret = (struct queue_counts){.waiting = q->count, .put = q->put, .taken = q->taken};
	(void)pthread_mutex_unlock(&q->lock);
}

void queue_return(struct queue *q, struct request *list)
{
	struct request *last = list;

	if (!list)
		return;
	(void)pthread_mutex_lock(&q->lock);
	flying_drop(&q->flying, list); /* or each would wait for itself */
	for (struct request *r = list; r; r = r->next) {
		q->count++;
		q->bytes += request_bytes(r);
		last = r;
	}
	last->next = q->waiting.first;
	if (!last->next)
		q->waiting.end = &last->next;
	q->waiting.first = list;
	(void)pthread_mutex_unlock(&q->lock);
}

bool queue_has_key(struct queue *q, const struct op *op, uint64_t principal)
{
	struct scoped_key key = scoped_key_of(op);
	bool has;

	key.principal = principal;
	(void)pthread_mutex_lock(&q->lock);
	has = flying_has(&q->flying, &key);
	for (const struct request *r = q->waiting.first; r && !has; r = r->next) {
		struct scoped_key other = scoped_key_of(&r->message.op);

		has = op_is_journalled(r->message.op.kind) && scoped_key_same(&other, &key);
	}
	(void)pthread_mutex_unlock(&q->lock);
	return has;
}

void queue_ring(struct queue *q)
{
	uint64_t one = 1;

	/* The counter of an eventfd cannot overflow here; a full one is readable all the same. */
	if (write(q->answers_fd, &one, sizeof(one)) < 0)
		return;
}

void queue_answer(struct queue *q, struct request *list)
{
	if (!list)
		return;
	(void)pthread_mutex_lock(&q->lock);
	while (list) {
		struct request *next = list->next;

		list_put(&q->answers, list);
		list = next;
	}
	(void)pthread_mutex_unlock(&q->lock);
	queue_ring(q);
}

void queue_landed(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->flying.count = 0;
	(void)pthread_mutex_unlock(&q->lock);
}
