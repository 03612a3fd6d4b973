/* What a backup says of itself, in the file "manifest" beside its data: lines "key=value", the last of which is the checksum of those
 * before it, so that a damaged or shortened one is noticed. */
#ifndef HOLDFAST_REPLICATION_MANIFEST_H
#define HOLDFAST_REPLICATION_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"

#define MANIFEST_VALUE_BYTES 136
#define MANIFEST_TEXT_BYTES 2048

struct manifest {
	char format[MANIFEST_VALUE_BYTES];     /* "1" */
	char product[MANIFEST_VALUE_BYTES];    /* release that made it */
	char mariadb[MANIFEST_VALUE_BYTES];    /* VERSION() of the server */
	char cluster[MANIFEST_VALUE_BYTES];    /* name */
	char cluster_id[MANIFEST_VALUE_BYTES]; /* 16 hex digits */
	char node[MANIFEST_VALUE_BYTES];       /* where it was taken */
	char role[MANIFEST_VALUE_BYTES];       /* standby, or active */
	char begun[MANIFEST_VALUE_BYTES];      /* wall clock, UTC, 2026-11-21T21:00:00Z */
	char ended[MANIFEST_VALUE_BYTES];      /* what was written after this is not in it */
	char gtid[MANIFEST_VALUE_BYTES];       /* position of the data; "" when nothing was ever written */
	char blake2b[MANIFEST_VALUE_BYTES];    /* of the data file, 128 hex digits, as b2sum(1) prints it */
	char findings[MANIFEST_VALUE_BYTES];   /* what was found in the ledger; "", and no line: nothing */
	uint64_t level;			       /* HB_LEVEL of the release */
	uint64_t epoch;			       /* of the record */
	uint64_t ledger_epoch;		       /* the highest that the data knows */
	uint64_t operations;		       /* in the journal */
	uint64_t accounts;
	uint64_t data_bytes;   /* on disk, unpacked, about */
	uint64_t stream_bytes; /* of the data file */
};

/* Writes the file's text into buf, terminated. Returns its length. */
size_t manifest_format(const struct manifest *m, char buf[static MANIFEST_TEXT_BYTES]);

/* 0, or -EBADMSG with e saying which line is wrong: what is damaged is no manifest. */
int manifest_parse(const char *text, struct manifest *ret, struct errbuf *e);

/* The same with the file at path. 0, the code of manifest_parse, or -errno; e is filled unless 0. */
int manifest_load(const char *path, struct manifest *ret, struct errbuf *e);

#endif
