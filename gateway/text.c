#include "gateway/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char hex_digits[] = "0123456789abcdef";

void text_init(struct text *t, char *buf, size_t size)
{
	*t = (struct text){.at = buf, .size = size};
}

void text_clear(struct text *t)
{
	t->used = 0;
	t->cut = false;
}

void text_put(struct text *t, const char *bytes, size_t count)
{
	if (t->cut || count > t->size - t->used) {
		t->cut = true;
		return;
	}
	if (count)
		memcpy(t->at + t->used, bytes, count);
	t->used += count;
}

void text_puts(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

void text_put_u64(struct text *t, uint64_t v)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	text_put(t, digits + at, sizeof(digits) - at);
}

void text_put_i64(struct text *t, int64_t v)
{
	if (v < 0)
		text_put(t, "-", 1);
	text_put_u64(t, v < 0 ? ~(uint64_t)v + 1 : (uint64_t)v);
}

void text_put_json(struct text *t, const char *bytes, size_t count)
{
	text_put(t, "\"", 1);
	for (size_t i = 0; i < count; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\') {
			text_put(t, "\\", 1);
			text_put(t, &bytes[i], 1);
		} else if (c < ' ') {
			text_puts(t, "\\u00");
			text_put(t, &hex_digits[c >> 4], 1);
			text_put(t, &hex_digits[c & 15], 1);
		} else {
			text_put(t, &bytes[i], 1);
		}
	}
	text_put(t, "\"", 1);
}

void text_put_hex(struct text *t, const void *bytes, size_t count)
{
	const unsigned char *b = bytes;

	text_puts(t, "x'");
	for (size_t i = 0; i < count; i++) {
		char two[2] = {hex_digits[b[i] >> 4], hex_digits[b[i] & 15]};

		text_put(t, two, 2);
	}
	text_put(t, "'", 1);
}

void text_put_time(struct text *t, uint64_t unix_us)
{
	time_t seconds = (time_t)(unix_us / 1000000);
	struct tm tm;
	char buf[64];
	size_t n;

	if (!gmtime_r(&seconds, &tm)) {
		t->cut = true;
		return;
	}
	n = strftime(buf, sizeof(buf), "\"%Y-%m-%dT%H:%M:%S.", &tm);
	(void)snprintf(buf + n, sizeof(buf) - n, "%06uZ\"", (unsigned)(unix_us % 1000000));
	text_puts(t, buf);
}
