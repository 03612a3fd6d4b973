#include "heartbeat/ids.h"

#include <assert.h>
#include <string.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void ulid_make(uint64_t unix_ms, const uint8_t random[static ULID_RANDOM_BYTES], struct ulid *ret)
{
	for (unsigned i = 0; i < 6; i++)
		ret->byte[i] = (uint8_t)(unix_ms >> (8 * (5 - i)));
	memcpy(ret->byte + 6, random, ULID_RANDOM_BYTES);
}

/* 26 digits of 5 bits hold 130: the number stands right-aligned, so digit d covers bits 5d-2 to 5d+2 from the
 * left. */
static unsigned bit_at(const struct ulid *u, int bit)
{
	return bit < 0 ? 0 : ((unsigned)u->byte[bit / 8] >> (7 - bit % 8)) & 1u;
}

const char *id_format(const char *prefix, const struct ulid *u, char buf[static ID_TEXT_BYTES])
{
	size_t n = strlen(prefix);

	assert(n + ULID_CHARS < ID_TEXT_BYTES);
	memcpy(buf, prefix, n);
	for (int d = 0; d < ULID_CHARS; d++) {
		unsigned value = 0;

		for (int b = 0; b < 5; b++)
			value = value << 1 | bit_at(u, 5 * d - 2 + b);
		buf[n++] = digits[value];
	}
	buf[n] = '\0';
	return buf;
}

bool id_parse(const char *text, size_t length, const char *prefix, struct ulid *ret)
{
	size_t n = strlen(prefix);
	struct ulid u = {{0}};

	if (length != n + ULID_CHARS || memcmp(text, prefix, n) != 0 || text[n] > '7')
		return false;
	for (int d = 0; d < ULID_CHARS; d++) {
		const char *at = text[n + (size_t)d] ? strchr(digits, text[n + (size_t)d]) : NULL;

		if (!at)
			return false;
		for (int b = 0; b < 5; b++) {
			int bit = 5 * d - 2 + b;

			if (bit >= 0 && ((unsigned)(at - digits) >> (4 - b) & 1u))
				u.byte[bit / 8] = (uint8_t)(u.byte[bit / 8] | 1u << (7 - bit % 8));
		}
	}
	*ret = u;
	return true;
}

bool ulid_equal(const struct ulid *a, const struct ulid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
