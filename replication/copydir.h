/* A data directory that is made beside the present one (DIR.new) and takes its place when it is whole. */
#ifndef HOLDFAST_REPLICATION_COPYDIR_H
#define HOLDFAST_REPLICATION_COPYDIR_H

#include <stdint.h>

#include "heartbeat/err.h"

#define COPYDIR_PATH_BYTES 256

struct copydir {
	char dir[COPYDIR_PATH_BYTES];  /* absolute, no slash at the end */
	char made[COPYDIR_PATH_BYTES]; /* DIR.new */
	char old[COPYDIR_PATH_BYTES];  /* DIR.old */
	int lock_fd;		       /* of DIR.lock; -1: not held */
};

/* Takes the lock (-EBUSY: another one is at it), brings back what an interrupted swap left, removes an old
 * DIR.new and makes an empty one, 0700 root. -EEXIST: DIR holds something that is no data of MariaDB; an
 * empty DIR is removed. 0 or -errno with e filled; copydir_close in any case. */
int copydir_begin(const char *dir, struct copydir *c, struct errbuf *e);

/* Gives everything below path, and path itself last, to the user; links are not followed. 0, -ENOENT no such user, or -errno with e filled. */
int copydir_give(const char *path, const char *user, struct errbuf *e);

/* Gives everything in DIR.new to the user and syncs it, puts it in DIR's place in one step, then removes the
 * old one. -EBUSY: a mariadbd runs on DIR. 0 or -errno with e filled: DIR is as it was, unless it was the
 * last sync that failed. */
int copydir_finish(struct copydir *c, const char *user, struct errbuf *e);

/* Removes DIR.new when it is still there, and gives the lock back. */
void copydir_close(struct copydir *c);

/* Removes path and all that is in it; fine when there is none. 0 or -errno with e filled. */
int copydir_remove(const char *path, struct errbuf *e);

/* What a copy of the data directory takes, in bytes on disk: without binary and relay logs, temporary tables and
 * InnoDB's log, of which only what is written meanwhile is copied. 0 or -errno with e filled. */
int copydir_size(const char *path, uint64_t *ret_bytes, struct errbuf *e);

/* -EBUSY: a mariadbd runs on dir. 0: none, or there is no dir. e is filled unless 0. */
int copydir_in_use(const char *dir, struct errbuf *e);

#endif
