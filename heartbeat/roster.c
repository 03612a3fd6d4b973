#include "heartbeat/roster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/conf_value.h"

#define WORDS 5
#define LINE_BYTES 192

static bool is_hex(const char *text, size_t length)
{
	return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

static bool is_name(const char *text)
{
	return value_is_of(text, 15, "-") && text[0] >= 'a' && text[0] <= 'z';
}

/* What is wrong with it, or NULL. */
static const char *take_words(char *const word[static WORDS], struct roster_entry *ret)
{
	uint32_t removed_s;

	if (!is_name(word[0]))
		return "the name is not 1 to 15 of a-z 0-9 -, beginning with a letter";
	if (!value_is_address(word[1]))
		return "the address is none of a host";
	if (!is_hex(word[2], ROSTER_ID_BYTES - 1))
		return "the id is not 8 hexadecimal digits";
	if (!is_hex(word[3], ROSTER_KEY_BYTES - 1))
		return "the key is not 64 hexadecimal digits";
	if (!value_number(word[4], 0, UINT32_MAX, &removed_s))
		return "the time of removal is not a number of seconds";
	*ret = (struct roster_entry){.removed_s = removed_s};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", word[0]);
	(void)snprintf(ret->address, sizeof(ret->address), "%s", word[1]);
	(void)snprintf(ret->id, sizeof(ret->id), "%s", word[2]);
	(void)snprintf(ret->key, sizeof(ret->key), "%s", word[3]);
	return NULL;
}

static const char *take_line(char *line, struct roster *r)
{
	char *word[WORDS], *save = NULL;
	struct roster_entry one;
	const char *wrong;
	size_t n = 0;

	for (char *w = strtok_r(line, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (n == WORDS)
			return "want NAME ADDRESS ID KEY REMOVED";
		word[n++] = w;
	}
	if (n == 0 || word[0][0] == '#')
		return NULL;
	if (n < WORDS)
		return "want NAME ADDRESS ID KEY REMOVED";
	if (r->count == ROSTER_MAX)
		return "there are more than 64";
	wrong = take_words(word, &one);
	for (unsigned i = 0; i < r->count && !wrong; i++)
		if (strcmp(r->entry[i].id, one.id) == 0)
			wrong = "the id is there twice";
	if (!wrong)
		r->entry[r->count++] = one;
	return wrong;
}

int roster_parse(const char *text, const char *file, struct roster *ret, struct errbuf *e)
{
	static struct roster r;
	unsigned number = 0;

	r = (struct roster){0};
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[LINE_BYTES];
		const char *wrong = "the line is longer than 190 bytes";

		number++;
		if (n < sizeof(line)) {
			memcpy(line, text, n);
			line[n] = '\0';
			wrong = take_line(line, &r);
		}
		if (wrong)
			return err_set(e, -EINVAL, "%s:%u: %s", file, number, wrong);
		text += n + (text[n] == '\n');
	}
	*ret = r;
	return 0;
}

void roster_print(const struct roster *r, char ret[static ROSTER_TEXT_BYTES])
{
	size_t used = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < r->count; i++) {
		const struct roster_entry *one = &r->entry[i];

		used += (size_t)snprintf(ret + used, ROSTER_TEXT_BYTES - used, "%s %s %s %s %" PRId64 "\n", one->name,
		    one->address, one->id, one->key, one->removed_s);
	}
}

const struct roster_entry *roster_find(const struct roster *r, const char *name)
{
	for (unsigned i = 0; i < r->count; i++)
		if (!r->entry[i].removed_s && strcmp(r->entry[i].name, name) == 0)
			return &r->entry[i];
	return NULL;
}

static unsigned live(const struct roster *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->count; i++)
		n += !r->entry[i].removed_s;
	return n;
}

int roster_add(struct roster *r, const struct roster_entry *entry, struct errbuf *e)
{
	if (roster_find(r, entry->name))
		return err_set(e, -EEXIST, "there is a worker host %s already: remove it first, or take another name",
		    entry->name);
	for (unsigned i = 0; i < r->count; i++)
		if (!r->entry[i].removed_s && strcmp(r->entry[i].address, entry->address) == 0)
			return err_set(
			    e, -EEXIST, "%s is the address of the worker host %s", entry->address, r->entry[i].name);
	if (live(r) >= ROSTER_LIVE_MAX)
		return err_set(
		    e, -ENOSPC, "there are %d worker hosts, which is as many as there can be", ROSTER_LIVE_MAX);
	if (r->count == ROSTER_MAX)
		return err_set(e, -ENOSPC,
		    "%d were added within 60 days, which is as many as there can be: those that were removed are "
		    "forgotten then",
		    ROSTER_MAX);
	r->entry[r->count++] = *entry;
	return 0;
}

