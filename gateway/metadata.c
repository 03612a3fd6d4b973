#include "gateway/metadata.h"

#include <stdbool.h>
#include <string.h>

struct member {
	const char *name, *value; /* as written, quotes and all */
	size_t name_bytes, value_bytes;
};

/* The end of what begins at `at`: a quoted string, or a word. */
static const char *token_end(const char *at, const char *end)
{
	if (at < end && *at == '"') {
		for (at++; at < end && *at != '"'; at++)
			if (*at == '\\')
				at++;
		return at < end ? at + 1 : end;
	}
	while (at < end && *at != ',' && *at != '}')
		at++;
	return at;
}

/* The next member; *at is behind '{' or a member before it. False: there is none. */
static bool next_member(const char **at, const char *end, struct member *ret)
{
	const char *p = *at;

	while (p < end && (*p == '{' || *p == ','))
		p++;
	if (p >= end || *p != '"')
		return false;
	ret->name = p;
	p = token_end(p, end);
	ret->name_bytes = (size_t)(p - ret->name);
	ret->value = p < end ? p + 1 : end; /* behind the colon */
	p = token_end(ret->value, end);
	ret->value_bytes = (size_t)(p - ret->value);
	*at = p;
	return true;
}

static bool find(const char *object, size_t bytes, const struct member *wanted, struct member *ret)
{
	const char *at = object, *end = object + bytes;

	while (next_member(&at, end, ret))
		if (ret->name_bytes == wanted->name_bytes && memcmp(ret->name, wanted->name, ret->name_bytes) == 0)
			return true;
	return false;
}

static void put_member(struct text *t, size_t n, const struct member *m, const struct member *value)
{
	text_puts(t, n ? "," : "");
	text_put(t, m->name, m->name_bytes);
	text_puts(t, ":");
	text_put(t, value->value, value->value_bytes);
}

static bool is_null(const struct member *m)
{
	return m->value_bytes && *m->value == 'n';
}

size_t metadata_merge(const char *old, size_t old_bytes, const char *patch, size_t patch_bytes, struct text *ret)
{
	const char *at = old;
	struct member m, other;
	size_t n = 0;

	text_puts(ret, "{");
	while (next_member(&at, old + old_bytes, &m)) {
		if (!find(patch, patch_bytes, &m, &other))
			put_member(ret, n++, &m, &m);
		else if (!is_null(&other))
			put_member(ret, n++, &m, &other);
	}
	at = patch;
	while (next_member(&at, patch + patch_bytes, &m))
		if (!is_null(&m) && !find(old, old_bytes, &m, &other))
			put_member(ret, n++, &m, &m);
	text_puts(ret, "}");
	return n;
}
