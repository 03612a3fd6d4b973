/* The mariadbd of this host as a process: systemd's mariadb.service, which only we start. Not thread safe. */
#ifndef HOLDFAST_REPLICATION_SERVER_H
#define HOLDFAST_REPLICATION_SERVER_H

#include <stdbool.h>

#include "heartbeat/err.h"

#define SERVER_UNIT "mariadb.service"

enum server_state {
	SERVER_DOWN,	 /* no process */
	SERVER_STARTING, /* the unit has a job or its gate is being asked */
	SERVER_RUNNING,
	SERVER_UNKNOWN, /* systemd did not answer */
};

struct server; /* opaque */

struct server *server_new(void);
void server_free(struct server *s);

/* What is true now. While a process is held its pidfd is asked, otherwise systemd. e says why it is unknown. */
enum server_state server_look(struct server *s, struct errbuf *e);

/* Becomes readable when the running process ends; -1 when none runs. */
int server_pidfd(const struct server *s);

/* Grows with every process that was seen: what was true of one life is not true of the next. */
unsigned server_life(const struct server *s);

/* Asks systemd to start the unit and returns at once. 0 or -errno with e filled. */
int server_start(struct server *s, struct errbuf *e);

/* SIGKILL and nothing gentler (R7), then waits until no process of it is left. 0; -ETIMEDOUT: it is stuck in the
 * kernel; or -errno with e filled. */
int server_kill(struct server *s, struct errbuf *e);

#endif
