#include "gateway/bulk.h"

#include <assert.h>

#define COM_STMT_BULK_EXECUTE 0xfa
#define FLAG_TYPES 0x80 /* the types are told, of two bytes of flags */
#define TYPE_LONGLONG 0x08
#define TYPE_BLOB 0xfc
#define TYPE_UNSIGNED 0x80
#define LENGTH_16 0xfc /* what a length begins with, when it does not fit into that byte */
#define LENGTH_24 0xfd

enum indicator { VALUE_FOLLOWS, VALUE_NULL };

/* Little-endian. */
static void put_number(struct text *t, uint64_t v, size_t bytes)
{
	char b[sizeof(v)];

	for (size_t i = 0; i < bytes; i++)
		b[i] = (char)(v >> 8 * i & 0xff);
	text_put(t, b, bytes);
}

void bulk_put_head(struct text *packet, const struct bulk *b, uint32_t statement)
{
	put_number(packet, COM_STMT_BULK_EXECUTE, 1);
	put_number(packet, statement, 4);
	put_number(packet, FLAG_TYPES, 2);
	for (const char *type = b->types; *type; type++) {
		put_number(packet, *type == 'b' ? TYPE_BLOB : TYPE_LONGLONG, 1);
		put_number(packet, *type == 'u' ? TYPE_UNSIGNED : 0, 1);
	}
}

void bulk_put_null(struct text *rows)
{
	put_number(rows, VALUE_NULL, 1);
}

void bulk_put_u64(struct text *rows, uint64_t v)
{
	put_number(rows, VALUE_FOLLOWS, 1);
	put_number(rows, v, 8);
}

void bulk_put_i64(struct text *rows, int64_t v)
{
	bulk_put_u64(rows, (uint64_t)v);
}

void bulk_put_bytes(struct text *rows, const void *bytes, size_t count)
{
	assert(count < 1 << 24);
	put_number(rows, VALUE_FOLLOWS, 1);
	if (count >= 1 << 16) {
		put_number(rows, LENGTH_24, 1);
		put_number(rows, count, 3);
	} else if (count > 250) {
		put_number(rows, LENGTH_16, 1);
		put_number(rows, count, 2);
	} else {
		put_number(rows, count, 1);
	}
	text_put(rows, bytes, count);
}

void bulk_put_optional_i64(struct text *rows, bool has, int64_t v)
{
	if (has)
		bulk_put_i64(rows, v);
	else
		bulk_put_null(rows);
}

void bulk_put_optional_bytes(struct text *rows, bool has, const void *bytes, size_t count)
{
	if (has)
		bulk_put_bytes(rows, bytes, count);
	else
		bulk_put_null(rows);
}
