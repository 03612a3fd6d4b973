#include "heartbeat/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "heartbeat/rolepage.h"

/* Few, so that the time to wake at is looked at often also when everybody talks at once. */
#define EVENTS_A_TURN 8
#define SLEPT_US 1000 /* less may have been work of the kernel's */
#define REST_EVERY_US 50000

int loop_open(struct loop *l, struct errbuf *e)
{
	for (unsigned i = 0; i < LOOP_WATCHES_MAX; i++)
		l->watch[i].fd = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll < 0 ? err_set(e, -errno, "epoll: %s", strerror(errno)) : 0;
}

int loop_add(struct loop *l, int fd, void (*on_input)(void *userdata), void *userdata)
{
	for (uint32_t i = 0; i < LOOP_WATCHES_MAX; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};

		if (l->watch[i].fd >= 0)
			continue;
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event))
			return -errno;
		l->watch[i] = (struct loop_watch){fd, on_input, userdata};
		return 0;
	}
	return -ENOSPC;
}

void loop_remove(struct loop *l, int fd)
{
	for (unsigned i = 0; i < LOOP_WATCHES_MAX; i++) {
		if (l->watch[i].fd != fd)
			continue;
		l->watch[i].fd = -1;
		(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
		return;
	}
}

/* With real-time priority the kernel ends a process that does not sleep for RLIMIT_RTTIME. That is meant for a loop of ours
 * that does not end, and not for others who talk without pause. */
static void rest(struct loop *l, uint64_t before_us)
{
	static const struct timespec moment = {0, 100000};
	uint64_t now_us = clock_boottime_us();

	if (now_us - before_us > SLEPT_US) {
		l->rested_us = now_us;
	} else if (now_us - l->rested_us > REST_EVERY_US) {
		(void)nanosleep(&moment, NULL);
		l->rested_us = now_us;
	}
}

int loop_turn(struct loop *l, uint64_t wait_us)
{
	uint64_t before_us = clock_boottime_us();
	struct timespec wait = {(time_t)(wait_us / 1000000), (long)(wait_us % 1000000) * 1000};
	struct epoll_event event[EVENTS_A_TURN];
	int n = epoll_pwait2(l->epoll, event, EVENTS_A_TURN, &wait, NULL);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	rest(l, before_us);
	for (int i = 0; i < n; i++) {
		struct loop_watch w = l->watch[event[i].data.u32];

		if (w.fd >= 0) /* an earlier one may have removed it */
			w.on_input(w.userdata);
	}
	return 0;
}
