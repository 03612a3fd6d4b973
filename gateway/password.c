#include "gateway/password.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define VERSION 1
#define PASSES 2
#define MEMORY_MIB 19
#define MEMORY_MIB_MAX 256 /* of a record: the database is not to be able to fill our memory */

/* The first half is stored; the second is what only the password gives. */
static int derive(
    const struct password_record *r, const char *password, size_t bytes, uint8_t out[static 2 * PASSWORD_HASH_BYTES])
{
	size_t memory_mib = r->memory_mib[0] | (size_t)r->memory_mib[1] << 8;

	if (r->version != VERSION || r->passes < 1 || memory_mib < 1 || memory_mib > MEMORY_MIB_MAX)
		return -EINVAL;
	if (crypto_pwhash(out, 2 * PASSWORD_HASH_BYTES, password, bytes, r->salt, r->passes, memory_mib * 1024 * 1024,
		crypto_pwhash_ALG_ARGON2ID13))
		return -ENOMEM;
	return 0;
}

int password_make(
    const char *password, size_t bytes, const uint8_t salt[static PASSWORD_SALT_BYTES], struct password_record *ret)
{
	uint8_t out[2 * PASSWORD_HASH_BYTES];
	int code;

	*ret = (struct password_record){.version = VERSION, .passes = PASSES, .memory_mib = {MEMORY_MIB, 0}};
	memcpy(ret->salt, salt, sizeof(ret->salt));
	code = derive(ret, password, bytes, out);
	memcpy(ret->hash, out, sizeof(ret->hash));
	sodium_memzero(out, sizeof(out));
	return code;
}

int password_check(const struct password_record *r, const char *password, size_t bytes, uint8_t key[static 32])
{
	uint8_t out[2 * PASSWORD_HASH_BYTES];
	int code = derive(r, password, bytes, out);

	if (!code)
		code = sodium_memcmp(out, r->hash, sizeof(r->hash)) == 0;
	memcpy(key, out + PASSWORD_HASH_BYTES, 32);
	sodium_memzero(out, sizeof(out));
	return code;
}

void password_dummy(const char *login, size_t bytes, struct password_record *ret)
{
	static const unsigned char what[] = "holdfast: nobody";
	uint8_t bits[PASSWORD_SALT_BYTES + PASSWORD_HASH_BYTES];

	(void)crypto_generichash(bits, sizeof(bits), (const unsigned char *)login, bytes, what, sizeof(what) - 1);
	*ret = (struct password_record){.version = VERSION, .passes = PASSES, .memory_mib = {MEMORY_MIB, 0}};
	memcpy(ret->salt, bits, sizeof(ret->salt));
	memcpy(ret->hash, bits + PASSWORD_SALT_BYTES, sizeof(ret->hash));
}
