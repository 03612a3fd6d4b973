#include "heartbeat/settings_same.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/conf_table.h"
#include "heartbeat/ip_text.h"

#define VALUE_BYTES (sizeof(((struct conf *)0)->channels) + 1) /* of the longest, and one that would be too long */

void settings_same_text(const struct conf *conf, const char *end, char ret[static SETTINGS_SAME_BYTES])
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < conf_key_count; i++) {
		char value[VALUE_BYTES];

		if (!conf_keys[i].same)
			continue;
		conf_show(conf, &conf_keys[i], value, sizeof(value));
		used += (size_t)snprintf(ret + used, SETTINGS_SAME_BYTES - used, "%s.%s %s%s", conf_keys[i].section,
		    conf_keys[i].name, value, end);
		assert(used < SETTINGS_SAME_BYTES);
	}
}

/* What the text says of that key; false: nothing. */
static bool find(const char *text, const struct conf_key *key, char ret[static VALUE_BYTES])
{
	char name[48];
	size_t length = (size_t)snprintf(name, sizeof(name), "%s.%s ", key->section, key->name);

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n < length || strncmp(text, name, length) != 0)
			continue;
		(void)snprintf(ret, VALUE_BYTES, "%.*s", (int)(n - length), text + length);
		return true;
	}
	return false;
}

static bool has_word(const char *list, const char *word, size_t length)
{
	for (size_t n; *list; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		if (n == length && strncmp(list, word, n) == 0)
			return true;
	}
	return false;
}

static bool has_all(const char *list, const char *words)
{
	for (size_t n; *words; words += n) {
		words += strspn(words, " ");
		n = strcspn(words, " ");
		if (n && !has_word(list, words, n))
			return false;
	}
	return true;
}

static bool means_the_same(enum shape shape, const char *one, const char *other)
{
	unsigned bits = 0, other_bits = 0;
	struct ip ip, other_ip;

	if (shape == SHAPE_LIST)
		return has_all(one, other) && has_all(other, one);
	if (shape == SHAPE_CIDR && ip_parse_cidr(one, &ip, &bits) && ip_parse_cidr(other, &other_ip, &other_bits))
		return ip_same(&ip, &other_ip) && bits == other_bits;
	return strcmp(one, other) == 0;
}

static void show_part(const char *value, char ret[static sizeof(((struct settings_unlike *)0)->here)])
{
	enum { SIZE = sizeof(((struct settings_unlike *)0)->here) };

	(void)snprintf(ret, SIZE, strlen(value) < SIZE ? "%s" : "%.76s...", value);
	for (char *c = ret; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

size_t settings_same_compare(
    const struct conf *conf, const char *theirs, struct settings_unlike ret[static SETTINGS_SAME_MAX], size_t *unlike)
{
	size_t compared = 0;

	*unlike = 0;
	for (size_t i = 0; i < conf_key_count; i++) {
		char here[VALUE_BYTES], there[VALUE_BYTES];
		const struct conf_key *key = &conf_keys[i];

		if (!key->same || !find(theirs, key, there))
			continue;
		compared++;
		conf_show(conf, key, here, sizeof(here));
		if (means_the_same(key->shape, here, there) || *unlike == SETTINGS_SAME_MAX)
			continue;
		ret[*unlike].section = key->section;
		ret[*unlike].key = key->name;
		show_part(here, ret[*unlike].here);
		show_part(there, ret[*unlike].there);
		++*unlike;
	}
	return compared;
}
