/* A directory in which something is made that shall be there whole or not at all: "PATH.new" until it is renamed to PATH. What an
 * interrupted attempt left is known by a mark in it, and removed by the next one; nothing else ever is. */
#ifndef HOLDFAST_REPLICATION_WORKDIR_H
#define HOLDFAST_REPLICATION_WORKDIR_H

#include "heartbeat/err.h"

#define WORKDIR_PATH_BYTES 200

struct workdir {
	char path[WORKDIR_PATH_BYTES + 24]; /* "" when there is none */
	int fd;				    /* locked as long as somebody works in it; -1: none */
};

/* Is path absolute, short enough, and its parent a directory? 0, -EINVAL, or -errno with e filled. */
int workdir_check_path(const char *path, struct errbuf *e);

/* 0: there is nothing at path, or an empty directory that another one can take the place of; -EEXIST or -errno with e filled. */
int workdir_check_free(const char *path, struct errbuf *e);

/* Can nobody but root have changed what is at path? 0, -EPERM, or -errno with e filled. */
int workdir_check_owner(const char *path, struct errbuf *e);

/* Makes path + suffix, 0700, empty but for the mark. 0; -EBUSY: another one works in it; -EEXIST: it is there and not ours; or -errno,
 * with e filled. */
int workdir_begin(const char *path, const char *suffix, struct workdir *ret, struct errbuf *e);

/* Syncs all of it and puts it at path, which is free. 0, or -EEXIST or -errno with e filled, and it is still where it was. */
int workdir_finish(struct workdir *w, const char *path, struct errbuf *e);

/* Removes what is still there; harmless after workdir_finish. */
void workdir_drop(struct workdir *w);

#endif
