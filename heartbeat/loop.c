#include "heartbeat/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

/* Few, so that the time to wake at is looked at often also when everybody talks at once. */
#define EVENTS_A_TURN 8

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

int loop_turn(struct loop *l, uint64_t wait_us)
{
	struct timespec wait = {(time_t)(wait_us / 1000000), (long)(wait_us % 1000000) * 1000};
	struct epoll_event event[EVENTS_A_TURN];
	int n = epoll_pwait2(l->epoll, event, EVENTS_A_TURN, &wait, NULL);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct loop_watch w = l->watch[event[i].data.u32];

		if (w.fd >= 0) /* an earlier one may have removed it */
			w.on_input(w.userdata);
	}
	return 0;
}
