/*
 * What lies in log files beside the data and is nowhere else: transactions that a standby had acknowledged but not
 * applied when its mariadbd ended (relay logs, protocol.md S7), and those that a deposed active wrote and nobody
 * acknowledged (binary logs, R11).
 */
#ifndef HOLDFAST_REPLICATION_SALVAGE_H
#define HOLDFAST_REPLICATION_SALVAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/gtid.h"
#include "replication/journal_rows.h"

/* Makes everything in the logs named in datadir/index durable. 0 or -errno with e filled. */
int salvage_sync(const char *datadir, const char *index, struct errbuf *e);

struct salvage_result {
	uint64_t groups;    /* taken out */
	uint64_t first_seq; /* of those; 0: none */
	uint64_t last_seq;  /* of those; 0: none */
	bool hole;	    /* a number between the first and the last of those is missing */
	struct gtid last;   /* of all whole groups in the logs; seq 0: there is none */
};

/* Writes the whole transactions above `above` of the logs named in datadir/index into a new file `target`, a binary log
 * by itself; no groups: no file. 0 or -errno with e filled. */
int salvage_cut(const char *datadir, const char *index, struct gtid above, const char *target,
    struct salvage_result *ret, struct errbuf *e);

struct salvage_range {
	uint64_t above_seq, until_seq; /* until: the last that is taken; 0: all */
	bool verify;		       /* each event by its checksum; -EBADMSG when one is damaged */
	/* NULL, or called for each transaction taken that opens an epoch */
	void (*opened)(void *userdata, uint64_t seq, uint64_t epoch);
	void *userdata;
};

/* The same for a part of them. target NULL: they are only counted. */
int salvage_cut_range(const char *datadir, const char *index, const struct salvage_range *range, const char *target,
    struct salvage_result *ret, struct errbuf *e);

/* Executes such a file on the server at socket_path, with the GTIDs it has, up to where stop says: an option of mariadb-binlog(1), in UTC, or NULL
 * for all of it. It may take so long. 0 or the codes of process_run(). The file has to be whole: mariadb-binlog stops at what is damaged, and
 * calls that success. */
int salvage_replay(const char *file, const char *socket_path, const char *stop, uint32_t limit_ms,
    const atomic_bool *cancel, struct errbuf *e);

/* All of it, for at most ten minutes. */
int salvage_apply(const char *file, const char *socket_path, const atomic_bool *cancel, struct errbuf *e);

/* Writes such a file as SQL with the rows in comments to `file`.sql; and to `file`.payments, one a line, what of it the API knows: the id of
 * each resource that it made, or the id and a word for what became of it (replication/journal_rows.h). They are counted. 0 or -errno. */
int salvage_print(const char *file, const atomic_bool *cancel, struct journal_counts *ret, struct errbuf *e);

#endif
