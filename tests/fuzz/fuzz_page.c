/*
 * Throws damaged queries and cursors at what reads them (gateway/page.h, gateway/cursor.h). fuzz_page [SECONDS [SEED]]: changes the lines
 * of tests/fuzz/corpus/page.txt at random (1 s unless told; the seed is printed), after each of them as it is, for every list there is.
 * What is taken must be what the ledger takes, must be taken again, and a cursor that is taken must be the one that we write.
 */
#include "gateway/cursor.h"
#include "gateway/event.h"
#include "gateway/opcheck.h"
#include "gateway/page.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4096
#define SEEDS_MAX 128

static char *seed[SEEDS_MAX];
static unsigned seeds;
static uint64_t taken[2]; /* queries, cursors */

/* In memory of exactly its size, for the sanitizer. The caller frees. */
static char *exactly(const char *text)
{
	char *ret = strdup(text);

	insist(ret, "out of memory");
	return ret;
}

static bool read_query(const char *query, const struct page_kind *kind, struct op_message *m,
    char reference[static OP_REFERENCE_BYTES_MAX + 1])
{
	enum problem_code code = PROBLEM_CODE_COUNT;
	const char *param, *why = NULL;

	*m = (struct op_message){.op = {.kind = kind->op}, .text = {"", "", "", "", "", ""}};
	if (page_read(query, m, reference, &code, &param, &why))
		return true;
	insist(code == PROBLEM_BAD_PARAMETER || code == PROBLEM_BAD_CURSOR, "refused with another code");
	insist(why && *why, "refused without a reason");
	insist(!param || page_parameters[0].name, "a parameter of no name");
	return false;
}

/* The cursor that a page read so would go on with leads there. */
static void check_going_on(const char *query, const struct page_kind *kind, const struct op *op)
{
	char buf[CURSOR_TEXT_BYTES], more[LINE_BYTES + 64], reference[OP_REFERENCE_BYTES_MAX + 1];
	struct op_message m;
	struct ulid position;

	for (size_t i = 0; i < sizeof(position); i++)
		position.byte[i] = (uint8_t)draw(256);
	if (strstr(query, "after="))
		return;
	(void)snprintf(more, sizeof(more), "%s%safter=%s", query, *query && query[strlen(query) - 1] != '&' ? "&" : "",
	    cursor_format(kind->op, op->fingerprint, &position, buf));
	insist(read_query(more, kind, &m, reference), "a cursor of ours is refused");
	insist(m.op.page.has_after && ulid_equal(&m.op.page.after, &position), "a cursor of ours leads elsewhere");
}

static void try_query(const char *text)
{
	for (const struct page_kind *k = page_kinds; k->op; k++) {
		char *query = exactly(text), reference[OP_REFERENCE_BYTES_MAX + 1], twice[OP_REFERENCE_BYTES_MAX + 1];
		struct op_message m, again;

		if (read_query(query, k, &m, reference)) {
			taken[0]++;
			insist(page_is_good(&m.op), "the ledger would refuse it");
			insist(
			    m.op.text_bytes[OP_TEXT_REFERENCE] <= OP_REFERENCE_BYTES_MAX, "the reference is too long");
			insist(!m.op.page.has_status || k->status_word(m.op.page.status), "a status that there is not");
			insist(!(m.op.page.types & ~((UINT64_C(1) << EVENT_TYPE_END) - 2)), "a type that there is not");
			insist(read_query(query, k, &again, twice) &&
				   memcmp(&m.op.page, &again.op.page, sizeof(m.op.page)) == 0 &&
				   memcmp(m.op.fingerprint, again.op.fingerprint, HASH_BYTES) == 0,
			    "it is another one the second time");
			check_going_on(query, k, &m.op);
		}
		free(query);
	}
}

static void try_cursor(const char *text)
{
	static const uint8_t filters[HASH_BYTES] = {1, 2, 3};
	char buf[CURSOR_TEXT_BYTES], *cursor = exactly(text);
	struct ulid position;

	for (const struct page_kind *k = page_kinds; k->op; k++)
		if (cursor_parse(cursor, k->op, filters, &position)) {
			taken[1]++;
			insist(strcmp(cursor_format(k->op, filters, &position, buf), cursor) == 0,
			    "two cursors for one position");
		}
	free(cursor);
}

/* Some characters changed, put in, taken out, or all cut off. */
static void damage(char *text)
{
	static const char spice[] = "&=%+,:-._0123456789TZabcdefxyzAFé\x7f\xff";
	uint64_t changes = draw(5);

	while (changes--) {
		size_t n = strlen(text), at = draw(n + 1);

		switch (draw(5)) {
		case 0: /* any byte but NUL, which ends a target */
			if (at < n)
				text[at] = (char)(1 + draw(255));
			break;
		case 1:
			if (at < n)
				text[at] = spice[draw(sizeof(spice) - 1)];
			break;
		case 2:
			if (n + 1 < LINE_BYTES) {
				memmove(text + at + 1, text + at, n - at + 1);
				text[at] = spice[draw(sizeof(spice) - 1)];
			}
			break;
		case 3:
			if (at < n)
				memmove(text + at, text + at + 1, n - at);
			break;
		default:
			if (draw(8) == 0)
				text[at] = '\0';
			break;
		}
	}
}

/* One of the seeds, or two of them joined. */
static void make_query(char text[static LINE_BYTES])
{
	size_t n = (size_t)snprintf(text, LINE_BYTES, "%s", seed[draw(seeds)]);

	if (draw(2) && n < LINE_BYTES)
		(void)snprintf(text + n, LINE_BYTES - n, "&%s", seed[draw(seeds)]);
	damage(text);
}

static void make_cursor(char text[static LINE_BYTES])
{
	static const uint8_t filters[HASH_BYTES] = {1, 2, 3};
	struct ulid position = cursor_of_number(draw(1000), (uint8_t)draw(3));
	const struct page_kind *kind = &page_kinds[draw(8)];

	insist(kind->op, "fewer lists than that");
	(void)cursor_format(kind->op, filters, &position, text);
	if (draw(4))
		damage(text);
}

static bool read_seeds(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[LINE_BYTES];

	if (!f)
		return false;
	while (seeds < SEEDS_MAX && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		seed[seeds] = exactly(line);
		try_query(line);
		seeds++;
	}
	(void)fclose(f);
	return seeds > 0;
}

int main(int argc, char **argv)
{
	const char *top = getenv("srcdir");
	char text[LINE_BYTES], path[512];
	uint64_t rounds = 0;

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/page.txt", top ? top : ".");
	if (!fuzz_begin("fuzz_page", argc, argv) || !read_seeds(path)) {
		(void)fprintf(stderr, "fuzz_page: no seeds in %s\n", path);
		return 1;
	}
	while (fuzz_goes_on())
		for (unsigned i = 0; i < 64; i++, rounds++) {
			make_query(text);
			try_query(text);
			make_cursor(text);
			try_cursor(text);
		}
	insist(taken[0] > 0 && taken[1] > 0, "nothing was taken: the seeds are no good");
	for (unsigned i = 0; i < seeds; i++)
		free(seed[i]);
	return printf("fuzz_page: %llu rounds, %llu queries and %llu cursors taken\n", (unsigned long long)rounds,
		   (unsigned long long)taken[0], (unsigned long long)taken[1]) < 0;
}
