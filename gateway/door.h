/*
 * Where the ledger is come to: the directory that the one ledgerd of this host holds, and the socket that workers connect to.
 * Both are made again when somebody has removed them. For one thread.
 */
#ifndef HOLDFAST_GATEWAY_DOOR_H
#define HOLDFAST_GATEWAY_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "gateway/options.h"
#include "gateway/server.h"
#include "heartbeat/err.h"

struct door {
	char socket_path[PATH_BYTES], held_path[PATH_BYTES];
	int held; /* descriptor of held_path, with its lock; -1: not held */
	struct server *server;
	struct errbuf shut; /* why nobody new can come; "": they can */
	uint64_t shut_us;   /* since when */
};

/* Before anything else is touched: 0, or with e filled -ENAMETOOLONG, -EBUSY another ledgerd runs, or -errno. */
int door_hold(struct door *d, const struct options *o, struct errbuf *e);

/* Listens: root administers, the workers of this host ask, and those of the peer come through HAProxy. Borrows what it is given. 0, or -errno with e
 * filled. */
int door_open(struct door *d, sd_event *event, server_handler *handler, void *userdata, struct errbuf *e);

/* Call it every few ms: is all of it there, and still ours? Makes it again; what cannot be is logged once, and is in `shut`. */
void door_mend(struct door *d, uint64_t now_us);

/* It could not be mended for so long that only another life will help: a directory that was removed and made again is not the one that our
 * sandbox lets us write to. */
bool door_is_stuck(const struct door *d, uint64_t now_us);

void door_close(struct door *d);

#endif
