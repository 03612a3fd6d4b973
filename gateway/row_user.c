#include "gateway/row_user.h"

#include "gateway/row_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_ROWS "20" /* a transaction: more than it makes */

static uint64_t get_u64(const char *field)
{
	return field ? strtoull(field, NULL, 10) : 0;
}

static bool get_bytes(const char *field, unsigned long length, void *ret, size_t count)
{
	if (!field || length != count)
		return false;
	memcpy(ret, field, count);
	return true;
}

static bool get_word(const char *field, unsigned long length, char *ret, size_t size)
{
	if (!field || length >= size)
		return false;
	memcpy(ret, field, length);
	ret[length] = '\0';
	return true;
}

static int bad_row(const char *table, struct errbuf *e)
{
	return err_set(e, -EBADMSG, "%s: a row that this version does not understand", table);
}

int row_load_sessions(struct store *s, struct image *image, const uint8_t *const *token_hashes, size_t count,
    struct text *sql, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	size_t wanted = 0;
	int code;

	text_clear(sql);
	text_puts(sql,
	    "SELECT s.token_hash, s.user, u.principal, s.created_us, s.expires_us, s.ended OR (s.created_us<="
	    "u.sessions_from_us AND s.token_hash<>COALESCE(u.session_kept, '')) FROM session s JOIN user u ON "
	    "u.id=s.user WHERE s.token_hash IN (");
	for (size_t i = 0; i < count; i++) {
		if (image_session(image, token_hashes[i]))
			continue;
		text_puts(sql, wanted++ ? "," : "");
		text_put_hex(sql, token_hashes[i], HASH_BYTES);
	}
	text_puts(sql, ")");
	if (!wanted)
		return 0;
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	while (!code && (row = mysql_fetch_row(rows))) {
		unsigned long *n = mysql_fetch_lengths(rows);
		struct session one = {
		    .principal = get_u64(row[2]),
		    .created_us = get_u64(row[3]),
		    .expires_us = get_u64(row[4]),
		    .ended = get_u64(row[5]) != 0,
		};

		if (!get_bytes(row[0], n[0], one.token_hash, HASH_BYTES) ||
		    !get_bytes(row[1], n[1], &one.user, sizeof(one.user)))
			code = row_step_over(image, bad_row("session", e), row[0], row[0] ? n[0] : 0, e);
		else if (!image_add_session(image, &one))
			code = err_set(e, -EIO, "out of memory");
	}
	mysql_free_result(rows);
	return code;
}

int row_load_oldest_session(
    struct store *s, const struct user *u, uint64_t now_us, struct text *sql, struct user_facts *ret, struct errbuf *e)
{
	uint64_t from_us =
	    u->sessions_from_us + SESSION_LIFE_US; /* those that a new password ended expire until then */
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code;

	/* By the index `open`: as many entries as there may be sessions, however many there were. */
	text_clear(sql);
	text_puts(sql, "SELECT token_hash FROM session WHERE user=");
	text_put_hex(sql, &u->id, sizeof(u->id));
	text_puts(sql, " AND ended=0 AND expires_us>");
	text_put_u64(sql, now_us > from_us ? now_us : from_us);
	text_puts(sql, " ORDER BY expires_us DESC LIMIT 1 OFFSET ");
	text_put_u64(sql, SESSIONS_OF_USER_MAX - 1);
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	row = mysql_fetch_row(rows);
	if (row) {
		ret->has_oldest = get_bytes(row[0], mysql_fetch_lengths(rows)[0], ret->oldest, HASH_BYTES);
		code = ret->has_oldest ? 0 : bad_row("session", e);
	}
	mysql_free_result(rows);
	return code;
}

#define USER_COLUMNS "id, principal, login, display_name, password, created_us, sessions_from_us, session_kept"
#define USER_COLUMN_COUNT 8

static int take_user(MYSQL_ROW row, const unsigned long *n, struct user *u, struct errbuf *e)
{
	u->principal = get_u64(row[1]);
	u->created_us = get_u64(row[5]);
	u->sessions_from_us = get_u64(row[6]);
	if (!get_bytes(row[0], n[0], &u->id, sizeof(u->id)) || !get_word(row[2], n[2], u->login, sizeof(u->login)) ||
	    !get_word(row[3], n[3], u->display_name, sizeof(u->display_name)) ||
	    !get_bytes(row[4], n[4], &u->password, sizeof(u->password)) ||
	    (row[7] && !get_bytes(row[7], n[7], u->session_kept, HASH_BYTES)))
		return bad_row("user", e);
	return 0;
}

