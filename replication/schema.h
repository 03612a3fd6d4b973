/*
 * The numbered files of etc/schema (NNN-name.sql) and which of them a database has. A file is a list of statements, each idempotent,
 * each with its ";" at the end of a line; comments have lines of their own. Doc: doc/mariadb.md, "The schema and its migrations". Pure.
 */
#ifndef HOLDFAST_REPLICATION_SCHEMA_H
#define HOLDFAST_REPLICATION_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"

#define SCHEMA_FILES_MAX 100
#define SCHEMA_FILE_BYTES (256 * 1024)
#define SCHEMA_NUMBER_MAX 999
#define SCHEMA_NAME_BYTES 64
#define SCHEMA_CHECKSUM_BYTES 33 /* 32 hex digits */
#define SCHEMA_SQL_BYTES 512

/* What is there in every database before its first file; one row a file that was applied to its end. */
#define SCHEMA_VERSION_TABLE                                                                                           \
	"CREATE TABLE IF NOT EXISTS holdfast.schema_version (number SMALLINT UNSIGNED NOT NULL PRIMARY KEY, "          \
	"name VARCHAR(64) NOT NULL, checksum CHAR(32) NOT NULL, applied_at TIMESTAMP(6) NOT NULL DEFAULT "             \
	"CURRENT_TIMESTAMP(6)) ENGINE=InnoDB CHARACTER SET ascii COLLATE ascii_bin"

/* One row: `applied`, as schema_compare() reads it. Needs group_concat_max_len of 5000. */
#define SCHEMA_VERSION_QUERY                                                                                           \
	"SELECT GROUP_CONCAT(number, ':', checksum ORDER BY number SEPARATOR ' ') applied FROM "                       \
	"holdfast.schema_version"

struct schema_file {
	unsigned number;
	char name[SCHEMA_NAME_BYTES];	      /* of the file, without ".sql" */
	char checksum[SCHEMA_CHECKSUM_BYTES]; /* of the statements: a comment may be mended */
	char *statements;		      /* each ends with NUL, without its ";" */
	size_t bytes;
};

struct schema {
	struct schema_file file[SCHEMA_FILES_MAX]; /* ascending */
	size_t count;
};

/* What a database lacks, and what is odd about it. */
struct schema_state {
	size_t next;	  /* the first file that is to be applied; schema.count: none */
	unsigned version; /* the highest number that was applied; 0 none */
	unsigned unknown; /* the highest number of which this release has no file; 0 none */
	unsigned differs; /* the lowest number that was applied from another text; 0 none */
};

/* Takes "NNN-name.sql" apart: three digits, 001 to 999, then lower case letters, digits and "-". False: it is no such name. */
bool schema_name(const char *file_name, unsigned *number, char name[static SCHEMA_NAME_BYTES]);

/* Makes the statements of f, in place, of the text of the file that lies at f->statements (with a NUL at f->bytes), and the
 * checksum. 0 or -EINVAL with e filled: the last statement has no end, or there is none. */
int schema_take_text(struct schema_file *f, struct errbuf *e);

/* The statement at *at (0 at first), which moves on; NULL after the last. Borrowed from f. */
const char *schema_next_statement(const struct schema_file *f, size_t *at);

/* applied: "1:CHECKSUM 2:CHECKSUM ...", or "" for none. -EINVAL with e filled: it is not of this form. */
int schema_compare(const struct schema *s, const char *applied, struct schema_state *ret, struct errbuf *e);

/* The next file to be applied after `from`, by the same `applied`; schema.count: none. */
size_t schema_next_file(const struct schema *s, const char *applied, size_t from);

/* The statement that says f was applied. What another run said before stays. */
const char *schema_version_sql(const struct schema_file *f, char sql[static SCHEMA_SQL_BYTES]);

#endif
