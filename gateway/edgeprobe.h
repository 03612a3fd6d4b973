/* Does HAProxy of this host answer? Asked again and again over a unix socket, without ever waiting; for one thread. */
#ifndef HOLDFAST_GATEWAY_EDGEPROBE_H
#define HOLDFAST_GATEWAY_EDGEPROBE_H

#include <stdbool.h>
#include <stdint.h>

#define EDGEPROBE_SOCKET "edge.sock" /* in the run directory */

struct edgeprobe {
	char path[108];
	int fd;		    /* of the question under way; -1 none */
	uint64_t asked_us;  /* when it was begun */
	uint64_t silent_us; /* since when nothing was answered; 0: the last question was */
	bool gone;	    /* while silent: connections are refused, so nobody is there */
};

/* path: of the socket, copied. Silent until the first answer. */
void edgeprobe_start(struct edgeprobe *p, const char *path, uint64_t now_us);

/* Call it every few ms, with CLOCK_BOOTTIME: takes the answer if it is there, asks when it is time. */
void edgeprobe_step(struct edgeprobe *p, uint64_t now_us);

void edgeprobe_end(struct edgeprobe *p);

#endif
