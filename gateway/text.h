/* A bounded text under construction: JSON bodies and SQL statements. Never allocates; too long is remembered.
 * Pure. */
#ifndef HOLDFAST_GATEWAY_TEXT_H
#define HOLDFAST_GATEWAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *at; /* borrowed */
	size_t size, used;
	bool cut; /* something did not fit; the content is not to be used */
};

void text_init(struct text *t, char *buf, size_t size);
void text_clear(struct text *t);
void text_put(struct text *t, const char *bytes, size_t count);
void text_puts(struct text *t, const char *s);
void text_put_u64(struct text *t, uint64_t v);
void text_put_i64(struct text *t, int64_t v);

/* A JSON string with its quotes; bytes must be UTF-8. */
void text_put_json(struct text *t, const char *bytes, size_t count);

/* x'0AFF', which SQL takes as a binary string whatever it holds. */
void text_put_hex(struct text *t, const void *bytes, size_t count);

/* "2026-01-02T03:04:05.000006Z", RFC 3339 in UTC, with the quotes. */
void text_put_time(struct text *t, uint64_t unix_us);

#endif
