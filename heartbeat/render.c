#include "heartbeat/render.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4000
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* The next placeholder at or behind text: its first '@', and the length between the two. NULL when there is none. A
 * single '@', as in "user@host", is text. */
static const char *find(const char *text, size_t *length)
{
	for (const char *at = strchr(text, '@'); at; at = strchr(at + 1, '@')) {
		*length = strspn(at + 1, NAME_LETTERS);
		if (*length && at[1 + *length] == '@')
			return at;
	}
	return NULL;
}

static const struct render_pair *look_up(const struct render_pair *pair, size_t pairs, const char *name, size_t length)
{
	for (size_t i = 0; i < pairs; i++)
		if (strlen(pair[i].name) == length && memcmp(pair[i].name, name, length) == 0)
			return &pair[i];
	return NULL;
}

struct place {
	const char *file;
	unsigned line;
};

static int render_line(const char *line, const struct place *where, const struct render_pair *pair, size_t pairs,
    FILE *out, struct errbuf *e)
{
	const struct render_pair *p;
	size_t length;
	bool left_out = false;

	for (const char *at = line; (at = find(at, &length)) != NULL; at += length + 2) {
		p = look_up(pair, pairs, at + 1, length);
		if (!p)
			return err_set(e, -ENOKEY, "%s:%u: unknown placeholder @%.*s@", where->file, where->line,
			    (int)(length < 40 ? length : 40), at + 1);
		left_out = left_out || !p->value;
	}
	if (left_out)
		return 0;
	for (const char *at; (at = find(line, &length)) != NULL; line = at + length + 2) {
		p = look_up(pair, pairs, at + 1, length);
		assert(p && p->value); /* looked up above */
		(void)fwrite(line, 1, (size_t)(at - line), out);
		(void)fputs(p->value, out);
	}
	return fputs(line, out) < 0 ? err_set(e, -EIO, "%s:%u: cannot write", where->file, where->line) : 0;
}

int render(FILE *in, const char *name, const struct render_pair *pair, size_t pairs, FILE *out, struct errbuf *e)
{
	struct place where = {.file = name};
	char line[LINE_BYTES];

	while (fgets(line, sizeof(line), in)) {
		int code;

		where.line++;
		if (strlen(line) == sizeof(line) - 1 && line[sizeof(line) - 2] != '\n')
			return err_set(e, -E2BIG, "%s:%u: longer than %d bytes", name, where.line, LINE_BYTES);
		code = render_line(line, &where, pair, pairs, out, e);
		if (code)
			return code;
	}
	if (ferror(in) || ferror(out))
		return err_set(e, -EIO, "%s: cannot read or write", name);
	return 0;
}

char *render_file(const char *path, const struct render_pair *pair, size_t pairs, int *code, struct errbuf *e)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out, *in = fopen(path, "re");

	if (!in) {
		*code = err_set(e, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	out = open_memstream(&text, &size);
	*code = out ? render(in, path, pair, pairs, out, e) : err_set(e, -ENOMEM, "%s: out of memory", path);
	if (out && fclose(out) && !*code)
		*code = err_set(e, -ENOMEM, "%s: out of memory", path);
	(void)fclose(in);
	if (*code) {
		free(text);
		return NULL;
	}
	return text;
}
