#include "gateway/row_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t row_get_u64(const char *field)
{
	return field ? strtoull(field, NULL, 10) : 0;
}

int64_t row_get_i64(const char *field)
{
	return field ? strtoll(field, NULL, 10) : 0;
}

/* Copies a field of exactly `count` bytes; false when it is NULL or of another length. */
bool row_get_bytes(const char *field, unsigned long length, void *ret, size_t count)
{
	if (!field || length != count)
		return false;
	memcpy(ret, field, count);
	return true;
}

void row_get_word(const char *field, unsigned long length, char *ret, size_t size)
{
	size_t n = field && length < size ? length : 0;

	if (n)
		memcpy(ret, field, n);
	ret[n] = '\0';
}

int row_step_over(struct image *image, int code, const void *name, size_t bytes, struct errbuf *e)
{
	if (code != -EBADMSG)
		return code;
	return oddrow_mark(image_odd(image), name, bytes, e->text) ? 0 : row_no_memory(e);
}

int row_no_memory(struct errbuf *e)
{
	return err_set(e, -EIO, "out of memory");
}

void row_put_optional_hex(struct text *sql, bool has, const void *bytes, size_t count)
{
	text_puts(sql, ",");
	if (has)
		text_put_hex(sql, bytes, count);
	else
		text_puts(sql, "NULL");
}

void row_put_optional_i64(struct text *sql, bool has, int64_t v)
{
	text_puts(sql, ",");
	if (has)
		text_put_i64(sql, v);
	else
		text_puts(sql, "NULL");
}

void row_put_u64s(struct text *sql, const uint64_t *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_puts(sql, ",");
		text_put_u64(sql, v[i]);
	}
}
