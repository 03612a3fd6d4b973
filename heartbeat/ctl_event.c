#include "heartbeat/ctl_event.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "heartbeat/ctl_paint.h"
#include "heartbeat/utc.h"

#define PREFIX "holdfast-"
#define SUFFIX ".service"
#define EVENT_WIDTH 18
#define SINCE_MAX 100000 /* of whatever unit: no journal is that old */

static const char *const levels[] = {"emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* Quoted when it has blanks; escapes never come through to a terminal. */
static void put_value(FILE *f, const char *value)
{
	bool quoted = !*value || strpbrk(value, " \"=");

	if (quoted)
		(void)fputc('"', f);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"')
			(void)fputc('\\', f);
		(void)fputc(c < ' ' || c == 127 ? '?' : c, f);
	}
	if (quoted)
		(void)fputc('"', f);
}

static enum ctl_paint paint_of(unsigned level)
{
	if (level <= LOG_ERR)
		return PAINT_BAD;
	return level == LOG_WARNING ? PAINT_CARE : PAINT_NONE;
}

static void print_text(FILE *f, const struct ctl_event *e)
{
	enum ctl_paint colour = paint_of(e->level);
	char at[UTC_BYTES];

	utc_format(e->at_us / 1000, at);
	(void)fprintf(f, "%s%s%s ", ctl_paint(f, PAINT_FAINT), at, ctl_paint(f, PAINT_NONE));
	(void)fprintf(f, "%s%-7s %-14s %-*s%s", colour ? ctl_paint(f, colour) : "", levels[e->level % LEVELS],
	    e->source, e->line->pairs ? EVENT_WIDTH : 0, e->line->event, colour ? ctl_paint(f, PAINT_NONE) : "");
	for (unsigned i = 0; i < e->line->pairs; i++) {
		(void)fprintf(f, " %s=", e->line->pair[i].key);
		put_value(f, e->line->pair[i].value);
	}
	(void)fputc('\n', f);
}

/* What is no UTF-8 (a line that was cut within a letter) has its bytes beyond ASCII replaced. */
static json_t *json_text(const char *text)
{
	char plain[LOGLINE_BYTES];
	json_t *whole = json_string(text);
	size_t n = strnlen(text, sizeof(plain) - 1);

	if (whole)
		return whole;
	for (size_t i = 0; i < n; i++)
		plain[i] = (unsigned char)text[i] < 128 ? text[i] : '?';
	plain[n] = '\0';
	return json_string(plain);
}

static void print_json(FILE *f, const struct ctl_event *e)
{
	json_t *fields = json_object(), *o;
	char at[UTC_BYTES];

	for (unsigned i = 0; i < e->line->pairs; i++)
		(void)json_object_set_new(fields, e->line->pair[i].key, json_text(e->line->pair[i].value));
	utc_format(e->at_us / 1000, at);
	o = json_pack("{s:s, s:s, s:s, s:s, s:o}", "at", at, "level", levels[e->level % LEVELS], "source", e->source,
	    "event", e->line->event, "fields", fields);
	if (o)
		(void)json_dumpf(o, f, JSON_COMPACT);
	(void)fputc('\n', f);
	json_decref(o);
}

void ctl_event_print(FILE *f, const struct ctl_event *e, bool as_json)
{
	if (as_json)
		print_json(f, e);
	else
		print_text(f, e);
}

static int64_t ago_us(const char *text, uint64_t now_us)
{
	static const struct {
		char word;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || n > SINCE_MAX || !*end || end[1])
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t us = n * units[i].seconds * 1000000;

		if (*end == units[i].word)
			return us <= now_us ? (int64_t)(now_us - us) : -1;
	}
	return -1;
}

int64_t ctl_since_us(const char *text, uint64_t now_us)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	struct tm same;
	time_t at;

	if (!end || *end || strlen(text) != sizeof("2026-11-21T21:00:00Z") - 1)
		return ago_us(text, now_us);
	same = tm;
	at = timegm(&same);
	/* timegm() makes March 2 of February 30. */
	return at >= 0 && same.tm_mday == tm.tm_mday ? (int64_t)at * 1000000 : -1;
}

bool ctl_is_since(const char *text)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ctl_since_us(text, (uint64_t)now.tv_sec * 1000000) >= 0;
}

void ctl_event_source(const char *unit, char *ret, size_t size)
{
	size_t n, tail = strlen(SUFFIX);

	if (strncmp(unit, PREFIX, strlen(PREFIX)) == 0)
		unit += strlen(PREFIX);
	n = strlen(unit);
	if (n >= tail && strcmp(unit + n - tail, SUFFIX) == 0)
		n -= tail;
	if (n >= size)
		n = size - 1;
	for (size_t i = 0; i < n; i++)
		ret[i] = unit[i] > ' ' && unit[i] < 127 ? unit[i] : '?';
	ret[n] = '\0';
}
