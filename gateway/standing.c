#include "gateway/standing.h"

#include <stdio.h>
#include <string.h>

bool standing_init(struct standing *s)
{
	memset(&s->status, 0, sizeof(s->status));
	memset(&s->seen, 0, sizeof(s->seen));
	s->status.fit = true;
	return !pthread_mutex_init(&s->lock, NULL);
}

void standing_free(struct standing *s)
{
	(void)pthread_mutex_destroy(&s->lock);
}

void standing_set(struct standing *s, uint64_t barrier_epoch, bool ready, bool fit, const char *reason)
{
	(void)pthread_mutex_lock(&s->lock);
	s->status.barrier_epoch = barrier_epoch;
	s->status.ready = ready;
	s->status.fit = fit;
	(void)snprintf(s->status.reason, sizeof(s->status.reason), "%.*s", LOCAL_REASON_BYTES - 1, reason);
	(void)pthread_mutex_unlock(&s->lock);
}

void standing_answered(struct standing *s, uint64_t epoch, struct gtid last)
{
	(void)pthread_mutex_lock(&s->lock);
	s->status.answered_epoch = epoch;
	s->status.answered = last;
	(void)pthread_mutex_unlock(&s->lock);
}

void standing_first(struct standing *s, uint64_t now_us)
{
	(void)pthread_mutex_lock(&s->lock);
	if (!s->status.first_us || !now_us)
		s->status.first_us = now_us;
	(void)pthread_mutex_unlock(&s->lock);
}

bool standing_rests(struct standing *s, uint64_t generation)
{
	bool news;

	(void)pthread_mutex_lock(&s->lock);
	news = s->status.rest_generation != generation;
	s->status.rest_generation = generation;
	(void)pthread_mutex_unlock(&s->lock);
	return news;
}

void standing_establish(struct standing *s, uint64_t epoch, uint64_t batch_seq, uint64_t unacknowledged_us)
{
	(void)pthread_mutex_lock(&s->lock);
	s->seen = (struct standing_seen){epoch, batch_seq, unacknowledged_us};
	(void)pthread_mutex_unlock(&s->lock);
}

struct standing_seen standing_seen(struct standing *s)
{
	struct standing_seen ret;

	(void)pthread_mutex_lock(&s->lock);
	ret = s->seen;
	(void)pthread_mutex_unlock(&s->lock);
	return ret;
}

void standing_get(struct standing *s, struct writer_status *ret)
{
	(void)pthread_mutex_lock(&s->lock);
	*ret = s->status;
	(void)pthread_mutex_unlock(&s->lock);
}

void standing_report(const struct writer_status *s, struct ledger_report *ret)
{
	ret->fit = s->fit;
	ret->ready = s->ready;
	ret->barrier_epoch = s->barrier_epoch;
	ret->commit_since_us = s->commit_since_us;
	ret->answered_epoch = s->answered_epoch;
	ret->answered = s->answered;
	ret->first_us = s->first_us;
	ret->rest_generation = s->rest_generation;
	memcpy(ret->reason, s->reason, sizeof(ret->reason));
}
