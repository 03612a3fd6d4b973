/*
 * Whole transactions out of binary and relay logs. A log that was cut off by a crash ends in the middle of a group of
 * events, and one that was reconnected may have such a stump in its middle; what follows it must not commit it. So the
 * groups are taken out one by one, and only whole ones. A relay log that is rotated, for its size or at a new connection,
 * may end in the middle of a group too, but that one goes on in the next file.
 * Format: https://mariadb.com/kb/en/2-binlog-event-header/ and .../gtid_event/, .../xid_event/, .../query_event/
 */
#ifndef HOLDFAST_REPLICATION_BINLOG_H
#define HOLDFAST_REPLICATION_BINLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/gtid.h"

#define BINLOG_PARTS_MAX 16

struct binlog_cut {
	/* in */
	uint64_t above_seq; /* groups with a greater sequence number are taken, each once and in rising order */
	uint64_t until_seq; /* and none with a greater one than this; 0: to the end */
	bool (*take)(void *userdata, const uint8_t *bytes, size_t size); /* false: stop, could not be written */
	bool verify;							 /* every event, if the log has checksums */
	/* NULL, or called for each group taken that opens an epoch: it has a row for holdfast.cluster_epoch */
	void (*opened)(void *userdata, uint64_t seq, uint64_t epoch);
	void *userdata;
	/* out, kept from file to file */
	struct gtid last;   /* last whole group seen, taken or not */
	struct gtid taken;  /* last whole group taken */
	uint64_t groups;    /* taken */
	uint64_t first_seq; /* of the first that was taken */
	bool hole;	    /* a number between two that were taken is missing */
	uint64_t stumps;    /* groups that had no end */
	bool begun;	    /* a header has been taken */
	bool summed;	    /* the last header says that events have checksums */
	/* the group that has no end yet, as pieces of the files' bytes */
	struct gtid open;
	bool standalone;
	uint64_t open_epoch, epoch_table;
	unsigned parts; /* 0: none is open */
	struct {
		const uint8_t *at;
		size_t size;
	} part[BINLOG_PARTS_MAX];
};

#define BINLOG_MAGIC_BYTES 4
#define BINLOG_STOPPED (-1)
#define BINLOG_NO_LOG (-2)  /* not a binary log, or encrypted */
#define BINLOG_DAMAGED (-3) /* an event is not what its checksum says */

/* The first event of a log, its format description: the header, with its flags. */
#define BINLOG_FIRST_BYTES (BINLOG_MAGIC_BYTES + 19)
#define BINLOG_FLAGS_AT (BINLOG_MAGIC_BYTES + 17)
#define BINLOG_IN_USE 1 /* set in a header afterwards, and not summed */

/* Does a log begin so? */
bool binlog_begins(const uint8_t data[static BINLOG_FIRST_BYTES]);

/* Walks one whole log file; the next one in the next call, with the bytes of those before still in their place. 0, also
 * when its end is torn; or one of the above. */
int binlog_cut(struct binlog_cut *c, const uint8_t *data, size_t size);

/* The highest sequence number that the logs before this one held, from its Gtid_list event; 0 when there were none.
 * UINT64_MAX: the file does not say. A relay log does not: its list is about the files of the active. */
uint64_t binlog_first_seq(const uint8_t *data, size_t size);

#endif
