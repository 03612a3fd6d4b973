/*
 * Commands to a MariaDB server, sent one behind the other: the server executes them in their order, each whatever became of the one before,
 * and answers each. libmariadb waits for an answer before it sends what comes next, so these packets are written to its socket as they are
 * (MariaDB's protocol, "0-packet": three bytes of length and a number that begins at 0 for each command); the answers are read with it.
 */
#ifndef HOLDFAST_GATEWAY_PIPELINE_H
#define HOLDFAST_GATEWAY_PIPELINE_H

#include <stddef.h>

#include "gateway/text.h"

#define PIPELINE_QUERY 0x03 /* COM_QUERY: text follows */

struct pipeline {
	struct text out; /* the packets; one that does not fit, or is too long for the protocol, leaves it cut */
	size_t at;	 /* where the last one begins */
	unsigned count;
};

/* buf: borrowed. */
void pipeline_init(struct pipeline *p, char *buf, size_t size);
void pipeline_clear(struct pipeline *p);

/* The next packet begins: what is put into `out` from now on is its content. */
void pipeline_next(struct pipeline *p);

/* Sends all of them. Waits as long as the server takes nothing: another thread ends that with shutdown(2). 0, or -EMSGSIZE (nothing was
 * sent), -EPIPE and other -errno of send(2): an unknown part was sent. */
int pipeline_send(struct pipeline *p, int fd);

#endif
