/*
 * Throws lines at what reads our log: anybody's text may be in a journal. fuzz_logline [SECONDS [SEED]]: what log_format() made of random
 * pairs must come back as it was, also when it is cut off anywhere, up to there; and of what was changed at random, nothing may be read beyond it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/log.h"
#include "heartbeat/logline.h"
#include "tests/fuzz/fuzz.h"

#define PAIRS_MAX 8
#define TEXT_BYTES 40

static char text[PAIRS_MAX][TEXT_BYTES];

static void draw_text(char *ret)
{
	static const char likely[] = "ab =\"\\x1b\n\t\x7f\x1b\xc3\xa4";
	size_t n = (size_t)draw(TEXT_BYTES);

	for (size_t i = 0; i < n; i++)
		ret[i] = draw(2) ? likely[draw(sizeof(likely) - 1)] : (char)(1 + draw(255));
	ret[n] = '\0';
}

/* In memory of exactly its size, for the sanitizer; not terminated. */
static bool read_exact(const char *line, size_t n, struct logline *ret)
{
	char *exact = malloc(n ? n : 1);
	bool good;

	insist(exact, "out of memory");
	memcpy(exact, line, n);
	good = logline_read(exact, n, ret);
	free(exact);
	if (!good)
		return false;
	insist(strlen(ret->event) < LOGLINE_BYTES && ret->pairs <= LOGLINE_PAIRS, "an event without an end");
	for (unsigned i = 0; i < ret->pairs; i++)
		insist(ret->pair[i].key[0] && ret->pair[i].value >= ret->text &&
			   ret->pair[i].value + strlen(ret->pair[i].value) < ret->text + sizeof(ret->text),
		    "a pair without a key, or beyond its room");
	return true;
}

static void try_once(void)
{
	static const char *const keys[PAIRS_MAX] = {"why", "epoch", "in_sync", "a", "datadir", "took_ms", "x-y", "k7"};
	struct log_kv kv[PAIRS_MAX];
	struct logline l;
	char line[LOGLINE_BYTES];
	size_t count = (size_t)draw(PAIRS_MAX + 1), n, cut;

	for (size_t i = 0; i < count; i++) {
		draw_text(text[i]);
		kv[i] = KV_S(keys[i], text[i]);
	}
	n = log_format(line, sizeof(line), "noun.verb", kv, count);
	insist(read_exact(line, n, &l) && strcmp(l.event, "noun.verb") == 0 && l.pairs == count, "a line has changed");
	for (size_t i = 0; i < count; i++)
		insist(
		    strcmp(l.pair[i].key, keys[i]) == 0 && strcmp(l.pair[i].value, text[i]) == 0, "a pair has changed");
	cut = (size_t)draw(n + 1);
	if (read_exact(line, cut, &l))
		for (unsigned i = 0; i + 1 < l.pairs; i++)
			insist(strcmp(l.pair[i].value, text[i]) == 0, "a pair before the cut has changed");
	for (unsigned i = 0; i < 3; i++)
		line[draw(n)] = (char)draw(256);
	(void)read_exact(line, n, &l);
}

/* The longest there are, and more pairs than are taken. */
static void try_large(void)
{
	char line[3 * LOGLINE_BYTES];
	struct logline l;
	size_t n;

	memset(line, 'v', sizeof(line));
	memcpy(line, "event=a.b c=", strlen("event=a.b c="));
	insist(read_exact(line, sizeof(line), &l) && l.pairs == 1, "a long value");
	memcpy(line, "event=a.b c=\"", strlen("event=a.b c=\""));
	insist(read_exact(line, sizeof(line), &l) && l.pairs == 1, "a long value in quotes");
	memset(line, 'v', sizeof(line));
	memcpy(line, "event=", strlen("event="));
	insist(!read_exact(line, sizeof(line), &l), "a long name without a dot");
	n = (size_t)snprintf(line, sizeof(line), "event=a.b");
	for (unsigned i = 0; i < 2 * LOGLINE_PAIRS; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " k%u=", i);
	insist(read_exact(line, n, &l) && l.pairs == LOGLINE_PAIRS, "too many pairs");
}

int main(int argc, char **argv)
{
	uint64_t tried = 0;

	if (!fuzz_begin("fuzz_logline", argc, argv))
		return 1;
	try_large();
	for (; fuzz_goes_on(); tried++)
		try_once();
	printf("%llu lines\n", (unsigned long long)tried);
	return 0;
}
