/* Requests on their way from the loop thread of ledgerd to its database thread, and answers back. */
#ifndef HOLDFAST_GATEWAY_QUEUE_H
#define HOLDFAST_GATEWAY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/op.h"
#include "gateway/wire.h"
#include "heartbeat/metrics.h"

#define QUEUE_REQUESTS_MAX 8192
#define QUEUE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define BATCH_REQUESTS_MAX 512
#define BATCH_OPS_MAX 1024 /* with the items of batches */
#define BATCH_BYTES_MAX (1024 * 1024)
#define TWIN_WAIT_US 2000000 /* how long a request waits for its twin in flight */

struct request {
	struct request *next;
	uint64_t session, id;		  /* where the answer goes */
	uint64_t arrived_us, deadline_us; /* CLOCK_BOOTTIME */
	bool twin_checked;
	struct request *bucket_next; /* of the queue: an earlier one whose key has the same hash */
	struct op_message message;   /* texts point into bytes */
	struct wire_answer answer;
	char *body;	  /* of the answer, owned */
	uint64_t version; /* of the role record under which the answer is true (R9) */
	char bytes[];
};

struct queue;

/* NULL when something is lacking; `answers_fd` of the result is an eventfd that is readable when answers
 * wait. */
struct queue *queue_new(void);
void queue_free(struct queue *q);
int queue_answers_fd(const struct queue *q);

/* Before anybody uses it: lets fewer wait, and gives fewer out at once, than QUEUE_ and BATCH_REQUESTS_MAX. */
void queue_limit(struct queue *q, size_t waiting_max, size_t batch_max);

/* Copies a decoded message. NULL: no memory. */
struct request *request_new(const struct op_message *m);
void request_free(struct request *r);

/* Fills in an answer without a body, such as WIRE_NOT_EXECUTED. */
void request_settle(struct request *r, enum wire_outcome outcome);

/* ---- loop thread ---- */

/* Takes the request over. False when the queue is full: the caller still owns it. */
bool queue_put(struct queue *q, struct request *r);

/* Wakes the database thread, because the role may have changed. */
void queue_poke(struct queue *q);
void queue_stop(struct queue *q);

/* Answers that wait, in order; the caller frees each. */
struct request *queue_take_answers(struct queue *q);

/* Requests that will not be executed: all of them when `all`, else those past their deadline. The caller
 * answers them. */
struct request *queue_take_expired(struct queue *q, uint64_t now_us, bool all);

/* First-time requests that have waited TWIN_WAIT_US for an earlier one with the same key. */
struct request *queue_take_twins(struct queue *q, uint64_t now_us);

/* ---- database thread ---- */

/* Waits until there is a request, a poke or wait_ms have passed. False: stop. */
bool queue_wait(struct queue *q, unsigned wait_ms);

/* Only waits for a poke or the time; for when requests cannot be executed anyway. False: stop. */
bool queue_wait_poke(struct queue *q, unsigned wait_ms);

/* The next batch, NULL: none. They count as in flight until queue_answer. */
struct request *queue_take(struct queue *q);

/* Puts a list back that was taken last and has not begun, before all that waits. */
void queue_return(struct queue *q, struct request *list);

/* Is there a request with this key, of this principal (0: by this secret), queued or in flight? */
bool queue_has_key(struct queue *q, const struct op *op, uint64_t principal);

/* Makes answers_fd readable: something besides answers is to be looked at. */
void queue_ring(struct queue *q);

/* Any thread: how much waits, how much was put in since the beginning, and the sizes of what was taken out at once. */
struct queue_counts {
	size_t waiting;
	uint64_t put;
	struct metrics_histogram taken;
};
void queue_count(struct queue *q, struct queue_counts *ret);

/* Hands a list of settled requests back. */
void queue_answer(struct queue *q, struct request *list);
void queue_landed(struct queue *q); /* nothing is in flight any more */

#endif
