#include "heartbeat/paged_form.h"

#include <string.h>

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One character of text, decoded. How many were taken; 0: that is no encoding, or a NUL. */
static size_t decode(const char *text, size_t bytes, char *ret)
{
	*ret = text[0] == '+' ? ' ' : text[0];
	if (text[0] != '%')
		return text[0] ? 1 : 0;
	if (bytes < 3 || hex_of(text[1]) < 0 || hex_of(text[2]) < 0)
		return 0;
	*ret = (char)(hex_of(text[1]) << 4 | hex_of(text[2]));
	return *ret ? 3 : 0;
}

/* Decodes all of text into ret, terminated. False: it does not fit, or is no encoding. */
static bool decode_all(const char *text, size_t bytes, char *ret, size_t size)
{
	size_t used = 0, n;

	for (size_t at = 0; at < bytes; at += n) {
		char c;

		n = decode(text + at, bytes - at, &c);
		if (!n || used + 1 >= size)
			return false;
		ret[used++] = c;
	}
	ret[used] = '\0';
	return true;
}

bool paged_form_take(const char *body, size_t bytes, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name), next;
	bool found = false, good = true;

	ret[0] = '\0';
	for (size_t at = 0; at < bytes; at = next + 1) {
		const char *end = memchr(body + at, '&', bytes - at);

		next = end ? (size_t)(end - body) : bytes;
		if (next - at <= length || memcmp(body + at, name, length) != 0 || body[at + length] != '=')
			continue;
		good = good && !found && decode_all(body + at + length + 1, next - at - length - 1, ret, size);
		found = true;
	}
	if (!found || !good)
		ret[0] = '\0';
	return found && good;
}

bool paged_cookie_take(const char *header, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name);
	bool found = false;

	ret[0] = '\0';
	for (const char *at = header; at && *at; at += strcspn(at, ";"), at += *at == ';') {
		size_t n;

		at += strspn(at, " \t");
		if (strncmp(at, name, length) != 0 || at[length] != '=')
			continue;
		n = strcspn(at + length + 1, "; \t");
		if (found || n >= size) {
			ret[0] = '\0';
			return false;
		}
		found = true;
		memcpy(ret, at + length + 1, n);
		ret[n] = '\0';
	}
	return found;
}

bool paged_origin_is_own(const char *origin, const char *host)
{
	static const char scheme[] = "https://";

	if (!origin)
		return true;
	return host && *host && strncmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
	       strcmp(origin + sizeof(scheme) - 1, host) == 0;
}

bool paged_length_take(const char *text, size_t max, size_t *ret)
{
	size_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (size_t)(*text - '0');
		if (n > max)
			return false;
	}
	*ret = n;
	return true;
}
