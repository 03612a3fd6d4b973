#include "heartbeat/conf.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "heartbeat/conf_ports.h"
#include "heartbeat/conf_rules.h"
#include "heartbeat/conf_table.h"
#include "heartbeat/conf_value.h"

static bool well_formed(const struct conf_key *k, const char *value)
{
	struct ip ip;
	uint32_t port;

	switch (k->shape) {
	case SHAPE_NAME: return value_is_of(value, 15, "-") && value[0] >= 'a' && value[0] <= 'z';
	case SHAPE_WORD: return *value && !strpbrk(value, " /\t") && strlen(value) < 16;
	case SHAPE_ADDRESS: return value_is_address(value);
	case SHAPE_CIDR: return value_is_cidr(value);
	case SHAPE_PATH: return value[0] == '/' && !strpbrk(value, " \t\"'");
	case SHAPE_LIST: return value_is_list(value);
	case SHAPE_ENDPOINT: return value_is_endpoint(value, &ip, &port);
	case SHAPE_NUMBER:
	case SHAPE_CHOICE: break;
	}
	return true;
}

static bool parse_choice(const char *name, const char *value, uint32_t *ret)
{
	for (size_t i = 0; i < conf_choice_count; i++) {
		if (strcmp(conf_choices[i].key, name) != 0)
			continue;
		for (uint32_t k = 0; k < CONF_KINDS && conf_choices[i].word[k]; k++)
			if (strcmp(value, conf_choices[i].word[k]) == 0) {
				*ret = k;
				return true;
			}
	}
	return false;
}

static bool set(struct conf *c, const struct conf_key *k, const char *value)
{
	char *where = (char *)c + k->at, address[IP_TEXT_BYTES];
	uint32_t number;

	if (k->shape == SHAPE_NUMBER || k->shape == SHAPE_CHOICE) {
		bool good = k->shape == SHAPE_NUMBER ? value_number(value, k->min, k->max, &number)
						     : parse_choice(k->name, value, &number);

		if (good)
			memcpy(where, &number, sizeof(number));
		return good;
	}
	if (!well_formed(k, value) || strlen(value) >= k->size)
		return false;
	/* However it was written: as heartbeatd and the kernel show it. */
	if (k->shape == SHAPE_ADDRESS)
		value = value_shortest(value, address);
	memset(where, 0, k->size);
	memcpy(where, value, strlen(value));
	return true;
}

struct reading {
	FILE *errs;
	const char *file;
	struct conf conf;
	FILE *source;
	unsigned errors;
	int line;      /* Debian's inih does not tell its handler */
	bool unread;   /* a line that is neither was named */
	bool has_keys; /* the section so far: an indented line goes on with the last one */
	int line_of[CONF_KEYS_MAX];
};

/* As it may be shown on a terminal. */
static const char *plain(const char *text, char ret[static 64])
{
	size_t n = 0;

	for (; n < 63 && text[n]; n++)
		ret[n] = (unsigned char)text[n] < ' ' || text[n] == 127 ? '?' : text[n];
	ret[n] = '\0';
	return ret;
}

static bool is_section(const char *name, size_t length)
{
	for (size_t i = 0; i < conf_key_count; i++)
		if (strlen(conf_keys[i].section) == length && strncmp(conf_keys[i].section, name, length) == 0)
			return true;
	return false;
}

static void take_section(struct reading *r, const char *name)
{
	size_t length = strcspn(name, "]\n");
	char text[64];

	r->has_keys = false;
	if (name[length] == ']' && is_section(name, length))
		return;
	r->errors++;
	r->unread = r->unread || name[length] != ']';
	if (name[length] != ']') {
		(void)fprintf(r->errs, "%s:%d: want '[section]' or 'key = value'\n", r->file, r->line);
		return;
	}
	(void)fprintf(r->errs, "%s:%d: unknown section [%.*s], want", r->file, r->line, (int)length, plain(name, text));
	for (size_t i = 0; i < conf_key_count; i++)
		if (i == 0 || strcmp(conf_keys[i].section, conf_keys[i - 1].section) != 0)
			(void)fprintf(r->errs, "%s[%s]", i ? ", " : " ", conf_keys[i].section);
	(void)fputc('\n', r->errs);
}

