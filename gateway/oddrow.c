#include "gateway/oddrow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct oddrow {
	struct oddrow *next;
	size_t bytes;
	char why[128];
	char name[];
};

bool oddrow_mark(struct oddrow **list, const void *name, size_t bytes, const char *why)
{
	struct oddrow *n = calloc(1, sizeof(*n) + bytes);

	if (!n)
		return false;
	n->bytes = bytes;
	memcpy(n->name, name, bytes);
	(void)snprintf(n->why, sizeof(n->why), "%s", why);
	n->next = *list;
	*list = n;
	return true;
}

const char *oddrow_why(const struct oddrow *list, const void *name, size_t bytes)
{
	for (; list; list = list->next)
		if (list->bytes == bytes && memcmp(list->name, name, bytes) == 0)
			return list->why;
	return NULL;
}

void oddrow_free(struct oddrow **list)
{
	while (*list) {
		struct oddrow *n = *list;

		*list = n->next;
		free(n);
	}
}

size_t oddrow_reference(
    const char *channel, const char *reference, size_t bytes, char ret[static ODDROW_REFERENCE_BYTES])
{
	size_t n = strnlen(channel, CHANNEL_BYTES - 1) + 1;
	size_t left = bytes < OP_REFERENCE_BYTES_MAX ? bytes : OP_REFERENCE_BYTES_MAX;

	memcpy(ret, channel, n - 1);
	ret[n - 1] = '\0';
	memcpy(ret + n, reference, left);
	return n + left;
}
