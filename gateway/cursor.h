/* The opaque `after` of a list: where a page ended, bound to the query that it is a page of. Pure. */
#ifndef HOLDFAST_GATEWAY_CURSOR_H
#define HOLDFAST_GATEWAY_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/op.h"

#define CURSOR_CHARS 43
#define CURSOR_TEXT_BYTES (CURSOR_CHARS + 1)

/*
 * A cursor says which list it is of (kind), a hash of its filters, and a position. It has a checksum, so that what was cut or mistyped is
 * refused; it has no key: one that was made up shows nothing that the same query without it would not.
 */

/* Writes base64url, terminated. Returns buf. */
const char *cursor_format(uint8_t kind, const uint8_t filters[static HASH_BYTES], const struct ulid *position,
    char buf[static CURSOR_TEXT_BYTES]);

/* False: damaged, or of another query. */
bool cursor_parse(const char *text, uint8_t kind, const uint8_t filters[static HASH_BYTES], struct ulid *position);

/* A position that is a number (and a part of what has that number), greater numbers sort later. */
struct ulid cursor_of_number(uint64_t number, uint8_t part);
uint64_t cursor_number(const struct ulid *position, uint8_t *part);

#endif
