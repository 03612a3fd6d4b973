/* The rows of users, sessions and failed logins. Codes as in store.h; `sql` is scratch. */
#ifndef HOLDFAST_GATEWAY_ROW_USER_H
#define HOLDFAST_GATEWAY_ROW_USER_H

#include "gateway/image.h"
#include "gateway/session.h"
#include "gateway/store.h"

/* Puts the sessions of these tokens, ended ones too, into the image. */
int row_load_sessions(struct store *s, struct image *image, const uint8_t *const *token_hashes, size_t count,
    struct text *sql, struct errbuf *e);

/* By login, without case, or by id (login NULL). found is set. */
int row_load_user(struct store *s, const char *login, size_t bytes, const struct ulid *id, struct text *sql,
    struct user_facts *ret, struct errbuf *e);

/* The user's session that has to end when one more begins, if there is one. */
int row_load_oldest_session(
    struct store *s, const struct user *u, uint64_t now_us, struct text *sql, struct user_facts *ret, struct errbuf *e);

/* The failures of a subject: gateway/subject.h makes of a login or an address. */
int row_load_lockout(
    struct store *s, const uint8_t subject[static HASH_BYTES], struct text *sql, struct lockout *ret, struct errbuf *e);

/* A login that was tried, and where what is known of it goes. login_key: folded, borrowed. */
struct login_look {
	const char *login_key;
	size_t login_bytes;
	uint8_t by_login[HASH_BYTES], by_address[HASH_BYTES];
	struct user_facts *facts;
};

/* The users, and the failures, of several logins with one statement each. The same login may be among them more than once. */
int row_load_users(struct store *s, const struct login_look *looks, size_t count, struct text *sql, struct errbuf *e);
int row_load_lockouts(
    struct store *s, const struct login_look *looks, size_t count, struct text *sql, struct errbuf *e);

/* Has the movement in this row of the journal an account of the user's on one of its sides? */
int row_touches_user(
    struct store *s, uint64_t seq, const struct ulid *user, struct text *sql, bool *ret, struct errbuf *e);

/* Each appends one statement and the NUL that ends it. */
void row_insert_user(struct text *sql, const struct user *u);
void row_update_user(struct text *sql, const struct user *u); /* what can change */
void row_put_session(struct text *sql, const struct session *s);
void row_end_session(struct text *sql, const uint8_t token_hash[static HASH_BYTES]);
void row_put_lockout(struct text *sql, const uint8_t subject[static HASH_BYTES], const struct lockout *l);
void row_forgive(struct text *sql, const uint8_t subject[static HASH_BYTES]);
/* Some of the rows that mean nothing any more. */
void row_sweep_users(struct text *sql, uint64_t now_us);

#endif
