/* holdfast-seed: a fresh copy of the active's data for a standby that cannot get there by replication. */
#ifndef HOLDFAST_REPLICATION_SEED_H
#define HOLDFAST_REPLICATION_SEED_H

#include "heartbeat/err.h"
#include "heartbeat/gtid.h"

#define SEED_PEER_SOCKET "/run/holdfast/seed-peer.sock"
#define SEED_MESH_USER "haproxy"       /* who asks in the name of the peer */
#define SEED_COPY_FILE "holdfast-copy" /* in a copied data directory: "gtid=POSITION\n" */

struct seed_send {
	const char *role_path;	   /* role page */
	const char *database_conf; /* of the mariadbd that is copied */
	const char *database_socket;
	const char *datadir; /* for the size only */
	int out_fd;	     /* the connection */
};

/* Streams a copy, or refuses, and tells the receiver which. 0, or with e filled: -EACCES refused (out_fd is a
 * socket, and the other end neither the mesh nor root), -EPERM refused (not the active, not open for writing, role page too old), -ESTALE no longer the active at the end, -ETIMEDOUT,
 * -EPIPE the receiver is gone, -EIO mariadb-backup failed, or -errno. */
int seed_send_run(const struct seed_send *s, struct errbuf *e);

struct seed_receive {
	const char *peer_socket;
	const char *dir;
	const char *user;	 /* who gets the files */
	const char *verify_path; /* what came out of the last look into DIR's data: goes with it */
	int progress_fd; /* gets the lines of seed_progress.h, or loses some when it would block; -1: nobody asks */
};

/* Makes a copy in DIR.new, prepares it, and puts it in the place of DIR. 0 and its position, or with e filled
 * and DIR as it was: codes of copydir.h, -ECONNREFUSED refused by the sender, -ENOSPC, -EPROTO or -EBADMSG
 * (hash) or -EPIPE (cut) a stream that is not whole, -EREMOTEIO the sender failed, -EIO a program of MariaDB
 * failed, -ETIMEDOUT, or -errno. */
int seed_receive_run(const struct seed_receive *r, struct gtid *ret, struct errbuf *e);

#endif
