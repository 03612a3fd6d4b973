#include "heartbeat/daemon.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/log.h"
#include "heartbeat/statefile.h"

struct daemon_store {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	const char *path;
	bool wanted;
	struct hb_register reg;
	uint64_t generation; /* of reg */
	uint64_t done;	     /* generation on disk */
	int ready;	     /* eventfd */
};

/* A disk that is full or broken: nothing that depends on this write is said, and it is tried again. */
static void pause_after_failure(const struct errbuf *e)
{
	struct timespec ts = {.tv_nsec = 100000000};

	LOG(LOG_ERR, "register.unwritten", KV_S("why", e->text));
	nanosleep(&ts, NULL);
}

static void *write_register(void *userdata)
{
	struct daemon_store *s = userdata;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct hb_register reg;
		uint64_t generation, one = 1;
		struct errbuf e;

		while (!s->wanted)
			pthread_cond_wait(&s->work, &s->lock);
		reg = s->reg;
		generation = s->generation;
		s->wanted = false;
		pthread_mutex_unlock(&s->lock);
		while (statefile_store(s->path, &reg, &e) != 0) {
			pause_after_failure(&e);
			pthread_mutex_lock(&s->lock);
			reg = s->reg;
			generation = s->generation;
			pthread_mutex_unlock(&s->lock);
		}
		pthread_mutex_lock(&s->lock);
		s->done = generation;
		if (write(s->ready, &one, sizeof(one)) < 0)
			LOG(LOG_ERR, "eventfd.write", KV_S("why", strerror(errno)));
	}
	return NULL;
}

static int on_stored(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct daemon *d = userdata;
	struct hb_input in = {.kind = HB_IN_PERSISTED};
	uint64_t count;

	(void)source;
	(void)revents;
	if (read(fd, &count, sizeof(count)) < 0)
		return 0;
	pthread_mutex_lock(&d->store->lock);
	in.persisted = d->store->done;
	pthread_mutex_unlock(&d->store->lock);
	daemon_step(d, &in);
	return 0;
}

int daemon_store_open(struct daemon *d, struct errbuf *e)
{
	struct daemon_store *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	d->store = s;
	s->path = d->state_path;
	s->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->ready < 0)
		return err_set(e, -errno, "eventfd: %s", strerror(errno));
	if (pthread_mutex_init(&s->lock, NULL) || pthread_cond_init(&s->work, NULL) ||
	    pthread_create(&s->thread, NULL, write_register, s))
		return err_set(e, -EAGAIN, "cannot start the thread that writes the register");
	if (sd_event_add_io(d->loop, NULL, s->ready, EPOLLIN, on_stored, d) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

void daemon_store_write(struct daemon *d, const struct hb_register *reg, uint64_t generation)
{
	struct daemon_store *s = d->store;

	pthread_mutex_lock(&s->lock);
	s->reg = *reg;
	s->generation = generation;
	s->wanted = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}
