#include "heartbeat/paged_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/durable.h"

#define PATH_BYTES 256
#define PASSES 3
#define MEMORY_BYTES (64u * 1024 * 1024)

int paged_password_make(const char *password, char ret[static PAGED_HASH_BYTES + 2], struct errbuf *e)
{
	size_t n = strlen(password);

	_Static_assert(PAGED_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash has room");
	if (n < PAGED_CHARS_MIN || n > PAGED_CHARS_MAX)
		return err_set(
		    e, -EINVAL, "a password of %zu bytes: want %d to %d", n, PAGED_CHARS_MIN, PAGED_CHARS_MAX);
	if (crypto_pwhash_str(ret, password, n, PASSES, MEMORY_BYTES))
		return err_set(e, -ENOMEM, "not enough memory for a hash");
	n = strlen(ret);
	ret[n] = '\n';
	ret[n + 1] = '\0';
	return 0;
}

int paged_password_check(const char *dir, const char *password, struct errbuf *e)
{
	char path[PATH_BYTES], hash[PAGED_HASH_BYTES + 2];
	int code;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, PAGED_PASSWORD_NAME);
	code = durable_read(path, hash, sizeof(hash), e);
	if (code)
		return code;
	hash[strcspn(hash, "\n")] = '\0';
	if (strncmp(hash, crypto_pwhash_STRPREFIX, strlen(crypto_pwhash_STRPREFIX)) != 0)
		return err_set(e, -EINVAL, "%s: not a hash of ours: holdfastctl page-password", path);
	code = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
	sodium_memzero(hash, sizeof(hash));
	return code;
}

int paged_cert_read(const char *dir, char ret[static PAGED_CERT_BYTES], struct errbuf *e)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, PAGED_CERT_NAME);
	return durable_read(path, ret, PAGED_CERT_BYTES, e);
}