int row_load_user(struct store *s, const char *login, size_t bytes, const struct ulid *id, struct text *sql,
    struct user_facts *ret, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	char folded[LOGIN_CHARS_MAX];
	int code;

	ret->found = false;
	if (login && bytes > sizeof(folded))
		return 0;
	text_clear(sql);
	text_puts(sql, "SELECT " USER_COLUMNS " FROM user WHERE ");
	if (login) {
		memcpy(folded, login, bytes);
		user_fold_login(folded, bytes);
		text_puts(sql, "login_key=");
		text_put_hex(sql, folded, bytes);
	} else {
		text_puts(sql, "id=");
		text_put_hex(sql, id, sizeof(*id));
	}
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	row = mysql_fetch_row(rows);
	if (row) {
		code = take_user(row, mysql_fetch_lengths(rows), &ret->user, e);
		ret->found = !code;
	}
	mysql_free_result(rows);
	return code;
}

int row_load_users(struct store *s, const struct login_look *looks, size_t count, struct text *sql, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT " USER_COLUMNS ", login_key FROM user WHERE login_key IN (");
	for (size_t i = 0; i < count; i++) {
		looks[i].facts->found = false;
		text_puts(sql, i ? "," : "");
		text_put_hex(sql, looks[i].login_key, looks[i].login_bytes);
	}
	text_puts(sql, ")");
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	while (!code && (row = mysql_fetch_row(rows))) {
		const unsigned long *n = mysql_fetch_lengths(rows);
		struct user u = {0};

		code = take_user(row, n, &u, e);
		/* Who tries to guess a password asks more than once. */
		for (size_t i = 0; !code && i < count; i++)
			if (n[USER_COLUMN_COUNT] == looks[i].login_bytes &&
			    memcmp(row[USER_COLUMN_COUNT], looks[i].login_key, looks[i].login_bytes) == 0) {
				looks[i].facts->user = u;
				looks[i].facts->found = true;
			}
	}
	mysql_free_result(rows);
	return code;
}

static void take_lockout(
    MYSQL_ROW row, const unsigned long *n, const uint8_t subject[static HASH_BYTES], struct lockout *ret)
{
	if (n[0] != HASH_BYTES || memcmp(row[0], subject, HASH_BYTES) != 0)
		return;
	for (unsigned i = 0; i < LOCKOUT_FAILURES; i++)
		ret->at_us[i] = get_u64(row[1 + i]);
}

int row_load_lockouts(struct store *s, const struct login_look *looks, size_t count, struct text *sql, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT subject, t1, t2, t3, t4, t5 FROM login_failure WHERE subject IN (");
	for (size_t i = 0; i < count; i++) {
		looks[i].facts->by_login = looks[i].facts->by_address = (struct lockout){{0}};
		text_puts(sql, i ? "," : "");
		text_put_hex(sql, looks[i].by_login, HASH_BYTES);
		text_puts(sql, ",");
		text_put_hex(sql, looks[i].by_address, HASH_BYTES);
	}
	text_puts(sql, ")");
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	while ((row = mysql_fetch_row(rows))) {
		const unsigned long *n = mysql_fetch_lengths(rows);

		for (size_t i = 0; i < count; i++) {
			take_lockout(row, n, looks[i].by_login, &looks[i].facts->by_login);
			take_lockout(row, n, looks[i].by_address, &looks[i].facts->by_address);
		}
	}
	mysql_free_result(rows);
	return 0;
}

int row_load_lockout(
    struct store *s, const uint8_t subject[static HASH_BYTES], struct text *sql, struct lockout *ret, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	MYSQL_ROW row;
	int code;

	*ret = (struct lockout){{0}};
	text_clear(sql);
	text_puts(sql, "SELECT t1, t2, t3, t4, t5 FROM login_failure WHERE subject=");
	text_put_hex(sql, subject, HASH_BYTES);
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	row = mysql_fetch_row(rows);
	for (unsigned i = 0; row && i < LOCKOUT_FAILURES; i++)
		ret->at_us[i] = get_u64(row[i]);
	mysql_free_result(rows);
	return 0;
}

int row_touches_user(
    struct store *s, uint64_t seq, const struct ulid *user, struct text *sql, bool *ret, struct errbuf *e)
{
	MYSQL_RES *rows = NULL;
	int code;

	text_clear(sql);
	text_puts(sql, "SELECT 1 FROM journal j JOIN account a ON a.id IN (j.debit, j.credit) WHERE j.seq=");
	text_put_u64(sql, seq);
	text_puts(sql, " AND a.owner=");
	text_put_hex(sql, user, sizeof(*user));
	text_puts(sql, " LIMIT 1");
	code = store_select(s, sql, &rows, e);
	if (code)
		return code;
	*ret = mysql_num_rows(rows) != 0;
	mysql_free_result(rows);
	return 0;
}

static void end_statement(struct text *sql)
{
	text_put(sql, "", 1);
}

static void put_hex(struct text *sql, const char *before, const void *bytes, size_t count)
{
	text_puts(sql, before);
	text_put_hex(sql, bytes, count);
}

static void put_u64(struct text *sql, const char *before, uint64_t v)
{
	text_puts(sql, before);
	text_put_u64(sql, v);
}

void row_insert_user(struct text *sql, const struct user *u)
{
	char folded[LOGIN_CHARS_MAX];
	size_t n = strlen(u->login);

	memcpy(folded, u->login, n);
	user_fold_login(folded, n);
	put_hex(sql, "INSERT INTO user (id, principal, login_key, login, display_name, password, created_us) VALUES (",
	    &u->id, sizeof(u->id));
	put_u64(sql, ",", u->principal);
	put_hex(sql, ",", folded, n);
	put_hex(sql, ",", u->login, n);
	put_hex(sql, ",", u->display_name, strlen(u->display_name));
	put_hex(sql, ",", &u->password, sizeof(u->password));
	put_u64(sql, ",", u->created_us);
	text_puts(sql, ")");
	end_statement(sql);
}

void row_update_user(struct text *sql, const struct user *u)
{
	put_hex(sql, "UPDATE user SET display_name=", u->display_name, strlen(u->display_name));
	put_hex(sql, ", password=", &u->password, sizeof(u->password));
	put_u64(sql, ", sessions_from_us=", u->sessions_from_us);
	put_hex(sql, ", session_kept=", u->session_kept, HASH_BYTES);
	put_hex(sql, " WHERE id=", &u->id, sizeof(u->id));
	end_statement(sql);
}

void row_put_session(struct text *sql, const struct session *s)
{
	put_hex(sql, "INSERT INTO session (token_hash, user, created_us, expires_us, sweep_us) VALUES (", s->token_hash,
	    HASH_BYTES);
	put_hex(sql, ",", &s->user, sizeof(s->user));
	put_u64(sql, ",", s->created_us);
	put_u64(sql, ",", s->expires_us);
	if (s->kept)
		text_puts(sql, ",NULL");
	else
		put_u64(sql, ",", s->expires_us + SESSION_LIFE_US);
	text_puts(sql, ")");
	end_statement(sql);
}

void row_end_session(struct text *sql, const uint8_t token_hash[static HASH_BYTES])
{
	put_hex(sql, "UPDATE session SET ended=1 WHERE token_hash=", token_hash, HASH_BYTES);
	end_statement(sql);
}

void row_put_lockout(struct text *sql, const uint8_t subject[static HASH_BYTES], const struct lockout *l)
{
	put_hex(sql, "REPLACE INTO login_failure (subject, t1, t2, t3, t4, t5) VALUES (", subject, HASH_BYTES);
	for (unsigned i = 0; i < LOCKOUT_FAILURES; i++)
		put_u64(sql, ",", l->at_us[i]);
	text_puts(sql, ")");
	end_statement(sql);
}

void row_forgive(struct text *sql, const uint8_t subject[static HASH_BYTES])
{
	put_hex(sql, "DELETE FROM login_failure WHERE subject=", subject, HASH_BYTES);
	end_statement(sql);
}

void row_sweep_users(struct text *sql, uint64_t now_us)
{
	/* In the order of an index, so that it is the same rows on every copy. A session that a client's key began is never among them:
	 * its token follows from the key and the password, and would be good again if nothing said that it is over. */
	put_u64(sql, "DELETE FROM session WHERE sweep_us<", now_us);
	text_puts(sql, " ORDER BY sweep_us LIMIT " SWEEP_ROWS);
	end_statement(sql);
	put_u64(sql, "DELETE FROM login_failure WHERE t5<", now_us > LOCKOUT_US ? now_us - LOCKOUT_US : 0);
	text_puts(sql, " ORDER BY t5 LIMIT " SWEEP_ROWS);
	end_statement(sql);
}
