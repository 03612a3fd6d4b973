/* Keeps card numbers out: nothing that looks like one is accepted in free text. Pure. */
#ifndef HOLDFAST_GATEWAY_CARDGUARD_H
#define HOLDFAST_GATEWAY_CARDGUARD_H

#include <stdbool.h>
#include <stddef.h>

/* True when bytes hold a run of 13-19 digits, those of full width too, that passes Luhn; blanks, ends of lines and dashes between
 * them, of whatever width and script, are ignored. Our own identifiers (prefix and ULID) never count. */
bool cardguard_finds(const char *bytes, size_t count);

#endif
