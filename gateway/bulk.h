/*
 * Rows for one prepared statement, all in one packet, which the server executes as one statement: it parses no text for them. Source of the
 * format: MariaDB's protocol, COM_STMT_BULK_EXECUTE. Pure.
 */
#ifndef HOLDFAST_GATEWAY_BULK_H
#define HOLDFAST_GATEWAY_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/text.h"

/*
 * Packets are sent one behind the other without a look at the answers between them, and the server executes each, whatever became of the one
 * before. A value that may not be NULL stands in this: without a transaction the rows are refused, and not committed one statement at a
 * time behind a fence that is gone (R12; doc/mariadb.md T21).
 */
#define BULK_IN_TRANSACTION "IF(@@in_transaction,?,NULL)"

/* A statement and what its values are, in their order: 'i' a number, 'u' one without a sign, 'b' bytes. */
struct bulk {
	const char *sql;
	const char *types;
};

/* What comes before the rows; statement: its number on the connection. */
void bulk_put_head(struct text *packet, const struct bulk *b, uint32_t statement);

/* The values of a row, each of the type that it has in its place, or NULL; behind the last of a row comes the first of the next. */
void bulk_put_null(struct text *rows);
void bulk_put_u64(struct text *rows, uint64_t v);
void bulk_put_i64(struct text *rows, int64_t v);
void bulk_put_bytes(struct text *rows, const void *bytes, size_t count);

/* The same, or NULL. */
void bulk_put_optional_i64(struct text *rows, bool has, int64_t v);
void bulk_put_optional_bytes(struct text *rows, bool has, const void *bytes, size_t count);

#endif
