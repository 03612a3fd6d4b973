#include "replication/password.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

#include "heartbeat/clusterkey.h"

static_assert(crypto_kdf_KEYBYTES == CLUSTERKEY_BYTES, "the cluster key is a key to derive from");

int replication_password(const uint8_t key[static 32], char ret[static REPLICATION_PASSWORD_BYTES])
{
	/* Never change these two: a running pair could not log in any more. */
	static const char context[crypto_kdf_CONTEXTBYTES + 1] = "HFreplic";
	enum { SUBKEY = 1 };
	uint8_t derived[(REPLICATION_PASSWORD_BYTES - 1) / 2];

	if (sodium_init() < 0 || crypto_kdf_derive_from_key(derived, sizeof(derived), SUBKEY, context, key))
		return -EIO;
	sodium_bin2hex(ret, REPLICATION_PASSWORD_BYTES, derived, sizeof(derived));
	sodium_memzero(derived, sizeof(derived));
	return 0;
}

int replication_password_load(const char *key_path, char ret[static REPLICATION_PASSWORD_BYTES], struct errbuf *e)
{
	uint8_t key[CLUSTERKEY_BYTES];
	int code = clusterkey_load(key_path, key, e);

	if (!code && (code = replication_password(key, ret)))
		(void)err_set(e, code, "libsodium does not start");
	sodium_memzero(key, sizeof(key));
	return code;
}
