/* What the modules of rows (row*.c) share: fields of answers, values of statements. */
#ifndef HOLDFAST_GATEWAY_ROW_PARTS_H
#define HOLDFAST_GATEWAY_ROW_PARTS_H

#include "gateway/row.h"

/* 0 for NULL. */
uint64_t row_get_u64(const char *field);
int64_t row_get_i64(const char *field);

/* Copies a field of exactly `count` bytes; false when it is NULL or of another length. */
bool row_get_bytes(const char *field, unsigned long length, void *ret, size_t count);

/* A terminated copy; "" for NULL and for what does not fit. */
void row_get_word(const char *field, unsigned long length, char *ret, size_t size);

/* The row could not be made sense of, as e says: who asks for something of this name will be told (gateway/oddrow.h), and the others are
 * loaded. code: what became of the row, other codes than -EBADMSG stay. */
int row_step_over(struct image *image, int code, const void *name, size_t bytes, struct errbuf *e);

/* -EIO with e filled: as if the connection were gone. */
int row_no_memory(struct errbuf *e);

/* Each appends a comma and the value, or NULL. */
void row_put_optional_hex(struct text *sql, bool has, const void *bytes, size_t count);
void row_put_optional_i64(struct text *sql, bool has, int64_t v);
void row_put_u64s(struct text *sql, const uint64_t *v, size_t count);

#endif
