/* One connection to the mariadbd of this host over its unix socket, as root unless told otherwise, or to that of a peer. Not thread safe: one
 * owner. */
#ifndef HOLDFAST_REPLICATION_DATABASE_H
#define HOLDFAST_REPLICATION_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"

#define DATABASE_SOCKET "/run/mysqld/mysqld.sock"
#define DATABASE_VALUE_BYTES 512

struct database; /* the connection, open or not */

struct database *database_new(const char *socket_path);
void database_free(struct database *db);

/* The time limit of a connection that is opened from now on; 3 s unless another is set. */
void database_set_limit(struct database *db, unsigned limit_s);

/* Whom a connection that is opened from now on is for, other than root; borrowed. */
void database_set_user(struct database *db, const char *user);

/* Connects unless it is connected. 0, -ECONNREFUSED while nobody accepts, or another -errno with e filled. */
int database_open(struct database *db, struct errbuf *e);
void database_close(struct database *db);

/* The server of another machine, over TLS with a certificate of ours. */
struct database_peer {
	const char *address;
	uint32_t port;
	const char *user, *password, *ca, *certificate, *key;
};

/* Connects there instead; whoever does it closes it before it opens anything else. Codes of database_open(). */
int database_open_peer(struct database *db, const struct database_peer *peer, struct errbuf *e);

/*
 * Statements are printf formats; a value in one comes from us or was checked. An answer that does not come within
 * the connection's time limit closes the connection. All return 0; -EREMOTEIO when the server refused the
 * statement (the connection stays); -EPIPE when the connection is lost.
 */
int database_run(struct database *db, struct errbuf *e, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Takes the first row of the answer: values by column name. -ENOENT: no row. */
struct database_row;
int database_query(struct database *db, struct database_row **ret, struct errbuf *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Of a row: the value, "" for NULL and for a column that is not there. Lives as long as the row. */
const char *database_value(const struct database_row *row, const char *column);
uint64_t database_number(const struct database_row *row, const char *column);
void database_row_free(struct database_row *row);

/* Takes all rows of the answer, and keeps them in memory: for statements with a LIMIT. */
struct database_rows;
int database_select(struct database *db, struct database_rows **ret, struct errbuf *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The first row, then each next one; false after the last. A field of it, by its place from 0 on: its bytes, with a NUL behind them, or NULL for
 * NULL and for a place that is not there. */
bool database_next(struct database_rows *rows);
const char *database_field(const struct database_rows *rows, unsigned place, size_t *bytes);
void database_rows_free(struct database_rows *rows);

/* Sends a statement without waiting for its answer; database_fd() becomes readable, and database_finish() takes it. No
 * other call is allowed in between, except database_close(). */
int database_send(struct database *db, struct errbuf *e, const char *statement);
int database_fd(const struct database *db);
int database_finish(struct database *db, struct errbuf *e);

#endif
