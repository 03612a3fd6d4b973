#include "heartbeat/logline.h"

#include <string.h>

#define EVENT "event="

/* What is left to read, and the room for what was read: never more, as unescaping makes nothing longer but by the ends of its words, each
 * of which stands for a blank, a sign or a quote. */
struct reading {
	const char *at, *end;
	char *to;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static const char *take_word(struct reading *r)
{
	const char *word = r->to;

	while (r->at < r->end && is_word(*r->at))
		*r->to++ = *r->at++;
	*r->to++ = '\0';
	return word;
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands behind a backslash: \", \\ or \xHH. */
static void take_escaped(struct reading *r)
{
	if (r->end - r->at >= 3 && r->at[0] == 'x' && hex_of(r->at[1]) >= 0 && hex_of(r->at[2]) >= 0) {
		char c = (char)(hex_of(r->at[1]) << 4 | hex_of(r->at[2]));

		*r->to++ = c ? c : ' ';
		r->at += 3;
	} else if (r->at < r->end) {
		*r->to++ = *r->at++;
	}
}

static const char *take_value(struct reading *r)
{
	const char *value = r->to;

	if (r->at < r->end && *r->at == '"') {
		for (r->at++; r->at < r->end && *r->at != '"';)
			if (*r->at == '\\') {
				r->at++;
				take_escaped(r);
			} else {
				*r->to++ = *r->at++;
			}
		if (r->at < r->end)
			r->at++;
	} else {
		while (r->at < r->end && *r->at != ' ')
			*r->to++ = *r->at++;
	}
	*r->to++ = '\0';
	return value;
}

bool logline_read(const char *text, size_t bytes, struct logline *ret)
{
	size_t head = strlen(EVENT);
	const char *nul = memchr(text, '\0', bytes);
	struct reading r = {text, nul ? nul : text + bytes, ret->text};

	if (bytes < head || memcmp(text, EVENT, head) != 0)
		return false;
	if (r.end - r.at >= LOGLINE_BYTES)
		r.end = r.at + LOGLINE_BYTES - 1;
	r.at += head;
	ret->pairs = 0;
	ret->event = take_word(&r);
	if (!strchr(ret->event, '.'))
		return false;
	while (ret->pairs < LOGLINE_PAIRS && r.end - r.at >= 3 && *r.at == ' ' && is_word(r.at[1])) {
		struct logline_pair *p = &ret->pair[ret->pairs];

		r.at++;
		p->key = take_word(&r);
		if (r.at == r.end || *r.at != '=')
			break;
		r.at++;
		p->value = take_value(&r);
		ret->pairs++;
	}
	return true;
}
