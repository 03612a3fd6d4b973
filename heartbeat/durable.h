/* Small files that must survive a power cut, and files that must be gone after one. */
#ifndef HOLDFAST_HEARTBEAT_DURABLE_H
#define HOLDFAST_HEARTBEAT_DURABLE_H

#include <stddef.h>

#include "heartbeat/err.h"

/* Replaces path by text (write, fsync, rename, fsync of the directory), mode 0600. 0 or -errno with e filled. */
int durable_write(const char *path, const char *text, struct errbuf *e);

/* Writes all of it to fd, whatever write(2) takes at a time; the caller syncs. 0 or -errno. */
int durable_write_all(int fd, const void *data, size_t size);

/* Removes path and syncs the directory. 0 also when there was none; otherwise -errno with e filled. */
int durable_remove(const char *path, struct errbuf *e);

/* fsync of a file that somebody else wrote, and of its directory. 0, also when there is none; or -errno with e filled. */
int durable_sync(const char *dir, const char *name, struct errbuf *e);

/* fsync of the directory that path is in. 0 or -errno with e filled. */
int durable_sync_parent(const char *path, struct errbuf *e);

/* Reads the whole file as text; -EFBIG when it does not fit. 0 or -errno with e filled (-ENOENT: there is none). */
int durable_read(const char *path, char *buf, size_t size, struct errbuf *e);

#endif
