#include "gateway/cursor.h"

#include <sodium.h>
#include <string.h>

#define CURSOR_VERSION 1
#define FILTER_BYTES 8
#define CHECK_BYTES 6

struct cursor {
	uint8_t version, kind;
	uint8_t filters[FILTER_BYTES];
	struct ulid position;
	uint8_t check[CHECK_BYTES];
};

_Static_assert(sizeof(struct cursor) == 32, "no padding, and 43 characters");

static void take_check(const struct cursor *c, uint8_t ret[static CHECK_BYTES])
{
	unsigned char hash[crypto_generichash_BYTES];

	(void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)c, offsetof(struct cursor, check), NULL, 0);
	memcpy(ret, hash, CHECK_BYTES);
}

static struct cursor make(uint8_t kind, const uint8_t filters[static HASH_BYTES], const struct ulid *position)
{
	struct cursor c = {.version = CURSOR_VERSION, .kind = kind, .position = *position};

	memcpy(c.filters, filters, FILTER_BYTES);
	take_check(&c, c.check);
	return c;
}

const char *cursor_format(uint8_t kind, const uint8_t filters[static HASH_BYTES], const struct ulid *position,
    char buf[static CURSOR_TEXT_BYTES])
{
	struct cursor c = make(kind, filters, position);

	return sodium_bin2base64(
	    buf, CURSOR_TEXT_BYTES, (const unsigned char *)&c, sizeof(c), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool cursor_parse(const char *text, uint8_t kind, const uint8_t filters[static HASH_BYTES], struct ulid *position)
{
	struct cursor c;
	char good[CURSOR_TEXT_BYTES];
	size_t n;

	if (strlen(text) != CURSOR_CHARS ||
	    sodium_base642bin((unsigned char *)&c, sizeof(c), text, CURSOR_CHARS, NULL, &n, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
	    n != sizeof(c))
		return false;
	/* As text: libsodium 1.0.18 reads every byte above 127 as '_', and this is one cursor, not 129. */
	if (strcmp(cursor_format(kind, filters, &c.position, good), text) != 0)
		return false;
	*position = c.position;
	return true;
}

struct ulid cursor_of_number(uint64_t number, uint8_t part)
{
	struct ulid ret = {{0}};

	for (unsigned i = 0; i < 8; i++)
		ret.byte[i] = (uint8_t)(number >> (56 - 8 * i));
	ret.byte[8] = part;
	return ret;
}

uint64_t cursor_number(const struct ulid *position, uint8_t *part)
{
	uint64_t ret = 0;

	for (unsigned i = 0; i < 8; i++)
		ret = ret << 8 | position->byte[i];
	*part = position->byte[8];
	return ret;
}
