#include "gateway/hasher.h"

#include "heartbeat/rolepage.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 5

struct list {
	struct hasher_job *first, **end;
};

struct hasher {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list waiting, finished;
	unsigned count; /* places that are taken */
	bool stopping;
	int fd;
	pthread_t thread;
	sd_event_source *source;
	void (*done)(struct hasher_job *job);
};

static void list_put(struct list *l, struct hasher_job *job)
{
	job->next = NULL;
	*l->end = job;
	l->end = &job->next;
}

static struct hasher_job *list_take(struct list *l)
{
	struct hasher_job *job = l->first;

	if (job && !(l->first = job->next))
		l->end = &l->first;
	return job;
}

static void work(struct hasher_job *job)
{
	uint8_t salt[PASSWORD_SALT_BYTES];

	if (clock_boottime_us() >= job->deadline_us) {
		job->code = -ETIMEDOUT;
		return;
	}
	if (job->check) {
		job->code = password_check(&job->record, job->password, job->password_bytes, job->key);
		return;
	}
	memcpy(salt, job->record.salt, sizeof(salt));
	job->code = password_make(job->password, job->password_bytes, salt, &job->record);
}

static void *run(void *userdata)
{
	static const struct sched_param normal;
	struct hasher *h = userdata;
	struct hasher_job *job;
	uint64_t one = 1;

	/* Only for this thread, as Linux has it. What does not work changes nothing but the order. */
	(void)!pthread_setschedparam(pthread_self(), SCHED_BATCH, &normal);
	(void)!setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	(void)pthread_mutex_lock(&h->lock);
	while (!h->stopping) {
		job = list_take(&h->waiting);
		if (!job) {
			(void)pthread_cond_wait(&h->wake, &h->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&h->lock);
		work(job);
		(void)pthread_mutex_lock(&h->lock);
		list_put(&h->finished, job);
		(void)!write(h->fd, &one, sizeof(one));
	}
	(void)pthread_mutex_unlock(&h->lock);
	return NULL;
}

static struct hasher_job *take_finished(struct hasher *h)
{
	struct hasher_job *job;

	(void)pthread_mutex_lock(&h->lock);
	job = list_take(&h->finished);
	if (job)
		h->count--;
	(void)pthread_mutex_unlock(&h->lock);
	return job;
}

static int on_finished(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct hasher *h = userdata;
	struct hasher_job *job;
	uint64_t count;

	(void)source;
	(void)revents;
	(void)!read(fd, &count, sizeof(count));
	while ((job = take_finished(h)))
		h->done(job);
	return 0;
}

struct hasher *hasher_new(sd_event *event, void (*done)(struct hasher_job *job))
{
	struct hasher *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->waiting.end = &h->waiting.first;
	h->finished.end = &h->finished.first;
	h->done = done;
	h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->fd < 0 || pthread_mutex_init(&h->lock, NULL) || pthread_cond_init(&h->wake, NULL) ||
	    sd_event_add_io(event, &h->source, h->fd, EPOLLIN, on_finished, h) < 0 ||
	    pthread_create(&h->thread, NULL, run, h)) {
		sd_event_source_disable_unref(h->source);
		if (h->fd >= 0)
			close(h->fd);
		free(h);
		return NULL;
	}
	return h;
}

void hasher_free(struct hasher *h)
{
	if (!h)
		return;
	(void)pthread_mutex_lock(&h->lock);
	h->stopping = true;
	(void)pthread_cond_signal(&h->wake);
	(void)pthread_mutex_unlock(&h->lock);
	(void)pthread_join(h->thread, NULL);
	sd_event_source_disable_unref(h->source);
	close(h->fd);
	(void)pthread_cond_destroy(&h->wake);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

bool hasher_reserve(struct hasher *h)
{
	bool room;

	(void)pthread_mutex_lock(&h->lock);
	room = h->count < HASHER_JOBS_MAX;
	h->count += room;
	(void)pthread_mutex_unlock(&h->lock);
	return room;
}

void hasher_release(struct hasher *h)
{
	(void)pthread_mutex_lock(&h->lock);
	h->count--;
	(void)pthread_mutex_unlock(&h->lock);
}

void hasher_put(struct hasher *h, struct hasher_job *job)
{
	(void)pthread_mutex_lock(&h->lock);
	list_put(&h->waiting, job);
	(void)pthread_cond_signal(&h->wake);
	(void)pthread_mutex_unlock(&h->lock);
}

unsigned hasher_count(struct hasher *h)
{
	unsigned ret;

	(void)pthread_mutex_lock(&h->lock);
	ret = h->count;
	(void)pthread_mutex_unlock(&h->lock);
	return ret;
}
