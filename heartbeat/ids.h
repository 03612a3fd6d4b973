/* Public identifiers: a prefix and a ULID (https://github.com/ulid/spec), "acc_01J8Z3...". Pure. */
#ifndef HOLDFAST_HEARTBEAT_IDS_H
#define HOLDFAST_HEARTBEAT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ULID_CHARS 26
#define ULID_RANDOM_BYTES 10
#define ID_TEXT_BYTES 40 /* prefix of at most 8 characters, ULID, NUL */

struct ulid {
	uint8_t byte[16];
};

/* 48 bits of Unix milliseconds, then 80 bits that the caller has drawn. */
void ulid_make(uint64_t unix_ms, const uint8_t random[static ULID_RANDOM_BYTES], struct ulid *ret);

/* Writes prefix and ULID, terminated. Returns buf. */
const char *id_format(const char *prefix, const struct ulid *u, char buf[static ID_TEXT_BYTES]);

/* True when text is exactly the prefix and 26 upper-case Crockford characters of a 128-bit number; else *ret
 * untouched. */
bool id_parse(const char *text, size_t length, const char *prefix, struct ulid *ret);

bool ulid_equal(const struct ulid *a, const struct ulid *b);

#endif