/* What the parser does not say: sections without a key, and every line that it cannot read, not only the first. */
static void look_at(struct reading *r, const char *text)
{
	const char *at = text + (r->line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0), *start;

	start = at + strspn(at, " \t\r\n\v\f");
	if (!*start || strchr(";#", *start) || (r->has_keys && start > at))
		return;
	if (*start == '[') {
		take_section(r, start + 1);
		return;
	}
	for (at = start; *at && !strchr("=:", *at) && !(*at == ';' && strchr(" \t", at[-1])); at++)
		;
	if (*at && *at != ';') {
		r->has_keys = true;
		return;
	}
	(void)fprintf(r->errs, "%s:%d: want '[section]' or 'key = value'\n", r->file, r->line);
	r->errors++;
	r->unread = true;
}

/* The parser would take what does not fit for another line. */
static void skip_rest(struct reading *r, const char *text, int size)
{
	int c = 0, length = (int)strlen(text);
	bool whole = length == size - 1; /* else a NUL ends it, and the rest of the line is read already */

	while (whole && (c = getc(r->source)) != EOF && c != '\n')
		;
	if (whole && strchr(";#", text[strspn(text, " \t")]))
		return;
	(void)fprintf(r->errs, "%s:%d: %s %d characters\n", r->file, r->line,
	    whole ? "longer than" : "a NUL byte after", whole ? size - 2 : length);
	r->errors++;
}

static char *next_line(char *text, int size, void *stream)
{
	struct reading *r = stream;
	char *ret = fgets(text, size, r->source);

	if (!ret)
		return NULL;
	r->line++;
	look_at(r, text);
	if (!strchr(text, '\n') && !feof(r->source))
		skip_rest(r, text, size);
	return ret;
}

static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	int line = r->line;
	char text[64];

	for (size_t i = 0; i < conf_key_count; i++) {
		if (strcmp(conf_keys[i].section, section) != 0 || strcmp(conf_keys[i].name, name) != 0)
			continue;
		if (r->line_of[i]) {
			(void)fprintf(
			    r->errs, "%s:%d: '%s' was already set on line %d\n", r->file, line, name, r->line_of[i]);
			r->errors++;
		} else if (!set(&r->conf, &conf_keys[i], value)) {
			(void)fprintf(r->errs, "%s:%d: '%s' is '%s', want %s\n", r->file, line, name,
			    plain(value, text), conf_keys[i].wanted);
			r->errors++;
		}
		r->line_of[i] = line;
		return 1;
	}
	if (*section && !is_section(section, strlen(section)))
		return 1; /* said of the section */
	if (*section)
		(void)fprintf(r->errs, "%s:%d: unknown key '%s' in [%s]\n", r->file, line, plain(name, text), section);
	else
		(void)fprintf(r->errs, "%s:%d: '%s' comes before any [section]\n", r->file, line, plain(name, text));
	r->errors++;
	return 1;
}

static void complain(struct reading *r, const char *what)
{
	(void)fprintf(r->errs, "%s: %s\n", r->file, what);
	r->errors++;
}

/* Number of the key that is stored there. */
static size_t key_at(size_t at)
{
	size_t i = 0;

	while (conf_keys[i].at != at)
		i++;
	return i;
}

/* "file:line: " of the key, or of the other when that is at its default; both at it do not disagree. */
static void begin_complaint(struct reading *r, size_t key, size_t other)
{
	int line = r->line_of[key] ? r->line_of[key] : r->line_of[other];

	r->errors++;
	if (line)
		(void)fprintf(r->errs, "%s:%d: ", r->file, line);
	else
		(void)fprintf(r->errs, "%s: ", r->file);
}

