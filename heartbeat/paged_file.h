/* What the status page has in CONF_PAGE_DIR: the hash of its password, its certificate and that one's key. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_FILE_H
#define HOLDFAST_HEARTBEAT_PAGED_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "heartbeat/err.h"

#define PAGED_PASSWORD_NAME "password" /* one line: Argon2id (RFC 9106) as libsodium's crypto_pwhash_str writes it */
#define PAGED_CERT_NAME "page.pem"     /* certificate, perhaps with those between it and its CA, and key */
#define PAGED_CHARS_MIN 10	       /* bytes of a password */
#define PAGED_CHARS_MAX 128
#define PAGED_HASH_BYTES 128
#define PAGED_CERT_BYTES 32768

/* The line of a password, with its newline. Takes about a tenth of a second, and 64 MiB. 0, -EINVAL (its length) or -ENOMEM, with e filled. */
int paged_password_make(const char *password, char ret[static PAGED_HASH_BYTES + 2], struct errbuf *e);

/* Is that the password of the file in dir? Takes as long either way. 1 it is, 0 it is not, -errno with e filled: the file cannot be read, or
 * has no hash; -ENOMEM. */
int paged_password_check(const char *dir, const char *password, struct errbuf *e);

/* The certificate and its key. 0, or -errno with e filled. */
int paged_cert_read(const char *dir, char ret[static PAGED_CERT_BYTES], struct errbuf *e);

#endif