static void end(struct roster_entry *one, int64_t now_s)
{
	one->removed_s = now_s > 0 ? now_s : 1;
}

int roster_remove(struct roster *r, const char *name, int64_t now_s, struct errbuf *e)
{
	bool was = false, is = false;

	for (unsigned i = 0; i < r->count; i++) {
		if (strcmp(r->entry[i].name, name) != 0)
			continue;
		was = true;
		if (r->entry[i].removed_s)
			continue;
		is = true;
		end(&r->entry[i], now_s);
	}
	if (is)
		return 0;
	return was ? err_set(e, -EALREADY, "the worker host %s was removed before", name)
		   : err_set(e, -ENOENT, "there is no worker host %s", name);
}

static struct roster_entry *find_id(struct roster *r, const char *id)
{
	for (unsigned i = 0; i < r->count; i++)
		if (strcmp(r->entry[i].id, id) == 0)
			return &r->entry[i];
	return NULL;
}

static bool is_old(const struct roster_entry *one, int64_t now_s)
{
	return one->removed_s && one->removed_s + ROSTER_KEEP_S < now_s;
}

static bool are_rivals(const struct roster_entry *a, const struct roster_entry *b)
{
	return !a->removed_s && !b->removed_s && strcmp(a->id, b->id) != 0 &&
	       (strcmp(a->name, b->name) == 0 || strcmp(a->address, b->address) == 0);
}

/* The live one with the smallest id behind that one. NULL: there is none. */
static const struct roster_entry *next_live(const struct roster *r, const char *id)
{
	const struct roster_entry *next = NULL;

	for (unsigned i = 0; i < r->count; i++) {
		const struct roster_entry *one = &r->entry[i];

		if (!one->removed_s && strcmp(one->id, id) > 0 && (!next || strcmp(one->id, next->id) < 0))
			next = one;
	}
	return next;
}

/* In the order of ids, so that it does not matter in which the admissions came: each that is still live ends its rivals behind it,
 * and those beyond as many as there can be are ended: staying away on one gateway, they would be on the other for ever. */
static bool settle(struct roster *r, int64_t now_s)
{
	const struct roster_entry *one = NULL;
	unsigned kept = 0;
	bool changed = false;

	while ((one = next_live(r, one ? one->id : ""))) {
		bool beyond = kept == ROSTER_LIVE_MAX;

		kept += !beyond;
		for (unsigned i = 0; i < r->count; i++)
			if (are_rivals(one, &r->entry[i]) || (beyond && one == &r->entry[i])) {
				end(&r->entry[i], now_s);
				changed = true;
			}
	}
	return changed;
}

static bool forget_old(struct roster *r, int64_t now_s)
{
	bool changed = false;

	for (unsigned i = r->count; i-- > 0;)
		if (is_old(&r->entry[i], now_s)) {
			memmove(&r->entry[i], &r->entry[i + 1], (r->count - i - 1) * sizeof(r->entry[0]));
			r->count--;
			changed = true;
		}
	return changed;
}

bool roster_merge(struct roster *own, const struct roster *theirs, int64_t now_s)
{
	bool changed = forget_old(own, now_s);

	for (unsigned i = 0; i < theirs->count; i++) {
		const struct roster_entry *one = &theirs->entry[i];
		struct roster_entry *mine = find_id(own, one->id);

		if (mine && one->removed_s && !mine->removed_s) {
			mine->removed_s = one->removed_s;
			changed = true;
		}
		if (mine || is_old(one, now_s) || own->count == ROSTER_MAX)
			continue;
		own->entry[own->count++] = *one;
		changed = true;
	}
	return settle(own, now_s) || changed;
}

void roster_common(const struct roster_entry *entry, char ret[static ROSTER_COMMON_BYTES])
{
	(void)snprintf(ret, ROSTER_COMMON_BYTES, ROSTER_PREFIX "%s.%s", entry->name, entry->id);
}
