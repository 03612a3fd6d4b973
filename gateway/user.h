/* Users and their sessions, as the ledger knows them and as the API shows them. Pure. */
#ifndef HOLDFAST_GATEWAY_USER_H
#define HOLDFAST_GATEWAY_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/op.h"
#include "gateway/password.h"
#include "gateway/text.h"

#define LOGIN_CHARS_MIN 3
#define LOGIN_CHARS_MAX 64 /* ASCII */
#define DISPLAY_NAME_CHARS_MAX 100
#define SESSIONS_OF_USER_MAX 100 /* open at once, of one user */
#define SESSION_LIFE_US (UINT64_C(12) * 3600 * 1000000)

/* Identifiers of principals: API keys count from 1, users have this bit and the journal position that made them. */
#define USER_PRINCIPAL (UINT64_C(1) << 62)

struct user {
	struct ulid id;
	uint64_t principal;
	char login[LOGIN_CHARS_MAX + 1];
	char display_name[4 * DISPLAY_NAME_CHARS_MAX + 1];
	struct password_record password;
	uint64_t created_us;
	uint64_t sessions_from_us; /* those that began then or before are over, but for session_kept */
	uint8_t session_kept[HASH_BYTES];
};

struct session {
	uint8_t token_hash[HASH_BYTES];
	struct ulid user;
	uint64_t principal; /* of the user */
	uint64_t created_us, expires_us;
	bool ended; /* by its user, by a new password, or by one session too many */
	bool kept;  /* its row stays: the Idempotency-Key that began it is a client's */
};

/* 3 to 64 of letters, digits and ._@+- */
bool user_login_is_good(const char *login, size_t bytes);

/* Logins are compared without case: in place. */
void user_fold_login(char *login, size_t bytes);

void user_render(struct text *t, const struct user *u);

/* token: "st_...", or NULL where it is not shown again. */
void session_render(struct text *t, const struct session *s, const char *token);

#endif
