/*
 * Takes the schema of the active's open database to that of this release: the files that it has not had, one statement after the
 * other, and the row of holdfast.schema_version behind each file. Standbys get it all by replication. Killed at any point, it begins
 * again at the first file without a row, whose statements are idempotent. A statement may wait for as long as an acknowledgement
 * takes, or work for as long as a table is large; nobody waits for it here. Owner: the actor's thread.
 */
#ifndef HOLDFAST_REPLICATION_MIGRATE_H
#define HOLDFAST_REPLICATION_MIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/local.h"

struct migrate;

/* directory: SCHEMADIR; both are borrowed. Files that cannot be read are a notice, and nothing is migrated. NULL: no memory. */
struct migrate *migrate_new(const char *directory, const char *socket_path);
void migrate_free(struct migrate *m);

/* The database is open for writing in this epoch, and this is the moment to take the next step: one query the first time in an epoch,
 * one statement sent or one answer taken later. Never waits longer than a query does. True: there is more to be done at once. */
bool migrate_turn(struct migrate *m, uint64_t epoch, uint64_t now_us);

/* The database is not, or must not any longer be, written to. 0: nothing of ours runs there (what is committed may still wait for an
 * acknowledgement); -EAGAIN: it is being broken off. With server_gone the server took it along. */
int migrate_stop(struct migrate *m, bool server_gone);

/* Becomes readable when an answer has come; -1: none is awaited. */
int migrate_fd(const struct migrate *m);

/* What an operator should know: what it is at, what failed, what is odd; "" nothing. Lives as long as m. */
const char *migrate_notice(const struct migrate *m);

#endif
