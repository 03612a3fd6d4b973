/* A copy of a running mariadbd's data by mariadb-backup: taken as a stream, unpacked, made ready to be started on. Shared by what
 * seeds a standby and what makes and tries backups. */
#ifndef HOLDFAST_REPLICATION_HOTCOPY_H
#define HOLDFAST_REPLICATION_HOTCOPY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/gtid.h"
#include "heartbeat/rolepage.h"

#define HOTCOPY_DATABASE_CONF "/etc/holdfast/mariadb.cnf"
#define HOTCOPY_PIECE_BYTES (256u * 1024)
#define HOTCOPY_IDLE_MS 5000

struct hotcopy_source {
	const char *database_conf;   /* of the mariadbd that is copied */
	const char *database_socket; /* its root comes in here */
};

/* Who takes the stream, in a thread of its own, at its own pace. Both return 0 or -errno with e filled, which ends the copy. */
struct hotcopy_sink {
	int (*piece)(void *userdata, const uint8_t *data, size_t length, struct errbuf *e);
	int (*idle)(void *userdata, struct errbuf *e); /* nothing came for HOTCOPY_IDLE_MS; may be NULL */
	void *userdata;
	int watch_fd; /* a hangup of it ends the copy; -1: none */
};

/* Copies the whole of it into the sink. For its last moments mariadb-backup holds up every commit: it never waits for the sink then
 * (what is left is kept in memory, about as much as InnoDB's log at most). 0; -ETIMEDOUT: mariadb-backup hangs; -EPIPE: watch_fd hung up; -EIO: it failed; -ECANCELED:
 * *cancel became true (may be NULL); what the sink returned; -EFBIG: too much waits for it; or -errno. e is filled unless 0. */
int hotcopy_take(
    const struct hotcopy_source *from, const struct hotcopy_sink *to, const atomic_bool *cancel, struct errbuf *e);

/* Unpacks into dir what feed writes to to_fd, which is non-blocking, and does not have to close. 0, what feed returned, -EIO: mbstream
 * failed, -ETIMEDOUT, or -errno with e filled. */
int hotcopy_unpack(
    const char *dir, int (*feed)(void *userdata, int to_fd, struct errbuf *e), void *userdata, struct errbuf *e);

/* Makes an unpacked copy one that mariadbd can be started on. 0, -EIO, -ETIMEDOUT, or -ECANCELED, with e filled. */
int hotcopy_prepare(const char *dir, const atomic_bool *cancel, struct errbuf *e);

/* The position of an unpacked copy; seq 0: nothing was ever written. 0, -EPROTO, or -errno with e filled. */
int hotcopy_position(const char *dir, struct gtid *ret, struct errbuf *e);

/* Is there room for so many bytes, a tenth more, and what is written meanwhile? 0, -ENOSPC, or -errno with e filled. */
int hotcopy_check_room(const char *path, uint64_t bytes, struct errbuf *e);

/* What heartbeatd says of the roles. 0 or -errno with e filled. */
int hotcopy_read_role(const char *page_path, struct role_view *ret, struct errbuf *e);

/* 0, or -EPERM with e filled: the page was not written lately, so heartbeatd does not run. */
int hotcopy_check_age(const struct role_view *v, struct errbuf *e);

#endif
