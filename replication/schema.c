#include "replication/schema.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HASH_SIZE ((SCHEMA_CHECKSUM_BYTES - 1) / 2)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool schema_name(const char *file_name, unsigned *number, char name[static SCHEMA_NAME_BYTES])
{
	size_t length = strlen(file_name);

	if (length < 9 || length - 4 >= SCHEMA_NAME_BYTES || strcmp(file_name + length - 4, ".sql") != 0)
		return false;
	if (!is_digit(file_name[0]) || !is_digit(file_name[1]) || !is_digit(file_name[2]) || file_name[3] != '-')
		return false;
	*number =
	    (unsigned)(file_name[0] - '0') * 100 + (unsigned)(file_name[1] - '0') * 10 + (unsigned)(file_name[2] - '0');
	memcpy(name, file_name, length - 4);
	name[length - 4] = '\0';
	return *number && name[4] && strspn(name + 4, "abcdefghijklmnopqrstuvwxyz0123456789-") == length - 8;
}

static void sum(struct schema_file *f)
{
	unsigned char hash[HASH_SIZE];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)f->statements, f->bytes, NULL, 0);
	sodium_bin2hex(f->checksum, sizeof(f->checksum), hash, sizeof(hash));
}

/* A line without the white space at its end; a comment is empty. */
static size_t line_bytes(const char *line, size_t bytes)
{
	const char *word = line + strspn(line, " \t");

	if (word[0] == '-' && word[1] == '-')
		return 0;
	while (bytes && strchr(" \t\r", line[bytes - 1]))
		bytes--;
	return bytes;
}

int schema_take_text(struct schema_file *f, struct errbuf *e)
{
	char *text = f->statements;
	size_t to = 0, begun = 0; /* begun: where the statement begins that has not ended */

	if (memchr(text, '\0', f->bytes))
		return err_set(e, -EINVAL, "%s.sql: a NUL", f->name);
	for (size_t at = 0; at < f->bytes;) {
		size_t whole = strcspn(text + at, "\n"), n = line_bytes(text + at, whole);

		if (n) {
			if (to > begun)
				text[to++] = '\n'; /* the line before was of this statement, and had one */
			memmove(text + to, text + at, n);
			to += n;
			if (text[to - 1] == ';') {
				text[to - 1] = '\0';
				begun = to;
			}
		}
		at += whole + 1;
	}
	if (to != begun)
		return err_set(e, -EINVAL, "%s.sql: the last statement has no \";\" at the end of a line", f->name);
	if (to == 0)
		return err_set(e, -EINVAL, "%s.sql: no statement", f->name);
	f->bytes = to;
	sum(f);
	return 0;
}

const char *schema_next_statement(const struct schema_file *f, size_t *at)
{
	const char *statement = f->statements + *at;

	if (*at >= f->bytes)
		return NULL;
	*at += strlen(statement) + 1;
	return statement;
}

struct applied {
	unsigned number;
	char checksum[SCHEMA_CHECKSUM_BYTES];
};

/* Takes one "NUMBER:CHECKSUM" off *text. 1, 0 at the end, or -EINVAL. */
static int take_applied(const char **text, struct applied *ret)
{
	const char *at = *text + strspn(*text, " ");
	size_t digits = strspn(at, "0123456789"), hex;

	if (!*at)
		return 0;
	if (digits == 0 || digits > 5 || at[digits] != ':')
		return -EINVAL;
	ret->number = 0;
	for (size_t i = 0; i < digits; i++)
		ret->number = ret->number * 10 + (unsigned)(at[i] - '0');
	at += digits + 1;
	hex = strcspn(at, " ");
	if (hex >= sizeof(ret->checksum))
		return -EINVAL;
	memcpy(ret->checksum, at, hex);
	ret->checksum[hex] = '\0';
	*text = at + hex;
	return 1;
}

static bool was_applied(const char *applied, unsigned number)
{
	struct applied one;

	while (take_applied(&applied, &one) > 0)
		if (one.number == number)
			return true;
	return false;
}

size_t schema_next_file(const struct schema *s, const char *applied, size_t from)
{
	while (from < s->count && was_applied(applied, s->file[from].number))
		from++;
	return from;
}

int schema_compare(const struct schema *s, const char *applied, struct schema_state *ret, struct errbuf *e)
{
	const char *rest = applied;
	struct applied one;
	int more;

	*ret = (struct schema_state){.next = schema_next_file(s, applied, 0)};
	while ((more = take_applied(&rest, &one)) > 0) {
		const struct schema_file *f = NULL;

		for (size_t i = 0; i < s->count && !f; i++)
			if (s->file[i].number == one.number)
				f = &s->file[i];
		if (one.number > ret->version)
			ret->version = one.number;
		if (!f && one.number > ret->unknown)
			ret->unknown = one.number;
		if (f && strcmp(f->checksum, one.checksum) != 0 && (!ret->differs || one.number < ret->differs))
			ret->differs = one.number;
	}
	return more ? err_set(e, -EINVAL, "holdfast.schema_version is not what a release wrote: %.80s", rest) : 0;
}

const char *schema_version_sql(const struct schema_file *f, char sql[static SCHEMA_SQL_BYTES])
{
	(void)snprintf(sql, SCHEMA_SQL_BYTES,
	    "INSERT IGNORE INTO holdfast.schema_version (number, name, checksum) VALUES (%u, '%s', '%s')", f->number,
	    f->name, f->checksum);
	return sql;
}
