#include "replication/spool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct piece {
	struct piece *next;
	size_t length;
	uint8_t data[];
};

struct spool {
	const struct hotcopy_sink *to;
	pthread_t thread;
	pthread_mutex_t mutex; /* of all below */
	pthread_cond_t changed;
	struct piece *first, **end;
	uint64_t waiting_bytes; /* with the piece that is being handed on */
	bool complete, drop;
	int code;
	struct errbuf error;
};

/* The next piece, taken out of the queue; NULL: the end, or (*idle) none for a while. */
static struct piece *take(struct spool *s, bool *idle)
{
	struct timespec until;
	struct piece *p;
	int late = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HOTCOPY_IDLE_MS / 1000;
	(void)pthread_mutex_lock(&s->mutex);
	while (!s->first && !s->complete && !s->drop && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&s->changed, &s->mutex, &until);
	p = s->drop ? NULL : s->first;
	*idle = !p && !s->complete && !s->drop;
	if (p) {
		s->first = p->next;
		if (!s->first)
			s->end = &s->first;
	}
	(void)pthread_mutex_unlock(&s->mutex);
	return p;
}

static void account_for(struct spool *s, size_t length, int code, const struct errbuf *e)
{
	(void)pthread_mutex_lock(&s->mutex);
	s->waiting_bytes -= length;
	if (code) {
		s->code = code;
		s->error = *e;
	}
	(void)pthread_mutex_unlock(&s->mutex);
}

static void *run(void *arg)
{
	struct spool *s = arg;
	struct errbuf e = {""};
	int code = 0;

	while (!code) {
		bool idle;
		struct piece *p = take(s, &idle);
		size_t length = p ? p->length : 0;

		if (!p && !idle)
			break;
		if (p)
			code = s->to->piece(s->to->userdata, p->data, length, &e);
		else if (s->to->idle)
			code = s->to->idle(s->to->userdata, &e);
		free(p);
		account_for(s, length, code, &e);
	}
	return NULL;
}

static int make_condition(struct spool *s)
{
	pthread_condattr_t attr;
	int code = pthread_condattr_init(&attr);

	if (code)
		return -code;
	code = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!code)
		code = pthread_cond_init(&s->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	return -code;
}

int spool_start(const struct hotcopy_sink *to, struct spool **ret, struct errbuf *e)
{
	struct spool *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	s->to = to;
	s->end = &s->first;
	(void)pthread_mutex_init(&s->mutex, NULL);
	code = make_condition(s);
	if (!code) {
		code = -pthread_create(&s->thread, NULL, run, s);
		if (code)
			(void)pthread_cond_destroy(&s->changed);
	}
	if (code) {
		(void)pthread_mutex_destroy(&s->mutex);
		free(s);
		return err_set(e, code, "a thread for the stream: %s", strerror(-code));
	}
	*ret = s;
	return 0;
}

int spool_put(struct spool *s, const uint8_t *data, size_t length, struct errbuf *e)
{
	struct piece *p = malloc(sizeof(*p) + length);
	int code = 0;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->next = NULL;
	p->length = length;
	memcpy(p->data, data, length);
	(void)pthread_mutex_lock(&s->mutex);
	if (s->code) {
		code = s->code;
		*e = s->error;
	} else if (s->waiting_bytes + length > SPOOL_BYTES_MAX) {
		code = err_set(
		    e, -EFBIG, "the receiver is too slow: more than %llu MiB wait for it", SPOOL_BYTES_MAX >> 20);
	} else {
		*s->end = p;
		s->end = &p->next;
		s->waiting_bytes += length;
		p = NULL;
		(void)pthread_cond_signal(&s->changed);
	}
	(void)pthread_mutex_unlock(&s->mutex);
	free(p);
	return code;
}

uint64_t spool_waiting(struct spool *s)
{
	uint64_t ret;

	(void)pthread_mutex_lock(&s->mutex);
	ret = s->waiting_bytes;
	(void)pthread_mutex_unlock(&s->mutex);
	return ret;
}

int spool_end(struct spool *s, bool drop, struct errbuf *e)
{
	int code;

	(void)pthread_mutex_lock(&s->mutex);
	s->complete = true;
	s->drop = drop;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->mutex);
	(void)pthread_join(s->thread, NULL);
	code = s->code;
	if (code)
		*e = s->error;
	while (s->first) {
		struct piece *p = s->first;

		s->first = p->next;
		free(p);
	}
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->mutex);
	free(s);
	return code;
}
