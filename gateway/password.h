/*
 * Passwords as the database keeps them: Argon2id (RFC 9106, by libsodium) of the password, in a record that says with what it was
 * computed, so that the cost can grow. Cost now: 19 MiB, 2 passes, the least that OWASP's Password Storage Cheat Sheet allows for
 * Argon2id, about 20 ms of one core: a worker checks some dozens in a second, holds 19 MiB for it and not more, and hold-timeout is
 * long enough for a queue of them. Not on an event loop: gateway/hasher.h.
 */
#ifndef HOLDFAST_GATEWAY_PASSWORD_H
#define HOLDFAST_GATEWAY_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PASSWORD_CHARS_MIN 10
#define PASSWORD_CHARS_MAX 128
#define PASSWORD_BYTES_MAX 512 /* UTF-8 */
#define PASSWORD_SALT_BYTES 16
#define PASSWORD_HASH_BYTES 32

/* All bytes; integers are little endian. */
struct password_record {
	uint8_t version; /* 1: Argon2id 1.3 */
	uint8_t passes;
	uint8_t memory_mib[2];
	uint8_t salt[PASSWORD_SALT_BYTES];
	uint8_t hash[PASSWORD_HASH_BYTES];
};

/* Of a salt that nobody else has. 0 or -ENOMEM. */
int password_make(
    const char *password, size_t bytes, const uint8_t salt[static PASSWORD_SALT_BYTES], struct password_record *ret);

/* Takes as long as password_make when it is not the one. 1: it is; 0: it is not; -ENOMEM; -EINVAL: no record of this release.
 * key: 32 bytes that only the password gives, not even the record; for what must be the same at every login and is stored nowhere. */
int password_check(const struct password_record *r, const char *password, size_t bytes, uint8_t key[static 32]);

/* The record of a login that there is not: nothing fits it, and it takes as long. The same one for the same login. */
void password_dummy(const char *login, size_t bytes, struct password_record *ret);

#endif
