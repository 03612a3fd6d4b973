#include "gateway/row_user.h"

#include <errno.h>
#include <sodium.h>
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
	text_puts(sql, "SELECT s.token_hash, s.user, u.principal, s.created_us, s.expires_us, s.ended FROM session s "
		       "JOIN user u ON u.id=s.user WHERE s.token_hash IN (");
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
			code = bad_row("session", e);
		else if (!image_add_session(image, &one))
			code = err_set(e, -EIO, "out of memory");
	}
	mysql_free_result(rows);
	return code;
}

static int take_user(MYSQL_ROW row, const unsigned long *n, struct user *u, struct errbuf *e)
{
	u->principal = get_u64(row[1]);
	u->created_us = get_u64(row[5]);
	if (!get_bytes(row[0], n[0], &u->id, sizeof(u->id)) || !get_word(row[2], n[2], u->login, sizeof(u->login)) ||
	    !get_word(row[3], n[3], u->display_name, sizeof(u->display_name)) ||
	    !get_bytes(row[4], n[4], &u->password, sizeof(u->password)))
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
	text_puts(sql, "SELECT id, principal, login, display_name, password, created_us FROM user WHERE ");
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

void row_lockout_subject(char what, const char *name, size_t bytes, uint8_t ret[static HASH_BYTES])
{
	char folded[LOGIN_CHARS_MAX + 1];
	size_t n = bytes < LOGIN_CHARS_MAX ? bytes : LOGIN_CHARS_MAX;

	folded[0] = what;
	if (n)
		memcpy(folded + 1, name, n);
	user_fold_login(folded + 1, n);
	(void)crypto_generichash(ret, HASH_BYTES, (const unsigned char *)folded, n + 1, NULL, 0);
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

void row_put_user(struct text *sql, const struct user *u)
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
	text_puts(sql, ") ON DUPLICATE KEY UPDATE display_name=VALUES(display_name), password=VALUES(password)");
	end_statement(sql);
}

void row_put_session(struct text *sql, const struct session *s)
{
	put_hex(
	    sql, "INSERT INTO session (token_hash, user, created_us, expires_us) VALUES (", s->token_hash, HASH_BYTES);
	put_hex(sql, ",", &s->user, sizeof(s->user));
	put_u64(sql, ",", s->created_us);
	put_u64(sql, ",", s->expires_us);
	text_puts(sql, ")");
	end_statement(sql);
}

void row_end_session(struct text *sql, const uint8_t token_hash[static HASH_BYTES])
{
	put_hex(sql, "UPDATE session SET ended=1 WHERE token_hash=", token_hash, HASH_BYTES);
	end_statement(sql);
}

void row_end_other_sessions(struct text *sql, const struct ulid *user, const uint8_t but[static HASH_BYTES])
{
	put_hex(sql, "UPDATE session SET ended=1 WHERE user=", user, sizeof(*user));
	put_hex(sql, " AND token_hash<>", but, HASH_BYTES);
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
	/* A key is remembered for a while after its session. In the order of an index, so that it is the same rows on every copy. */
	put_u64(sql, "DELETE FROM session WHERE expires_us<", now_us > SESSION_LIFE_US ? now_us - SESSION_LIFE_US : 0);
	text_puts(sql, " ORDER BY expires_us LIMIT " SWEEP_ROWS);
	end_statement(sql);
	put_u64(sql, "DELETE FROM login_failure WHERE t5<", now_us > LOCKOUT_US ? now_us - LOCKOUT_US : 0);
	text_puts(sql, " ORDER BY t5 LIMIT " SWEEP_ROWS);
	end_statement(sql);
}
