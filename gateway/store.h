/* The ledger's connection to the database: one, used by one thread, with the fence of R12 around every
 * transaction. */
#ifndef HOLDFAST_GATEWAY_STORE_H
#define HOLDFAST_GATEWAY_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <mysql.h>

#include "gateway/bulk.h"
#include "gateway/text.h"
#include "heartbeat/err.h"
#include "heartbeat/gtid.h"

#define STORE_SOCKET "/run/mysqld/mysqld.sock"
#define STORE_USER "holdfast-ledger"
#define STORE_SCHEMA "holdfast"
/* The number of the last file of etc/schema that this release cannot work without; none up to it builds an index of a table that is
 * there. replicationd of the active migrates. */
#define STORE_SCHEMA_VERSION 4

/*
 * Error codes of all functions here, with e filled:
 * -EIO      the connection is gone, or the server lacks what every statement needs (a disk with room, memory): begin again with a
 *           fresh connection; what was sent may have happened
 * -ESTALE   ledger_head is not what the caller believes: another writer, or an image from the past
 * -EROFS    the database is read only
 * -EBUSY    somebody else holds a lock; the transaction is to be rolled back, and may be tried again
 * -ENOENT   the statement needs an index that is not there: it is still being built
 * -EBADMSG  the server refused the statement for its values (sqltext_is_of_data); the transaction is to be rolled back
 */
struct store;

struct head {
	uint64_t epoch, batch_seq, next_seq, last_us, next_event;
};

/* What another thread may see of it. */
struct store_activity {
	uint64_t statement_since_us; /* 0: no statement under way */
	uint64_t commit_since_us;    /* 0: no COMMIT under way */
};

struct store *store_new(const char *socket, const char *user);
void store_free(struct store *s);

/* A fresh connection; a former one is closed. Gives up after 2 s. */
int store_connect(struct store *s, struct errbuf *e);
void store_close(struct store *s);
bool store_is_connected(const struct store *s);

/* For any thread: breaks the connection under whoever waits on it. */
void store_break(struct store *s);
struct store_activity store_activity(const struct store *s);

int store_ping(struct store *s, struct errbuf *e);
/* The highest number that was applied; 0 none. */
int store_read_schema_version(struct store *s, unsigned *ret, struct errbuf *e);
/* -EAGAIN: this release needs a newer one, which comes into being a moment after the database was opened. */
int store_check_schema(struct store *s, struct errbuf *e);
/* Does the journal refuse an Idempotency-Key that it has? */
int store_has_unique_keys(struct store *s, bool *ret, struct errbuf *e);
int store_read_head(struct store *s, struct head *ret, struct errbuf *e);

/* The rows of a query, kept in memory; the caller frees them with mysql_free_result. */
int store_select(struct store *s, const struct text *sql, MYSQL_RES **ret, struct errbuf *e);

/* For a connection that only reads: it refuses to write, and each transaction is one snapshot. */
int store_only_read(struct store *s, struct errbuf *e);

/* Begins a snapshot with the head as it is in it; store_rollback ends it. */
int store_begin_snapshot(struct store *s, struct head *ret, struct errbuf *e);

/* Before rows of this statement are sent on a fresh connection. b is kept: it is constant. Codes as above. */
int store_prepare(struct store *s, const struct bulk *b, struct errbuf *e);

/*
 * One transaction, sent as one: every answer that is waited for by itself costs a round trip, and a place in the queue for a processor.
 * R12: it begins with the update of ledger_head from `old` to `new` (same epoch, batch_seq + 1). Statements come first, then rows.
 */
void store_begin(struct store *s, const struct head *old, const struct head *new);
void store_add(struct store *s, const struct text *sql); /* one statement without rows, copied */
/* Rows (bulk.h) of a statement that was prepared, copied. */
void store_add_rows(struct store *s, const struct bulk *b, const struct text *rows);
int store_send(struct store *s, struct errbuf *e);
void store_rollback(struct store *s);

/* What is known of this connection's last transaction. */
struct landed {
	bool known;	/* the others mean something */
	bool semi_sync; /* is on now */
	struct gtid gtid;
};

/* May take for ever while the standby does not acknowledge. After any error the outcome is unknown; after none it has landed. */
int store_commit(struct store *s, struct landed *ret, struct errbuf *e);

#endif