/* Fewer than three heartbeats in it, and the loss of one is the loss of a member. */
static void check_interval(struct reading *r, size_t at, uint32_t value)
{
	size_t key = key_at(at), interval = key_at(offsetof(struct conf, interval_ms));
	uint32_t ms = r->conf.interval_ms;

	if (value >= 3 * ms)
		return;
	begin_complaint(r, key, interval);
	(void)fprintf(r->errs,
	    3 * ms <= conf_keys[key].max
		? "'%s' is %u, want %u to %u: at least 3 x 'interval-ms', which is %u\n"
		: "'%s' is %u, want %u, and %u is the most: at least 3 x 'interval-ms', which is %u\n",
	    conf_keys[key].name, value, 3 * ms, conf_keys[key].max, ms);
}

#define EXPORTER_PORT 8405 /* of etc/haproxy.cfg.in */

/* Who listens on TCP ports of a gateway, where; two of them cannot have the same. */
static void check_ports(struct reading *r)
{
	struct conf_port ports[CONF_PORTS];

	conf_ports(&r->conf, ports);
	for (size_t i = 0; i < CONF_PORTS; i++) {
		size_t key = key_at(ports[i].at);

		if ((ports[i].where & CONF_ON_LOCALHOST) && EXPORTER_PORT - ports[i].first < ports[i].count) {
			begin_complaint(r, key, key_at(offsetof(struct conf, workers)));
			(void)fprintf(r->errs, "'%s' takes TCP port %d, which is that of HAProxy's figures\n",
			    conf_keys[key].name, EXPORTER_PORT);
		}
		for (size_t k = 0; k < i; k++) {
			size_t other = key_at(ports[k].at);
			uint32_t from = ports[i].first > ports[k].first ? ports[i].first : ports[k].first;

			if (!(ports[i].where & ports[k].where) || from - ports[i].first >= ports[i].count ||
			    from - ports[k].first >= ports[k].count)
				continue;
			begin_complaint(r, key, other);
			(void)fprintf(r->errs,
			    "'%s' of [%s] and '%s' of [%s] both take TCP port %u: they must differ\n",
			    conf_keys[key].name, conf_keys[key].section, conf_keys[other].name,
			    conf_keys[other].section, from);
		}
	}
}

static void check_together(struct reading *r)
{
	const char *broken[CONF_RULES_MAX];
	unsigned count = conf_rules_broken(&r->conf, broken);

	for (unsigned i = 0; i < count; i++)
		complain(r, broken[i]);
	check_interval(r, offsetof(struct conf, lease_ms), r->conf.lease_ms);
	check_interval(r, offsetof(struct conf, peer_timeout_ms), r->conf.peer_timeout_ms);
	if (r->conf.kind != CONF_KIND_WITNESS)
		check_ports(r);
}

unsigned conf_read(FILE *f, const char *name, struct conf *ret, FILE *errs)
{
	struct reading r = {.errs = errs, .file = name, .source = f};
	int first_bad;

	for (size_t i = 0; i < conf_key_count; i++)
		if (conf_keys[i].fallback[0])
			(void)set(&r.conf, &conf_keys[i], conf_keys[i].fallback);
	first_bad = ini_parse_stream(next_line, &r, take_line, &r);
	if (ferror(f))
		complain(&r, strerror(errno)); /* a directory can be opened */
	if (first_bad && !r.unread) {
		(void)fprintf(errs, "%s:%d: want '[section]' or 'key = value'\n", name, first_bad > 0 ? first_bad : 1);
		r.errors++;
	}
	if (!r.errors)
		check_together(&r);
	*ret = r.conf;
	return r.errors;
}

unsigned conf_load(const char *path, struct conf *ret, FILE *errs)
{
	FILE *f = fopen(path, "re");
	unsigned errors;

	if (!f) {
		(void)fprintf(errs, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	errors = conf_read(f, path, ret, errs);
	(void)fclose(f);
	return errors;
}
