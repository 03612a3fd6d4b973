#include "heartbeat/daemon.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/fitness.h"
#include "heartbeat/keyfile.h"
#include "heartbeat/log.h"
#include "heartbeat/statefile.h"

#define STACK_BYTES (128 * 1024)

/* What is to be written, or was. */
struct content {
	struct hb_register reg;
	uint64_t generation; /* of reg */
	uint64_t asked;	     /* writes of reg that were asked for; the same one may be, to try the disk */
	struct keyring ring;
	uint64_t ring_generation;
};

struct daemon_store {
	pthread_t thread;
	/* Held for a copy only, and with the priority of whoever waits for it: the loop must not wait for a thread that
	 * other work keeps from its processor. */
	pthread_mutex_t lock;
	int work; /* eventfd: there is something to write */
	const char *path, *keys_path;
	struct content wanted, done;
	uint64_t since_us; /* the oldest that was asked for and has not ended was asked for then; 0: all have */
	uint64_t done_us;
	int ready; /* eventfd: done has changed */
};

/* A disk that is full or broken: nothing that depends on this write is said, and it is tried again. */
static void pause_after_failure(const struct errbuf *e)
{
	struct timespec ts = {.tv_nsec = 100000000};

	LOG(LOG_ERR, "register.unwritten", KV_S("why", e->text));
	nanosleep(&ts, NULL);
}

static void take_work(struct daemon_store *s, struct content *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = s->wanted;
	pthread_mutex_unlock(&s->lock);
}

/* The register first: payments may wait for it. */
static int store(const struct daemon_store *s, const struct content *work, struct errbuf *e)
{
	int code = 0;

	if (work->asked != s->done.asked)
		code = statefile_store(s->path, &work->reg, e);
	if (!code && work->ring_generation != s->done.ring_generation)
		code = keyfile_store(s->keys_path, &work->ring, e);
	return code;
}

static void *write_register(void *userdata)
{
	struct sched_param p = {.sched_priority = 1};
	struct daemon_store *s = userdata;
	uint64_t count, one = 1;
	struct content work;
	struct errbuf e;

	/* A promise that waits for a processor is as late as one that waits for the disk. */
	(void)pthread_setschedparam(pthread_self(), SCHED_RR, &p);
	for (;;) {
		if (read(s->work, &count, sizeof(count)) < 0)
			continue;
		take_work(s, &work);
		while (store(s, &work, &e) != 0) {
			pause_after_failure(&e);
			take_work(s, &work);
		}
		pthread_mutex_lock(&s->lock);
		s->done = work;
		s->done_us = clock_boottime_us();
		s->since_us = s->wanted.asked == work.asked ? 0 : s->done_us;
		pthread_mutex_unlock(&s->lock);
		if (write(s->ready, &one, sizeof(one)) < 0)
			LOG(LOG_ERR, "eventfd.write", KV_S("why", strerror(errno)));
	}
	return NULL;
}

static void on_stored(void *userdata)
{
	struct daemon *d = userdata;
	struct hb_input in = {.kind = HB_IN_PERSISTED};
	uint64_t count, ring_generation;

	if (read(d->store->ready, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&d->store->lock);
	in.persisted = d->store->done.generation;
	ring_generation = d->store->done.ring_generation;
	pthread_mutex_unlock(&d->store->lock);
	daemon_step(d, &in);
	daemon_keys_stored(d, ring_generation);
}

static int start_thread(struct daemon_store *s)
{
	pthread_mutexattr_t inherit;
	pthread_attr_t small;
	int failed = pthread_mutexattr_init(&inherit) ||
		     pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT) ||
		     pthread_mutex_init(&s->lock, &inherit);

	if (failed || pthread_attr_init(&small))
		return -EAGAIN;
	/* All of it is locked in memory. */
	failed =
	    pthread_attr_setstacksize(&small, STACK_BYTES) || pthread_create(&s->thread, &small, write_register, s);
	(void)pthread_attr_destroy(&small);
	(void)pthread_mutexattr_destroy(&inherit);
	return failed ? -EAGAIN : 0;
}

int daemon_store_open(struct daemon *d, struct errbuf *e)
{
	struct daemon_store *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	d->store = s;
	s->path = d->state_path;
	s->keys_path = d->keys_path;
	s->work = eventfd(0, EFD_CLOEXEC);
	s->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->work < 0 || s->ready < 0)
		return err_set(e, -errno, "eventfd: %s", strerror(errno));
	if (start_thread(s))
		return err_set(e, -EAGAIN, "cannot start the thread that writes the register");
	if (loop_add(&d->loop, s->ready, on_stored, d))
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

static void wake(const struct daemon_store *s)
{
	uint64_t one = 1;

	/* Would wait only after 2^64 - 2 of them. */
	if (write(s->work, &one, sizeof(one)) < 0)
		LOG(LOG_ERR, "eventfd.write", KV_S("why", strerror(errno)));
}

void daemon_store_write(struct daemon *d, const struct hb_register *reg, uint64_t generation)
{
	struct daemon_store *s = d->store;

	pthread_mutex_lock(&s->lock);
	s->wanted.reg = *reg;
	s->wanted.generation = generation;
	s->wanted.asked++;
	if (!s->since_us)
		s->since_us = clock_boottime_us();
	pthread_mutex_unlock(&s->lock);
	wake(s);
}

void daemon_store_keys(struct daemon *d, const struct keyring *ring, uint64_t generation)
{
	struct daemon_store *s = d->store;

	pthread_mutex_lock(&s->lock);
	s->wanted.ring = *ring;
	s->wanted.ring_generation = generation;
	pthread_mutex_unlock(&s->lock);
	wake(s);
}

void daemon_store_look(struct daemon *d, uint64_t now_us)
{
	struct daemon_store *s = d->store;
	uint64_t done_us;

	pthread_mutex_lock(&s->lock);
	d->node.storing_since_us = s->since_us;
	done_us = s->done_us;
	pthread_mutex_unlock(&s->lock);
	/* The pair's file goes before the register that it belongs to (daemon_pair.c). */
	if (!d->persist_held && !d->node.storing_since_us && now_us > done_us + FIT_REGISTER_TRY_US)
		daemon_store_write(d, &d->node.acceptor.reg, d->node.acceptor.generation);
}
