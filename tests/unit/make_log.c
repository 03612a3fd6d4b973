#include "tests/unit/make_log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void put(struct log *l, uint64_t value, unsigned bytes)
{
	assert_true(l->size + bytes <= LOG_BYTES);
	for (; bytes--; value >>= 8)
		l->bytes[l->size++] = (uint8_t)value;
}

void log_put_event(struct log *l, unsigned type, const void *body, size_t length, unsigned flags)
{
	put(l, 0, 4);
	put(l, type, 1);
	put(l, 1, 4);
	put(l, 19 + length + LOG_CHECKSUM_BYTES, 4);
	put(l, 0, 4);
	put(l, flags, 2);
	assert_true(l->size + length <= LOG_BYTES);
	if (length)
		memcpy(l->bytes + l->size, body, length);
	l->size += length;
	put(l, 0xdddddddd, LOG_CHECKSUM_BYTES);
}

struct log log_begin(unsigned flags)
{
	struct log l = {.bytes = {0xfe, 'b', 'i', 'n'}, .size = 4};

	log_put_event(&l, FDE, "format", 6, flags);
	return l;
}

void log_put_gtid(struct log *l, uint64_t seq, unsigned flags)
{
	struct log body = {.size = 0};

	put(&body, seq, 8);
	put(&body, 0, 4);
	put(&body, flags, 1);
	put(&body, 0, 6);
	log_put_event(l, GTID, body.bytes, body.size, 0);
}

void log_put_query(struct log *l, const char *text)
{
	struct log body = {.size = 0};

	put(&body, 0, 8);
	put(&body, 1, 1); /* length of the database's name */
	put(&body, 0, 2);
	put(&body, 3, 2); /* status variables */
	put(&body, 0, 3);
	put(&body, 'd', 2);
	memcpy(body.bytes + body.size, text, strlen(text));
	log_put_event(l, QUERY, body.bytes, body.size + strlen(text), 0);
}

void log_put_rows(struct log *l)
{
	log_put_event(l, ANNOTATE, "INSERT", 6, 0);
	log_put_event(l, TABLE_MAP, "table", 5, 0);
	log_put_event(l, WRITE_ROWS, "rows", 4, 0);
}

void log_put_transaction(struct log *l, uint64_t seq)
{
	log_put_gtid(l, seq, 0);
	log_put_rows(l);
	log_put_event(l, XID, "12345678", 8, 0);
}

void log_put_list(struct log *l, uint64_t seq)
{
	struct log body = {.size = 0};

	put(&body, seq ? 2 : 0, 4);
	for (unsigned i = 0; seq && i < 2; i++) {
		put(&body, 0, 4);
		put(&body, i, 4);
		put(&body, i ? seq : 1, 8);
	}
	log_put_event(l, GTID_LIST, body.bytes, body.size, 0);
}

static const char *word_of(unsigned type)
{
	static const struct {
		unsigned type;
		const char *word;
	} words[] = {{FDE, "F"}, {XID, "x"}, {QUERY, "q"}, {XA_PREPARE, "p"}, {WRITE_ROWS, "r"}, {ANNOTATE, ""},
	    {TABLE_MAP, ""}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].type == type)
			return words[i].word;
	return "?";
}

void log_in_words(const uint8_t *bytes, size_t size, char *text, size_t text_size)
{
	size_t at = 4, n = 0;

	text[0] = '\0';
	if (!size)
		return;
	assert_true(size > at && bytes[0] == 0xfe && memcmp(bytes + 1, "bin", 3) == 0);
	while (at + 19 <= size) {
		const uint8_t *e = bytes + at;

		if (e[4] == GTID)
			n += (size_t)snprintf(text + n, text_size - n, "%u", e[19] + e[20] * 256u);
		else
			n += (size_t)snprintf(text + n, text_size - n, "%s", word_of(e[4]));
		at += e[9] + e[10] * 256u;
	}
	assert_int_equal(at, size);
}
