/*
 * An event loop of a fixed size: epoll and a time to wake at, nothing allocated after loop_open(). sd-event, which the other
 * daemons use, grows its queues when many sources are ready at once and spends five system calls a turn; heartbeatd may do
 * neither.
 */
#ifndef HOLDFAST_HEARTBEAT_LOOP_H
#define HOLDFAST_HEARTBEAT_LOOP_H

#include <stdint.h>

#include "heartbeat/err.h"

#define LOOP_WATCHES_MAX 80

struct loop_watch {
	int fd; /* -1: free */
	void (*on_input)(void *userdata);
	void *userdata;
};

struct loop {
	int epoll;
	uint64_t rested_us; /* when it was last seen to sleep */
	struct loop_watch watch[LOOP_WATCHES_MAX];
};

/* 0 or -errno with *e filled. */
int loop_open(struct loop *l, struct errbuf *e);

/*
 * Calls on_input(userdata) while fd has something to read or its other end is gone. fd must not block: now and then it is
 * called for nothing. It may add and remove watches. 0; -ENOSPC: all places are taken; or -errno.
 */
int loop_add(struct loop *l, int fd, void (*on_input)(void *userdata), void *userdata);

/* Before the fd is closed. Nothing happens when it is not watched. */
void loop_remove(struct loop *l, int fd);

/* Waits for input, at most wait_us, and hands out what there is, some watches at a time. 0 or -errno. */
int loop_turn(struct loop *l, uint64_t wait_us);

#endif
