/* Rows that were looked up and are such as this version does not understand: who names one is refused, nobody else. */
#ifndef HOLDFAST_GATEWAY_ODDROW_H
#define HOLDFAST_GATEWAY_ODDROW_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/op.h"

struct oddrow; /* NULL: none */

/* name: an id, the hash of a key, ...; copied, as is why. False: no memory. */
bool oddrow_mark(struct oddrow **list, const void *name, size_t bytes, const char *why);

/* Why the row of this name was marked; NULL: it was not. */
const char *oddrow_why(const struct oddrow *list, const void *name, size_t bytes);

void oddrow_free(struct oddrow **list);

/* The name of a top-up by what the channel calls it, and its length. */
#define ODDROW_REFERENCE_BYTES (CHANNEL_BYTES + OP_REFERENCE_BYTES_MAX)
size_t oddrow_reference(
    const char *channel, const char *reference, size_t bytes, char ret[static ODDROW_REFERENCE_BYTES]);

#endif
