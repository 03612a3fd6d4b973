/* Metadata as the ledger keeps it: one JSON object of strings, written compactly by one library, so that equal names are
 * equal bytes. Pure. */
#ifndef HOLDFAST_GATEWAY_METADATA_H
#define HOLDFAST_GATEWAY_METADATA_H

#include <stddef.h>

#include "gateway/text.h"

#define METADATA_MEMBERS_MAX 20

/*
 * Appends `old` changed by `patch`: a member of both takes the value of the patch, null takes it away, new ones come at
 * the end. Both are objects like {"a":"b"} (0 bytes: {}); the patch may have null for a value. Returns how many members
 * the result has.
 */
size_t metadata_merge(const char *old, size_t old_bytes, const char *patch, size_t patch_bytes, struct text *ret);

#endif
