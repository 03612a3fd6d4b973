/* Until when a certificate is good. Ours last until 2049 (heartbeat/pki.c); the one that clients see may be an operator's own. */
#ifndef HOLDFAST_HEARTBEAT_CERTIFICATE_H
#define HOLDFAST_HEARTBEAT_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"

/* The certificates of a machine, as they are called in a status and in metrics. */
struct certificate {
	const char *name, *path;
};
extern const struct certificate certificates[];
extern const size_t certificates_count;

/* When the first of the certificates in a PEM file ends: Unix seconds. 0 and *ret, -ENOENT there is no file, -EBADMSG no certificate is in it, or one that
 * cannot be read, or -errno, with e filled. */
int certificate_end(const char *path, int64_t *ret_s, struct errbuf *e);

#endif
