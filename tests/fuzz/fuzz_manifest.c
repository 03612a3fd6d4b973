/*
 * Throws spoilt manifests at what reads them: they lie on disks that are not ours. fuzz_manifest [SECONDS [SEED]]: changes the examples of
 * tests/fuzz/corpus/manifest.txt, which blank lines part, at random, after each of them with each of its lines gone, twice, and cut off at
 * each byte. All get a sound checksum in the end but one in four. What is taken must come back byte for byte when it is written, and can be shown.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/manifest.h"
#include "tests/fuzz/fuzz.h"

#define EXAMPLES_MAX 16
#define TEXT_BYTES (2 * MANIFEST_TEXT_BYTES)

static char example[EXAMPLES_MAX][TEXT_BYTES];
static unsigned examples;
static uint64_t tried, taken;

static void check(const char *text, const struct manifest *m)
{
	char again[MANIFEST_TEXT_BYTES];

	taken++;
	insist(strlen(text) < MANIFEST_TEXT_BYTES, "more was read than can be written");
	insist(manifest_format(m, again) == strlen(text) && strcmp(again, text) == 0, "a manifest has changed");
	for (const char *at = text; *at; at++)
		insist(*at == '\n' || (*at >= ' ' && *at <= '~'), "what is shown of it is no text");
}

/* In memory of exactly its size, for the sanitizer. */
static void try_text(const char *text)
{
	char *exact = strdup(text);
	struct errbuf e = {""};
	struct manifest m;
	int code;

	insist(exact, "out of memory");
	code = manifest_parse(exact, &m, &e);
	insist((code == 0) == !e.text[0], "an error without a word, or a word without an error");
	if (code == 0)
		check(exact, &m);
	tried++;
	free(exact);
}

static void try_sealed(const char *text)
{
	char sealed[TEXT_BYTES + 80], hex[2 * crypto_generichash_BYTES + 1];
	uint8_t sum[crypto_generichash_BYTES];

	(void)crypto_generichash(sum, sizeof(sum), (const uint8_t *)text, strlen(text), NULL, 0);
	(void)sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	(void)snprintf(sealed, sizeof(sealed), "%ssum=%s\n", text, hex);
	try_text(sealed);
}

static void try_both(const char *text)
{
	try_sealed(text);
	try_text(text);
}

static void read_examples(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[TEXT_BYTES];

	insist(f, path);
	examples = 1;
	while (fgets(line, sizeof(line), f)) {
		char *text = example[examples - 1];

		if (line[0] == '\n') {
			insist(examples++ < EXAMPLES_MAX, "too many examples");
			continue;
		}
		insist(strlen(text) + strlen(line) < MANIFEST_TEXT_BYTES, "an example is too long");
		memcpy(text + strlen(text), line, strlen(line) + 1);
	}
	(void)fclose(f);
}

/* Every line gone, and every line twice; cut off everywhere. */
static void try_in_order(const char *text)
{
	char changed[TEXT_BYTES];

	try_both(text);
	for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
		int length = (int)strcspn(at, "\n") + 1;

		(void)snprintf(changed, sizeof(changed), "%.*s%s", (int)(at - text), text, at + length);
		try_both(changed);
		(void)snprintf(changed, sizeof(changed), "%.*s%.*s%s", (int)(at - text), text, length, at, at);
		try_both(changed);
	}
	for (int n = 0; n < (int)strlen(text); n++) {
		(void)snprintf(changed, sizeof(changed), "%.*s", n, text);
		try_both(changed);
	}
}

static void try_random(void)
{
	static const char likely[] = "=\n0123456789- \x1b\x7f\xff";
	char text[TEXT_BYTES];

	(void)snprintf(text, sizeof(text), "%s", example[draw(examples)]);
	for (uint64_t changes = 1 + draw(4); changes && text[0]; changes--) {
		size_t length = strlen(text), at = draw(length), end = at + draw(length - at);

		switch (draw(5)) {
		case 0: text[at] = likely[draw(sizeof(likely) - 1)]; break;
		case 1: text[at] = (char)(1 + draw(255)); break;
		case 2: text[at] = '\0'; break;
		case 3: memmove(text + at, text + end, length + 1 - end); break;
		default:
			if (length + (end - at) < MANIFEST_TEXT_BYTES)
				memmove(text + end, text + at, length + 1 - at);
			break;
		}
	}
	if (draw(4))
		try_sealed(text);
	else
		try_text(text);
}

int main(int argc, char **argv)
{
	const char *source = getenv("srcdir");
	char path[512];

	if (!fuzz_begin("fuzz_manifest", argc, argv))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/manifest.txt", source ? source : ".");
	read_examples(path);
	for (unsigned i = 0; i < examples; i++)
		try_in_order(example[i]);
	insist(taken == 2, "two of the examples are good ones");
	while (fuzz_goes_on())
		try_random();
	(void)printf("fuzz_manifest: %" PRIu64 " tried, %" PRIu64 " taken\n", tried, taken);
	return 0;
}
