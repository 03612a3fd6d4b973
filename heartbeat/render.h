/* Templates: text with @NAME@ in it, of capital letters, digits and underscores. */
#ifndef HOLDFAST_HEARTBEAT_RENDER_H
#define HOLDFAST_HEARTBEAT_RENDER_H

#include <stddef.h>
#include <stdio.h>

#include "heartbeat/err.h"

struct render_pair {
	const char *name;
	const char *value; /* NULL: every line that has this placeholder is left out */
};

/* Copies in to out with the placeholders replaced. A value is not looked at again. 0, or with *e filled ("name:line:
 * what"): -ENOKEY a placeholder that no pair names, -E2BIG a line above 4,000 bytes, -EIO or -errno. */
int render(FILE *in, const char *name, const struct render_pair *pair, size_t pairs, FILE *out, struct errbuf *e);

/* The same for a file, into allocated text that the caller frees; NULL with *e filled and *code set. */
char *render_file(const char *path, const struct render_pair *pair, size_t pairs, int *code, struct errbuf *e);

#endif
